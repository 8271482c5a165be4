"""Statistics of states and actions in the files of openpi and lerobot, and what the two make of vectors with them:
statistics/*.json, *.safetensors; statistics/expected.json; policy_preprocessor.json, what lerobot saves beside the
8-5 ones of a policy that normalises states and actions differently.

The lerobot numbers are those of lerobot itself, in float32 as it runs, and its *.safetensors files are saved by it.
openpi, which computes in float64, is in no package registry: its numbers are made here by the formulas of
src/openpi/transforms.py, and with OPENPI=CHECKOUT in the environment (which needs pydantic and numpydantic too) they are held against openpi's own classes, bit for bit.
"""
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import types
from pathlib import Path

import numpy

OPENPI_FIELDS = ("mean", "std", "q01", "q99")
WIDTHS = {"11-7": (11, 7), "8-5": (8, 5)}


def make(w):
    folder = w.root / "statistics"
    folder.mkdir(parents=True, exist_ok=True)
    rng = numpy.random.default_rng([w.seed, 80])
    cases, openpi, lerobot = [], openpi_classes(), lerobot_module()
    for name, (state, action) in WIDTHS.items():
        stats = {"state": draw(rng, state), "action": draw(rng, action)}
        write_openpi(folder / f"openpi-{name}.json", stats)
        cases += openpi_cases(f"openpi-{name}.json", stats, rng, openpi)
        # A gripper that hardly ever moves: lerobot's denominator of 0.
        stats["action"]["q99"][2] = stats["action"]["q01"][2]
        # Dimensions that did not change in training, at values that float32 does not hold exactly.
        hold(stats["state"], 1, 153.7)
        hold(stats["state"], 4, 1.1, std=1e-7)
        hold(stats["action"], 3, 0.1)
        write_lerobot(folder / f"lerobot-{name}.json", stats, rng)
        cases += lerobot_cases(f"lerobot-{name}.json", stats, rng, lerobot, None)
        cases += lerobot_cases(f"lerobot-{name}.safetensors", stats, rng, lerobot, folder)
        write_preprocessor(folder, stats, lerobot)
    # As openpi computed them at first: on vectors already padded to the model's width.
    padded = {k: {f: numpy.append(v, numpy.zeros(12 - len(v))) for f, v in draw(rng, n).items()}
              for k, n in (("state", 8), ("action", 5))}
    write_openpi(folder / "openpi-padded.json", padded)
    cases += openpi_cases("openpi-padded.json", padded, rng, openpi, state=8, action=12)
    # Wider than the robot's vector, narrower than the model's.
    stats = {"state": draw(rng, 9), "action": draw(rng, 4)}
    write_openpi(folder / "openpi-9-4.json", stats, fields=("mean", "std"))
    cases += openpi_cases("openpi-9-4.json", stats, rng, openpi, state=6, action=7, quantiles=False)
    path = folder / "expected.json"
    path.write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
    check_openpi_files(folder, openpi)


def draw(rng, width):
    """What a data set of 500 rows says, to six decimals."""
    rows = rng.normal(rng.normal(0, 2, width), rng.gamma(2, 0.4, width), (500, width))
    stats = {"mean": rows.mean(0), "std": rows.std(0), "min": rows.min(0), "max": rows.max(0),
             **{f"q{q:02}": numpy.quantile(rows, q / 100, axis=0) for q in (1, 50, 99)}}
    return {f: v.round(6) for f, v in stats.items()}


def hold(stats, index, value, std=0.0):
    for field, values in stats.items():
        values[index] = std if field == "std" else value


def vector(rng, width):
    return rng.normal(0, 2, width).round(3)


def robot_vector(rng, stats):
    """One whose dimensions that did not change in training still do not."""
    return numpy.where(stats["std"] < 1e-6, stats["mean"], vector(rng, len(stats["mean"])))


def write_openpi(path, stats, fields=OPENPI_FIELDS):
    document = {key: {f: stats[name][f].tolist() if f in fields else None for f in OPENPI_FIELDS}
                for key, name in (("state", "state"), ("actions", "action"))}
    path.write_text(json.dumps({"norm_stats": document}, indent=2))


def write_lerobot(path, stats, rng):
    """As lerobot's write_stats: features in no order, pictures as [C, 1, 1], counts."""
    picture = {f: v.reshape(3, 1, 1) for f, v in draw(rng, 3).items()}
    features = {"timestamp": draw(rng, 1), "action": stats["action"], "observation.images.top": picture,
                "observation.state": stats["state"]}
    document = {key: {**{f: v.tolist() for f, v in values.items()}, "count": [500]}
                for key, values in features.items()}
    path.write_text(json.dumps(document, separators=(",", ":")))


def openpi_cases(file, stats, rng, openpi, state=None, action=None, quantiles=True):
    cases = []
    for feature, width in (("state", state), ("action", action)):
        s = stats[feature]
        width = width or len(s["mean"])
        for method in ("mean-std", "quantile") if quantiles else ("mean-std",):
            x = vector(rng, width)
            case = {"file": file, "feature": feature, "method": method, "in": x.tolist()}
            if width <= len(s["mean"]):
                case["normalized"] = openpi_normalize(x, s, method == "quantile", openpi).tolist()
            if width >= len(s["mean"]):
                case["undone"] = openpi_undo(x, s, method == "quantile", openpi).tolist()
            cases.append(case)
    return cases


def openpi_normalize(x, s, quantile, openpi):
    s = {f: v[: len(x)] for f, v in s.items()}
    out = ((x - s["q01"]) / (s["q99"] - s["q01"] + 1e-6) * 2.0 - 1.0 if quantile
           else (x - s["mean"]) / (s["std"] + 1e-6))
    if openpi:
        step = openpi.transforms.Normalize(None)
        run = step._normalize_quantile if quantile else step._normalize
        assert numpy.array_equal(out, run(x, openpi.stats(s)))
    return out


def openpi_undo(x, s, quantile, openpi):
    n = len(s["mean"])
    rest = numpy.zeros(len(x) - n)
    out = (numpy.append((x[:n] + 1.0) / 2.0 * (s["q99"] - s["q01"] + 1e-6) + s["q01"], x[n:]) if quantile
           else x * (numpy.append(s["std"], rest + 1) + 1e-6) + numpy.append(s["mean"], rest))
    if openpi:
        step = openpi.transforms.Unnormalize(None)
        run = step._unnormalize_quantile if quantile else step._unnormalize
        assert numpy.array_equal(out, run(x, openpi.stats(s)))
    return out


def openpi_classes():
    """openpi's transforms.py and normalize.py from the checkout OPENPI; stand-ins for
    what they import. None without one."""
    if "OPENPI" not in os.environ:
        return None
    source = Path(os.environ["OPENPI"]) / "src" / "openpi"
    for name in ("flax", "flax.traverse_util", "jax", "openpi_client", "openpi_client.image_tools", "openpi",
                 "openpi.models", "openpi.models.tokenizer", "openpi.shared", "openpi.shared.array_typing"):
        module = types.ModuleType(name)
        module.__path__ = []
        module.PaligemmaTokenizer = module.FASTTokenizer = None
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    typing = sys.modules["openpi.shared.array_typing"]
    typing.PyTree = type("PyTree", (), {"__class_getitem__": classmethod(lambda c, _: c)})
    for name, path in (("openpi.shared.normalize", "shared/normalize.py"), ("openpi.transforms", "transforms.py")):
        parent, _, child = name.rpartition(".")
        spec = importlib.util.spec_from_file_location(name, source / path)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        setattr(sys.modules[parent], child, module)
        spec.loader.exec_module(module)
    normalize = sys.modules["openpi.shared.normalize"]
    return types.SimpleNamespace(
        transforms=sys.modules["openpi.transforms"], normalize=normalize,
        stats=lambda s: normalize.NormStats(**{f: s[f] for f in OPENPI_FIELDS}))


def check_openpi_files(folder, openpi):
    """openpi reads the files, and writes the very same."""
    for path in folder.glob("openpi-*.json") if openpi else ():
        text = path.read_text()
        assert openpi.normalize.serialize_json(openpi.normalize.deserialize_json(text)) == text, path


def lerobot_module():
    """lerobot's normaliser, without the data sets that its package would import."""
    root = Path(importlib.util.find_spec("lerobot").origin).parent
    for name in ("configs", "datasets", "processor"):
        module = sys.modules[f"lerobot.{name}"] = types.ModuleType(f"lerobot.{name}")
        module.__path__ = [str(root / name)]
    dataset = sys.modules["lerobot.datasets.lerobot_dataset"] = types.ModuleType("lerobot.datasets.lerobot_dataset")
    dataset.LeRobotDataset = object
    import lerobot.processor.normalize_processor as module
    return module


def write_preprocessor(folder, stats, lerobot):
    from lerobot.configs.types import FeatureType, NormalizationMode, PolicyFeature
    from lerobot.processor.pipeline import DataProcessorPipeline
    keys = {"observation.state": (FeatureType.STATE, "state"), "action": (FeatureType.ACTION, "action")}
    step = lerobot.NormalizerProcessorStep(
        features={k: PolicyFeature(type=kind, shape=(len(stats[name]["mean"]),)) for k, (kind, name) in keys.items()},
        norm_map={FeatureType.VISUAL: NormalizationMode.IDENTITY, FeatureType.STATE: NormalizationMode.QUANTILES,
                  FeatureType.ACTION: NormalizationMode.MIN_MAX},
        stats={k: stats[name] for k, (_, name) in keys.items()})
    with tempfile.TemporaryDirectory() as scratch:
        DataProcessorPipeline(steps=[step], name="policy_preprocessor").save_pretrained(scratch)
        shutil.copy(Path(scratch) / "policy_preprocessor.json", folder)


def lerobot_cases(file, stats, rng, lerobot, folder):
    """With a folder, lerobot saves the normaliser there and the numbers are those of what it loads again."""
    import torch
    from lerobot.configs.types import FeatureType, NormalizationMode, PolicyFeature
    from lerobot.processor.pipeline import DataProcessorPipeline
    kinds = {"observation.state": (FeatureType.STATE, stats["state"]), "action": (FeatureType.ACTION, stats["action"])}
    features = {key: PolicyFeature(type=kind, shape=(len(s["mean"]),)) for key, (kind, s) in kinds.items()}
    modes = {"mean-std": NormalizationMode.MEAN_STD, "quantile": NormalizationMode.QUANTILES,
             "min-max": NormalizationMode.MIN_MAX}
    cases = []
    for method, mode in modes.items():
        step = lerobot.NormalizerProcessorStep(
            features=features, norm_map={kind: mode for kind, _ in kinds.values()},
            stats={key: s for key, (_, s) in kinds.items()})
        if folder:
            with tempfile.TemporaryDirectory() as scratch:
                DataProcessorPipeline(steps=[step], name="policy_preprocessor").save_pretrained(scratch)
                saved = Path(scratch) / "policy_preprocessor_step_0_normalizer_processor.safetensors"
                shutil.copy(saved, folder / file)
            step = lerobot.NormalizerProcessorStep(features=features, norm_map=step.norm_map)
            from safetensors.torch import load_file
            step.load_state_dict(load_file(folder / file))
        for feature, key in (("state", "observation.state"), ("action", "action")):
            kind, s = kinds[key]
            x = robot_vector(rng, s)
            case = {"file": file, "feature": feature, "method": method, "in": x.tolist()}
            for name, inverse in (("normalized", False), ("undone", True)):
                out = step._apply_transform(torch.tensor(x, dtype=torch.float32), key, kind, inverse=inverse)
                assert out.dtype == torch.float32
                case[name] = out.tolist()
            cases.append(case)
    return cases
