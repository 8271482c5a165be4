#!/usr/bin/env python3
"""Changes one key of a config.json at a time, and compares what transformers computes then with what depthvla does.

    python scripts/mutations/huggingface.py --depthvla .build/debug/depthvla [--family NAME ...] [--json OUT]

Needs transformers 5.24.0, torch, numpy and safetensors; takes some minutes. For each of the tiny checkpoints every key
that transformers writes, every key in the file and some of older versions is given several values, left out, and set to
null. Upstream loads the folder and computes its last output; depthvla converts the folder and `parity` compares with
that output. A change that changes upstream's output must either be applied here or be refused: anything else is printed
and the exit status is 1.
"""
import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

import torch
import transformers
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FIXTURES = os.path.join(ROOT, "Fixtures")
LEAVE_OUT = object()
# The tiny checkpoints are narrower by far.
LARGEST = 512

ACTIVATIONS = ["gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python", "quick_gelu", "relu", "silu", "none"]
ROPE = [
    {"rope_type": "default", "rope_theta": 300.0}, {"rope_theta": 300.0}, {},
    {"rope_type": "linear", "factor": 2.0}, {"type": "linear", "factor": 2.0, "rope_theta": 300.0},
    {"rope_type": "dynamic", "factor": 4.0}, {"rope_type": "default", "partial_rotary_factor": 0.5},
    {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
     "original_max_position_embeddings": 64},
    {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 16}, "default", ["default"],
]


def paligemma_run(net, inputs):
    ids = inputs["input_ids"]
    return net(input_ids=ids, pixel_values=inputs["pixel_values"].to(net.dtype), token_type_ids=torch.zeros_like(ids),
               attention_mask=inputs["attention_mask"], use_cache=False).logits


def dinov2_run(net, inputs):
    return net(inputs["pixel_values"].to(net.dtype)).last_hidden_state


def depth_run(net, inputs):
    return net(inputs["pixel_values"].to(net.dtype)).predicted_depth


def pi0_run(net, inputs):
    patches = net.config.vlm_config.vision_config.image_size // net.config.vlm_config.vision_config.patch_size
    image = torch.full((1, patches**2), net.config.vlm_config.image_token_id)
    ids = torch.cat([image, inputs["input_ids"]], 1)
    mask = torch.cat([torch.ones_like(image), inputs["text_mask"]], 1)
    return net.sample_actions(
        state=inputs["state"].to(net.dtype), input_ids=ids, attention_mask=mask,
        pixel_values=inputs["pixel_values"].to(net.dtype), pixel_attention_mask=inputs["camera_mask"].bool(),
        noise=inputs["noise"].to(net.dtype))


CASES = {
    "paligemma": ("paligemma/hf-hub", "paligemma", "PaliGemmaForConditionalGeneration", "paligemma_nopad", "logits",
                  paligemma_run),
    "paligemma-verbose": ("paligemma/transformers-5.6-to-5.23-fresh-save", "paligemma",
                          "PaliGemmaForConditionalGeneration", "paligemma_nopad", "logits", paligemma_run),
    "dinov2": ("dinov2/hf", "dinov2", "Dinov2Model", "dinov2_28x70", "final_norm", dinov2_run),
    "dinov2-registers": ("dinov2-with-registers/hf", "dinov2", "Dinov2WithRegistersModel",
                         "dinov2-with-registers_28x70", "final_norm", dinov2_run),
    "dinov2-swiglu": ("dinov2-swiglu/hf", "dinov2", "Dinov2Model", "dinov2-swiglu_28x70", "final_norm", dinov2_run),
    "depth-relative": ("depth-anything-v2/hf", "depth-anything", "DepthAnythingForDepthEstimation",
                       "depth-anything-v2_28x70", "predicted_depth", depth_run),
    "depth-metric": ("depth-anything-v2-metric/hf", "depth-anything", "DepthAnythingForDepthEstimation",
                     "depth-anything-v2-metric_28x70", "predicted_depth", depth_run),
    "pi0": ("pi0/transformers-5.23-fresh-save", "pi0", "PI0ForConditionalGeneration", "pi0_lerobot_1cam", "actions",
            pi0_run),
}
EXTRA = {
    "text": {"rope_scaling": ROPE, "rope_theta": [300.0, 300, "300"], "rope_parameters": ROPE,
             "hidden_activation": ["gelu", "gelu_pytorch_tanh", "relu", None], "hidden_act": ACTIVATIONS,
             "partial_rotary_factor": [0.5, 1.0], "sliding_window": [4], "layer_types": [["full_attention"] * 3],
             "final_logit_softcapping": [2.0], "query_pre_attn_scalar": [4], "attn_logit_softcapping": [2.0]},
    "vision": {"hidden_act": ACTIVATIONS},
    "dinov2": {"hidden_act": ACTIVATIONS, "out_indices": [[-1], [2], [1, 2]], "out_features": [["stage2"]],
               "use_mask_token": [False, True], "num_register_tokens": [0, 2]},
    "backbone": {"hidden_act": ACTIVATIONS, "use_mask_token": [False, True],
                 "out_indices": [[-10, -7, -4, -1], [9, 10, 11, 12], [2, 6, 9, 12], [3, 6, 9], [12, 9, 6, 3], [0, 6, 9, 12],
                                 [3, 6, 9, 13], ["3", 6, 9, 12], None],
                 "out_features": [["stage2", "stage6", "stage9", "stage12"], ["stem", "stage6", "stage9", "stage12"], None,
                                  ["stage3", "stage6", "stage9", "stage99"]]},
    "any": {"pruned_heads": [{"0": [1]}, {}], "per_layer_config": [{"0": {"num_attention_heads": 1}}, {}],
            "is_decoder": [True], "add_cross_attention": [True], "chunk_size_feed_forward": [1],
            "tie_word_embeddings": [True, False, None], "quantization_config": [None], "use_cache": [False],
            "dtype": ["float32"], "nobody_knows_this": [1]},
}


def variants(key, value):
    """Other values for a key that has this one."""
    if isinstance(value, bool):
        return [not value, int(not value), None]
    if isinstance(value, int):
        return [value + 1, value * 2, float(value), [value, value], [value, value + 1], str(value), -1, None]
    if isinstance(value, float):
        return [0.5, 0.05, 3.0, 2, str(value), None]
    if isinstance(value, str):
        return (ACTIVATIONS if "act" in key else []) + ["something", "metric", "relative", 3, None]
    if isinstance(value, list):
        return [value[::-1], value[:-1], [str(v) for v in value], tuple(value), value[0] if value else 1, None]
    return [None, {}, "something", 1] if value is not None else [1, "something", [], {}]


def paths(config, at=()):
    for key, value in config.items():
        yield at + (key,), value
        if isinstance(value, dict) and key not in ("rope_parameters", "id2label", "label2id"):
            yield from paths(value, at + (key,))


def kind(path):
    if path and path[-1] in ("text_config", "dit_config"):
        return "text"
    if path and path[-1] == "vision_config":
        return "vision"
    return "backbone" if path and path[-1] == "backbone_config" else "top"


def mutations(config, full, name):
    """-> (path, value) for every change of one key; what is in neither file is only set, not left out."""
    seen = set()
    known = dict(paths(full))
    known.update(paths(config))
    objects = [()] + [p for p, v in known.items() if isinstance(v, dict) and kind(p) != "top"]
    for path, value in known.items():
        tried = variants(path[-1], value) + ([LEAVE_OUT] if path in dict(paths(config)) else [])
        if isinstance(value, dict) and path[-1] in ("rope_parameters",):
            tried += ROPE
        yield from fresh(seen, path, tried)
    for at in objects:
        extra = dict(EXTRA["any"])
        extra.update(EXTRA.get(kind(at), {}))
        if at == () and name.startswith("dinov2"):
            extra.update(EXTRA["dinov2"])
        for key, values in extra.items():
            yield from fresh(seen, at + (key,), values)


def fresh(seen, path, values):
    for value in values:
        mark = (path, "out" if value is LEAVE_OUT else json.dumps(value, sort_keys=True))
        if mark not in seen:
            seen.add(mark)
            yield path, value


def changed(config, path, value):
    copy = json.loads(json.dumps(config))
    inner = copy
    for key in path[:-1]:
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            return None
    if value is LEAVE_OUT:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return copy


class Upstream:
    def __init__(self, case):
        self.folder, self.option, cls, golden, self.stage, self.run = case
        self.folder = os.path.join(FIXTURES, "checkpoints", self.folder)
        self.cls = getattr(transformers, cls)
        recorded = load_file(os.path.join(FIXTURES, "goldens", golden + ".safetensors"))
        self.inputs = {k[3:]: v for k, v in recorded.items() if k.startswith("in.")}
        with open(os.path.join(FIXTURES, "goldens", golden + ".safetensors"), "rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        self.metadata = header["__metadata__"]
        with open(os.path.join(self.folder, "config.json")) as file:
            self.config = json.load(file)

    def place(self, config, folder):
        for name in os.listdir(self.folder):
            if name != "config.json":
                os.link(os.path.join(self.folder, name), os.path.join(folder, name))
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump(config, file)

    def compute(self, folder):
        """-> outputs in float64 and float32, and None; or None, None and why upstream does not load it."""
        try:
            # A sub-config that is left out is that of the published model, of billions of parameters.
            config = self.cls.config_class.from_pretrained(folder).to_dict()
            sizes = [v for p, v in paths(config) if p[-1].endswith(("hidden_size", "intermediate_size"))]
            if any(isinstance(size, int) and size > LARGEST for size in sizes):
                return None, None, "weights missing or of another shape"
            net, info = self.cls.from_pretrained(
                folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
            missing = [k for k in info["missing_keys"] if "mask_token" not in k]
            if missing or info["mismatched_keys"]:
                return None, None, "weights missing or of another shape"
            if info["unexpected_keys"]:
                return None, None, "weights left over"
            net = net.eval()
            with torch.no_grad():
                single = self.run(net, self.inputs)
                double = self.run(net.double(), self.inputs)
            return double, single, None
        except Exception as error:  # whatever a library throws at a configuration is a refusal
            return None, None, type(error).__name__

    def golden(self, path, double, single):
        tensors = {"in." + k: v.contiguous() for k, v in self.inputs.items()}
        tensors["f64." + self.stage] = double.double().contiguous()
        tensors["f32." + self.stage] = single.float().contiguous()
        save_file(tensors, path, metadata=self.metadata)


def call(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


def search(name, depthvla, report):
    upstream = Upstream(CASES[name])
    counts = collections.Counter()
    faults = []
    with tempfile.TemporaryDirectory() as top:
        base, _, why = upstream.compute(upstream.folder)
        assert base is not None, (name, why)
        full = upstream.cls.from_pretrained(upstream.folder).config.to_dict()
        for number, (path, value) in enumerate(mutations(upstream.config, full, name)):
            config = changed(upstream.config, path, value)
            if config is None:
                continue
            folder = os.path.join(top, "checkpoint")
            os.mkdir(folder)
            upstream.place(config, folder)
            double, single, why = upstream.compute(folder)
            same = double is not None and double.shape == base.shape and bool(
                (double - base).abs().max() <= 1e-6 * base.abs().max())
            bundle, golden = os.path.join(top, "b.dvla.safetensors"), os.path.join(top, "golden.safetensors")
            status, words = call(depthvla, "convert", "--" + upstream.option, folder, "-o", bundle, "--force", "--quiet")
            label = ".".join(path) + (" left out" if value is LEAVE_OUT else " = " + json.dumps(value))
            if status != 0:
                refused = [64, 65]
                verdict = "refused as upstream" if double is None else "refused, same upstream" if same else "refused"
                if status not in refused:
                    faults.append((label, f"exit status {status}: {words}"))
            elif double is None:
                verdict = f"converted, upstream: {why}"
            else:
                upstream.golden(golden, double, single)
                status, words = call(depthvla, "parity", bundle, "--golden", golden, "--quiet")
                verdict = ("no change" if same else "applied") if status == 0 else "WRONG"
                if status != 0:
                    faults.append((label, f"upstream {'same' if same else 'changed'}; {words}"))
            counts[verdict] += 1
            report.append({"family": name, "change": label, "verdict": verdict, "message": words})
            shutil.rmtree(folder)
    print(f"{name}: {sum(counts.values())} changes; " + ", ".join(f"{n} {v}" for v, n in counts.most_common()))
    for label, what in faults:
        print(f"  FAULT {label}: {what}")
    sys.stdout.flush()
    return not faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depthvla", default=os.path.join(ROOT, ".build", "debug", "depthvla"))
    parser.add_argument("--family", nargs="*", default=list(CASES))
    parser.add_argument("--json")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    report = []
    sound = [search(name, os.path.abspath(options.depthvla), report) for name in options.family]
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=1)
    sys.exit(0 if all(sound) else 1)


if __name__ == "__main__":
    main()
