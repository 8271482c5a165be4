"""What the tests of the recorder share: its arguments, and the command."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from .tiny_models import FIXTURES, MODELS

#: A tiny checkpoint, or a golden of it, by the name of the model.
ByName = Callable[[str], Path]
#: Runs the recorder: (exit status, lines on stderr).
Record = Callable[..., tuple[int, list[str]]]

PICTURES = [FIXTURES / "images" / name for name in ("baseline-444.jpg", "rgb8.png")]


def arguments(name: str, folder: Path) -> list[str]:
    """Those of the recorder, but for the output."""
    family = MODELS[name][1]
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


def parity(command: str, subject: Path, golden: Path, *options: str) -> tuple[int, dict[str, Any]]:
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
    shutil.copytree(folder, to)
    file = to / "model.safetensors"
    tensors = load_file(file)
    tensors[tensor] = tensors[tensor] * 1.01
    save_file(tensors, file, metadata={"format": "pt"})
    return to
