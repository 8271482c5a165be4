#!/usr/bin/env python3
"""What Manifests/tolerances.json rests on: how far honest arithmetic strays, and what a mistake costs.

    measure_tolerances.py [--seeds 8] [--only upstream|composite] [--write]

Models of the generator, drawn from several seeds, run in transformers; DepthVLA and pi0 (the composites) in
depthvla.py. Per family and kind of stage the worst
error over all models, inputs and layers against the same model in float64, as parity measures it:

    of_maximum     max |a - b| / max |b|
    relative_rms   sqrt(sum (a - b)^2 / sum b^2)

for float32 arithmetic (f32), and in float64 for weights rounded to BF16 (bf16) or as the int8 preset stores them
(int8). `tiny` are the goldens' own models (seed 0) and further seeds; `deep` are wider ones with the published
number of layers, whose weights have heavy tails (Student's t, 5 degrees of freedom), as trained ones do; half as
many seeds. `wide` models have the published widths too, one drawn layer repeated, and are measured in float32
arithmetic only. --write makes the limits of bf16 and int8 twice the worst, at most CAP, and says so in each rule;
--only leaves the other families' rules as they stand.

The limits of f32 are fixed in this script. They are held against a second measurement: every tensor of every
golden's model is scaled by 1.01, one at a time. The stages must show it, but for the tensors that change nothing.

Image processors: what transformers' Pillow and torchvision backends make of the same images.
"""
import argparse
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

import tolerance_composites
import tolerance_models
from precision import double, no_narrowing
from random_weights import rng_for
from tolerance_precisions import converted

# What is measured together: modules of FAMILIES and wide_cases, and how their part of the f32 rule begins.
SCOPES = {"upstream": (tolerance_models, "PyTorch float32 against float64, worst of PaliGemma, DINOv2 and Depth Anything over "),
          "composite": (tolerance_composites, " DepthVLA and pi0, worst over ")}
TOLERANCES = Path(__file__).resolve().parents[2] / "Manifests" / "tolerances.json"
F32 = {"of_maximum": 5e-5, "relative_rms": 1e-5}
FACTOR = 2
# Half of a stage's maximum would hide whatever went wrong.
CAP = {"of_maximum": 0.55, "relative_rms": 0.45}


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


def measure(families, table, seeds, depth):
    """-> of every run in float32 the worst, {measure: (error, where)}"""
    runs = []
    for family, cases in families.items():
        for seed in seeds:
            for model, run in cases(seed, depth == "deep"):
                exact = run64(model, run)
                for precision in ("f32", "bf16", "int8"):
                    found = run32(model, run) if precision == "f32" else run64(converted(model, precision), run)
                    pairs = {stage: errors(found[stage], b) for stage, b in exact.items()}
                    for stage, pair in pairs.items():
                        add(table, family, stage, precision, pair, f"{depth} seed {seed}")
                    if precision == "f32":
                        runs.append({key: max((pair[i], f"{depth} seed {seed} {stage}") for stage, pair in pairs.items())
                                     for i, key in enumerate(F32)})
    return runs


def worst_of(tables):
    """Over both depths; in the order of the tiny ones."""
    table = {}
    for part in tables.values():
        for key, row in part.items():
            for precision, worst in row.items():
                own = table.setdefault(key, {}).setdefault(precision, dict(worst))
                own.update({m: max(own[m], value) for m, value in worst.items()})
    return table


def measure_wide(wide_cases):
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


def sensitivity(families):
    """Every tensor of the goldens' models times 1.01. -> (least multiple of a limit, tensor), count, unseen"""
    print("\none tensor times 1.01: the larger of both errors at the stage that shows it best, in limits of f32")
    ranking, unseen = [], set()
    for family, cases in families.items():
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


def named(worst):
    return ", ".join(f"{key} {value:.1e} ({what})" for key, (value, what) in worst.items())


def multiples(worst):
    first, second = (limit / worst[key][0] for key, limit in F32.items())
    return f"{named(worst)}; so {first:.0f} and {second:.1f} times that"


def f32_sentences(begin, runs, seeds, wide, least, count):
    worst = {key: max(run[key] for run in runs) for key in F32}
    kept = [run for run in runs if all(run[key][0] <= limit for key, limit in F32.items())]
    beyond = "" if kept == runs else (
        f"; {len(runs) - len(kept)} of {len(runs)} runs is beyond a limit, being ill-conditioned, and of the others the "
        "worst is " + multiples({key: max(run[key] for run in kept) for key in F32}))
    return (f"{begin}{seeds} tiny and {max(1, seeds // 2)} deep seeds: {multiples(worst)}{beyond}. "
            f"At published width: {named(wide)}. "
            f"Of {count} single tensors of the goldens' models times 1.01 the least visible ({least[3]} of {least[2]}, "
            f"at {least[1]}) is at {least[0]:.1f} times a limit.")


def rule(family, stage, worst):
    if not any(value for value, _ in worst.values()):
        limits, why = dict.fromkeys(F32, 1e-6), "flags, which no weight moves: nothing differed"
    else:
        wanted = {key: two_digits(FACTOR * value) for key, (value, _) in worst.items()}
        limits = {key: min(value, CAP[key]) for key, value in wanted.items()}
        why = "twice the worst" + (", up to half of a stage" if limits != wanted else "") + ": " + named(worst)
    return {"family": family, "stage": stage, **limits, "why": why}


def write(found, seeds, backends):
    """found: {scope: (table, sentences of f32)} of the scopes that were measured"""
    old = json.loads(TOLERANCES.read_text())
    before = old["classes"]["f32"][0]["why"]
    own, mark, other = before.partition(SCOPES["composite"][1])
    sentences = {"upstream": own, "composite": mark + other} | {scope: text for scope, (_, text) in found.items()}
    classes = {"f32": [{"family": "*", "stage": "**", **F32, "why": "".join(sentences[s] for s in SCOPES)}]}
    for precision in ("bf16", "int8"):
        classes[precision] = []
        for scope, (module, _) in SCOPES.items():
            classes[precision] += (
                [rule(family, stage, row[precision]) for (family, stage), row in found[scope][0].items()]
                if scope in found else [r for r in old["classes"][precision] if r["family"] in module.FAMILIES])
    images = old["preprocessing"] if backends is None else image_rules(backends)
    TOLERANCES.write_text(json.dumps({
        "schema": 1,
        "about": f"How far a stage may be from the recorded one. Written by Fixtures/generate/measure_tolerances.py "
                 f"--seeds {seeds} --write, which says what is measured and how; torch {torch.__version__.split('+')[0]}, "
                 f"transformers {transformers.__version__}.",
        "classes": classes, "preprocessing": images}, indent=2) + "\n")


def image_rules(backends):
    images = []
    for processor in ("siglip", "dpt"):
        images += [
            {"processor": processor, "backend": "pil", "max_abs": 1e-6,
             "why": "the same integers, so only the rounding of (x / 255 - mean) / deviation may differ: four units in "
                    "the last place of values up to 2.7"},
            {"processor": processor, "backend": "torchvision", "max_abs": 1e-6,
             "why": "the same integers, so only the rounding of (x - 255 mean) / (255 deviation) may differ: four units "
                    "in the last place of values up to 2.7"}]
    return images


def drift(tables):
    """The worst of bf16 and int8 as a table in Markdown: of the maximum, root mean square."""
    print("\n| family | stage | BF16, tiny | BF16, deep | INT8, tiny | INT8, deep |\n|---|---|---|---|---|---|")
    for key, row in tables["tiny"].items():
        cells = [" ".join(f"{v:.2g}" for v, _ in tables[depth][key][precision].values())
                 for precision in ("bf16", "int8") for depth in tables]
        print(f"| `{key[0]}` | `{key[1]}` | " + " | ".join(cells) + " |")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=8)
    p.add_argument("--only", choices=SCOPES)
    p.add_argument("--write", action="store_true", help="rewrite Manifests/tolerances.json")
    a = p.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    found = {}
    for scope, (module, begin) in SCOPES.items():
        if a.only not in (None, scope):
            continue
        tables = {"tiny": {}, "deep": {}}
        runs = measure(module.FAMILIES, tables["tiny"], range(a.seeds), "tiny")
        runs += measure(module.FAMILIES, tables["deep"], range(max(1, a.seeds // 2)), "deep")
        table = worst_of(tables)
        show(table)
        drift(tables)
        wide = measure_wide(module.wide_cases)
        least, count = sensitivity(module.ONE_OF_EACH)
        found[scope] = table, f32_sentences(begin, runs, a.seeds, wide, least, count)
    backends = None if a.only == "composite" else processors()
    if a.write:
        write(found, a.seeds, backends)


if __name__ == "__main__":
    main()
