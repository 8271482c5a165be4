"""Seeded random weights: the generator of a tensor depends on the seed and its name alone."""
import re
import zlib

import numpy as np
import torch

# Some embeddings are kept this small, so that the epsilon of the norm that follows them shows: with
# activations near 1 an epsilon of 1e-5 instead of 1e-6 would hide in float32 noise.
FAINT = 0.04
# Of queries and keys, so that attention is no mere average.
GAIN = 1.4


def rng_for(seed, *tags):
    return np.random.default_rng([seed, zlib.crc32("/".join(tags).encode())])


def normal(rng, shape, std=1.0, mean=0.0):
    return torch.from_numpy((rng.standard_normal(shape) * std + mean).astype(np.float32))


def random_tensor(rng, name, shape):
    """Values of a realistic scale for what the name says the tensor is; nothing is left at 0 or 1."""
    if re.search(r"(lambda1|gamma)$", name):
        return torch.from_numpy(rng.uniform(0.2, 1.1, shape).astype(np.float32))
    if re.search(r"(input|post_attention|(pre|post)_feedforward)_layernorm\.weight$|(^|\.)norm\.weight$", name):
        return normal(rng, shape, 0.3)                        # RMSNorm stores an offset from one
    if re.search(r"(layer_norm\d|post_layernorm|norm\d|layernorm)\.weight$", name):
        return normal(rng, shape, 0.3, 1.0)
    if name.endswith("head.conv3.bias"):
        return normal(rng, shape, 0.1, 0.6)                   # keeps the final ReLU partly open
    if name.endswith(".bias"):
        return normal(rng, shape, 0.2)
    if re.search(r"(embed_tokens|lm_head)\.weight$", name):
        return normal(rng, shape, 0.7 / shape[1] ** 0.5)
    if re.search(r"(position_embeddings?(\.weight)?|cls_token|mask_token|register_tokens)$", name):
        return normal(rng, shape, 0.5)
    fan_in = int(np.prod(shape[1:]))
    if re.search(r"layers\.[01]\.resize\.weight$", name):
        fan_in = shape[0]                                     # transposed, kernel = stride
    gain = GAIN if re.search(r"(q_proj|k_proj|query|key)\.weight$", name) else 1.0
    return normal(rng, shape, gain / fan_in ** 0.5)


def draw(seed, tag, shapes, faint=None):
    """{name: shape} -> {name: tensor}. faint: pattern of the names to keep small."""
    return {n: random_tensor(rng_for(seed, tag, n), n, tuple(s)) * (FAINT if faint and re.search(faint, n) else 1.0)
            for n, s in shapes.items()}


def randomize(model, seed, tag, faint=None):
    with torch.no_grad():
        drawn = draw(seed, tag, {n: p.shape for n, p in model.named_parameters()}, faint)
        for name, p in model.named_parameters():
            p.copy_(drawn[name])
    return model.eval()
