"""What `depthvla run` must give for pictures, instructions and states: policies/expected.json, and depth.safetensors
with `CASE.CAMERA`, the depth in float64 at the picture's size; noise.npy is what some of the cases start from.

Each step is upstream's: transformers' loader and SigLIP's image processor, openpi's frames (padded.py), the library
sentencepiece, openpi's and lerobot's normalisation (policy_statistics.py; lerobot's in float32), PyTorch's bicubic
resizing. The model between them is the composite reference (depthvla.py) in float64.
"""
import json
from types import SimpleNamespace

import numpy
import sentencepiece
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, load_image
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

import composites
import noise
import padded
import policy_statistics
import tokenizer_models
from depthvla import DepthVLA

GREY, COLOURS, TALL = "grey8.png", "baseline-420.jpg", "orientation6.jpg"
PI0 = {"vision.num_attention_heads": "2", "text.num_attention_heads": "8", "action.horizon": "8"}
DEPTHVLA = dict(
    checkpoint="depthvla/plain", pictures=[GREY], statistics=None, preprocessor=None, method="mean-std",
    fit="stretch", mask="block", depth=True, steps=None, seed=None, settings={}, options=[], instruction="pick up the red cup")
CASES = {
    "one-camera": {},
    "two-cameras": dict(
        pictures=[GREY, COLOURS], statistics="openpi-8-5.json", settings={"depth.image_size": "28"},
        instruction="open the drawer, then close it"),
    "full-mask": dict(mask="full", pictures=[COLOURS], options=["--mask", "full"]),
    "no-depth": dict(
        depth=False, seed=42, steps=4, options=["--no-depth", "--steps", "4"], instruction=" pick_up the\nred cup\n"),
    "seed": dict(seed=2**64 - 1, checkpoint="depthvla/registers", instruction=""),
    "padded": dict(
        fit="pad", pictures=[COLOURS, TALL], statistics="lerobot-11-7.safetensors", settings={"image_fit": "pad"}),
    "quantile": dict(
        statistics="lerobot-11-7.json", method="quantile", settings={"normalization": "quantile"}, depth=False,
        options=["--no-depth"]),
    "pi0": dict(
        checkpoint="pi0/openpi", pictures=[COLOURS, GREY], statistics="lerobot-11-7.json", fit="pad", depth=False,
        settings=PI0),
    "pi0-narrow": dict(
        checkpoint="pi0/openpi", statistics="lerobot-8-5.json", fit="pad", depth=False, settings=PI0,
        instruction=" pick_up the\nred cup\n"),
    "pi0-quantile": dict(
        checkpoint="pi0/openpi", statistics="openpi-8-5.json", method="quantile", fit="pad", depth=False, seed=7,
        settings=PI0 | {"normalization": "quantile"}),
    "pi0-norm-map": dict(
        checkpoint="pi0/openpi", statistics="lerobot-8-5.safetensors", preprocessor="policy_preprocessor.json",
        fit="pad", depth=False, settings=PI0),
}


def make(w):
    folder = w.root / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    rng = numpy.random.default_rng([w.seed, 90])
    recorded = rng.normal(size=(8, 7)).astype(numpy.float32)
    numpy.save(folder / "noise.npy", recorded)
    tokenizer = sentencepiece.SentencePieceProcessor(
        model_file=str(w.root / "tokenizers" / "tiny" / "tokenizer.model"))
    cases, maps = [], {}
    for name, options in CASES.items():
        c = SimpleNamespace(**{**DEPTHVLA, **options})
        result, depth = run(w, c, tokenizer, recorded, rng)
        cases.append({"name": name, "checkpoint": c.checkpoint, "settings": c.settings, "pictures": c.pictures,
                      "statistics": c.statistics, "preprocessor": c.preprocessor, "instruction": c.instruction,
                      "seed": None if c.seed is None else str(c.seed), "options": c.options, **result})
        maps |= {f"{name}.{i}": d for i, d in enumerate(depth)}
    (folder / "expected.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
    save_file(maps, folder / "depth.safetensors")


def run(w, c, tokenizer, recorded, rng):
    """-> (what a chunk is expected to be, [the depth of each picture])"""
    tensors, config = composites.checkpoint(w, c.checkpoint)
    config["action"] = config["action"] | ({"num_steps": c.steps} if c.steps else {})
    pictures = [load_image(str(w.root / "images" / name)) for name in c.pictures]
    side = config["vision"]["image_size"]
    start = recorded if c.seed is None else noise.gaussian(c.seed, recorded.size).reshape(recorded.shape)
    values, normalize, undo = normalisation(w, c, config["action"], rng)
    if c.checkpoint.startswith("pi0/"):
        ids = tokenizer_models.pi0_ids(tokenizer, c.instruction)
    else:
        ids = [tokenizer.bos_id()] + tokenizer.encode(c.instruction + "\n")
    obs = {"pixel_values": stack([see(p, side, c.fit) for p in pictures]),
           "camera_mask": torch.ones(1, len(pictures)), "input_ids": torch.tensor([ids]),
           "text_mask": torch.ones(1, len(ids)), "state": torch.from_numpy(normalize(values))[None]}
    if c.depth:
        side = int(c.settings.get("depth.image_size", side))
        obs["depth_pixel_values"] = stack([see(p, side, c.fit, imagenet=True) for p in pictures])
    model = DepthVLA(tensors, config, torch.float64, use_depth=c.depth)
    start = torch.from_numpy(start)[None]
    chunk = model.sample(obs, start, c.mask, cached=False)[0].numpy()
    depth = []
    if c.depth:
        final = model.joint(obs, start.double(), 1.0, c.mask, model.prefix(obs))
        logs = model.log_depth(final["depth"], obs)[0]
        depth = [depth_of(log, p, c.fit) for log, p in zip(logs, pictures)]
    return {"state": values.tolist(), "prompt_tokens": len(ids), "model_actions": chunk.tolist(),
            "actions": [undo(a).tolist() for a in chunk]}, depth


def stack(pictures):
    return torch.stack(pictures)[None].double()


def see(picture, side, fit, imagenet=False):
    """The picture as one of the encoders sees it: [3, side, side]"""
    how = {"image_mean": IMAGENET_DEFAULT_MEAN, "image_std": IMAGENET_DEFAULT_STD} if imagenet else {}
    if fit == "pad":
        picture = padded.frame(picture, side, side)[0]
        if not imagenet:
            return padded.values(numpy.array(picture))
    processor = SiglipImageProcessorPil(size={"height": side, "width": side}, do_resize=fit == "stretch", **how)
    return processor(images=picture, return_tensors="pt").pixel_values[0]


def depth_of(log_depth, picture, fit):
    if fit == "pad":
        top, bottom, left, right = padded.frame(picture, *log_depth.shape)[1]
        log_depth = log_depth[top:bottom, left:right]
    size = (picture.height, picture.width)
    return F.interpolate(log_depth[None, None], size=size, mode="bicubic", align_corners=False)[0, 0].exp()


def normalisation(w, c, action, rng):
    """-> (a state in the robot's units, the function to the model's [state_dim], that from its actions back)"""
    if c.statistics is None:
        return policy_statistics.vector(rng, action["state_dim"]), lambda x: x, lambda y: y
    text = (w.root / "statistics" / c.statistics).with_suffix(".json").read_text()
    document = json.loads(text)
    origin = c.statistics.partition("-")[0]
    stats = document["norm_stats"] if origin == "openpi" else document
    stats = [{f: numpy.array(v) for f, v in stats[key].items()}
             for key in (("state", "actions") if origin == "openpi" else ("observation.state", "action"))]
    width = len(stats[1]["mean"])
    if origin == "openpi":
        quantile = c.method == "quantile"
        forward = lambda x: policy_statistics.openpi_normalize(x, stats[0], quantile, None)
        # The robot's output transforms cut the padding off after this.
        undo = lambda y: policy_statistics.openpi_undo(y, stats[1], quantile, None)[:width]
    else:
        # select_action cuts the padding off before its postprocessor.
        forward, back = lerobot(stats, norm_map(w, c))
        undo = lambda y: back(y[:width])
    fill = lambda x: numpy.append(x, numpy.zeros(action["state_dim"] - len(x)))
    return policy_statistics.robot_vector(rng, stats[0]), lambda x: fill(forward(x)), undo


def norm_map(w, c):
    """As lerobot's configurations have it."""
    if c.preprocessor:
        document = json.loads((w.root / "statistics" / c.preprocessor).read_text())
        return document["steps"][0]["config"]["norm_map"]
    mode = {"mean-std": "MEAN_STD", "quantile": "QUANTILES"}[c.method]
    return {"STATE": mode, "ACTION": mode}


def lerobot(stats, modes):
    module = policy_statistics.lerobot_module()
    from lerobot.configs.types import FeatureType, PolicyFeature
    kinds = {"observation.state": (FeatureType.STATE, stats[0]), "action": (FeatureType.ACTION, stats[1])}
    step = module.NormalizerProcessorStep(
        features={k: PolicyFeature(type=kind, shape=(len(s["mean"]),)) for k, (kind, s) in kinds.items()},
        norm_map=modes, stats={k: s for k, (_, s) in kinds.items()})

    def apply(key, inverse):
        return lambda x: step._apply_transform(
            torch.tensor(x, dtype=torch.float32), key, kinds[key][0], inverse=inverse).numpy()
    return apply("observation.state", False), apply("action", True)
