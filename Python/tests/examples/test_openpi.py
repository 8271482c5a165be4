"""openpi's PI0Pytorch made of a bundle, beside the recorded actions of the checkpoint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import FIXTURES, PROJECT, MakeBundle

pytest.importorskip("openpi.models_pytorch.pi0_pytorch", reason="openpi is not installed")

SCRIPT = """
import sys
from types import SimpleNamespace

import torch
from safetensors.torch import load_file

sys.path[:0] = [sys.argv[3], sys.argv[4]]
import tiny_openpi

tiny_openpi.shrink()
import load_into_openpi

model = load_into_openpi.load(sys.argv[1])
golden = load_file(sys.argv[2])
cameras = golden["in.camera_mask"][0]
pictures = [golden["in.pixel_values"][:, index] for index in range(len(cameras))]
there = [cameras[index : index + 1].bool() for index in range(len(cameras))]
state, mask = golden["in.state"], golden["in.text_mask"].bool()
# openpi expects the three cameras of its robots at 224 pixels.
parts = (pictures, there, golden["in.input_ids"], mask, state)
model._preprocess_observation = lambda *_, **__: parts
with torch.no_grad():
    found = model.sample_actions("cpu", SimpleNamespace(state=state), noise=golden["in.noise"])
expected = golden["f64.actions"]
# openpi adds up its time in float32, which moves a chunk by up to 6e-5.
assert (found.double() - expected).abs().max() <= 1e-4 * expected.abs().max()
print("close")
"""


def test_the_model_computes_the_recorded_actions(make_bundle: MakeBundle) -> None:
    bundle: Path = make_bundle("--pi0", "pi0/openpi")
    golden = FIXTURES / "goldens/pi0_2cam_missing.safetensors"
    folders = [PROJECT / "Python/tests/record", PROJECT / "Python/examples"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, bundle, golden, *folders],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("close\n"), done.stderr
