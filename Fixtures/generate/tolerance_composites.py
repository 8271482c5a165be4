"""DepthVLA and pi0 as measure_tolerances.py takes models: [(model, run)], run(net, dtype) -> {stage: tensor}."""
import copy
import re
import tempfile

from transformers import Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel

import namings
import paligemma
from composites import CASES, observation
from depthvla import DepthVLA, evaluate
from dims import ACTION, DEPTH, DINOV2, PALIGEMMA, PI0
from pi0 import depthvla_layout, layout_config, pi0_layout
from random_weights import GAIN, randomize
from tolerance_models import heavy
from writer import read_folder


class Composite:
    """Weights of a composite with what the measurement asks of a model."""

    def __init__(self, tensors, config):
        # On its own: layers of a wide model share their tensors, and stay so.
        self.tensors, self.config = dict(tensors), config

    def named_parameters(self):
        return self.tensors.items()

    def modules(self):
        return ()

    def double(self):
        wide = {}
        self.tensors = {k: wide.setdefault(id(v), v.double()) for k, v in self.tensors.items()}
        return self


def runner(obs, mask="block", use_depth=True):
    def run(net, dtype):
        return evaluate(DepthVLA(net.tensors, net.config, dtype, use_depth), obs, mask)
    return run


def deepened(model, seed):
    """Heavy tails, and queries and keys of unit scale. With the gain of the tiny ones a random joint transformer of 18
    layers is chaotic: under mask=full float32 itself strays by 2e-5, and a quantized one bears no likeness."""
    heavy(model, seed)
    for name, p in model.named_parameters():
        if re.search(r"(q_proj|k_proj|query|key)\.weight$", name):
            p.div_(GAIN)
    return model


def saved(model):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return read_folder(folder)


def encoder(seed, name, d):
    registers = "num_register_tokens" in d
    cfg = (Dinov2WithRegistersConfig if registers else Dinov2Config)(**d)
    faint = None if name == "dinov2" else r"^embeddings\."
    model = randomize((Dinov2WithRegistersModel if registers else Dinov2Model)(cfg), seed, name, faint)
    return saved(model), dict(d, layer_norm_eps=cfg.layer_norm_eps)


def as_goldens(models, seed, names=CASES):
    """The cases of the goldens. models: {model: Composite}"""
    cases = []
    for name in names:
        model, _, options, mask, depth, _ = CASES[name]
        if model in models:
            obs = observation(models[model].config, seed, name, **options)
            cases.append((models[model], runner(obs, mask, depth)))
    return cases


def depthvla_models(seed):
    hub = namings.paligemma_hub(saved(randomize(paligemma.build(PALIGEMMA), seed, "paligemma")))
    return {model: Composite(*depthvla_layout(seed, hub, encoder(seed, name, DINOV2[name])))
            for model, name in (("depthvla", "dinov2"), ("depthvla-registers", "dinov2-with-registers"))}


def pi0_models(seed):
    return {"pi0": Composite(pi0_layout(seed)[1], layout_config(PI0))}


DEEP_VISION = dict(hidden_size=96, intermediate_size=256, num_hidden_layers=27, num_attention_heads=4)
DEEP_TEXT = dict(hidden_size=160, intermediate_size=512, num_hidden_layers=18, head_dim=20)
DEEP_ACTION = dict(ACTION, width=112, mlp_dim=352)


def deep(d):
    return dict(d, vision=d["vision"] | DEEP_VISION, text=d["text"] | DEEP_TEXT)


def depthvla_cases(seed, deep_ones=False):
    if not deep_ones:
        return as_goldens(depthvla_models(seed), seed)
    d = deep(PALIGEMMA)
    dino = DINOV2["dinov2"] | dict(hidden_size=96, num_attention_heads=4, num_hidden_layers=24)
    hub = namings.paligemma_hub(saved(randomize(paligemma.build(d), seed, "paligemma")))
    model = deepened(Composite(*depthvla_layout(
        seed, hub, encoder(seed, "dinov2", dino), d, DEEP_ACTION, dict(DEPTH, width=104, mlp_dim=320))), seed)
    two = observation(model.config, seed, "deep", cameras=2)
    one = observation(model.config, seed, "deep", depth_image=None)
    return [(model, runner(two)), (model, runner(two, "full")), (model, runner(one, use_depth=False))]


def pi0_cases(seed, deep_ones=False):
    if not deep_ones:
        return as_goldens(pi0_models(seed), seed)
    d = deep(PI0)
    model = deepened(Composite(pi0_layout(seed, d, DEEP_ACTION)[1], layout_config(d, DEEP_ACTION)), seed)
    obs = observation(model.config, seed, "deep", cameras=2, depth_image=None)
    return [(model, runner(obs, use_depth=False))]


FAMILIES = {"depthvla": depthvla_cases, "pi0": pi0_cases}
# One case of each model, with every stage.
ONE_OF_EACH = {
    "depthvla": lambda seed: as_goldens(depthvla_models(seed), seed,
                                        ("depthvla_block_2cam_pad", "depthvla-registers_1cam")),
    "pi0": lambda seed: as_goldens(pi0_models(seed), seed, ("pi0_lerobot_1cam",)),
}


# ---------------------------------------------------------------- published widths

def repeated(tensors, pattern, count):
    """Layer 0 under the names of all layers: so that published width and depth fit in memory."""
    out = dict(tensors)
    for k, v in tensors.items():
        if m := re.match(pattern, k):
            out |= {f"{m[1]}{i}{k[m.end(1) + 1:]}": v for i in range(count)}
    return out


def wide_cases():
    """-> [(name, model, run)]: DepthVLA of published width and depth, one drawn layer of each part as often as there
    are; small images, for the sake of time."""
    d, a = copy.deepcopy(PALIGEMMA), dict(ACTION, width=1024, mlp_dim=4096, state_dim=32, action_dim=32, horizon=50)
    d["vision"].update(hidden_size=1152, intermediate_size=4304, num_hidden_layers=1, num_attention_heads=16,
                       image_size=112)
    d["text"].update(hidden_size=2048, intermediate_size=16384, num_hidden_layers=1, head_dim=256, vocab_size=8192)
    d["image_token_index"] = 8000
    dino = dict(hidden_size=1024, num_hidden_layers=1, num_attention_heads=16, mlp_ratio=4, image_size=518,
                patch_size=14)
    hub = namings.paligemma_hub(saved(randomize(paligemma.build(d), 0, "wide")))
    tensors, config = depthvla_layout(0, hub, encoder(0, "dinov2", dino), d, a, dict(width=1024, mlp_dim=4096))
    for pattern, part, key, count in (
            (r"(vlm\.vision_tower\.encoder\.layers\.)0\.", config["vision"], "num_hidden_layers", 27),
            (r"(depth\.encoder\.encoder\.layer\.)0\.", config["depth"]["encoder"], "num_hidden_layers", 24),
            (r"((?:vlm|depth|action)\.layers\.)0\.", config["shared"], "num_layers", 18)):
        tensors, part[key] = repeated(tensors, pattern, count), count
    obs = observation(config, 0, "wide", depth_image=(112, 112))
    return [("DepthVLA of published width and depth", Composite(tensors, config), runner(obs))]
