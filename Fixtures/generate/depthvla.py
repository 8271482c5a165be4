"""DepthVLA in plain PyTorch: what the composite goldens are computed with, to be read beside the model's definition.

    vlm     SigLIP image tokens of every camera, then text tokens      Gemma, wide
    depth   DINOv2 patch tokens of every camera                        Gemma, narrow
    action  one state token, then the noisy action tokens              Gemma, narrow

Every stream has its own norms, projections and MLP. In every layer the queries of a stream look at the keys and values
of all, [vlm | depth | action], under one mask. Without the depth stream the model is pi0.
"""
import math

import torch
import torch.nn.functional as F

from depthvla_parts import (
    Weights, attend, dinov2, merge_heads, positions_of, rope, siglip, split_heads, time_embedding,
)

STREAMS = ("vlm", "depth", "action")


class DepthVLA:
    """tensors: by the names of the DepthVLA layout. config: its config.json.

    An observation is a dict, batch first:
      pixel_values [B,C,3,h,w]          SigLIP's input, an image for each camera
      camera_mask  [B,C]                which cameras there are
      input_ids    [B,T]                text tokens only
      text_mask    [B,T]                1 for a real token, 0 for right padding
      state        [B,state_dim]
      depth_pixel_values [B,C,3,H,W]    DINOv2's input; not without the depth stream
    """

    def __init__(self, tensors, config, dtype=torch.float32, use_depth=True):
        self.dtype, self.cfg, self.shared = dtype, config, config["shared"]
        self.w = Weights({k: v.to(dtype) for k, v in tensors.items()})
        self.has_depth = use_depth and "depth" in config

    # ---- tokens

    def embed_vlm(self, obs, trace):
        """-> hidden [B,S,width], valid [B,S]"""
        w, pixels = self.w.at("vlm"), obs["pixel_values"].to(self.dtype)
        batch, cameras = pixels.shape[:2]
        seen = {}
        features = siglip(w.at("vision_tower"), self.cfg["vision"], pixels.flatten(0, 1), seen)
        images = w.linear(features, "multi_modal_projector.linear")
        trace.update({f"vision.{k}": v for k, v in seen.items()})
        trace["vision.last_hidden"], trace["projector"] = features, images
        per_image = images.shape[1]
        images = images.reshape(batch, cameras * per_image, -1)
        text = w["embed_tokens.weight"][obs["input_ids"]] * math.sqrt(self.cfg["vlm"]["width"])
        present = obs["camera_mask"].bool().repeat_interleave(per_image, 1)
        return torch.cat([images, text], 1), torch.cat([present, obs["text_mask"].bool()], 1)

    def embed_depth(self, obs, trace):
        w, pixels = self.w.at("depth"), obs["depth_pixel_values"].to(self.dtype)
        batch, cameras = pixels.shape[:2]
        encoder, seen = self.cfg["depth"]["encoder"], {}
        tokens = dinov2(w.at("encoder"), encoder, pixels.flatten(0, 1), seen)
        tokens = tokens[:, 1 + encoder["num_register_tokens"]:]  # without CLS and registers
        trace.update({f"depth.encoder.{k}": v for k, v in seen.items()})
        trace["depth.encoder"] = tokens
        per_image = tokens.shape[1]
        x = w.linear(tokens, "input_proj").reshape(batch, cameras * per_image, -1)
        return x, obs["camera_mask"].bool().repeat_interleave(per_image, 1)

    def embed_action(self, obs, x_t, t):
        w, cfg = self.w.at("action"), self.cfg["action"]
        state = w.linear(obs["state"].to(self.dtype), "state_proj")[:, None]
        actions = w.linear(x_t, "action_in_proj")
        time = time_embedding(t, actions.shape[-1], cfg["min_period"], cfg["max_period"]).to(self.dtype)
        time = time[:, None].expand(*actions.shape[:2], -1)
        h = F.silu(w.linear(torch.cat([actions, time], -1), "action_time_mlp_in"))
        return torch.cat([state, w.linear(h, "action_time_mlp_out")], 1)

    # ---- who sees whom, and where each token stands

    def attention_mask(self, valid, kind):
        """valid: {stream: [B,n]} -> [B,N,N], True where a query may look. For padding only keys are masked out: what a
        padded query computes is never used."""
        keys = torch.cat(list(valid.values()), 1)
        if kind == "full":
            return keys[:, None].expand(-1, keys.shape[1], -1)
        owner = torch.cat([torch.full((v.shape[1],), STREAMS.index(s)) for s, v in valid.items()])
        action = STREAMS.index("action")
        q, k = owner[:, None], owner[None]
        allowed = (q == k) & (q != action)                    # vlm and depth keep to themselves
        allowed |= (q == action) & (k != action)              # state and actions read both
        if "action" in valid:
            first = int((owner != action).sum())              # the state token
            allowed[first:, first] = True
            allowed[first + 1:, first + 1:] = True            # actions see all actions
        return allowed[None] & keys[:, None]

    def positions(self, valid):
        """Each stream from 0, but for the action stream, which goes on after the vlm."""
        out = {s: positions_of(v) for s, v in valid.items()}
        if "action" in valid:
            out["action"] = out["action"] + valid["vlm"].sum(-1, keepdim=True)
        return out

    # ---- the joint transformer

    def run(self, hidden, positions, mask, past=None, trace=None):
        """hidden: {stream: [B,n,width]}; past: of each layer the (k, v) to put in front of this call's.

        -> the streams after their final norm, and this call's keys and values of each layer."""
        s, cache, sizes = self.shared, [], [h.shape[1] for h in hidden.values()]
        trace, eps = {} if trace is None else trace, s["rms_norm_eps"]
        for i in range(s["num_layers"]):
            q, k, v = [], [], []
            for name, x in hidden.items():
                layer = self.w.at(f"{name}.layers.{i}")
                h = layer.rms_norm(x, "input_layernorm", eps)
                q.append(rope(split_heads(layer.linear(h, "self_attn.q_proj"), s["num_heads"]),
                              positions[name], s["rope_theta"]))
                k.append(rope(split_heads(layer.linear(h, "self_attn.k_proj"), s["num_kv_heads"]),
                              positions[name], s["rope_theta"]))
                v.append(split_heads(layer.linear(h, "self_attn.v_proj"), s["num_kv_heads"]))
            q, k, v = torch.cat(q, 2), torch.cat(k, 2), torch.cat(v, 2)
            cache.append((k, v))
            if past is not None:
                k, v = torch.cat([past[i][0], k], 2), torch.cat([past[i][1], v], 2)
            out, after = merge_heads(attend(q, k, v, mask)).split(sizes, 1), {}
            for (name, x), o in zip(hidden.items(), out):
                layer, stage = self.w.at(f"{name}.layers.{i}"), f"{name}.layer.{i}"
                trace[f"{stage}.attention"] = h = layer.linear(o, "self_attn.o_proj")
                x = x + h
                h = layer.rms_norm(x, "post_attention_layernorm", eps)
                gate = F.gelu(layer.linear(h, "mlp.gate_proj"), approximate="tanh")
                trace[f"{stage}.mlp"] = h = layer.linear(gate * layer.linear(h, "mlp.up_proj"), "mlp.down_proj")
                trace[stage] = after[name] = x + h
            hidden = after
        final = {n: self.w.at(n).rms_norm(x, "norm", eps) for n, x in hidden.items()}
        trace.update({f"{n}.final": x for n, x in final.items()})
        return final, cache

    def prefix(self, obs, trace=None):
        """Tokens and validity of the streams that do not depend on the noise."""
        trace, hidden, valid = {} if trace is None else trace, {}, {}
        hidden["vlm"], valid["vlm"] = self.embed_vlm(obs, trace)
        if self.has_depth:
            hidden["depth"], valid["depth"] = self.embed_depth(obs, trace)
        trace.update({f"{n}.embed": x for n, x in hidden.items()})
        return hidden, valid

    def joint(self, obs, x_t, t, mask, prefix, trace=None):
        """One pass over all streams, nothing cached."""
        hidden, valid = dict(prefix[0]), dict(prefix[1])
        hidden["action"] = self.embed_action(obs, x_t, t)
        valid["action"] = torch.ones(hidden["action"].shape[:2], dtype=torch.bool)
        if trace is not None:
            trace["action.embed"] = hidden["action"]
        return self.run(hidden, self.positions(valid), self.attention_mask(valid, mask), trace=trace)[0]

    # ---- heads

    def velocity_head(self, action_final):
        return self.w.at("action").linear(action_final[:, 1:], "action_out_proj")  # without the state token

    def log_depth(self, depth_final, obs):
        """[B, C*gh*gw, width] -> [B, C, gh*patch, gw*patch], row-major inside a patch"""
        patch = self.cfg["depth"]["encoder"]["patch_size"]
        batch, cameras, _, height, width = obs["depth_pixel_values"].shape
        grid = (height // patch, width // patch)
        x = self.w.at("depth").linear(depth_final, "head")
        x = x.reshape(batch, cameras, *grid, patch, patch).transpose(3, 4)
        return x.reshape(batch, cameras, grid[0] * patch, grid[1] * patch)

    # ---- what a user calls

    def velocity(self, obs, x_t, t, mask="block", prefix=None):
        return self.velocity_head(self.joint(obs, x_t.to(self.dtype), t, mask, prefix or self.prefix(obs))["action"])

    def sample(self, obs, noise, mask="block", cached=True, prefix=None, trace=None):
        """Euler from t = 1, noise, to t = 0; t is kept in double precision.

        Under mask=full the prefix sees the actions, so it changes with every step and cannot be cached."""
        steps = self.cfg["action"]["num_steps"]
        dt, t, x = -1.0 / steps, 1.0, noise.to(self.dtype)
        hidden, valid = prefix or self.prefix(obs)
        cached = cached and mask == "block"
        if cached:
            _, past = self.run(hidden, self.positions(valid), self.attention_mask(valid, mask))
            every = dict(valid, action=torch.ones(x.shape[0], 1 + x.shape[1], dtype=torch.bool))
            where = {"action": self.positions(every)["action"]}
            suffix = self.attention_mask(every, mask)[:, -(1 + x.shape[1]):]
        for step in range(steps):
            if cached:
                final, _ = self.run({"action": self.embed_action(obs, x, t)}, where, suffix, past=past)
                v = self.velocity_head(final["action"])
            else:
                v = self.velocity(obs, x, t, mask, prefix=(hidden, valid))
            if trace is not None:
                trace[f"step.{step}.velocity"] = v
            x, t = x + dt * v, t + dt
        return x

    def flow_loss(self, obs, actions, noise, t, mask="block", prefix=None):
        actions, noise = actions.to(self.dtype), noise.to(self.dtype)
        x_t = t * noise + (1 - t) * actions
        return (self.velocity(obs, x_t, t, mask, prefix) - (noise - actions)).pow(2).mean()


def scale_invariant_loss(log_pred, target, lam=0.5):
    """Pooled over all pixels with target > 0 of whatever is given."""
    seen = target > 0
    g = log_pred[seen] - target.to(log_pred.dtype)[seen].log()
    return g.pow(2).mean() - lam * g.mean() ** 2


def evaluate(model, case, mask="block"):
    """Every stage of one case, {name: tensor}. case: an observation with noise [B,H,A], target_actions, loss_t and,
    with depth, target_depth [B,C,H,W], where 0 is unknown. The streams are recorded at t = 1, x = noise."""
    out, noise, t = {}, case["noise"].to(model.dtype), float(case["loss_t"])
    prefix = model.prefix(case, out)
    final = model.joint(case, noise, 1.0, mask, prefix, out)
    # Padding carries no meaning: zeros there, and where it is.
    for name, valid in prefix[1].items():
        for key in [k for k in out if k.startswith((f"{name}.embed", f"{name}.layer.", f"{name}.final"))]:
            out[key] = out[key] * valid[..., None]
        out[f"{name}.valid"] = valid.to(model.dtype)
    out["velocity_t1"] = model.velocity_head(final["action"])
    out["actions"] = model.sample(case, noise, mask, prefix=prefix, trace=out)
    out["loss.flow"] = model.flow_loss(case, case["target_actions"], noise, t, mask, prefix)
    if model.has_depth:
        present = case["camera_mask"].bool()[..., None, None]
        log_depth, target = model.log_depth(final["depth"], case), case["target_depth"] * present
        out["log_depth"], out["depth"] = log_depth * present, log_depth.exp() * present
        out["loss.si"] = scale_invariant_loss(log_depth, target)
        out["loss.si_per_camera"] = torch.stack([
            scale_invariant_loss(log_depth[:, c], target[:, c]) for c in range(log_depth.shape[1])
            if (target[:, c] > 0).any()])
        out["loss.total"] = out["loss.flow"] + out["loss.si"]
    return out
