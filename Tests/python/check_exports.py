#!/usr/bin/env python3
"""Does transformers load an exported folder, and does the model compute what was recorded?

    check_exports.py FOLDER MODEL [--tolerance X] [--goldens DIR]

MODEL names the goldens: paligemma, paligemma-bf16, paligemma-f16, dinov2, dinov2-with-registers,
dinov2-swiglu, depth-anything-v2, depth-anything-v2-metric. The weights are widened to float32; no key may
be missing, unexpected or of another shape; every recorded output must be met within the tolerance,
relative to its largest magnitude. Exit status: 0 yes, 1 no, 64 usage, 66 no such folder or golden.
"""
import argparse
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

CLASSES = {
    "paligemma": "PaliGemmaForConditionalGeneration", "dinov2": "Dinov2Model",
    "dinov2_with_registers": "Dinov2WithRegistersModel", "depth_anything": "DepthAnythingForDepthEstimation",
}


class Failure(Exception):
    pass


def load(folder):
    config = json.loads((folder / "config.json").read_text())
    kind = config.get("model_type")
    if kind not in CLASSES:
        raise Failure(f"config.json: model_type is {kind!r}, expected one of {', '.join(CLASSES)}")
    if config.get("architectures") != [CLASSES[kind]]:
        raise Failure(f"config.json: architectures is {config.get('architectures')}, expected [{CLASSES[kind]!r}]")
    model, info = getattr(transformers, CLASSES[kind]).from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, local_files_only=True)
    for what, keys in info.items():
        if keys:
            shown = ", ".join(sorted(str(k) for k in keys)[:5]) if not isinstance(keys, str) else keys
            raise Failure(f"{what}: {len(keys)}: {shown}")
    return model.eval()


def compute(model, inputs):
    """{stage: value}"""
    if model.config.model_type == "paligemma":
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        # Without token types transformers 5.9 and later make the prefix causal.
        logits = model(**inputs, token_type_ids=torch.zeros_like(ids), use_cache=False).logits
        return {"logits": logits * mask[..., None]}
    out = model(**inputs)
    if model.config.model_type == "depth_anything":
        return {"predicted_depth": out.predicted_depth}
    return {"final_norm": out.last_hidden_state}


def check(model, name, path, tolerance):
    golden = load_file(path)
    found = compute(model, {k[3:]: v for k, v in golden.items() if k.startswith("in.")})
    recorded = {k[4:]: v for k, v in golden.items() if k.startswith("f64.")}
    for stage, value in found.items():
        if stage not in recorded:
            raise Failure(f"{name}: computes {stage}, which the golden does not hold")
        got, want = value.double(), recorded[stage]
        if got.shape != want.shape:
            raise Failure(f"{name}: {stage} has shape {list(got.shape)}, expected {list(want.shape)}")
        error = ((got - want).abs().max() / want.abs().max()).item()
        if not error <= tolerance:                            # also when it is NaN
            raise Failure(f"{name}: {stage} is off by {error:.2e} of its largest magnitude, allowed {tolerance:.0e}")
        print(f"{name}: {stage} within {error:.1e}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.error = lambda message: (p.print_usage(sys.stderr), p.exit(64, f"{p.prog}: {message}\n"))
    p.add_argument("folder", type=Path)
    p.add_argument("model")
    p.add_argument("--tolerance", type=float, default=1e-4)
    p.add_argument("--goldens", type=Path, default=Path(__file__).resolve().parents[2] / "Fixtures" / "goldens")
    a = p.parse_args()
    cases = json.loads((a.goldens / "cases.json").read_text())
    names = [n for n, case in cases.items() if case["model"] == a.model]
    if not names:
        p.error(f"no golden of {a.model!r}; there are {', '.join(sorted({c['model'] for c in cases.values()}))}")
    if not (a.folder / "config.json").is_file():
        p.exit(66, f"{a.folder}: no config.json\n")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            model = load(a.folder)
            for name in names:
                check(model, name, a.goldens / f"{name}.safetensors", a.tolerance)
    except Failure as e:
        sys.exit(f"{a.folder}: {e}")
    except Exception as e:                                    # whatever the library objects to
        sys.exit(f"{a.folder}: {type(e).__name__}: {' '.join(str(e).split())[:500]}")


if __name__ == "__main__":
    main()
