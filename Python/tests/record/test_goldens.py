"""A golden of a real library passes parity, and shows a weight that is 1 % off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from .support import ByName, Record, arguments, changed, convert, parity
from .tiny_models import MODELS

EVERY = sorted(MODELS)


@pytest.mark.parametrize("name", EVERY)
def test_parity_passes_of_the_same_checkpoint(
    name: str, checkpoint: ByName, golden: ByName, command: str, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.dvla.safetensors"
    convert(command, MODELS[name][1], checkpoint(name), bundle)
    status, report = parity(command, bundle, golden(name))
    assert status == 0, report
    assert {stage["reference"] for stage in report["stages"]} == {"f64"}
    assert report["unread"] == []


@pytest.mark.parametrize("name", EVERY)
def test_parity_names_the_stage_of_a_weight_that_is_off(
    name: str, checkpoint: ByName, golden: ByName, command: str, tmp_path: Path
) -> None:
    _, family, tensor, stage = MODELS[name]
    bundle = tmp_path / "bundle.dvla.safetensors"
    convert(command, family, changed(checkpoint(name), tmp_path / "changed", tensor), bundle)
    status, report = parity(command, bundle, golden(name))
    assert (status, report["first_failure"]) == (1, stage)


@pytest.mark.parametrize("name", EVERY)
def test_every_stage_that_the_model_computes_is_recorded(
    name: str, checkpoint: ByName, golden: ByName, command: str, tmp_path: Path
) -> None:
    """Those that `parity --record` writes, where there are tolerances of all classes."""
    own, bundle = tmp_path / "own.safetensors", tmp_path / "bundle.dvla.safetensors"
    convert(command, MODELS[name][1], checkpoint(name), bundle)
    status, _ = parity(command, bundle, golden(name), "--record", str(own))
    assert status == 0
    stages = []
    for path, prefix in ((own, "f32."), (golden(name), "f32."), (golden(name), "f64.")):
        with safe_open(path, "np") as file:
            stages.append({key[4:] for key in file.keys() if key.startswith(prefix)})  # noqa: SIM118
    # No tolerance of bf16 and int8 covers the parts of Depth Anything's backbone.
    own_stages = {s for s in stages[0] if not re.fullmatch(r"backbone\.layer\.\d+\..*", s)}
    assert own_stages == stages[1] == stages[2]


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@pytest.mark.parametrize("name", EVERY)
def test_every_stage_has_a_tolerance_in_the_class_of_rounded_weights(
    name: str, precision: str, checkpoint: ByName, golden: ByName, command: str, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.dvla.safetensors"
    convert(command, MODELS[name][1], checkpoint(name), bundle, "--precision", precision)
    _, report = parity(command, bundle, golden(name))
    assert "stages" in report, report


@pytest.mark.parametrize("name", ["paligemma", "dinov2"])
def test_the_same_recording_has_the_same_bytes(
    name: str, checkpoint: ByName, golden: ByName, record: Record, tmp_path: Path
) -> None:
    again = tmp_path / "again.safetensors"
    assert record(*arguments(name, checkpoint(name)), "-o", again) == (0, [])
    assert again.read_bytes() == golden(name).read_bytes()


def test_stages_after_a_rounding_are_in_float32_alone_and_that_is_said(
    checkpoint: ByName, record: Record, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A version of the library that computes its MLP elsewhere."""
    import torch
    from transformers.models.dinov2.modeling_dinov2 import Dinov2MLP

    plain, path = Dinov2MLP.forward, tmp_path / "golden.safetensors"

    def elsewhere(self: Any, x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(plain(self, x).numpy().astype("float32")).to(x.dtype)

    monkeypatch.setattr(Dinov2MLP, "forward", elsewhere)
    status, lines = record(*arguments("dinov2", checkpoint("dinov2")), "-o", path)
    assert status == 0
    assert len(lines) == 1
    assert lines[0].startswith("depthvla.record: upstream computes aten.")
    assert lines[0].endswith("the stages after layer.0.attention are in float32 alone")
    with safe_open(path, "np") as file:
        names = set(file.keys())
    wide = {name for name in names if name.startswith("f64.")}
    assert wide == {"f64.embeddings", "f64.layer.0.attention"}
    assert {"f32.layer.0.mlp", "f32.layer.2", "f32.final_norm"} < names


def test_pi0_draws_the_state_and_noise_of_a_seed(
    checkpoint: ByName, record: Record, tmp_path: Path
) -> None:
    found = []
    for run, seed in enumerate((1, 1, 2)):
        path = tmp_path / f"{run}.safetensors"
        options = ("--seed", seed, "--stages", "actions", "--float32-only", "-o", path)
        assert record(*arguments("pi0", checkpoint("pi0")), *options) == (0, [])
        found.append(path.read_bytes())
    assert found[0] == found[1] != found[2]


def test_pi0_takes_state_noise_and_targets_from_files(
    checkpoint: ByName, record: Record, command: str, tmp_path: Path
) -> None:
    import numpy as np

    noise = np.linspace(-1, 1, 56, dtype=np.float32).reshape(8, 7)
    np.save(tmp_path / "noise.npy", noise)
    np.save(tmp_path / "actions.npy", noise[::-1])
    (tmp_path / "state.json").write_text("[0.5, -1.25]")
    path = tmp_path / "golden.safetensors"
    options = ["--noise", tmp_path / "noise.npy", "--actions", tmp_path / "actions.npy"]
    options += ["--state", tmp_path / "state.json", "--loss-time", 0.25, "-o", path]
    assert record(*arguments("pi0", checkpoint("pi0")), *options) == (0, [])
    with safe_open(path, "np") as file:
        assert file.get_tensor("in.noise").tolist() == [noise.tolist()]
        assert file.get_tensor("in.state").tolist() == [[0.5, -1.25] + 9 * [0.0]]
        assert file.get_tensor("in.loss_t") == np.float32(0.25)
    status, report = parity(command, checkpoint("pi0"), path)
    assert status == 0, report
    assert "loss.flow" in {stage["name"] for stage in report["stages"]}
