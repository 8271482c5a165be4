"""What the tests of `depthvla.torch` share: the command, tiny bundles, goldens and comparisons."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from depthvla.torch import DepthVLA, Observation, Targets
from depthvla.torch.configuration import AttentionPattern

REPOSITORY = Path(__file__).resolve().parents[3]
FIXTURES = REPOSITORY / "Fixtures"
CHECKPOINTS = FIXTURES / "checkpoints"
GOLDENS = FIXTURES / "goldens"

HEADS = ("--set", "vision.num_attention_heads=2", "--set", "text.num_attention_heads=8")
"""What pi0's checkpoints leave open."""

SOURCES: Mapping[str, tuple[str, ...]] = {
    "plain": ("--depthvla", str(CHECKPOINTS / "depthvla/plain")),
    "registers": ("--depthvla", str(CHECKPOINTS / "depthvla/registers")),
    "pi0": ("--pi0", str(CHECKPOINTS / "pi0/openpi"), *HEADS),
    # A naming at source precision that keeps tensors which no layout has.
    "pi0-lerobot": ("--pi0", str(CHECKPOINTS / "pi0/lerobot-save-transformers-5.6-on"), *HEADS),
    "frozen": (
        "--depthvla",
        str(CHECKPOINTS / "depthvla/plain"),
        *("--set", "depth.frozen=true"),
    ),
    "bf16": ("--depthvla", str(CHECKPOINTS / "depthvla/plain"), "--precision", "bf16"),
    "int8": ("--depthvla", str(CHECKPOINTS / "depthvla/plain"), "--precision", "int8"),
}
"""How the bundles of the tests are made."""

CASES: Mapping[str, str] = {
    "depthvla_block_2cam_pad": "plain",
    "depthvla_full_2cam_pad": "plain",
    "depthvla_batch2_missing": "plain",
    "depthvla_nodepth_1cam_pad": "plain",
    "depthvla-registers_1cam": "registers",
    "pi0_2cam_missing": "pi0",
    "pi0_lerobot_1cam": "pi0-lerobot",
}
"""Every composite golden, and the bundle of its model (`Fixtures/goldens/cases.json`)."""


def command_path() -> str:
    """The command: DEPTHVLA_COMMAND, or the one on PATH."""
    found = os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla")
    if found is None:
        pytest.skip("no depthvla command: set DEPTHVLA_COMMAND")
    return found


def command(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs `depthvla`, which must exit with this status."""
    words = [command_path(), *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Golden:
    """Inputs, recorded stages and metadata of a file in `Fixtures/goldens`, or of one like it."""

    def __init__(self, path: Path) -> None:
        with safe_open(path, "pt") as file:
            self.metadata: dict[str, str] = file.metadata() or {}
            self.tensors: dict[str, Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118

    def stages(self, kind: str) -> dict[str, Tensor]:
        """By stage: kind is `f64` or `f32`."""
        prefix = kind + "."
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }

    @property
    def mask(self) -> AttentionPattern:
        return "full" if self.metadata["mask"] == "full" else "block"

    @property
    def observation(self) -> Observation:
        names = [field.name for field in fields(Observation)]
        return Observation(
            **{name: self.tensors["in." + name] for name in names if "in." + name in self.tensors}
        )

    @property
    def targets(self) -> Targets:
        inputs = self.tensors
        batch = inputs["in.state"].shape[0]
        return Targets(
            actions=inputs["in.target_actions"],
            noise=inputs["in.noise"],
            time=inputs["in.loss_t"].double().expand(batch),
            depth=inputs.get("in.target_depth"),
        )

    def model(self, bundle: Path, dtype: torch.dtype) -> DepthVLA:
        """The bundle's model, without the depth expert where the golden is without."""
        model = DepthVLA.from_bundle(bundle, dtype=dtype)
        is_ablated = self.metadata["depth"] == "false" and model.depth is not None
        return model.without_depth() if is_ablated else model


def some(tensor: Tensor | None) -> Tensor:
    """A tensor that must be there."""
    assert tensor is not None
    return tensor


def of_maximum(found: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest expected magnitude."""
    assert found.shape == expected.shape
    found, expected = found.detach().double(), expected.detach().double()
    return float((found - expected).abs().max() / expected.abs().max())


def relative_rms(found: Tensor, expected: Tensor) -> float:
    """The root mean square of the differences, relative to that of the expected values."""
    assert found.shape == expected.shape
    found, expected = found.detach().double(), expected.detach().double()
    return float((found - expected).norm() / expected.norm())


Bundles = Callable[[str], Path]
"""The fixture that makes a bundle of one of `SOURCES`."""

Goldens = Callable[[str], Golden]
"""The fixture that reads one of the repository's goldens."""
