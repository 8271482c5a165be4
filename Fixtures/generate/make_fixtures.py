#!/usr/bin/env python3
"""Writes the tiny checkpoints, pictures, statistics, tokenizers, goldens and runs. Use ./run, which sets everything up.

    make_fixtures.py [--out DIR] [--seed 0]
"""
import argparse
import hashlib
import importlib.metadata
import platform
import shutil
from pathlib import Path

import matplotlib
import numpy
import PIL
import safetensors
import sentencepiece
import timm
import tokenizers
import torch
import torchvision
import transformers

import colourmap
import composites
import depth_maps
import dinov2
import images
import lookalikes
import noise
import padded
import paligemma
import pi0
import policy_runs
import policy_statistics
import preprocess
import resampling
import tokenizer_models
from writer import Writer

PARTS = ("checkpoints", "goldens", "images", "policies", "statistics", "tokenizers")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", default=Path(__file__).resolve().parents[1], type=Path,
                   help="where the parts and MANIFEST.json go; the former are replaced")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for part in PARTS:
        shutil.rmtree(a.out / part, ignore_errors=True)
    w = Writer(a.out, a.seed)
    with torch.no_grad():
        hub = paligemma.make(w)
        encoders = dinov2.make_dinov2(w)
        dinov2.make_depth_anything(w)
        pi0.make_pi0(w)
        pi0.make_depthvla(w, hub, {"plain": encoders["dinov2"], "registers": encoders["dinov2-with-registers"]})
        composites.make(w)
        lookalikes.make(w)
        resampling.make(w)
        images.make(w)
        depth_maps.make(w)
        preprocess.make(w)
        padded.make(w)
        colourmap.make(w)
        noise.make(w)
        policy_statistics.make(w)
        tokenizer_models.make(w)
        policy_runs.make(w)
    w.json(a.out / "goldens" / "cases.json", w.cases)
    files = sorted(f for part in PARTS for f in (a.out / part).rglob("*") if f.is_file())
    w.json(a.out / "MANIFEST.json", {
        "seed": a.seed,
        "made_with": {"python": platform.python_version(), "torch": torch.__version__, "timm": timm.__version__,
                      "transformers": transformers.__version__, "safetensors": safetensors.__version__,
                      "lerobot": importlib.metadata.version("lerobot"),
                      "torchvision": torchvision.__version__, "pillow": PIL.__version__,
                      "matplotlib": matplotlib.__version__, "numpy": numpy.__version__,
                      "sentencepiece": sentencepiece.__version__, "tokenizers": tokenizers.__version__},
        "bytes": sum(f.stat().st_size for f in files),
        "sha256": {str(f.relative_to(a.out)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}})
    print(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
