#!/usr/bin/env python3
"""What Manifests/tolerances.json rests on: how far honest arithmetic strays, and what a mistake costs.

    measure_tolerances.py [--seeds 4] [--json FILE]

Models of the generator, with the same seeded draws, run in transformers. Per family and kind of stage the
worst error over all models, inputs and layers, against the same model in float64, as parity measures it:

    of maximum   max |a - b| / max |b|
    rms          sqrt(sum (a - b)^2 / sum b^2)

for float32 arithmetic (f32), and in float64 for weights rounded to BF16 (bf16) or by the int8 preset (int8).
`tiny` are the goldens' own models and further seeds; `deep` are models with the published number of layers and
wider ones, whose weights have heavy tails (Student's t, 5 degrees of freedom), as trained ones do.

Then every tensor of every golden's model is scaled by 1.01, one at a time: which stages show it, as a
multiple of the limit for f32 in tolerances.json, and which tensors no stage shows.
"""
import argparse
import copy
import json
import re
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import (
    Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel,
)

import dinov2
import paligemma
from dims import DENSE_SIZE, DEPTH_ANYTHING, DINOV2, PALIGEMMA
from precision import double, no_narrowing
from random_weights import draw, normal, randomize, rng_for

TOLERANCES = Path(__file__).resolve().parents[2] / "Manifests" / "tolerances.json"

# ---------------------------------------------------------------- models


def heavy(model, seed):
    """Replaces the weights of linear layers and convolutions by a heavy-tailed draw of the same deviation."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() >= 2 and name.endswith("weight") and "position" not in name:
                t = rng_for(seed, "heavy", name).standard_t(5, tuple(p.shape)) / (5 / 3) ** 0.5
                p.copy_(torch.from_numpy(t.astype(np.float32)) * p.std())
    return model


def paligemma_cases(seed, deep=False):
    d = copy.deepcopy(PALIGEMMA)
    if deep:
        d["vision"].update(hidden_size=96, intermediate_size=256, num_hidden_layers=27, num_attention_heads=4)
        d["text"].update(hidden_size=160, intermediate_size=512, num_hidden_layers=18, head_dim=20)
    model = randomize(paligemma.build(d), seed, "paligemma")
    if deep:
        heavy(model, seed)
    rng = rng_for(seed, "paligemma inputs")
    size, image = d["vision"]["image_size"], d["image_token_index"]
    pixels = torch.from_numpy(rng.uniform(-1, 1, (1, 3, size, size)).astype("float32"))
    count = (size // d["vision"]["patch_size"]) ** 2
    text = torch.from_numpy(rng.integers(3, min(d["text"]["vocab_size"], image), 11))
    ids = torch.cat([torch.full((count,), image), torch.tensor([2]), text])[None]
    # Padding rows carry no meaning, so a padded case adds nothing here.
    run = paligemma.runner(model, pixels, ids, torch.ones_like(ids))
    return [(model, lambda net, dtype: run(dtype, net))]


def dense_cases(model, trace, seed, tag, own):
    cases = []
    for h, wd in [(own, own), DENSE_SIZE]:
        pixels = normal(rng_for(seed, tag, f"{h}x{wd}"), (1, 3, h, wd))
        cases.append((model, lambda net, dtype, pixels=pixels: trace(net, pixels.to(dtype))))
    return cases


def dinov2_cases(seed, deep=False):
    cases = []
    for name, d in DINOV2.items():
        d = dict(d)
        if deep:
            d.update(hidden_size=96, num_attention_heads=4, num_hidden_layers=40 if "swiglu" in name else 24)
        registers = "num_register_tokens" in d
        cfg = (Dinov2WithRegistersConfig if registers else Dinov2Config)(**d)
        cfg._attn_implementation = "eager"
        model = randomize((Dinov2WithRegistersModel if registers else Dinov2Model)(cfg), seed, name,
                          None if name == "dinov2" else r"^embeddings\.")
        if deep:
            heavy(model, seed)
        cases += dense_cases(model, dinov2.trace_dinov2, seed, name, d["image_size"])
    return cases


def depth_anything_cases(seed, deep=False):
    cases = []
    for name, d in DEPTH_ANYTHING.items():
        d = copy.deepcopy(d)
        tag = f"depth_anything_{d['depth_estimation_type']}"
        if deep:
            d["backbone"].update(hidden_size=96, num_attention_heads=4, num_hidden_layers=24,
                                 out_indices=[5, 12, 18, 24])
            d.update(neck_hidden_sizes=[32, 48, 96, 96], fusion_hidden_size=32, head_hidden_size=24)
        model = randomize(dinov2.build_depth_anything(d), seed, tag)
        if deep:
            heavy(model, seed)
        cases += dense_cases(model, dinov2.trace_depth_anything, seed, name, d["backbone"]["image_size"])
    return cases


FAMILIES = {"paligemma": paligemma_cases, "dinov2": dinov2_cases, "depth-anything-v2": depth_anything_cases}

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
    row = table.setdefault(family, {}).setdefault(kind(stage), {}).setdefault(
        precision, {"of_maximum": (0.0, ""), "rms": (0.0, "")})
    for key, value in zip(("of_maximum", "rms"), pair):
        row[key] = max(row[key], (value, f"{what} {stage}"))


def measure(seeds, depth):
    table = {}
    for family, cases in FAMILIES.items():
        for seed in seeds:
            for model, run in cases(seed, deep=depth == "deep"):
                exact = run64(model, run)
                for precision in ("f32", "bf16", "int8"):
                    found = run32(model, run) if precision == "f32" else run64(converted(model, precision), run)
                    for stage, b in exact.items():
                        add(table, family, stage, precision, errors(found[stage], b), f"seed {seed}")
    return table


def show(table, title):
    print(f"\n{title}: worst of maximum / worst rms")
    for family, stages in table.items():
        for stage, row in stages.items():
            cells = "   ".join(f"{p} {row[p]['of_maximum'][0]:.1e} {row[p]['rms'][0]:.1e}" for p in row)
            print(f"  {family:18s}{stage:28s}{cells}")


def limits(family, stage):
    for rule in json.loads(TOLERANCES.read_text())["classes"]["f32"]["rules"]:
        pattern = re.escape(rule["stage"]).replace(r"\{i\}", r"\d+").replace(r"\*\*", ".+").replace(r"\*", r"[^.]+")
        if rule["family"] in ("*", family) and re.fullmatch(pattern, stage):
            return rule["of_maximum"], rule["rms"]
    raise SystemExit(f"no tolerance for {family} {stage}")


def sensitivity():
    """Every tensor of the goldens' models times 1.01: the stage that shows it best."""
    print("\none tensor times 1.01: error of the stage that shows it best, as a multiple of its f32 limit")
    ranking, unseen = [], []
    for family, cases in FAMILIES.items():
        seen = {}
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
                    of_maximum, rms = errors(found[stage], b)
                    limit = limits(family, stage)
                    best = max(best, (of_maximum / limit[0], f"{stage} (of maximum {of_maximum:.1e})"),
                               (rms / limit[1], f"{stage} (rms {rms:.1e})"))
                key = (id(model), name)
                # Every golden is a run of its own: the least sensitive one counts.
                seen[key] = min(seen.get(key, (float("inf"), "")), best)
        for (_, name), (multiple, stage) in seen.items():
            (ranking if multiple > 1e-6 else unseen).append((multiple, family, name, stage))
    ranking.sort()
    for multiple, family, name, stage in ranking[:40]:
        print(f"  {multiple:10.1f}  {family:18s}{name:62s}{stage}")
    print(f"  {len(ranking)} tensors show, the least by {ranking[0][0]:.1f} times the limit; {len(unseen)} do not:")
    for name in sorted({f"{family} {re.sub(r'[.][0-9]+[.]', '.{i}.', name)}" for _, family, name, _ in unseen}):
        print(f"    {name}")
    return ranking


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=4)
    p.add_argument("--json", type=Path, help="also write the worst errors here")
    a = p.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    tables = {}
    for depth, seeds in (("tiny", range(a.seeds)), ("deep", range(max(1, a.seeds // 2)))):
        tables[depth] = measure(seeds, depth)
        show(tables[depth], depth)
    if a.json:
        a.json.write_text(json.dumps(tables, indent=1) + "\n")
    if TOLERANCES.exists():
        sensitivity()


if __name__ == "__main__":
    main()
