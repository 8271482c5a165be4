"""Bundles of the repository's tiny checkpoints, made by the command."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = PROJECT / "Fixtures"
CHECKPOINTS = FIXTURES / "checkpoints"

MakeBundle = Callable[..., Path]

# For children of the tests: the package of this checkout.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(PROJECT / "Python/src"), os.environ.get("PYTHONPATH")])
)

# What the tiny checkpoints of openpi do not say and no published variant settles.
SETTINGS = {
    "pi0/openpi": ("vision.num_attention_heads=2", "text.num_attention_heads=8"),
}


def command() -> str:
    """The command: DEPTHVLA_COMMAND, or the one on PATH."""
    found = os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla")
    if found is None:
        pytest.skip("no depthvla command: set DEPTHVLA_COMMAND")
    return found


def run_command(*arguments: str | Path, status: int | None = 0) -> str:
    """Runs the command, which must end with that status if one is given; gives what it prints."""
    done = subprocess.run(
        [command(), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert status is None or done.returncode == status, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory: pytest.TempPathFactory) -> MakeBundle:
    """Converts once: the option of a family, a folder below Fixtures/checkpoints, more options."""
    folder = tmp_path_factory.mktemp("bundles")
    made: dict[tuple[str, ...], Path] = {}

    def make(option: str, source: str | Path, *options: str | Path) -> Path:
        key = (option, str(source), *map(str, options))
        if key not in made:
            path = folder / f"{len(made)}.dvla.safetensors"
            settings = [f for given in SETTINGS.get(str(source), ()) for f in ("--set", given)]
            if any(str(option).startswith("text.num_attention_heads") for option in options):
                settings = []
            run_command(
                *("convert", "--quiet", option, CHECKPOINTS / source),
                *(*settings, *options, "-o", path),
            )
            made[key] = path
        return made[key]

    return make


@pytest.fixture(scope="session")
def depthvla_bundle(make_bundle: MakeBundle) -> Path:
    """The composite, in F32."""
    return make_bundle("--depthvla", "depthvla/plain")


@pytest.fixture(scope="session")
def int8_bundle(make_bundle: MakeBundle) -> Path:
    """The composite, in INT8."""
    return make_bundle("--depthvla", "depthvla/plain", "--precision", "int8")


@pytest.fixture(scope="session")
def depth_bundle(make_bundle: MakeBundle) -> Path:
    """Depth Anything V2, relative."""
    return make_bundle("--depth-anything", "depth-anything-v2/hf")


def with_changed_byte(bundle: Path, tensor: str, target: Path) -> Path:
    """A copy whose first stored byte of a tensor is another, found by the safetensors header."""
    contents = bytearray(bundle.read_bytes())
    (length,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8 : 8 + length])
    # Behind the magic number and the header of the frame, which have errors of their own.
    contents[8 + length + header[tensor]["data_offsets"][0] + 20] ^= 1
    target.write_bytes(contents)
    return target
