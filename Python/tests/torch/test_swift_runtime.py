"""Stage by stage against the Swift runtime: both compute in float32 from the same bundle."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depthvla.torch import record_stages

from .support import CASES, GOLDENS, Bundles, Golden, Goldens, command, of_maximum


@pytest.mark.parametrize("name", CASES)
def test_every_stage_agrees_with_the_swift_runtime(
    name: str, bundle: Bundles, golden: Goldens, tmp_path: Path
) -> None:
    # Each is within 6.5e-6 of a maximum from float64 (both runtimes, all goldens), so the two are
    # within twice that of each other; half of what `parity` allows is left for other processors.
    case, path = golden(name), tmp_path / "swift.safetensors"
    command(
        "parity", bundle(CASES[name]), "--golden", GOLDENS / f"{name}.safetensors", "--record", path
    )
    swift = Golden(path).stages("f32")
    model = case.model(bundle(CASES[name]), torch.float32)
    ours = record_stages(model, case.observation, case.targets, mask=case.mask)
    assert ours.keys() == swift.keys()
    apart = {stage: of_maximum(ours[stage], value) for stage, value in swift.items()}
    assert {stage: error for stage, error in apart.items() if error > 2.5e-5} == {}


@pytest.mark.parametrize("name", ["int8", "bf16"])
def test_rounded_weights_are_the_same_in_both(
    name: str, bundle: Bundles, golden: Goldens, tmp_path: Path
) -> None:
    case, path = golden("depthvla_batch2_missing"), tmp_path / "swift.safetensors"
    recorded = GOLDENS / "depthvla_batch2_missing.safetensors"
    command(
        *("parity", bundle(name), "--golden", recorded, "--record", path, "--products", "exact")
    )
    swift = Golden(path).stages("f32")
    model = case.model(bundle(name), torch.float32)
    ours = record_stages(model, case.observation, case.targets)
    apart = {stage: of_maximum(ours[stage], value) for stage, value in swift.items()}
    assert {stage: error for stage, error in apart.items() if error > 2.5e-5} == {}
