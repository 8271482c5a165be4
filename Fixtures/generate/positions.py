"""Writes Fixtures/positions/: what DINOv2's own libraries compute of pictures whose grid is not the position table's.

    python positions.py DINOV2 DEPTH_ANYTHING    (timm 1.0.31, torch 2.15.0)

DINOV2 is a checkout of https://github.com/facebookresearch/dinov2 at b8931f7, DEPTH_ANYTHING one of
https://github.com/DepthAnything/Depth-Anything-V2 at a561b84: the code that the `original` checkpoints are for is run
itself. timm's models have dynamic_img_size=True. Goldens NAMING-MODEL_HxW.safetensors are as those of goldens/, with
float64 of every stage and float32 of the first and the last. expected.json says which checkpoint each is of, and how
far apart the ways are on a table of 37 x 37 standard normal numbers that is fitted to 28 x 37.
"""
import json
import pathlib
import sys
from functools import partial

import timm
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from timm.layers import resample_abs_pos_embed

import stages
from dims import DENSE_SIZE, DEPTH_ANYTHING, DINOV2
from precision import double, no_narrowing
from random_weights import normal, rng_for
from writer import in_order

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "positions"
ARCHITECTURE = {"dinov2": "vit_small_patch14_dinov2", "dinov2-with-registers": "vit_small_patch14_reg4_dinov2",
                "dinov2-swiglu": "vit_giant_patch14_dinov2"}
SIZES = {"dinov2": [DENSE_SIZE, (42, 98)], "depth-anything-v2": [DENSE_SIZE, (98, 42)]}
SEED = 20261129


def weights(model, naming):
    return load_file(ROOT / "checkpoints" / model / naming / "model.safetensors")


def timm_net(model, d):
    tensors = weights(model, "timm")
    args = {}
    if d.get("use_swiglu_ffn"):
        args["mlp_ratio"] = tensors["blocks.0.mlp.fc1.bias"].numel() / d["hidden_size"]
    if "num_register_tokens" in d:
        args["reg_tokens"] = d["num_register_tokens"]
    net = timm.create_model(
        ARCHITECTURE[model], pretrained=False, num_classes=0, img_size=d["image_size"], embed_dim=d["hidden_size"],
        depth=d["num_hidden_layers"], num_heads=d["num_attention_heads"], dynamic_img_size=True, **args).eval()
    net.load_state_dict(tensors, strict=True)
    return net


def original_net(module, model, d, tensors):
    """As dinov2/hub/backbones.py and DepthAnything's DINOv2() make it."""
    registers = d.get("num_register_tokens", 0)
    net = module.DinoVisionTransformer(
        img_size=d["image_size"], patch_size=d["patch_size"], embed_dim=d["hidden_size"], depth=d["num_hidden_layers"],
        num_heads=d["num_attention_heads"], mlp_ratio=d["mlp_ratio"], init_values=1.0, block_chunks=0,
        block_fn=partial(module.Block, attn_class=module.MemEffAttention),
        ffn_layer="swiglufused" if d.get("use_swiglu_ffn") else "mlp", num_register_tokens=registers,
        interpolate_antialias=registers > 0, interpolate_offset=0.0 if registers else 0.1).eval()
    net.load_state_dict(tensors, strict=True)
    return net


def trace(net, pixels):
    blocks = list(net.blocks)
    with stages.watching([(f"layer.{i}", b) for i, b in enumerate(blocks)] + [("final_norm", net.norm)],
                         [("embeddings", blocks[0])]) as out:
        net.forward_features(pixels)
    return out


def trace_backbone(net, pixels):
    with stages.watching([(f"backbone.layer.{i}", b) for i, b in enumerate(net.blocks)],
                         [("backbone.embeddings", net.blocks[0])]) as out:
        maps = net.get_intermediate_layers(pixels, [2, 5, 8, 11], return_class_token=True)
    return out | {f"feature_map.{i}": torch.cat([token[:, None], patches], 1)
                  for i, (patches, token) in enumerate(maps)}


def record(cases, family, model, naming, net, run, ends):
    for height, width in SIZES.get(model, [DENSE_SIZE]):
        pixels = normal(rng_for(SEED, model, f"{height}x{width}"), (1, 3, height, width))
        with torch.no_grad():
            low = run(net, pixels)
            with no_narrowing():
                high = run(double(net), pixels.double())
        tensors = {"in.pixel_values": pixels}
        for stage, b in high.items():
            gap = (low[stage].double() - b).abs().max() / b.abs().max()
            assert b.dtype == torch.float64 and gap < 2e-5, (model, naming, stage, gap)
            tensors[f"f64.{stage}"] = b
            if stage in ends:
                tensors[f"f32.{stage}"] = low[stage]
        name = f"{naming}-{model}_{height}x{width}"
        (FOLDER / f"{name}.safetensors").write_bytes(in_order(
            save({k: v.contiguous().clone() for k, v in tensors.items()}, metadata={"family": family})))
        cases.append({"golden": name, "checkpoint": f"{model}/{naming}"})


def apart():
    """{way: [largest, root mean square]} of the difference to transformers' way without registers."""
    table = normal(rng_for(SEED, "table"), (1, 37 * 37, 384)).double()
    planes = table.reshape(1, 37, 37, -1).permute(0, 3, 1, 2)
    grid = (28, 37)
    usual = F.interpolate(planes, size=grid, mode="bicubic")
    with no_narrowing():
        antialiased = resample_abs_pos_embed(table, list(grid), [37, 37], num_prefix_tokens=0)
    antialiased = antialiased.reshape(1, *grid, -1).permute(0, 3, 1, 2)
    offset = F.interpolate(planes, scale_factor=((28 + 0.1) / 37, (37 + 0.1) / 37), mode="bicubic")
    return {way: [round(x.item(), 4) for x in ((a - usual).abs().max(), (a - usual).square().mean().sqrt())]
            for way, a in (("bicubic-antialias", antialiased), ("bicubic-offset", offset))}


def main():
    assert timm.__version__ == "1.0.31"
    torch.set_num_threads(1)
    for checkout in sys.argv[1:3]:
        sys.path.insert(0, checkout)
    from depth_anything_v2 import dinov2 as anything
    from dinov2.models import vision_transformer as original
    FOLDER.mkdir(exist_ok=True)
    cases = []
    for model, d in DINOV2.items():
        ends = ("embeddings", "final_norm")
        record(cases, "dinov2", model, "timm", timm_net(model, d), trace, ends)
        net = original_net(original, model, d, weights(model, "original"))
        record(cases, "dinov2", model, "original", net, trace, ends)
    model = "depth-anything-v2"
    tensors = {k.removeprefix("pretrained."): v for k, v in weights(model, "original").items()
               if k.startswith("pretrained.")}
    net = original_net(anything, model, DEPTH_ANYTHING[model]["backbone"], tensors)
    record(cases, model, model, "original", net, trace_backbone, ("backbone.embeddings", "feature_map.3"))
    (FOLDER / "expected.json").write_text(json.dumps({"goldens": cases, "apart": apart()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
