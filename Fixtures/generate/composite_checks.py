"""The composite reference against code written elsewhere, both in float64.

pi0 against transformers' own, the velocity and the chunk; the vlm stream against its PaliGemma, the depth encoder
against its DINOv2. The three streams, with mask=block, against three of its Gemma models that know each other only by
their caches; with mask=full against the modules of their layers around one attention of PyTorch. The masks are written
here from the definition's words.
"""
import re

import torch
import torch.nn.functional as F
from transformers import (
    AutoModel, DynamicCache, GemmaConfig, GemmaModel, PaliGemmaForConditionalGeneration, PI0ForConditionalGeneration,
)
from transformers.models.gemma.modeling_gemma import apply_rotary_pos_emb

from depthvla import evaluate
from precision import double, no_narrowing

LIMIT = 1e-12


def gap(a, b, keep=None):
    difference = (a - b).abs()
    return (difference[keep] if keep is not None else difference).max().item()


def read(cls, path):
    return double(cls.from_pretrained(path, dtype=torch.float32, attn_implementation="eager"))


def check(w, model, kind, obs, mask):
    """-> {what: largest difference}"""
    found = {}
    with no_narrowing():
        trace = evaluate(model, obs, mask)
        if kind == "pi0":
            found |= check_pi0(w, model, obs, trace)
        elif mask == "block":
            found |= check_vlm(w, model, obs, trace) | check_block(model, trace)
        else:
            found |= check_full(model, trace)
        if model.has_depth:
            found |= check_encoder(w, kind, obs, trace)
    for what, value in found.items():
        assert value < LIMIT, (what, value)
    return found


def with_images(obs, tokens, image):
    """transformers wants placeholders for the images in the text. Of a batch the cameras must be the same."""
    cameras = obs["camera_mask"].bool()
    assert (cameras == cameras[:1]).all()
    batch, count = len(cameras), tokens * int(cameras[0].sum())
    return dict(input_ids=torch.cat([torch.full((batch, count), image), obs["input_ids"]], 1),
                attention_mask=torch.cat([torch.ones(batch, count, dtype=torch.long), obs["text_mask"]], 1))


def check_pi0(w, model, obs, trace):
    net, act = read(PI0ForConditionalGeneration, w.folder("pi0/transformers-5.23-fresh-save")), model.cfg["action"]
    fraction = torch.linspace(0, 1, act["width"] // 2, dtype=torch.float64)
    net.embed_action_time.sinusoid_embeds.sinusoid_freq = (
        2 * torch.pi / (act["min_period"] * (act["max_period"] / act["min_period"]) ** fraction))
    vision = model.cfg["vision"]
    inputs = with_images(obs, (vision["image_size"] // vision["patch_size"]) ** 2, net.config.vlm_config.image_token_id)
    ones, x = torch.ones(len(obs["state"]), dtype=torch.float64), obs["noise"].double()

    def velocity(x, t):
        return net(state=obs["state"].double(), noise=x, timestep=ones * t, pixel_values=obs["pixel_values"].double(),
                   pixel_attention_mask=obs["camera_mask"].bool(), **inputs).logits
    found = {"velocity vs transformers' PI0": gap(velocity(x, 1.0), trace["velocity_t1"])}
    for step in range(act["num_steps"]):
        x = x - velocity(x, 1 - step / act["num_steps"]) / act["num_steps"]
    return found | {"chunk vs transformers' PI0": gap(x, trace["actions"])}


def check_vlm(w, model, obs, trace):
    """Of every sample the cameras that there are, as one prompt; it counts positions from 1, which rotary attention
    does not see."""
    net, worst = read(PaliGemmaForConditionalGeneration, w.folder("paligemma/hf-hub")), 0.0
    valid = trace["vlm.valid"].bool()
    for b in range(len(valid)):
        present = obs["camera_mask"][b].bool()
        pixels = obs["pixel_values"][b, present].double()
        images = net.model.multi_modal_projector(net.model.vision_tower(pixel_values=pixels).last_hidden_state)
        text = obs["input_ids"][b][obs["text_mask"][b].bool()]
        embed = torch.cat([images.flatten(0, 1), net.get_input_embeddings()(text)])[None]
        count = embed.shape[1]
        final = net.model.language_model(
            inputs_embeds=embed, position_ids=torch.arange(count)[None] + 1, use_cache=False,
            attention_mask=torch.zeros(1, 1, count, count, dtype=torch.float64)).last_hidden_state
        worst = max(worst, gap(final[0], trace["vlm.final"][b][valid[b]]))
    return {"vlm vs transformers' PaliGemma": worst}


def check_encoder(w, kind, obs, trace):
    folder = "dinov2-with-registers" if "registers" in kind else "dinov2"
    net = read(AutoModel, w.folder(f"{folder}/hf"))
    tokens = net(obs["depth_pixel_values"].flatten(0, 1).double()).last_hidden_state
    return {"depth encoder vs transformers' DINOv2": gap(tokens[:, -trace["depth.encoder"].shape[1]:],
                                                         trace["depth.encoder"])}


def gemma(model, stream):
    s = model.shared
    c = GemmaConfig(hidden_size=model.cfg[stream]["width"], intermediate_size=model.cfg[stream]["mlp_dim"],
                    num_hidden_layers=s["num_layers"], num_attention_heads=s["num_heads"],
                    num_key_value_heads=s["num_kv_heads"], head_dim=s["head_dim"], vocab_size=8)
    c._attn_implementation = "eager"
    net = double(GemmaModel(c).eval())
    own = {k[len(stream) + 1:]: v for k, v in model.w.tensors.items() if re.match(rf"{stream}\.(layers|norm)\.", k)}
    missing, unexpected = net.load_state_dict(own, strict=False)
    assert missing == ["embed_tokens.weight"] and not unexpected
    return net


def prefixes(trace):
    """-> {stream: [B,n] bool}, and their positions, by which the action stream goes on after the vlm"""
    seen = {n: trace[f"{n}.valid"].bool() for n in ("vlm", "depth") if f"{n}.embed" in trace}
    where = {n: (v.long().cumsum(-1) - 1).clamp(min=0) for n, v in seen.items()}
    suffix = torch.arange(trace["action.embed"].shape[1])
    return seen, where | {"action": seen["vlm"].sum(-1, keepdim=True) + suffix}


def worst_final(out, seen, trace):
    keep = seen | {"action": torch.ones(trace["action.embed"].shape[:2], dtype=torch.bool)}
    return max(gap(out[n], trace[f"{n}.final"], keep[n]) for n in out)


def check_block(model, trace):
    def additive(allowed):
        return torch.zeros(allowed.shape, dtype=torch.float64).masked_fill(~allowed, -1e300)[:, None]

    seen, where = prefixes(trace)
    keys, out = [], {}
    for n, valid in seen.items():
        r = gemma(model, n)(inputs_embeds=trace[f"{n}.embed"], use_cache=True, position_ids=where[n],
                            attention_mask=additive(valid[:, None].expand(-1, valid.shape[1], -1)))
        out[n] = r.last_hidden_state
        keys.append([(layer.keys, layer.values) for layer in r.past_key_values.layers])
    cache = DynamicCache()
    for i, pairs in enumerate(zip(*keys)):
        cache.update(torch.cat([k for k, _ in pairs], 2), torch.cat([v for _, v in pairs], 2), i)
    batch, suffix = trace["action.embed"].shape[:2]
    own = torch.ones(batch, suffix, suffix, dtype=torch.bool)
    own[:, 0, 1:] = False                                     # the state does not see the actions
    prefix = torch.cat(list(seen.values()), 1)[:, None].expand(-1, suffix, -1)
    out["action"] = gemma(model, "action")(
        inputs_embeds=trace["action.embed"], past_key_values=cache, position_ids=where["action"],
        attention_mask=additive(torch.cat([prefix, own], 2))).last_hidden_state
    return {"streams vs three Gemmas of transformers": worst_final(out, seen, trace)}


def check_full(model, trace):
    seen, where = prefixes(trace)
    x = {n: trace[f"{n}.embed"] for n in (*seen, "action")}
    nets, sizes, s = {n: gemma(model, n) for n in x}, [h.shape[1] for h in x.values()], model.shared
    keys = torch.cat([*seen.values(), torch.ones(x["action"].shape[:2], dtype=torch.bool)], 1)
    for i in range(s["num_layers"]):
        q, k, v = [], [], []
        for n, h in x.items():
            layer = nets[n].layers[i]
            h = layer.input_layernorm(h)
            a, b, c = (p(h).unflatten(-1, (-1, s["head_dim"])).transpose(1, 2) for p in (
                layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj))
            a, b = apply_rotary_pos_emb(a, b, *nets[n].rotary_emb(h, where[n]))
            q.append(a), k.append(b), v.append(c)
        out = F.scaled_dot_product_attention(torch.cat(q, 2), torch.cat(k, 2), torch.cat(v, 2),
                                             attn_mask=keys[:, None, None], enable_gqa=True)
        for n, o in zip(x, out.transpose(1, 2).flatten(2).split(sizes, 1)):
            layer = nets[n].layers[i]
            h = x[n] + layer.self_attn.o_proj(o)
            x[n] = h + layer.mlp(layer.post_attention_layernorm(h))
    out = {n: nets[n].norm(h) for n, h in x.items()}
    return {"streams vs the layers of three Gemmas": worst_final(out, seen, trace)}
