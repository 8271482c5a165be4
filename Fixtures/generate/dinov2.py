"""DINOv2, Depth Anything V2, and their goldens."""
import timm
import torch
from timm.models._hub import save_config_for_hf
from transformers import (
    DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, Dinov2Model,
    Dinov2WithRegistersConfig, Dinov2WithRegistersModel,
)

import namings
import stages
from dims import DENSE_SIZE, DEPTH_ANYTHING, DINOV2
from precision import double
from random_weights import normal, randomize, rng_for
from writer import check_names, read_folder

# Full-size inventories with the same structure, and timm's architecture of that kind.
LIKE = {"dinov2": ("dinov2-base", "vit_small_patch14_dinov2"),
        "dinov2-with-registers": ("dinov2-with-registers-base", "vit_small_patch14_reg4_dinov2"),
        "dinov2-swiglu": ("dinov2-giant", "vit_giant_patch14_dinov2")}


def dinov2_hub_config(d):
    """As facebook/dinov2-* has it."""
    registers = "num_register_tokens" in d
    return {
        "architectures": ["Dinov2WithRegistersModel" if registers else "Dinov2Model"],
        "attention_probs_dropout_prob": 0.0, "drop_path_rate": 0.0, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0, "hidden_size": d["hidden_size"], "image_size": d["image_size"],
        "initializer_range": 0.02, "layer_norm_eps": 1e-06, "layerscale_value": 1.0, "mlp_ratio": d["mlp_ratio"],
        "model_type": "dinov2_with_registers" if registers else "dinov2",
        "num_attention_heads": d["num_attention_heads"], "num_channels": 3,
        "num_hidden_layers": d["num_hidden_layers"],
        **({"num_register_tokens": d["num_register_tokens"]} if registers else {}),
        "patch_size": d["patch_size"], "qkv_bias": True, "torch_dtype": "float32",
        "transformers_version": "4.47.0.dev0" if registers else "4.31.0.dev0",
        "use_swiglu_ffn": d.get("use_swiglu_ffn", False),
    }


def depth_anything_hub_config(d):
    """As depth-anything/Depth-Anything-V2-*-hf has it; the type of depth stands in metric files only."""
    b = d["backbone"]
    metric = d.get("depth_estimation_type") == "metric"
    return {
        "_commit_hash": None, "architectures": ["DepthAnythingForDepthEstimation"], "backbone": None,
        "backbone_config": {
            "architectures": ["Dinov2Model"], "hidden_size": b["hidden_size"], "image_size": b["image_size"],
            "model_type": "dinov2", "num_attention_heads": b["num_attention_heads"],
            "out_features": [f"stage{i}" for i in b["out_indices"]], "out_indices": b["out_indices"],
            "patch_size": b["patch_size"], "reshape_hidden_states": False, "torch_dtype": "float32"},
        **({"depth_estimation_type": "metric"} if metric else {}),
        "fusion_hidden_size": d["fusion_hidden_size"], "head_hidden_size": d["head_hidden_size"],
        "head_in_index": -1, "initializer_range": 0.02,
        **({"max_depth": d["max_depth"]} if metric else {}),
        "model_type": "depth_anything", "neck_hidden_sizes": d["neck_hidden_sizes"], "patch_size": b["patch_size"],
        "reassemble_factors": [4, 2, 1, 0.5], "reassemble_hidden_size": b["hidden_size"], "torch_dtype": "float32",
        "transformers_version": None, "use_pretrained_backbone": False,
    }


def sizes(own):
    return [(own, own), DENSE_SIZE]


def same_parameters(model, folder):
    again, info = type(model).from_pretrained(folder, output_loading_info=True)
    assert not any(info.values()), (folder, info)
    for (n, a), (m, b) in zip(model.named_parameters(), again.named_parameters()):
        assert n == m and torch.equal(a, b), (folder, n)


def record(w, name, model, output, trace):
    """trace(net, pixels) -> {stage: tensor}"""
    own = DINOV2[name]["image_size"] if name in DINOV2 else DEPTH_ANYTHING[name]["backbone"]["image_size"]
    for h, wd in sizes(own):
        pixels = normal(rng_for(w.seed, name, f"{h}x{wd}"), (1, 3, h, wd))

        def run(dtype):
            return trace(double(model) if dtype == torch.float64 else model, pixels.to(dtype))
        w.golden(f"{name}_{h}x{wd}", name, {"pixel_values": pixels}, run, output)


def trace_dinov2(net, pixels):
    with stages.watching(stages.dinov2(net)) as out:
        return out | {"final_norm": net(pixels).last_hidden_state}


def trace_depth_anything(net, pixels):
    with stages.watching(stages.depth_anything(net)) as out:
        depth = net(pixels).predicted_depth
    maps = net.backbone(pixels).feature_maps
    return out | {f"feature_map.{i}": m for i, m in enumerate(maps)} | {"predicted_depth": depth}


def make_timm(w, name, d, model, original):
    like, architecture = LIKE[name]
    args = dict(img_size=d["image_size"], embed_dim=d["hidden_size"], depth=d["num_hidden_layers"],
                num_heads=d["num_attention_heads"])
    if d.get("use_swiglu_ffn"):
        args["mlp_ratio"] = original["blocks.0.mlp.w12.bias"].numel() / d["hidden_size"]
    if "num_register_tokens" in d:
        args["reg_tokens"] = d["num_register_tokens"]
    net = timm.create_model(architecture, pretrained=False, num_classes=0, **args).eval()
    tensors = namings.dinov2_timm(original)
    net.load_state_dict(tensors, strict=True)
    path = w.folder(f"{name}/timm")
    w.checkpoint(f"{name}/timm", {k: tensors[k] for k in net.state_dict()})
    save_config_for_hf(net, path / "config.json", model_args=args)
    check_names(path, f"{like}.timm", dict.fromkeys(range(9), d["num_hidden_layers"]))
    pixels = normal(rng_for(w.seed, name, "timm"), (1, 3, d["image_size"], d["image_size"]))
    ours, theirs = model(pixels).last_hidden_state, net.forward_features(pixels)
    gap = (ours - theirs).abs().max() / ours.abs().max()
    assert gap < 1e-5, (name, gap)


def make_dinov2(w):
    """-> {name: (hub tensors, encoder configuration)}"""
    made = {}
    for name, d in DINOV2.items():
        registers = "num_register_tokens" in d
        cfg = (Dinov2WithRegistersConfig if registers else Dinov2Config)(**d)
        cfg._attn_implementation = "eager"
        faint = None if name == "dinov2" else r"^embeddings\."
        model = randomize((Dinov2WithRegistersModel if registers else Dinov2Model)(cfg), w.seed, name, faint)
        layers = dict.fromkeys(range(9), d["num_hidden_layers"])
        like, _ = LIKE[name]

        path = w.folder(f"{name}/hf")
        model.save_pretrained(path)
        w.json(path / "config.json", dinov2_hub_config(d))
        check_names(path, f"{like}.hf", layers)
        same_parameters(model, path)
        tensors = read_folder(path)

        original = namings.dinov2_original(tensors)
        w.checkpoint(f"{name}/original", original)
        check_names(w.folder(f"{name}/original"), f"{like}.original", layers)
        make_timm(w, name, d, model, original)
        w.checkpoint(f"{name}/state-dict-5.18-to-5.23", model.state_dict())
        if not registers:
            check_names(w.folder(f"{name}/state-dict-5.18-to-5.23"), f"{like}.state-dict-5.18-to-5.23", layers)
        record(w, name, model, "final_norm", trace_dinov2)
        made[name] = (tensors, dict(d, layer_norm_eps=cfg.layer_norm_eps))
    return made


def build_depth_anything(d):
    d = dict(d)
    b = d.pop("backbone")
    backbone = Dinov2Config(**b, reshape_hidden_states=False, apply_layernorm=True)
    cfg = DepthAnythingConfig(backbone_config=backbone, reassemble_hidden_size=b["hidden_size"],
                              patch_size=b["patch_size"], **d)
    cfg._attn_implementation = "eager"
    return DepthAnythingForDepthEstimation(cfg)


def make_depth_anything(w):
    for name, d in DEPTH_ANYTHING.items():
        tag = {"relative": "depth_anything_relative", "metric": "depth_anything_metric"}[d["depth_estimation_type"]]
        model = randomize(build_depth_anything(d), w.seed, tag)
        layers = dict.fromkeys(range(9), d["backbone"]["num_hidden_layers"])
        path = w.folder(f"{name}/hf")
        model.save_pretrained(path)
        w.json(path / "config.json", depth_anything_hub_config(d))
        check_names(path, "depth-anything-v2-small.hf", layers)
        same_parameters(model, path)
        w.checkpoint(f"{name}/original", namings.depth_anything_original(read_folder(path)))
        check_names(w.folder(f"{name}/original"), "depth-anything-v2-small.original", layers)
        record(w, name, model, "predicted_depth", trace_depth_anything)
