"""Goldens of openpi's pi0, where it and its transformers are importable: none of it is here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from .support import PICTURES, changed, parity
from .tiny_models import FIXTURES

pytest.importorskip("openpi.models_pytorch.pi0_pytorch", reason="openpi is not installed")

SCRIPT = Path(__file__).with_name("tiny_openpi.py")
CHECKPOINT = FIXTURES / "checkpoints/pi0/openpi"
SETTINGS = ["vision.num_attention_heads=2", "text.num_attention_heads=8", "action.horizon=8"]
SETS = [word for setting in SETTINGS for word in ("--set", setting)]


def record(path: Path, *options: object) -> subprocess.CompletedProcess[str]:
    arguments = ["--model", CHECKPOINT, "--family", "pi0", *options, "-o", path]
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["pi0_2cam_missing", "pi0_lerobot_1cam"])
def test_it_agrees_with_a_model_written_from_the_definition(name: str, tmp_path: Path) -> None:
    known, path = FIXTURES / f"goldens/{name}.safetensors", tmp_path / "golden.safetensors"
    done = record(path, "--inputs", known)
    assert (done.returncode, done.stderr) == (0, "")
    expected, found = load_file(known), load_file(path)
    for key in (key for key in expected if key.startswith("f64.")):
        assert (found[key] - expected[key]).abs().max() < 1e-12 * expected[key].abs().max(), key


def test_pictures_and_a_prompt_pass_parity_and_show_a_weight_that_is_off(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "tokenizer.model").write_bytes(
        (FIXTURES / "tokenizers/tiny/tokenizer.model").read_bytes()
    )
    path = tmp_path / "golden.safetensors"
    pictures = [word for picture in PICTURES for word in ("--image", picture)]
    done = record(path, *pictures, "--prompt", "open the drawer", "--processor", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    status, report = parity(command, CHECKPOINT, path, *SETS)
    assert status == 0, report
    off = changed(CHECKPOINT, tmp_path / "off", "action_time_mlp_in.weight")
    status, report = parity(command, off, path, *SETS)
    assert (status, report["first_failure"]) == (1, "action.embed")
