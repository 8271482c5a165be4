"""One naming into another. Every function takes and returns {name: tensor}."""
import re

import torch


def renamed(tensors, *rules):
    out = {}
    for name, value in tensors.items():
        for pattern, to in rules:
            name = re.sub(pattern, to, name)
        out[name] = value
    assert len(out) == len(tensors)
    return out


# ---------------------------------------------------------------- DINOv2, Depth Anything

def dinov2_original(t):
    """Hub names -> facebookresearch names, with query, key and value fused."""
    out = {}
    fixed = {"embeddings.cls_token": "cls_token", "embeddings.mask_token": "mask_token",
             "embeddings.register_tokens": "register_tokens", "embeddings.position_embeddings": "pos_embed",
             "embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
             "embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
             "layernorm.weight": "norm.weight", "layernorm.bias": "norm.bias"}
    inner = [("attention.output.dense", "attn.proj"), ("layer_scale1.lambda1", "ls1.gamma"),
             ("layer_scale2.lambda1", "ls2.gamma"), ("mlp.weights_in", "mlp.w12"), ("mlp.weights_out", "mlp.w3")]
    for name, value in t.items():
        if name in fixed:
            out[fixed[name]] = value
            continue
        _, _, index, rest = name.split(".", 3)
        if rest.startswith("attention.attention."):
            kind = rest.rsplit(".", 1)[1]
            parts = [t[f"encoder.layer.{index}.attention.attention.{n}.{kind}"] for n in ("query", "key", "value")]
            out[f"blocks.{index}.attn.qkv.{kind}"] = torch.cat(parts)
            continue
        for a, b in inner:
            rest = rest.replace(a, b)
        out[f"blocks.{index}.{rest}"] = value
    return out


def dinov2_timm(original):
    """timm drops the mask token; with registers it folds the first position into the class token."""
    out = renamed({k: v for k, v in original.items() if k != "mask_token"},
                  (r"^register_tokens$", "reg_token"), (r"\.mlp\.w12\.", ".mlp.fc1."), (r"\.mlp\.w3\.", ".mlp.fc2."))
    if "reg_token" in out:
        out["cls_token"] = out["cls_token"] + out["pos_embed"][:, :1]
        out["pos_embed"] = out["pos_embed"][:, 1:]
    return out


def depth_anything_original(t):
    backbone = {k[len("backbone."):]: v for k, v in t.items() if k.startswith("backbone.")}
    out = {f"pretrained.{k}": v for k, v in dinov2_original(backbone).items()}
    rules = [
        (r"^neck\.reassemble_stage\.layers\.(\d)\.projection", r"projects.\1"),
        (r"^neck\.reassemble_stage\.layers\.(\d)\.resize", r"resize_layers.\1"),
        (r"^neck\.convs\.(\d)\.weight", lambda m: f"scratch.layer{int(m[1]) + 1}_rn.weight"),
        (r"^neck\.fusion_stage\.layers\.(\d)\.projection", lambda m: f"scratch.refinenet{4 - int(m[1])}.out_conv"),
        (r"^neck\.fusion_stage\.layers\.(\d)\.residual_layer(\d)\.convolution(\d)",
         lambda m: f"scratch.refinenet{4 - int(m[1])}.resConfUnit{m[2]}.conv{m[3]}"),
        (r"^head\.conv1", "scratch.output_conv1"), (r"^head\.conv2", "scratch.output_conv2.0"),
        (r"^head\.conv3", "scratch.output_conv2.2"),
    ]
    for name, value in t.items():
        for pattern, to in rules:
            new, hit = re.subn(pattern, to, name)
            if hit:
                out[f"depth_head.{new}"] = value
    assert len(out) == len(t) - 4 * sum(k.endswith("attention.attention.query.weight") for k in t)
    return out


# ---------------------------------------------------------------- PaliGemma

def paligemma_hub(fresh):
    """Names of a fresh save of transformers 5.6 on -> the hub's."""
    return renamed(fresh, (r"^vision_tower\.", "vision_tower.vision_model."))


def paligemma_54(hub):
    return renamed(hub, (r"^", "model."))


def paligemma_state_452(state_56):
    return renamed(state_56, (r"^model\.vision_tower\.", "model.vision_tower.vision_model."))


def vlm_layout(hub):
    """Hub names -> vlm.* of the DepthVLA layout."""
    return renamed(hub, (r"^language_model\.model\.", ""), (r"^vision_tower\.vision_model\.", "vision_tower."),
                   (r"^", "vlm."))


# ---------------------------------------------------------------- pi0

CORE = "paligemma_with_expert."
HEAD = CORE + "paligemma.lm_head.weight"
EMBED = CORE + "paligemma.model.language_model.embed_tokens.weight"
EXPERT_HEAD = CORE + "gemma_expert.lm_head.weight"


def pi0_openpi(layout, expert_head):
    """DepthVLA layout names -> openpi's. Of the tied pair only lm_head is stored."""
    out = renamed(
        layout, (r"^vlm\.embed_tokens\.weight$", HEAD),
        (r"^vlm\.vision_tower\.", CORE + "paligemma.model.vision_tower.vision_model."),
        (r"^vlm\.multi_modal_projector\.", CORE + "paligemma.model.multi_modal_projector."),
        (r"^vlm\.", CORE + "paligemma.model.language_model."),
        (r"^action\.(?=layers\.|norm\.)", CORE + "gemma_expert.model."), (r"^action\.", ""))
    return out | {EXPERT_HEAD: expert_head}


def pi0_lerobot_2025_02(openpi):
    return renamed(openpi, (r"^paligemma_with_expert\.paligemma\.lm_head", CORE + "paligemma.language_model.lm_head"),
                   (r"\.paligemma\.model\.language_model\.", ".paligemma.language_model.model."),
                   (r"\.paligemma\.model\.", ".paligemma."), (r"^", "model."))


def pi0_lerobot_2025_10(openpi):
    return renamed(openpi, (r"^", "model."))


def pi0_lerobot_save(openpi, stale_head):
    """The pair untied: embed_tokens learned on, lm_head stayed behind."""
    return renamed(openpi | {EMBED: openpi[HEAD], HEAD: stale_head}, (r"^", "model."))


def without_vision_model(tensors):
    return renamed(tensors, (r"vision_tower\.vision_model\.", "vision_tower."))


def pi0_native(layout, expert_head):
    """DepthVLA layout names -> transformers' own state_dict."""
    out = renamed(
        layout, (r"^vlm\.(?!vision_tower\.|multi_modal_projector\.)", "model.vlm.language_model."),
        (r"^vlm\.", "model.vlm."), (r"^action\.(?=layers\.|norm\.)", "model.dit."),
        (r"^action\.(?!action_out_proj)", "embed_action_time."), (r"^action\.", ""))
    return out | {"model.dit.embed_tokens.weight": expert_head}


def pi0_layout(tensors):
    """openpi's names, or those of a lerobot save, -> DepthVLA layout names. Where the pair is untied, embed_tokens is
    the one that is used."""
    t = {k.removeprefix("model."): v for k, v in tensors.items()}
    embed = t.get(EMBED, t[HEAD])
    rest = {k: v for k, v in t.items() if k not in (EMBED, HEAD, EXPERT_HEAD)}
    core = r"^paligemma_with_expert\.paligemma\.model\."
    return {"vlm.embed_tokens.weight": embed} | renamed(
        rest, (core + r"vision_tower\.(vision_model\.)?", "vlm.vision_tower."), (core + r"language_model\.", "vlm."),
        (core, "vlm."), (r"^paligemma_with_expert\.gemma_expert\.model\.", "action."),
        (r"^(?=state_proj|action_in|action_out|action_time)", "action."))
