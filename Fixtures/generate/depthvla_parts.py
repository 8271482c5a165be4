"""What the composite reference is built from: norms, attention, rotary positions, the two image encoders.

Plain PyTorch, nothing fused, the same code in float32 and float64. A trace is a dictionary that the stages are put
into under their names; X.attention and X.mlp are what a block computes before it is scaled and added.
"""
import math

import torch
import torch.nn.functional as F


class Weights:
    """A read-only view of a tensor dictionary under a name prefix."""

    def __init__(self, tensors, prefix=""):
        self.tensors, self.prefix = tensors, prefix

    def at(self, part):
        return Weights(self.tensors, f"{self.prefix}{part}.")

    def __getitem__(self, name):
        return self.tensors[self.prefix + name]

    def __contains__(self, name):
        return self.prefix + name in self.tensors

    def linear(self, x, name):
        bias = self[name + ".bias"] if name + ".bias" in self else None
        return F.linear(x, self[name + ".weight"], bias)

    def layer_norm(self, x, name, eps):
        return F.layer_norm(x, x.shape[-1:], self[name + ".weight"], self[name + ".bias"], eps)

    def rms_norm(self, x, name, eps):
        """Gemma's: the stored weight is an offset from one."""
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)
        return x * scale * (1 + self[name + ".weight"])


def attend(q, k, v, mask=None):
    """q [B,H,S,D], k and v [B,K,T,D] with K dividing H; mask [B,S,T], True where a query may look. One that may look
    at nothing gets zeros."""
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], float("-inf"))
    return torch.nan_to_num(scores.softmax(-1), nan=0.0) @ v


def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x):
    return x.transpose(1, 2).flatten(2)


def rope(x, positions, theta):
    """Rotary embedding of [B,H,S,D]: channel i is paired with channel i + D/2."""
    half = x.shape[-1] // 2
    # In the type of the run, so that float32 shows float32's own error.
    exponent = torch.arange(half, dtype=x.dtype) / half
    angle = positions.to(x.dtype)[:, None, :, None] * (1.0 / theta**exponent)
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def time_embedding(t, dim, min_period, max_period):
    """sin | cos of t at dim/2 geometric periods, in float64 always: t is multiplied by up to 2 pi / min_period."""
    t = torch.as_tensor(t, dtype=torch.float64).reshape(-1, 1)
    fraction = torch.linspace(0, 1, dim // 2, dtype=torch.float64)
    angle = t * (2 * math.pi / (min_period * (max_period / min_period) ** fraction))
    return torch.cat([angle.sin(), angle.cos()], -1)


def positions_of(valid):
    """0, 1, 2, ... over the valid tokens; a padded token repeats the last position before it."""
    return (valid.long().cumsum(-1) - 1).clamp(min=0)


# ---------------------------------------------------------------- image encoders

def siglip(w, cfg, pixels, trace):
    """The vision tower without pooling head: [N,3,H,W] -> [N, patches, width]."""
    eps, heads = cfg["layer_norm_eps"], cfg["num_attention_heads"]
    x = F.conv2d(pixels, w["embeddings.patch_embedding.weight"], w["embeddings.patch_embedding.bias"],
                 stride=cfg["patch_size"]).flatten(2).transpose(1, 2)
    trace["embeddings"] = x = x + w["embeddings.position_embedding.weight"]
    for i in range(cfg["num_hidden_layers"]):
        layer = w.at(f"encoder.layers.{i}")
        h = layer.layer_norm(x, "layer_norm1", eps)
        q, k, v = (split_heads(layer.linear(h, f"self_attn.{n}_proj"), heads) for n in "qkv")
        trace[f"layer.{i}.attention"] = h = layer.linear(merge_heads(attend(q, k, v)), "self_attn.out_proj")
        x = x + h
        h = layer.layer_norm(x, "layer_norm2", eps)
        trace[f"layer.{i}.mlp"] = h = layer.linear(F.gelu(layer.linear(h, "mlp.fc1"), approximate="tanh"), "mlp.fc2")
        trace[f"layer.{i}"] = x = x + h
    return w.layer_norm(x, "post_layernorm", eps)


def dinov2_positions(table, grid, square, antialias):
    """The table [1, 1+n, D] fitted to a grid of patches, as transformers does it: bicubic, with registers antialiased;
    the table's own square grid is taken as it is."""
    n = table.shape[1] - 1
    if grid[0] * grid[1] == n and square:
        return table
    side = math.isqrt(n)
    patches = table[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    patches = F.interpolate(patches, size=grid, mode="bicubic", align_corners=False, antialias=antialias)
    return torch.cat([table[:, :1], patches.flatten(2).transpose(1, 2)], 1)


def dinov2(w, cfg, pixels, trace):
    """[N,3,H,W] -> [N, 1 + registers + patches, width], after the final norm."""
    eps, heads, patch = cfg["layer_norm_eps"], cfg["num_attention_heads"], cfg["patch_size"]
    registers = "embeddings.register_tokens" in w
    x = F.conv2d(pixels, w["embeddings.patch_embeddings.projection.weight"],
                 w["embeddings.patch_embeddings.projection.bias"], stride=patch)
    grid, square = tuple(x.shape[-2:]), pixels.shape[-2] == pixels.shape[-1]
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([w["embeddings.cls_token"].expand(len(x), -1, -1), x], 1)
    x = x + dinov2_positions(w["embeddings.position_embeddings"], grid, square, antialias=registers)
    if registers:                                             # they have no position; between CLS and patches
        extra = w["embeddings.register_tokens"].expand(len(x), -1, -1)
        x = torch.cat([x[:, :1], extra, x[:, 1:]], 1)
    trace["embeddings"] = x
    for i in range(cfg["num_hidden_layers"]):
        layer = w.at(f"encoder.layer.{i}")
        h = layer.layer_norm(x, "norm1", eps)
        q, k, v = (split_heads(layer.linear(h, f"attention.attention.{n}"), heads) for n in ("query", "key", "value"))
        trace[f"layer.{i}.attention"] = h = layer.linear(merge_heads(attend(q, k, v)), "attention.output.dense")
        x = x + h * layer["layer_scale1.lambda1"]
        h = layer.layer_norm(x, "norm2", eps)
        if "mlp.weights_in.weight" in layer:                  # SwiGLU, gate first
            gate, up = layer.linear(h, "mlp.weights_in").chunk(2, -1)
            h = layer.linear(F.silu(gate) * up, "mlp.weights_out")
        else:
            h = layer.linear(F.gelu(layer.linear(h, "mlp.fc1")), "mlp.fc2")
        trace[f"layer.{i}.mlp"] = h
        trace[f"layer.{i}"] = x = x + h * layer["layer_scale2.lambda1"]
    return w.layer_norm(x, "layernorm", eps)
