"""pi0 in every naming, and the DepthVLA layout."""
import shutil
import tempfile

import torch
from transformers import PI0Config, PI0ForConditionalGeneration

import namings
from dims import ACTION, DEPTH, PALIGEMMA, PI0
from random_weights import draw, normal, rng_for
from writer import check_names, read_folder


def gemma_shapes(width, mlp, text):
    heads = text["num_attention_heads"] * text["head_dim"]
    kv = text["num_key_value_heads"] * text["head_dim"]
    out = {"norm.weight": (width,)}
    for i in range(text["num_hidden_layers"]):
        out.update({
            f"layers.{i}.input_layernorm.weight": (width,), f"layers.{i}.post_attention_layernorm.weight": (width,),
            f"layers.{i}.self_attn.q_proj.weight": (heads, width), f"layers.{i}.self_attn.k_proj.weight": (kv, width),
            f"layers.{i}.self_attn.v_proj.weight": (kv, width), f"layers.{i}.self_attn.o_proj.weight": (width, heads),
            f"layers.{i}.mlp.gate_proj.weight": (mlp, width), f"layers.{i}.mlp.up_proj.weight": (mlp, width),
            f"layers.{i}.mlp.down_proj.weight": (width, mlp)})
    return out


def linear_shapes(linears):
    out = {}
    for name, (rows, columns) in linears.items():
        out[f"{name}.weight"], out[f"{name}.bias"] = (rows, columns), (rows,)
    return out


def action_shapes(text, a=ACTION):
    w = a["width"]
    return gemma_shapes(w, a["mlp_dim"], text) | linear_shapes({
        "state_proj": (w, a["state_dim"]), "action_in_proj": (w, a["action_dim"]),
        "action_time_mlp_in": (w, 2 * w), "action_time_mlp_out": (w, w), "action_out_proj": (a["action_dim"], w)})


def prefixed(prefix, tensors):
    return {prefix + k: v for k, v in tensors.items()}


# ---------------------------------------------------------------- pi0

def native_config(d=PI0, a=ACTION):
    v, t = d["vision"], d["text"]
    shared = {k: t[k] for k in ("num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim")}
    return PI0Config(
        vlm_config=dict(
            model_type="paligemma", vision_config=dict(v, model_type="siglip_vision_model", vision_use_head=False),
            text_config=dict(t, model_type="gemma"), image_token_index=d["image_token_index"],
            projection_dim=t["hidden_size"], hidden_size=t["hidden_size"], vocab_size=t["vocab_size"]),
        dit_config=dict(shared, model_type="gemma", hidden_size=a["width"], intermediate_size=a["mlp_dim"],
                        vocab_size=t["vocab_size"]),
        chunk_size=a["horizon"], max_state_dim=a["state_dim"], max_action_dim=a["action_dim"])


def lerobot_config(**extra):
    def feature(kind, *shape):
        return {"type": kind, "shape": list(shape)}
    return {
        "type": "pi0", "n_obs_steps": 1,
        "input_features": {"observation.images.base": feature("VISUAL", 3, 42, 42),
                           "observation.state": feature("STATE", ACTION["state_dim"])},
        "output_features": {"action": feature("ACTION", ACTION["action_dim"])},
        "normalization_mapping": {"VISUAL": "IDENTITY", "STATE": "MEAN_STD", "ACTION": "MEAN_STD"},
        "chunk_size": ACTION["horizon"], "n_action_steps": ACTION["horizon"],
        "max_state_dim": ACTION["state_dim"], "max_action_dim": ACTION["action_dim"]} | extra


def pi0_layout(seed, d=PI0, a=ACTION):
    """-> (transformers' model, the tensors to give it by the names of the DepthVLA layout)"""
    net = PI0ForConditionalGeneration(native_config(d, a))
    to_layout = ((r"^model\.dit\.", "action."), (r"^model\.vlm\.language_model\.", "vlm."), (r"^model\.vlm\.", "vlm."),
                 (r"^embed_action_time\.", "action."), (r"^action_out_proj", "action.action_out_proj"))
    shapes = {k: x.shape for k, x in namings.renamed(net.state_dict(), *to_layout).items()
              if k != "action.embed_tokens.weight"}
    assert {k[7:]: tuple(s) for k, s in shapes.items() if k.startswith("action.")} == action_shapes(d["text"], a)
    return net, draw(seed, "pi0", shapes, faint=r"^vlm\.vision_tower\.embeddings\.")


def make_pi0(w):
    v, t = PI0["vision"], PI0["text"]
    net, layout = pi0_layout(w.seed)
    junk = normal(rng_for(w.seed, "unused head"), (t["vocab_size"], ACTION["width"]), 0.02)
    openpi = namings.pi0_openpi(layout, junk)
    stale = openpi[namings.HEAD] + normal(rng_for(w.seed, "stale head"), openpi[namings.HEAD].shape, 0.05)
    vision_first = {0: v["num_hidden_layers"], 1: t["num_hidden_layers"], 2: t["num_hidden_layers"]}

    def write(folder, tensors, config, layout_file, tied=None, metadata=None, repeats=vision_first, optional=()):
        w.checkpoint(f"pi0/{folder}", tensors, config, metadata or ({tied[0]: tied[1]} if tied else None))
        check_names(w.folder(f"pi0/{folder}"), layout_file, repeats, optional)

    write("openpi", openpi, {
        "action_dim": ACTION["action_dim"], "action_horizon": ACTION["horizon"], "paligemma_variant": "tiny",
        "action_expert_variant": "tiny", "precision": "float32"}, "pi0-base.openpi", (namings.EMBED, namings.HEAD))

    early = namings.pi0_lerobot_2025_02(openpi)
    core = "model.paligemma_with_expert.paligemma.language_model."
    tied = (core + "model.embed_tokens.weight", core + "lm_head.weight")
    config = lerobot_config(resize_imgs_with_padding=[42, 42], empty_cameras=0, proj_width=ACTION["width"],
                            num_steps=10, attention_implementation="eager")
    write("lerobot-2025-02", early, config, "pi0.lerobot-2025-02", tied)
    # What its class sets up: bfloat16 but for the expert's norm and head and the projections.
    mixed = {k: x.bfloat16() if ".paligemma." in k or ".gemma_expert.model.layers." in k else x
             for k, x in early.items()}
    statistics = {
        f"{place}.buffer_{what}.{kind}": normal(rng_for(w.seed, "statistics", what, kind), (size,), 0.3, 1.0).abs()
        for place, what, size in (("normalize_inputs", "observation_state", ACTION["state_dim"]),
                                  ("normalize_targets", "action", ACTION["action_dim"]),
                                  ("unnormalize_outputs", "action", ACTION["action_dim"]))
        for kind in ("mean", "std")}
    write("lerobot-2025-02-mixed", mixed | statistics, config, "pi0.lerobot-2025-02", tied,
          optional=("normalize_", "unnormalize_"))

    late = lerobot_config(device="cpu", paligemma_variant="tiny", action_expert_variant="tiny", dtype="float32",
                          num_inference_steps=10)
    write("lerobot-2025-10", namings.pi0_lerobot_2025_10(openpi), late, "pi0.lerobot-2025-10",
          ("model." + namings.EMBED, "model." + namings.HEAD))
    saved = namings.pi0_lerobot_save(openpi, stale)
    write("lerobot-save-transformers-5.4-to-5.5", saved, late, "pi0.lerobot-save-transformers-5.4-to-5.5")
    write("lerobot-save-transformers-5.6-on", namings.without_vision_model(saved), late,
          "pi0.lerobot-save-transformers-5.6-on")

    native = namings.pi0_native(layout, junk)
    net.load_state_dict(native, strict=True)
    write("transformers-native-state-dict-5.23", net.state_dict(), None, "pi0.transformers-native-state-dict-5.23",
          metadata={"format": "pt"}, repeats={0: t["num_hidden_layers"], 1: v["num_hidden_layers"],
                                              2: t["num_hidden_layers"]})
    fresh = w.folder("pi0/transformers-5.23-fresh-save")
    net.save_pretrained(fresh)
    check_names(fresh, "pi0.transformers-5.23-fresh-save",
                {0: t["num_hidden_layers"], 1: t["num_hidden_layers"], 2: v["num_hidden_layers"]})
    # The library reads its own save and openpi's names into the very same numbers.
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(fresh / "config.json", folder)
        shutil.copy(w.folder("pi0/openpi") / "model.safetensors", folder)
        for source in (fresh, folder):
            again, info = PI0ForConditionalGeneration.from_pretrained(
                source, dtype=torch.float32, output_loading_info=True)
            assert not any(info.values()), (source, info)
            for (n, a), (m, b) in zip(net.named_parameters(), again.named_parameters()):
                assert n == m and torch.equal(a, b), n
    assert len(read_folder(fresh)) == len(native)


# ---------------------------------------------------------------- the DepthVLA layout

def layout_config(d, a=ACTION):
    """What a configuration of the layout says of all streams but depth."""
    v, t = d["vision"], d["text"]
    return {
        "model_type": "depthvla",
        "shared": dict(num_layers=t["num_hidden_layers"], num_heads=t["num_attention_heads"],
                       num_kv_heads=t["num_key_value_heads"], head_dim=t["head_dim"],
                       rope_theta=10000.0, rms_norm_eps=1e-6),
        "vision": dict(v, layer_norm_eps=1e-6),
        "vlm": dict(width=t["hidden_size"], mlp_dim=t["intermediate_size"], vocab_size=t["vocab_size"],
                    image_token_index=d["image_token_index"]),
        "action": a,
    }


def depthvla_layout(seed, hub, encoder, d=PALIGEMMA, a=ACTION, depth=DEPTH):
    """-> (tensors, config). hub: PaliGemma's hub tensors; encoder: (DINOv2 hub tensors, encoder configuration)"""
    t, (tensors, enc) = d["text"], encoder
    action = prefixed("action.", draw(seed, "action", action_shapes(t, a)))
    patch = enc["patch_size"]
    shapes = gemma_shapes(depth["width"], depth["mlp_dim"], t) | linear_shapes(
        {"input_proj": (depth["width"], enc["hidden_size"]), "head": (patch * patch, depth["width"])})
    expert = prefixed("depth.", draw(seed, "depth", shapes, faint=r"^input_proj\."))
    keep = ("hidden_size", "num_hidden_layers", "num_attention_heads", "mlp_ratio", "image_size",
            "patch_size", "layer_norm_eps")
    encoder = {k: enc[k] for k in keep} | {"num_register_tokens": enc.get("num_register_tokens", 0),
                                           "use_swiglu_ffn": enc.get("use_swiglu_ffn", False)}
    return (namings.vlm_layout(hub) | expert | prefixed("depth.encoder.", tensors) | action,
            layout_config(d, a) | {"depth": dict(depth, encoder=encoder)})


def make_depthvla(w, hub, encoders):
    """encoders: {folder: (DINOv2 hub tensors, encoder configuration)}"""
    for folder, encoder in encoders.items():
        w.checkpoint(f"depthvla/{folder}", *depthvla_layout(w.seed, hub, encoder))
