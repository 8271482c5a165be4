"""What the tests of the recorder share: tiny checkpoints, the recorder, and the command."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import tiny_models

pytest.importorskip("torch")
pytest.importorskip("safetensors")

PICTURES = [tiny_models.FIXTURES / "images" / name for name in ("baseline-444.jpg", "rgb8.png")]


@pytest.fixture(scope="session")
def command() -> str:
    """The depthvla command: that of DEPTHVLA_COMMAND, or the one on PATH."""
    found = os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla")
    if not found:
        pytest.skip("no depthvla on PATH and no DEPTHVLA_COMMAND")
    return found


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """Saves a tiny model by its own library, once."""
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        pytest.importorskip("timm" if name == "timm" else "transformers")
        if name in ("pi0", "timm"):
            pytest.importorskip("torchvision", reason="its picture processor needs torchvision")
        if name not in made:
            made[name] = tmp_path_factory.mktemp("checkpoint") / name
            tiny_models.MODELS[name][0](made[name])
        return made[name]

    return get


@pytest.fixture
def record(capsys):
    """Runs the recorder in this process: (exit status, lines on stderr)."""
    from depthvla.record.command import main

    def run(*arguments: object) -> tuple[int, list[str]]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return status, capsys.readouterr().err.splitlines()

    return run


@pytest.fixture(scope="session")
def golden(checkpoint, tmp_path_factory):
    """Records a golden of a tiny model from pictures and a prompt, once."""
    from depthvla.record.command import main

    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            path = tmp_path_factory.mktemp("golden") / "golden.safetensors"
            assert main([*arguments(name, checkpoint(name)), "-o", str(path)]) == 0
            made[name] = path
        return made[name]

    return get


def arguments(name: str, folder: Path) -> list[str]:
    """Those of the recorder, but for the output."""
    family = tiny_models.MODELS[name][1]
    pictures = PICTURES if family in ("paligemma", "pi0") else PICTURES[:1]
    found = ["--model", str(folder), "--family", family]
    for picture in pictures:
        found += ["--image", str(picture)]
    return found + (["--prompt", "open the drawer"] if family in ("paligemma", "pi0") else [])


def convert(command: str, family: str, folder: Path, bundle: Path, *options: str) -> None:
    """What a user does first."""
    subprocess.run(
        [command, "convert", f"--{family.removesuffix('-v2')}", folder, *options, "-o", bundle],
        check=True,
        capture_output=True,
    )


def parity(command: str, subject: Path, golden: Path, *options: str) -> tuple[int, dict]:
    """The exit status, and what it says of the golden."""
    done = subprocess.run(
        [command, "parity", subject, "--golden", golden, "--json", *options],
        capture_output=True,
        check=False,
    )
    report = json.loads(done.stdout)
    return done.returncode, report["goldens"][0] if "goldens" in report else report


def changed(folder: Path, to: Path, tensor: str) -> Path:
    """A copy of a checkpoint with one tensor times 1.01."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, to)
    file = to / "model.safetensors"
    tensors = load_file(file)
    tensors[tensor] = tensors[tensor] * 1.01
    save_file(tensors, file, metadata={"format": "pt"})
    return to
