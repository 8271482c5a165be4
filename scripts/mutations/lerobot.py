#!/usr/bin/env python3
"""Searches for settings of lerobot's pi0 that lerobot obeys and we pass over.

    PYTHON lerobot.py DEPTHVLA [--report FILE] [--only TEXT]

PYTHON has lerobot 0.6.1 with transformers 5.5.4. Every key of config.json that PI0Config writes, and every setting,
order and presence of a step of both pipelines, is changed by itself, to several values each. For each change lerobot's
own pipelines (loaded as make_pre_post_processors loads them) turn state and prompt into what the policy sees, and the
policy's chunk into actions; `convert` and `run` do the same with a tiny pi0. lerobot's model itself has hard-wired sizes,
so its chunk is ours: `model_actions` of the report.

A change is *applied* where lerobot and we give the same state, tokens and actions; *refused* where convert ends with 64
or 65; *refused by both* where lerobot raises too. It is a FAILURE where lerobot's result differs from ours: the search
ends with status 1 then. What lerobot makes of the prompt is compared as the number of its tokens.
"""
import argparse
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
# This file is called as the library is.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
import numpy
import torch
import transformers
from lerobot.configs import FeatureType, PolicyFeature, PreTrainedConfig
from lerobot.policies.factory import make_pre_post_processors
from lerobot.policies.pi0 import processor_pi0
from lerobot.policies.pi0.configuration_pi0 import PI0Config
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Fixtures"
CHECKPOINT = FIXTURES / "checkpoints/pi0/lerobot-save-transformers-5.6-on"
HEADS = ["--set", "vision.num_attention_heads=2", "--set", "text.num_attention_heads=8"]
NAMES = [f"joint_{i}.pos" for i in range(6)] + ["gripper.pos"]
PROMPT = "pick_up the red cup"
MISSING = object()
# Values tried for any key beside those that fit it.
ODD = [None, True, False, 0, 1, -1, 2.5, "", "x", [], ["a"], {}, MISSING]


def tokenizer():
    document = json.loads((FIXTURES / "tokenizers/tiny/tokenizer.json").read_text())
    start = next(t["id"] for t in document["added_tokens"] if t["content"] == "<bos>")
    document["post_processor"] = {
        "type": "TemplateProcessing", "pair": [],
        "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"<bos>": {"id": "<bos>", "ids": [start], "tokens": ["<bos>"]}}}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokenizer.json").write_text(json.dumps(document))
        return transformers.PreTrainedTokenizerFast(
            tokenizer_file=f"{folder}/tokenizer.json", bos_token="<bos>", eos_token="<eos>", pad_token="<pad>",
            unk_token="<unk>")


TOKENIZER = tokenizer()


def statistics(rng, width):
    rows = rng.normal(rng.normal(0, 2, width), rng.gamma(2, 0.4, width), (200, width)).astype("f4")
    found = {"mean": rows.mean(0), "std": rows.std(0), "min": rows.min(0), "max": rows.max(0)}
    for q in (1, 10, 90, 99):
        found[f"q{q:02}"] = numpy.quantile(rows, q / 100, axis=0).astype("f4")
    return found


def base(**settings):
    """What lerobot saves beside a policy: config.json, both pipelines, their statistics."""
    rng = numpy.random.default_rng(7)
    config = PI0Config(device="cpu", max_state_dim=11, max_action_dim=7, chunk_size=8, n_action_steps=8, **settings)
    config.input_features = {"observation.state": PolicyFeature(FeatureType.STATE, (11,)),
                             "observation.images.base": PolicyFeature(FeatureType.VISUAL, (3, 42, 42)),
                             "observation.images.wrist": PolicyFeature(FeatureType.VISUAL, (3, 42, 42))}
    config.output_features = {"action": PolicyFeature(FeatureType.ACTION, (7,))}
    config.image_resolution = (42, 42)
    stats = {"observation.state": statistics(rng, 11), "action": statistics(rng, 7),
             "observation.images.base": {"mean": numpy.full((3, 1, 1), 0.4, "f4"), "std": numpy.full((3, 1, 1), 0.2, "f4")}}
    tensors = {k: {f: torch.from_numpy(v) for f, v in s.items()} for k, s in stats.items()}
    plain = processor_pi0.TokenizerProcessorStep
    processor_pi0.TokenizerProcessorStep = lambda tokenizer_name, **named: plain(tokenizer=TOKENIZER, **named)
    before, after = processor_pi0.make_pi0_pre_post_processors(config, tensors)
    processor_pi0.TokenizerProcessorStep = plain
    with tempfile.TemporaryDirectory() as folder:
        before.save_pretrained(folder), after.save_pretrained(folder), config._save_pretrained(Path(folder))
        read = lambda name: json.loads((Path(folder) / name).read_text())
        documents = {name: read(f"{name}.json") for name in ("config", "policy_preprocessor", "policy_postprocessor")}
    # Sizes of the tiny checkpoint, which no variant of lerobot's has.
    documents["config"].update(paligemma_variant="tiny", action_expert_variant="tiny")
    for step in documents["policy_preprocessor"]["steps"]:
        if step["registry_name"] == "tokenizer_processor":
            step["config"]["tokenizer_name"] = "google/paligemma-3b-pt-224"
    return documents, stats


def write(folder, documents, stats):
    folder.mkdir(parents=True)
    shutil.copyfile(CHECKPOINT / "model.safetensors", folder / "model.safetensors")
    flat = {f"{k}.{f}": torch.from_numpy(v) for k, s in stats.items() for f, v in s.items()}
    for name, document in documents.items():
        if document is not None:
            (folder / f"{name}.json").write_text(json.dumps(document))
    for name in ("policy_preprocessor", "policy_postprocessor"):
        for step in (documents[name] or {}).get("steps", []):
            file = step.get("state_file") if isinstance(step, dict) else None
            if isinstance(file, str) and file:
                save_file(flat, folder / file)


class Upstream:
    """lerobot's own pipelines, and what its policy does between them."""

    def __init__(self, folder, state, changes_config):
        config = json.loads((folder / "config.json").read_text())
        # The class knows its own variants alone, and lerobot's reader refuses what it does not know.
        for key in ("paligemma_variant", "action_expert_variant"):
            if config.get(key) == "tiny":
                config[key] = "gemma_300m"
        with tempfile.TemporaryDirectory() as other:
            (Path(other) / "config.json").write_text(json.dumps(config))
            self.config = PreTrainedConfig.from_pretrained(other)
        self.config.device = "cpu"
        self.config.validate_features()
        steps = json.loads((folder / "policy_preprocessor.json").read_text())["steps"]
        names = [s.get("registry_name") or s.get("class", "").rsplit(".", 1)[-1] for s in steps]
        overrides = {n: {"tokenizer": TOKENIZER} for n in names if n in ("tokenizer_processor", "TokenizerProcessorStep")}
        self.before, self.after = make_pre_post_processors(self.config, str(folder), preprocessor_overrides=overrides)
        images = {f"observation.images.{n}": torch.full((3, 42, 42), v) for n, v in (("base", 0.25), ("wrist", 0.75))}
        batch = self.before({"observation.state": torch.tensor(state, dtype=torch.float32), "task": PROMPT, **images})
        self.state = batch["observation.state"]
        self.tokens = batch["observation.language.tokens"][batch["observation.language.attention_mask"]].numel()
        self.images = [float(batch[k].flatten()[0]) for k in self.config.image_features if k in batch]
        assert self.state.ndim == 2, "no batch"
        width = self.config.max_state_dim
        # Into a model of other sizes the weights do not load.
        assert (width, self.config.max_action_dim) == (11, 7), "weights of other sizes"
        assert self.state.shape[-1] <= width, "a state wider than the model"
        self.seen = torch.nn.functional.pad(self.state, (0, width - self.state.shape[-1]))[0].double().numpy()

    def actions(self, chunk):
        width = self.config.output_features["action"].shape[0]
        cut = torch.tensor(chunk, dtype=torch.float32)[None, :, :width]
        return numpy.asarray(self.after(cut)[0].double())


def ours(command, folder, scratch, state):
    """The exit status of convert or run, and the report of run."""
    bundle = scratch / "b.dvla.safetensors"
    made = subprocess.run(
        [command, "convert", "--pi0", folder, *HEADS, "--tokenizer", FIXTURES / "tokenizers/tiny/tokenizer.model", "-o",
         bundle, "--force", "--quiet"], capture_output=True, text=True)
    if made.returncode:
        return ("convert", made.returncode, made.stderr.strip().splitlines()[:1])
    (scratch / "state.json").write_text(json.dumps(list(state)))
    ran = subprocess.run(
        [command, "run", bundle, "--image", FIXTURES / "images/rgb8.png", "--instruction", PROMPT, "--state",
         scratch / "state.json", "--steps", "1", "--json"], capture_output=True, text=True)
    if ran.returncode:
        return ("run", ran.returncode, ran.stderr.strip().splitlines()[:1])
    return ("done", 0, json.loads(ran.stdout))


def changes(documents):
    """Name, and what is done to a copy of the documents."""

    def put(document, path, value):
        def apply(d):
            place = d[document]
            for key in path[:-1]:
                place = place[key]
            if value is MISSING:
                place.pop(path[-1], None) if isinstance(place, dict) else place.pop(path[-1])
            else:
                place[path[-1]] = value
        word = "left out" if value is MISSING else json.dumps(value)
        return f"{document} {'.'.join(map(str, path))} = {word}", apply

    fitting = {
        "normalization_mapping": [{"VISUAL": "IDENTITY", "STATE": m, "ACTION": m} for m in
                                  ("MEAN_STD", "MIN_MAX", "QUANTILES", "QUANTILE10", "IDENTITY")]
        + [{"VISUAL": "MEAN_STD", "STATE": "MEAN_STD", "ACTION": "MEAN_STD"}],
        "relative_exclude_joints": [["gripper"], [], ["joint_1"]], "action_feature_names": [NAMES, NAMES[:3]],
        "tokenizer_max_length": [4, 8, 100], "chunk_size": [4, 50], "n_action_steps": [1], "max_state_dim": [7, 32],
        "max_action_dim": [5, 32], "num_inference_steps": [3], "empty_cameras": [1, 2], "image_resolution": [[224, 224], [42, 56]],
        "dtype": ["bfloat16"], "type": ["pi05", "act"],
        "input_features": [{"observation.state": {"type": "STATE", "shape": [n]}} for n in (7, 11, 14)]
        + [{"observation.images.base": {"type": "VISUAL", "shape": [3, 42, 42]}}],
        "output_features": [{"action": {"type": "ACTION", "shape": [n]}} for n in (5, 7, 9)],
    }
    for key in documents["config"]:
        for value in fitting.get(key, []) + ODD:
            yield put("config", (key,), value)
    yield put("config", ("adapt_to_pi_aloha",), True)
    yield put("config", ("no_such_key",), 1)
    values = {
        "max_length": [4, 8, 100], "padding_side": ["left"], "padding": ["longest", "do_not_pad"], "task_key": ["other"],
        "tokenizer_name": ["bert-base-uncased", "/data/paligemma"], "device": ["cuda"], "float_dtype": ["float16", "bfloat16", "float32", "float64"],
        "eps": [1e-6, 1e-2], "exclude_joints": [["gripper"], [], ["JOINT_1"], ["o"]], "action_names": [NAMES, NAMES[:2], NAMES * 2],
        "rename_map": [{"observation.images.base": "observation.images.wrist", "observation.images.wrist": "observation.images.base"},
                       {"observation.images.front": "observation.images.base"}, {"observation.state": "observation.qpos"},
                       {"observation.qpos": "observation.state"}, {"observation.images.base": "observation.images.base"}],
        "normalize_observation_keys": [["observation.state"], ["observation.images.base"]],
    }
    for name in ("policy_preprocessor", "policy_postprocessor"):
        steps = documents[name]["steps"]
        yield put(name, ("name",), "other")
        for index, step in enumerate(steps):
            where = ("steps", index)
            yield put(name, where, MISSING)
            yield put(name, where + ("registry_name",), "my_own_processor")
            if step["registry_name"] == "relative_actions_processor":
                yield put(name, where + ("registry_name",), "delta_actions_processor")
            yield put(name, where + ("no_such_key",), 1)
            yield put(name, where + ("config", "no_such_key"), 1)
            for file in ([] if "state_file" not in step else [MISSING, "other.safetensors"]):
                yield put(name, where + ("state_file",), file)
            keys = set(step.get("config", {})) | ({"normalize_observation_keys"} if "norm_map" in step.get("config", {}) else set())
            for key in sorted(keys):
                if key in ("norm_map", "features"):
                    continue
                for value in values.get(key, []) + ODD:
                    yield put(name, where + ("config", key), value)
            if "norm_map" in step.get("config", {}):
                for kind in ("STATE", "ACTION", "VISUAL", "ENV"):
                    for mode in ("MEAN_STD", "MIN_MAX", "QUANTILES", "QUANTILE10", "IDENTITY", "mean_std", None, 1, MISSING):
                        yield put(name, where + ("config", "norm_map", kind), mode)
                for value in ({}, None, []):
                    yield put(name, where + ("config", "norm_map"), value)
                    yield put(name, where + ("config", "features"), value)
                for feature in list(step["config"]["features"]) + ["observation.environment_state"]:
                    yield put(name, where + ("config", "features", feature), MISSING)
                    for kind in ("STATE", "ACTION", "VISUAL", "ENV", "?"):
                        yield put(name, where + ("config", "features", feature), {"type": kind, "shape": [3]})
            for other in range(len(steps)):
                def move(d, name=name, index=index, other=other):
                    d[name]["steps"].insert(other, d[name]["steps"].pop(index))
                if other != index:
                    yield f"{name} steps[{index}] {step['registry_name']} moved to {other}", move

            def twice(d, name=name, index=index):
                d[name]["steps"].insert(index, copy.deepcopy(d[name]["steps"][index]))
            yield f"{name} steps[{index}] {step['registry_name']} twice", twice

            def by_class(d, name=name, index=index):
                from lerobot.processor import ProcessorStepRegistry
                step = d[name]["steps"][index]
                kind = ProcessorStepRegistry.get(step.pop("registry_name"))
                step["class"] = f"{kind.__module__}.{kind.__qualname__}"
            yield f"{name} steps[{index}] {step['registry_name']} by its class", by_class
        for extra in ("image_crop_resize_processor", "to_batch_processor", "pi0_new_line_processor", "map_delta_action_to_robot_action",
                      "torch2numpy_action_processor"):
            for place in (0, len(steps)):
                yield f"{name} + {extra} at {place}", lambda d, name=name, place=place, extra=extra: d[name]["steps"].insert(
                    place, {"registry_name": extra, "config": {}})
        yield f"{name} is not there", lambda d, name=name: d.update({name: None})


def main():
    options = argparse.ArgumentParser()
    options.add_argument("command")
    options.add_argument("--report")
    options.add_argument("--only", default="")
    options = options.parse_args()
    counts = {"applied": 0, "refused": 0, "refused by both": 0, "FAILURE": 0}
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        for label, settings in (("absolute", {}), ("relative", {"use_relative_actions": True, "action_feature_names": NAMES})):
            documents, stats = base(**settings)
            state = numpy.random.default_rng(11).normal(0, 2, 11).astype("f4").astype("f8")
            for name, apply in [("unchanged", lambda d: None)] + list(changes(documents)):
                name = f"{label}: {name}"
                if options.only not in name:
                    continue
                changed = copy.deepcopy(documents)
                try:
                    apply(changed)
                except (KeyError, IndexError, TypeError, AttributeError):
                    continue
                shutil.rmtree(scratch / "in", ignore_errors=True)
                write(scratch / "in", changed, stats)
                verdict, words = judge(options.command, scratch, state, stats)
                if name.endswith(": unchanged"):
                    assert verdict == "applied", words
                counts[verdict] += 1
                lines.append(f"{verdict}: {name}: {words}")
                if verdict == "FAILURE" or options.only:
                    print(lines[-1], flush=True)
                if options.report and len(lines) % 50 == 0:
                    Path(options.report).write_text("\n".join([str(counts)] + lines) + "\n")
    summary = f"{sum(counts.values())} changes: " + ", ".join(f"{n} {k}" for k, n in counts.items())
    print(summary)
    if options.report:
        Path(options.report).write_text("\n".join([summary] + lines) + "\n")
    sys.exit(1 if counts["FAILURE"] else 0)


def judge(command, scratch, state, stats):
    # A width that the documents say is that of the state.
    config = json.loads((scratch / "in/config.json").read_text())
    try:
        width = config["input_features"]["observation.state"]["shape"][0]
        given = numpy.resize(state, width) if isinstance(width, int) and 0 < width < 100 else state
    except (KeyError, TypeError, IndexError):
        given = state
    try:
        upstream = Upstream(scratch / "in", given, True)
    except Exception as error:  # noqa: BLE001: whatever lerobot says
        upstream = f"{type(error).__name__}: {str(error)[:100]}"
    step, status, result = ours(command, scratch / "in", scratch, given)
    if step == "convert":
        verdict = "refused by both" if isinstance(upstream, str) else "refused"
        return ("FAILURE" if status not in (64, 65) else verdict), " ".join(result)
    if step == "run":
        return "FAILURE", f"run refuses what convert wrote: {' '.join(result)}"
    if isinstance(upstream, str):
        # What lerobot cannot do at all has no result to differ from.
        return "applied", "lerobot raises " + upstream
    try:
        expected = upstream.actions(result["model_actions"])
    except Exception as error:  # noqa: BLE001
        return "applied", f"lerobot raises {type(error).__name__}: {str(error)[:100]}"
    actions = numpy.asarray(result["actions"])
    if actions.shape != expected.shape:
        return "FAILURE", f"actions {actions.shape}, lerobot {expected.shape}"
    worst = float(numpy.abs(actions - expected).max())
    if worst > 1e-6 * max(1, float(numpy.abs(expected).max())):
        return "FAILURE", f"actions differ by {worst}"
    seen = numpy.asarray(result["model_state"])
    if seen.shape != upstream.seen.shape or numpy.abs(seen - upstream.seen).max() > 1e-6 * max(1, numpy.abs(seen).max()):
        return "FAILURE", f"the state differs: {seen}, lerobot {upstream.seen}"
    if result["prompt_tokens"] != upstream.tokens:
        return "FAILURE", f"{result['prompt_tokens']} tokens, lerobot {upstream.tokens}"
    if upstream.images != [0.25, 0.75][:len(upstream.images)]:
        return "FAILURE", f"lerobot changes pictures: {upstream.images}"
    return "applied", "; ".join(result["processing"])


if __name__ == "__main__":
    main()
