"""The depth encoder alone, against transformers, timm and the original code, off its native grid.

The goldens of `Fixtures/goldens` are transformers', those of `Fixtures/positions` timm's and the
original code's, which fit the position table to other picture sizes in ways of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import depthvla
from depthvla.torch import Trace
from depthvla.torch.configuration import DINOv2Configuration, Scope
from depthvla.torch.dinov2 import DINOv2

from .support import CHECKPOINTS, FIXTURES, Golden, command, of_maximum

HEADS = {"dinov2": 2, "dinov2-with-registers": 5, "dinov2-swiglu": 2}
"""What the original code's checkpoints leave open."""

CASES = [
    ("dinov2/hf", "goldens/dinov2_70x70"),
    ("dinov2/hf", "goldens/dinov2_28x70"),
    ("dinov2-with-registers/hf", "goldens/dinov2-with-registers_56x56"),
    ("dinov2-with-registers/hf", "goldens/dinov2-with-registers_28x70"),
    ("dinov2-swiglu/hf", "goldens/dinov2-swiglu_42x42"),
    ("dinov2-swiglu/hf", "goldens/dinov2-swiglu_28x70"),
    ("dinov2/timm", "positions/timm-dinov2_28x70"),
    ("dinov2/timm", "positions/timm-dinov2_42x98"),
    ("dinov2-with-registers/timm", "positions/timm-dinov2-with-registers_28x70"),
    ("dinov2-swiglu/timm", "positions/timm-dinov2-swiglu_28x70"),
    ("dinov2/original", "positions/original-dinov2_28x70"),
    ("dinov2/original", "positions/original-dinov2_42x98"),
    ("dinov2-with-registers/original", "positions/original-dinov2-with-registers_28x70"),
    ("dinov2-swiglu/original", "positions/original-dinov2-swiglu_28x70"),
]


def test_as_many_patches_in_another_form_are_not_the_tables_own(tmp_path: Path) -> None:
    # The table is 4 x 4; a picture of 2 x 8 patches has as many. Judged by the Swift runtime.
    encoder = load("dinov2-with-registers/hf", tmp_path, torch.float64)
    assert encoder.configuration.table_side == 4
    pixels = torch.randn(1, 3, 28, 112, generator=torch.Generator().manual_seed(0))
    inputs, recorded = tmp_path / "inputs.safetensors", tmp_path / "recorded.safetensors"
    save_file({"in.pixel_values": pixels}, inputs, {"family": "dinov2"})
    path = tmp_path / "dinov2.dvla.safetensors"
    command("parity", path, "--golden", inputs, "--record", recorded, "--quiet")
    expected = Golden(recorded).stages("f32")["final_norm"]
    assert of_maximum(encoder(pixels.double()), expected) < 2e-5


def load(checkpoint: str, folder: Path, dtype: torch.dtype, *settings: str) -> DINOv2:
    path = folder / "dinov2.dvla.safetensors"
    model, naming = checkpoint.split("/")
    if naming == "original":
        settings += ("--set", f"num_attention_heads={HEADS[model]}")
    command("convert", "--dinov2", CHECKPOINTS / checkpoint, *settings, "-o", path, "--quiet")
    with depthvla.open(path) as bundle:
        encoder = DINOv2(DINOv2Configuration.read(Scope(bundle.configuration)))
        tensors = bundle.state_dict(naming="layout", quantized="int8")
    own = {name.removeprefix("dinov2."): value for name, value in tensors.items()}
    encoder.to(dtype).load_state_dict(own, strict=True)
    return encoder


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-13), (torch.float32, 2e-5)])
@pytest.mark.parametrize(("checkpoint", "name"), CASES)
def test_every_stage_is_what_upstream_computes(
    checkpoint: str, name: str, dtype: torch.dtype, limit: float, tmp_path: Path
) -> None:
    case = Golden(FIXTURES / f"{name}.safetensors")
    found: dict[str, Tensor] = {}

    def observe(stage: str, value: Tensor, valid: Tensor | None) -> None:
        assert valid is None
        found[stage] = value

    encoder = load(checkpoint, tmp_path, dtype)
    with torch.no_grad():
        pixels = case.tensors["in.pixel_values"].to(dtype)
        found["final_norm"] = encoder(pixels, Trace(observe))
    apart = {stage: of_maximum(found[stage], value) for stage, value in case.stages("f64").items()}
    assert {stage: error for stage, error in apart.items() if error > limit} == {}


@pytest.mark.parametrize("resampling", ["bicubic", "bicubic-antialias"])
def test_another_resampling_is_seen(resampling: str, tmp_path: Path) -> None:
    case = Golden(FIXTURES / "positions/original-dinov2_28x70.safetensors")
    encoder = load(
        "dinov2/original",
        tmp_path,
        torch.float64,
        *("--set", f"position_resampling={resampling}"),
    )
    found = encoder(case.tensors["in.pixel_values"].double())
    assert of_maximum(found, case.stages("f64")["final_norm"]) > 1e-2
