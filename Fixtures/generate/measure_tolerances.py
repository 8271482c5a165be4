#!/usr/bin/env python3
"""What Manifests/tolerances.json rests on: how far honest arithmetic strays, and what a mistake costs.

    measure_tolerances.py [--seeds 8] [--write]

Models of the generator, drawn from several seeds, run in transformers. Per family and kind of stage the worst
error over all models, inputs and layers against the same model in float64, as parity measures it:

    of_maximum     max |a - b| / max |b|
    relative_rms   sqrt(sum (a - b)^2 / sum b^2)

for float32 arithmetic (f32), and in float64 for weights rounded to BF16 (bf16) or as the int8 preset stores them
(int8). `tiny` are the goldens' own models (seed 0) and further seeds; `deep` are wider ones with the published
number of layers, whose weights have heavy tails (Student's t, 5 degrees of freedom), as trained ones do; half as
many seeds. `wide` models have the published widths too, one drawn layer repeated, and are measured in float32
arithmetic only. --write makes the limits of bf16 and int8 twice the worst, and says so in each rule.

The limits of f32 are fixed in this script. They are held against a second measurement: every tensor of every
golden's model is scaled by 1.01, one at a time. The stages must show it, but for the tensors that change nothing.

Image processors: what transformers' Pillow and torchvision backends make of the same images.
"""
import argparse
import copy
import json
import re
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from transformers import (
    DPTImageProcessor, DPTImageProcessorPil, SiglipImageProcessor, SiglipImageProcessorPil,
)

from precision import double, no_narrowing
from random_weights import rng_for
from tolerance_models import FAMILIES, wide_cases

TOLERANCES = Path(__file__).resolve().parents[2] / "Manifests" / "tolerances.json"
F32 = {"of_maximum": 5e-5, "relative_rms": 1e-5}
FACTOR = 2

# ---------------------------------------------------------------- precisions


def to_bf16(w):
    return w.float().bfloat16().to(w.dtype)


def to_int8(w):
    """Per output channel, symmetric, by absolute maximum, with a BF16 scale."""
    scale = (w.float().abs().amax(1, keepdim=True) / 127).bfloat16().float().clamp(min=1e-40)
    return ((w.float() / scale).round().clamp(-127, 127) * scale).to(w.dtype)


# Matrices that the int8 preset keeps in BF16.
KEPT = re.compile(r"(position_embedding\.weight|mask_token)$")


def converted(model, precision):
    net = copy.deepcopy(model)
    with torch.no_grad():
        for name, p in net.named_parameters():
            matrix = precision == "int8" and p.dim() == 2 and not KEPT.search(name)
            p.copy_(to_int8(p) if matrix else to_bf16(p))
    return net


def run64(net, run):
    with torch.no_grad(), no_narrowing():
        return run(double(net), torch.float64)


def run32(net, run):
    with torch.no_grad():
        return run(net, torch.float32)


# ---------------------------------------------------------------- measuring

def errors(a, b):
    e, b = a.double() - b, b
    return (e.abs().max() / b.abs().max()).item(), (e.square().sum() / b.square().sum()).sqrt().item()


def kind(stage):
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "{i}", stage)


def add(table, family, stage, precision, pair, what):
    row = table.setdefault((family, kind(stage)), {}).setdefault(
        precision, {"of_maximum": (0.0, ""), "relative_rms": (0.0, "")})
    for key, value in zip(row, pair):
        row[key] = max(row[key], (value, f"{what} {stage}"))


def measure(table, seeds, depth):
    for family, cases in FAMILIES.items():
        for seed in seeds:
            for model, run in cases(seed, deep=depth == "deep"):
                exact = run64(model, run)
                for precision in ("f32", "bf16", "int8"):
                    found = run32(model, run) if precision == "f32" else run64(converted(model, precision), run)
                    for stage, b in exact.items():
                        add(table, family, stage, precision, errors(found[stage], b), f"{depth} seed {seed}")


def measure_wide():
    """-> {measure: (worst, where)} of float32 arithmetic"""
    worst = dict.fromkeys(F32, (0.0, ""))
    for name, model, run in wide_cases():
        low, high = run32(model, run), run64(model, run)
        for stage in high:
            for key, value in zip(F32, errors(low[stage], high[stage])):
                worst[key] = max(worst[key], (value, f"{name} {stage}"))
    print(f"\nfloat32 at published width: {worst}")
    return worst


def show(table):
    print("worst of_maximum, worst relative_rms, by class of the weights")
    for (family, stage), row in table.items():
        cells = "   ".join(f"{p} {row[p]['of_maximum'][0]:.1e} {row[p]['relative_rms'][0]:.1e}" for p in row)
        print(f"  {family:18s}{stage:28s}{cells}")


def sensitivity():
    """Every tensor of the goldens' models times 1.01. -> (least multiple of a limit, tensor), count, unseen"""
    print("\none tensor times 1.01: the larger of both errors at the stage that shows it best, in limits of f32")
    ranking, unseen = [], set()
    for family, cases in FAMILIES.items():
        for model, run in cases(0):
            exact = run64(model, run)
            for name, p in model.named_parameters():
                before = p.detach().clone()
                with torch.no_grad():
                    p.mul_(1.01)
                found = run64(model, run)
                with torch.no_grad():
                    p.copy_(before)
                best = (0.0, "")
                for stage, b in exact.items():
                    for value, limit in zip(errors(found[stage], b), F32.values()):
                        best = max(best, (value / limit, stage))
                if best[0] > 1e-6:
                    ranking.append((*best, family, name))
                else:
                    unseen.add(f"{family} {re.sub(r'[.][0-9]+[.]', '.{i}.', name)}")
    ranking.sort()
    for multiple, stage, family, name in ranking[:12]:
        print(f"  {multiple:8.1f}  {family:18s}{name:56s}{stage}")
    print(f"  {len(ranking)} changes show, the least by {ranking[0][0]:.1f} times the limit; no stage shows")
    for name in sorted(unseen):
        print(f"    {name}")
    return ranking[0], len(ranking)


def processors():
    """-> {processor: largest difference of the backends after normalization}"""
    worst = {}
    for seed, (width, height) in enumerate([(96, 64), (45, 71), (128, 96), (80, 40)]):
        rng = rng_for(seed, "image")
        y, x = np.mgrid[0:height, 0:width] / max(width, height)
        scene = np.stack([90 + 120 * y, 110 + 60 * x, 200 - 120 * y], -1) + rng.normal(0, 12, (height, width, 3))
        image = Image.fromarray(np.clip(scene.round(), 0, 255).astype(np.uint8))
        for name, kinds, options in (
                ("siglip", (SiglipImageProcessorPil, SiglipImageProcessor), dict(
                    size={"height": 42, "width": 42}, image_mean=[0.5] * 3, image_std=[0.5] * 3)),
                ("dpt", (DPTImageProcessorPil, DPTImageProcessor), dict(
                    size={"height": 70, "width": 70}, keep_aspect_ratio=True, ensure_multiple_of=14, do_pad=False,
                    resample=3, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]))):
            a, b = (kind(**options)(image, return_tensors="pt")["pixel_values"] for kind in kinds)
            worst[name] = max(worst.get(name, 0.0), (a - b).abs().max().item())
    print(f"\nPillow against torchvision, after normalization: {worst}")
    return worst


# ---------------------------------------------------------------- the file

def two_digits(value):
    """Rounded up."""
    scale = 10.0 ** (int(np.floor(np.log10(value))) - 1)
    return float(f"{np.ceil(value / scale - 1e-9) * scale:.1e}")


def rule(family, stage, limits, why):
    return {"family": family, "stage": stage, **limits, "why": why}


def write(table, seeds, wide, least, count, backends):
    worst = {key: max((row["f32"][key] for row in table.values())) for key in F32}
    deep = f"{seeds} tiny and {max(1, seeds // 2)} deep seeds"
    classes = {"f32": [rule("*", "**", F32, (
        f"PyTorch float32 against float64, worst of all families over {deep}: "
        + ", ".join(f"{key} {value:.1e} ({what})" for key, (value, what) in worst.items())
        + f"; so {F32['of_maximum'] / worst['of_maximum'][0]:.0f} and {F32['relative_rms'] / worst['relative_rms'][0]:.1f} times that. "
        "At published width: " + ", ".join(f"{key} {value:.1e} ({what})" for key, (value, what) in wide.items()) + ". "
        f"Of {count} single tensors of the goldens' models times 1.01 the least visible ({least[3]} of {least[2]}, at "
        f"{least[1]}) is at {least[0]:.1f} times a limit."))]}
    for precision in ("bf16", "int8"):
        classes[precision] = [
            rule(family, stage, {key: two_digits(FACTOR * row[precision][key][0]) for key in F32},
                 "twice the worst: " + ", ".join(f"{key} {v:.1e} ({what})" for key, (v, what) in row[precision].items()))
            for (family, stage), row in table.items()]
    images = []
    for processor, deviation in (("siglip", 0.5), ("dpt", 0.224)):
        images += [
            {"processor": processor, "backend": "pil", "max_abs": 1e-6,
             "why": "the same integers, so only the rounding of (x / 255 - mean) / deviation may differ: four units in "
                    "the last place of values up to 2.7"},
            {"processor": processor, "backend": "torchvision", "max_abs": float(f"{1.001 / 255 / deviation:.4e}"),
             "why": f"one grey level, 1 / 255 / {deviation}, and a thousandth: torchvision resamples in other integers. "
                    f"transformers' own backends differ by {backends[processor]:.4e} on the images of this measurement"}]
    TOLERANCES.write_text(json.dumps({
        "schema": 1,
        "about": f"How far a stage may be from the recorded one. Written by Fixtures/generate/measure_tolerances.py "
                 f"--seeds {seeds} --write, which says what is measured and how; torch {torch.__version__.split('+')[0]}, "
                 f"transformers {transformers.__version__}.",
        "classes": classes, "preprocessing": images}, indent=2) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=8)
    p.add_argument("--write", action="store_true", help="rewrite Manifests/tolerances.json")
    a = p.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    table = {}
    measure(table, range(a.seeds), "tiny")
    measure(table, range(max(1, a.seeds // 2)), "deep")
    show(table)
    wide = measure_wide()
    least, count = sensitivity()
    backends = processors()
    if a.write:
        write(table, a.seeds, wide, least, count, backends)


if __name__ == "__main__":
    main()
