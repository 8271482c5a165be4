"""The models that measure_tolerances.py measures on: [(model, run)], run(net, dtype) -> {stage: tensor}."""
import copy

import numpy as np
import torch
from transformers import (
    Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel,
)

import dinov2
import paligemma
import stages
from dims import DENSE_SIZE, DEPTH_ANYTHING, DINOV2, PALIGEMMA
from random_weights import normal, randomize, rng_for

def heavy(model, seed):
    """Replaces the weights of linear layers and convolutions by a heavy-tailed draw of the same deviation."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() >= 2 and name.endswith("weight") and "position" not in name:
                t = rng_for(seed, "heavy", name).standard_t(5, tuple(p.shape)) / (5 / 3) ** 0.5
                p.copy_(torch.from_numpy(t.astype(np.float32)) * p.std())
    return model


def paligemma_cases(seed, deep=False):
    d = copy.deepcopy(PALIGEMMA)
    if deep:
        d["vision"].update(hidden_size=96, intermediate_size=256, num_hidden_layers=27, num_attention_heads=4)
        d["text"].update(hidden_size=160, intermediate_size=512, num_hidden_layers=18, head_dim=20)
    model = randomize(paligemma.build(d), seed, "paligemma")
    if deep:
        heavy(model, seed)
    rng = rng_for(seed, "paligemma inputs")
    size, image = d["vision"]["image_size"], d["image_token_index"]
    pixels = torch.from_numpy(rng.uniform(-1, 1, (1, 3, size, size)).astype("float32"))
    count = (size // d["vision"]["patch_size"]) ** 2
    text = torch.from_numpy(rng.integers(3, min(d["text"]["vocab_size"], image), 11))
    ids = torch.cat([torch.full((count,), image), torch.tensor([2]), text])[None]
    # Padding rows carry no meaning, so a padded case adds nothing here.
    run = paligemma.runner(model, pixels, ids, torch.ones_like(ids))
    return [(model, lambda net, dtype: run(dtype, net))]


def dense_cases(model, trace, seed, tag, own):
    cases = []
    for h, wd in [(own, own), DENSE_SIZE]:
        pixels = normal(rng_for(seed, tag, f"{h}x{wd}"), (1, 3, h, wd))
        cases.append((model, lambda net, dtype, pixels=pixels: trace(net, pixels.to(dtype))))
    return cases


def dinov2_cases(seed, deep=False):
    cases = []
    for name, d in DINOV2.items():
        d = dict(d)
        if deep:
            d.update(hidden_size=96, num_attention_heads=4, num_hidden_layers=40 if "swiglu" in name else 24)
        registers = "num_register_tokens" in d
        cfg = (Dinov2WithRegistersConfig if registers else Dinov2Config)(**d)
        cfg._attn_implementation = "eager"
        model = randomize((Dinov2WithRegistersModel if registers else Dinov2Model)(cfg), seed, name,
                          None if name == "dinov2" else r"^embeddings\.")
        if deep:
            heavy(model, seed)
        cases += dense_cases(model, dinov2.trace_dinov2, seed, name, d["image_size"])
    return cases


def depth_anything_cases(seed, deep=False):
    cases = []
    for name, d in DEPTH_ANYTHING.items():
        d = copy.deepcopy(d)
        tag = f"depth_anything_{d['depth_estimation_type']}"
        if deep:
            d["backbone"].update(hidden_size=96, num_attention_heads=4, num_hidden_layers=24,
                                 out_indices=[5, 12, 18, 24])
            d.update(neck_hidden_sizes=[32, 48, 96, 96], fusion_hidden_size=32, head_hidden_size=24)
        model = randomize(dinov2.build_depth_anything(d), seed, tag)
        if deep:
            heavy(model, seed)
        cases += dense_cases(model, dinov2.trace_depth_anything, seed, name, d["backbone"]["image_size"])
    return cases


FAMILIES = {"paligemma": paligemma_cases, "dinov2": dinov2_cases, "depth-anything-v2": depth_anything_cases}
ONE_OF_EACH = FAMILIES


# ---------------------------------------------------------------- published widths

class Again(torch.nn.Module):
    """A layer that computes what another does, with its weights: so that a model of published width and depth
    fits in memory."""

    def __init__(self, layer):
        super().__init__()
        self.__dict__["layer"] = layer                        # not as a module of its own
        self.attention_type = getattr(layer, "attention_type", None)

    def forward(self, *args, **kw):
        return self.layer.forward(*args, **kw)


def repeated(layers, count):
    return torch.nn.ModuleList([layers[0]] + [Again(layers[0]) for _ in range(count - 1)])


def wide_cases():
    """-> [(name, model, run)]: one drawn layer of published width, as often as the published model has layers."""
    cases = []
    for width, depth, heads, swiglu in ((1024, 24, 16, False), (1536, 40, 24, True)):
        cfg = Dinov2Config(hidden_size=width, num_hidden_layers=1, num_attention_heads=heads, image_size=224,
                           use_swiglu_ffn=swiglu)
        cfg._attn_implementation = "eager"
        model = randomize(Dinov2Model(cfg), 0, "wide")
        model.encoder.layer = repeated(model.encoder.layer, depth)
        pixels = normal(rng_for(0, "wide"), (1, 3, 224, 224))

        def run(net, dtype, pixels=pixels):
            with stages.watching([(f"layer.{i}", layer) for i, layer in enumerate(net.encoder.layer)]) as out:
                return out | {"final_norm": net(pixels.to(dtype)).last_hidden_state}
        cases.append((f"DINOv2 {width} x {depth}", model, run))

    d = copy.deepcopy(PALIGEMMA)
    d["vision"].update(hidden_size=1152, intermediate_size=4304, num_hidden_layers=1, num_attention_heads=16,
                       image_size=224)
    d["text"].update(hidden_size=2048, intermediate_size=16384, num_hidden_layers=1, head_dim=256, vocab_size=8192)
    d["image_token_index"] = 8000
    model = randomize(paligemma.build(d), 0, "wide")
    tower, text = model.model.vision_tower.encoder, model.model.language_model
    tower.layers, text.layers = repeated(tower.layers, 27), repeated(text.layers, 18)
    text.config.num_hidden_layers = 18
    rng = rng_for(0, "wide")
    pixels = torch.from_numpy(rng.uniform(-1, 1, (1, 3, 224, 224)).astype("float32"))
    ids = torch.cat([torch.full((256,), 8000), torch.tensor([2]), torch.from_numpy(rng.integers(3, 8000, 19))])[None]

    def run(net, dtype):
        core = net.model
        after = [(f"siglip.layer.{i}", layer) for i, layer in enumerate(core.vision_tower.encoder.layers)]
        after += [(f"layer.{i}", layer) for i, layer in enumerate(core.language_model.layers)]
        with stages.watching(after) as out:
            logits = net(input_ids=ids, pixel_values=pixels.to(dtype), attention_mask=torch.ones_like(ids),
                         token_type_ids=torch.zeros_like(ids), use_cache=False).logits
        return out | {"logits": logits}
    cases.append(("SigLIP 1152 x 27 and Gemma 2048 x 18", model, run))
    return cases
