"""Sizes, first weights and batches of the trained DepthVLA of the fixtures; train_tiny_depthvla.py trains it."""
import math
import re

import numpy as np
import torch

import tiny_task
from depthvla_parts import positions_of
from random_weights import draw

MEAN = torch.tensor((0.485, 0.456, 0.406))[:, None, None]
STD = torch.tensor((0.229, 0.224, 0.225))[:, None, None]
# Matrices have 128 columns wherever the task allows, so that scales for groups of 32, 64 and 128 apply.
WIDTH, PATCH, TOKENS = 128, 7, 10
CONFIG = {
    "model_type": "depthvla",
    "shared": dict(num_layers=2, num_heads=8, num_kv_heads=1, head_dim=16, rope_theta=10000.0, rms_norm_eps=1e-6),
    "vision": dict(hidden_size=WIDTH, intermediate_size=WIDTH, num_hidden_layers=1, num_attention_heads=4,
                   image_size=tiny_task.SIDE, patch_size=PATCH, layer_norm_eps=1e-6),
    "vlm": dict(width=WIDTH, mlp_dim=WIDTH, vocab_size=139, image_token_index=133),
    "action": dict(width=WIDTH, mlp_dim=WIDTH, state_dim=len(tiny_task.STATE), action_dim=len(tiny_task.ACTION),
                   horizon=tiny_task.HORIZON, num_steps=10, min_period=4e-3, max_period=4.0),
    "depth": dict(width=WIDTH, mlp_dim=WIDTH, encoder=dict(
        hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=4, mlp_ratio=1, image_size=tiny_task.SIDE,
        patch_size=PATCH, layer_norm_eps=1e-6, num_register_tokens=0, use_swiglu_ffn=False)),
}


def linear(name, rows, columns, bias=True):
    return {f"{name}.weight": (rows, columns)} | ({f"{name}.bias": (rows,)} if bias else {})


def norm(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def shapes(config):
    """{layout name: shape}"""
    s, v, enc, action = config["shared"], config["vision"], config["depth"]["encoder"], config["action"]
    out = {}
    for expert in ("vlm", "depth", "action"):
        width, mlp = config[expert]["width"], config[expert]["mlp_dim"]
        for i in range(s["num_layers"]):
            at = f"{expert}.layers.{i}"
            queries, keys = s["num_heads"] * s["head_dim"], s["num_kv_heads"] * s["head_dim"]
            for name, rows, columns in (
                    ("q", queries, width), ("k", keys, width), ("v", keys, width), ("o", width, queries)):
                out |= linear(f"{at}.self_attn.{name}_proj", rows, columns, bias=False)
            for name, rows, columns in (("gate", mlp, width), ("up", mlp, width), ("down", width, mlp)):
                out |= linear(f"{at}.mlp.{name}_proj", rows, columns, bias=False)
            out |= {f"{at}.input_layernorm.weight": (width,), f"{at}.post_attention_layernorm.weight": (width,)}
        out[f"{expert}.norm.weight"] = (width,)
    out |= siglip_shapes("vlm.vision_tower", v) | dinov2_shapes("depth.encoder", enc)
    out |= linear("vlm.multi_modal_projector.linear", config["vlm"]["width"], v["hidden_size"])
    out["vlm.embed_tokens.weight"] = (config["vlm"]["vocab_size"], config["vlm"]["width"])
    out |= linear("depth.input_proj", config["depth"]["width"], enc["hidden_size"])
    out |= linear("depth.head", enc["patch_size"]**2, config["depth"]["width"])
    width = action["width"]
    for name, rows, columns in (
            ("state_proj", width, action["state_dim"]), ("action_in_proj", width, action["action_dim"]),
            ("action_time_mlp_in", width, 2 * width), ("action_time_mlp_out", width, width),
            ("action_out_proj", action["action_dim"], width)):
        out |= linear(f"action.{name}", rows, columns)
    return out


def siglip_shapes(at, v):
    width, patch = v["hidden_size"], v["patch_size"]
    out = {f"{at}.embeddings.patch_embedding.weight": (width, 3, patch, patch),
           f"{at}.embeddings.patch_embedding.bias": (width,),
           f"{at}.embeddings.position_embedding.weight": ((v["image_size"] // patch)**2, width)}
    for i in range(v["num_hidden_layers"]):
        layer = f"{at}.encoder.layers.{i}"
        out |= norm(f"{layer}.layer_norm1", width) | norm(f"{layer}.layer_norm2", width)
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            out |= linear(f"{layer}.self_attn.{name}", width, width)
        mlp = v["intermediate_size"]
        out |= linear(f"{layer}.mlp.fc1", mlp, width) | linear(f"{layer}.mlp.fc2", width, mlp)
    return out | norm(f"{at}.post_layernorm", width)


def dinov2_shapes(at, enc):
    width, patch, mlp = enc["hidden_size"], enc["patch_size"], enc["hidden_size"] * enc["mlp_ratio"]
    out = {f"{at}.embeddings.cls_token": (1, 1, width), f"{at}.embeddings.mask_token": (1, width),
           f"{at}.embeddings.patch_embeddings.projection.weight": (width, 3, patch, patch),
           f"{at}.embeddings.patch_embeddings.projection.bias": (width,),
           f"{at}.embeddings.position_embeddings": (1, 1 + (enc["image_size"] // patch)**2, width)}
    for i in range(enc["num_hidden_layers"]):
        layer = f"{at}.encoder.layer.{i}"
        out |= norm(f"{layer}.norm1", width) | norm(f"{layer}.norm2", width)
        for name in ("attention.query", "attention.key", "attention.value", "output.dense"):
            out |= linear(f"{layer}.attention.{name}", width, width)
        out |= linear(f"{layer}.mlp.fc1", mlp, width) | linear(f"{layer}.mlp.fc2", width, mlp)
        out |= {f"{layer}.layer_scale1.lambda1": (width,), f"{layer}.layer_scale2.lambda1": (width,)}
    return out | norm(f"{at}.layernorm", width)


def first_weights(seed, config=CONFIG):
    weights = draw(seed, "trained", shapes(config))
    # At the usual scale the things hardly show beside the positions, and learning to see them takes long.
    for name in weights:
        if re.search(r"patch_embeddings?\.(projection\.)?weight$", name):
            weights[name] *= 4
    return weights


class Batches:
    """Batches of the task in the model's numbers; number and seed alone decide what is in one."""

    def __init__(self, tokenizer, statistics, seed):
        self.statistics, self.seed = statistics, seed
        self.tokenizer = tokenizer

    def draw(self, number, count, most=tiny_task.THINGS):
        """-> (observation of `count` rows, actions [count, H, A], depth [count, C, h, w], scene)"""
        rng = np.random.default_rng([self.seed, number])
        scene = tiny_task.scenes(rng, count, most)
        pictures, depth = tiny_task.render(rng, scene)
        return self.observation(scene, pictures), self.actions(scene), torch.from_numpy(depth), scene

    def observation(self, scene, pictures):
        ids = [[self.tokenizer.bos_id(), *self.tokenizer.encode(t + "\n")] for t in tiny_task.instructions(scene)]
        pixels = torch.from_numpy(pictures).permute(0, 1, 4, 2, 3).float() / 255
        return {
            "pixel_values": (pixels - 0.5) / 0.5, "depth_pixel_values": (pixels - MEAN) / STD,
            "camera_mask": torch.ones(pixels.shape[:2], dtype=torch.int64),
            "input_ids": torch.tensor([i + [0] * (TOKENS - len(i)) for i in ids]),
            "text_mask": torch.tensor([[1] * len(i) + [0] * (TOKENS - len(i)) for i in ids]),
            "state": self.normalized(scene["state"], "state"),
        }

    def actions(self, scene):
        return self.normalized(tiny_task.demonstrations(scene), "actions")

    def normalized(self, values, kind):
        """As openpi does it."""
        s = self.statistics[kind]
        return torch.from_numpy((values - np.array(s["mean"])) / (np.array(s["std"]) + 1e-6)).float()

    def robot(self, actions):
        s = self.statistics["actions"]
        return actions.double().numpy() * (np.array(s["std"]) + 1e-6) + np.array(s["mean"])


def statistics(seed, count=8192):
    """openpi's norm_stats.json of the task."""
    scene = tiny_task.scenes(np.random.default_rng([seed, 1 << 20]), count)
    values = {"state": scene["state"], "actions": tiny_task.demonstrations(scene).reshape(-1, len(tiny_task.ACTION))}
    return {k: {"mean": v.mean(0), "std": v.std(0), "q01": np.quantile(v, 0.01, axis=0),
                "q99": np.quantile(v, 0.99, axis=0)} for k, v in values.items()}


class Prefix:
    """What does not depend on the noise, computed once for several noises of each observation. Mask block."""

    def __init__(self, model, obs, steps, repeats=1):
        self.model = model
        hidden, valid = model.prefix(obs)
        final, past = model.run(hidden, model.positions(valid), model.attention_mask(valid, "block"))
        self.log_depth = model.log_depth(final["depth"], obs)

        def many(x):
            return x.repeat_interleave(repeats, 0) if repeats > 1 else x

        every = {k: many(v) for k, v in valid.items()}
        every["action"] = torch.ones(len(every["vlm"]), 1 + steps, dtype=torch.bool)
        self.past = [(many(k), many(v)) for k, v in past]
        self.where = {"action": positions_of(every["action"]) + every["vlm"].sum(-1, keepdim=True)}
        self.mask = model.attention_mask(every, "block")[:, -(1 + steps):]
        self.obs = {"state": many(obs["state"])}

    def velocity(self, x_t, t):
        """t: float64 [count]"""
        embedded = self.model.embed_action(self.obs, x_t, t)
        final, _ = self.model.run({"action": embedded}, self.where, self.mask, past=self.past)
        return self.model.velocity_head(final["action"])

    def sample(self, noise):
        steps = self.model.cfg["action"]["num_steps"]
        x, t = noise.to(self.model.dtype), 1.0
        for _ in range(steps):
            x, t = x - self.velocity(x, torch.tensor([t], dtype=torch.float64)) / steps, t - 1 / steps
        return x


def learning_rate(step, steps, highest, warm=100):
    """Rises over the first steps, then falls along a cosine to a hundredth."""
    if step < warm:
        return highest * (step + 1) / warm
    share = (step - warm) / max(1, steps - warm)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
