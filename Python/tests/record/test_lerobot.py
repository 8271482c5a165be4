"""Goldens of lerobot's pi0, whose sizes `tiny_lerobot.py` makes tiny."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from .support import PICTURES, changed, convert, parity
from .tiny_models import FIXTURES

pytest.importorskip("lerobot.policies.pi0.modeling_pi0", reason="lerobot is not installed")

SCRIPT = Path(__file__).with_name("tiny_lerobot.py")
#: lerobot's configuration names a variant, whose sizes are not these.
HEADS = ("--set", "vision.num_attention_heads=2", "--set", "text.num_attention_heads=8")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lerobot") / "policy"
    assert run("save", folder).returncode == 0
    # As lerobot saves it with its processors: no weights.
    statistics = {"action.mean": torch.zeros(7), "action.std": torch.ones(7)}
    name = "policy_preprocessor_step_5_normalizer_processor.safetensors"
    save_file(statistics, folder / name)
    return folder


def record(
    policy: Path, path: Path, *pictures: Path, prompt: str = "open the drawer"
) -> subprocess.CompletedProcess[str]:
    options: list[object] = ["--model", policy, "--family", "pi0", "--prompt", prompt, "-o", path]
    options += ["--processor", FIXTURES / "transformers-pi0"]
    for picture in pictures or PICTURES:
        options += ["--image", picture]
    return run("record", *options)


@pytest.fixture(scope="module")
def golden(policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("golden") / "golden.safetensors"
    done = record(policy, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("38 of them in float64, " + f"{path.stat().st_size} bytes\n")
    return path


def test_parity_passes_of_the_same_policy(
    policy: Path, golden: Path, command: str, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.dvla.safetensors"
    convert(command, "pi0", policy, bundle, *HEADS)
    status, report = parity(command, bundle, golden)
    assert status == 0, report
    assert {stage["reference"] for stage in report["stages"]} == {"f64"}


@pytest.mark.parametrize(
    ("tensor", "stage"),
    [
        ("model.action_out_proj.weight", "velocity_t1"),
        (
            "model.paligemma_with_expert.gemma_expert.model.layers.1.mlp.down_proj.weight",
            "action.layer.1.mlp",
        ),
    ],
)
def test_parity_names_the_stage_of_a_weight_that_is_off(
    tensor: str, stage: str, policy: Path, golden: Path, command: str, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.dvla.safetensors"
    convert(command, "pi0", changed(policy, tmp_path / "changed", tensor), bundle, *HEADS)
    status, report = parity(command, bundle, golden)
    assert (status, report["first_failure"]) == (1, stage)


def test_a_camera_without_a_picture_is_masked(policy: Path, command: str, tmp_path: Path) -> None:
    path = tmp_path / "golden.safetensors"
    assert record(policy, path, PICTURES[0]).returncode == 0
    assert load_file(path)["in.camera_mask"].tolist() == [[1, 0]]
    status, report = parity(command, policy, path, *HEADS)
    assert status == 0, report


@pytest.mark.parametrize("kind", ["name", "shards", "shape"])
def test_random_weights_are_refused(kind: str, policy: Path, tmp_path: Path) -> None:
    """lerobot returns a policy that was drawn at random where it cannot load one."""
    folder = tmp_path / "policy"
    shutil.copytree(policy, folder)
    file = folder / "model.safetensors"
    tensors = load_file(file)
    if kind == "shards":
        file.rename(folder / "model-00001-of-00001.safetensors")
        words = "the library did not load this tensor"
    elif kind == "name":
        tensors["model.state_projection.weight"] = tensors.pop("model.state_proj.weight")
        save_file(tensors, file)
        words = "model.state_projection.weight: the library did not load this tensor"
    else:
        tensors["model.state_proj.bias"] = tensors["model.state_proj.bias"][:-1]
        save_file(tensors, file)
        words = "the library did not load this tensor"
    done = record(folder, tmp_path / "golden.safetensors")
    assert done.returncode == 65, done
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "golden.safetensors").exists()


def test_a_prompt_that_lerobot_would_cut_off_is_refused(policy: Path, tmp_path: Path) -> None:
    done = record(policy, tmp_path / "golden.safetensors", prompt="open the drawer " * 9)
    assert done.returncode == 64
    assert "expected at most 12" in done.stderr


def test_more_pictures_than_cameras_are_refused(policy: Path, tmp_path: Path) -> None:
    done = record(policy, tmp_path / "golden.safetensors", *PICTURES, PICTURES[0])
    assert done.returncode == 64
    assert "observation.images.base, observation.images.wrist" in done.stderr
