"""Checkpoints that must be refused by name."""
import torch
from transformers import DINOv3ViTConfig, DINOv3ViTModel

import namings
from dims import DEPTH_ANYTHING_V1, DINOV3, PALIGEMMA2, PI05
from dinov2 import build_depth_anything, depth_anything_hub_config
from paligemma import build, hub_config
from pi0 import gemma_shapes, linear_shapes, prefixed
from random_weights import draw, randomize
from writer import check_names


def make(w):
    paligemma2(w)
    pi05(w)
    dinov3(w)
    depth_anything_v1(w)


def paligemma2(w):
    d = PALIGEMMA2
    model = randomize(build(d, "gemma2"), w.seed, "paligemma2")
    tensors = namings.renamed({k: v for k, v in model.state_dict().items() if k != "lm_head.weight"},
                              (r"^model\.language_model\.", "language_model.model."),
                              (r"^model\.vision_tower\.", "vision_tower.vision_model."), (r"^model\.", ""))
    config = hub_config(d, "bfloat16")
    config["text_config"] |= {"model_type": "gemma2", "torch_dtype": "bfloat16", "query_pre_attn_scalar": 256,
                              "sliding_window": 4096, "attn_logit_softcapping": 50.0,
                              "final_logit_softcapping": 30.0}
    w.checkpoint("look-alikes/paligemma2", {k: v.to(torch.bfloat16) for k, v in tensors.items()}, config)
    check_names(w.folder("look-alikes/paligemma2"), "paligemma2-3b-pt-224.hf-hub",
                {0: d["vision"]["num_hidden_layers"], 1: d["text"]["num_hidden_layers"]})


def pi05(w):
    """No state projection; the expert's norms are linear maps of the time embedding."""
    v, t, a = PI05["vision"], PI05["text"], PI05["action"]
    width, inner = v["hidden_size"], v["intermediate_size"]
    vision = {"embeddings.position_embedding.weight": ((v["image_size"] // v["patch_size"]) ** 2, width),
              "embeddings.patch_embedding.weight": (width, 3, v["patch_size"], v["patch_size"]),
              "embeddings.patch_embedding.bias": (width,), "post_layernorm.weight": (width,),
              "post_layernorm.bias": (width,)}
    for i in range(v["num_hidden_layers"]):
        at = f"encoder.layers.{i}."
        vision |= linear_shapes({at + f"self_attn.{n}_proj": (width, width) for n in ("q", "k", "v", "out")}
                                | {at + "mlp.fc1": (inner, width), at + "mlp.fc2": (width, inner)})
        vision |= {at + f"layer_norm{n}.{kind}": (width,) for n in (1, 2) for kind in ("weight", "bias")}
    expert = {k: s for k, s in gemma_shapes(a["width"], a["mlp_dim"], t).items() if "norm" not in k}
    norms = ["norm"] + [f"layers.{i}.{n}_layernorm" for i in range(t["num_hidden_layers"])
                        for n in ("input", "post_attention")]
    expert |= linear_shapes({f"{n}.dense": (3 * a["width"], a["width"]) for n in norms})
    core = "paligemma_with_expert."
    shapes = prefixed(core + "paligemma.model.vision_tower.vision_model.", vision)
    shapes |= prefixed(core + "paligemma.model.language_model.",
                       gemma_shapes(t["hidden_size"], t["intermediate_size"], t))
    shapes |= prefixed(core + "gemma_expert.model.", expert)
    shapes |= linear_shapes({core + "paligemma.model.multi_modal_projector.linear": (t["hidden_size"], width),
                             "action_in_proj": (a["width"], a["action_dim"]),
                             "action_out_proj": (a["action_dim"], a["width"]),
                             "time_mlp_in": (a["width"], a["width"]), "time_mlp_out": (a["width"], a["width"])})
    shapes |= {namings.HEAD: (t["vocab_size"], t["hidden_size"]), namings.EXPERT_HEAD: (t["vocab_size"], a["width"])}
    w.checkpoint("look-alikes/pi05", draw(w.seed, "pi05", shapes), {
        "action_dim": a["action_dim"], "action_horizon": 8, "paligemma_variant": "tiny",
        "action_expert_variant": "tiny", "precision": "float32"}, metadata={namings.EMBED: namings.HEAD})
    check_names(w.folder("look-alikes/pi05"), "pi05-base.openpi",
                {0: v["num_hidden_layers"], 1: t["num_hidden_layers"], 2: t["num_hidden_layers"]})


def dinov3(w):
    randomize(DINOv3ViTModel(DINOv3ViTConfig(**DINOV3)), w.seed, "dinov3").save_pretrained(
        w.folder("look-alikes/dinov3"))


def depth_anything_v1(w):
    """Tensor for tensor a V2; only the layers it reads its features from differ."""
    path = w.folder("look-alikes/depth-anything-v1")
    randomize(build_depth_anything(DEPTH_ANYTHING_V1), w.seed, "depth anything v1").save_pretrained(path)
    w.json(path / "config.json", depth_anything_hub_config(DEPTH_ANYTHING_V1))
    check_names(path, "depth-anything-v2-small.hf",
                dict.fromkeys(range(9), DEPTH_ANYTHING_V1["backbone"]["num_hidden_layers"]))
