"""Tiny checkpoints and goldens of them, made once for each run of the tests."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .support import ByName, Record

# Without these there is nothing to record with; the helpers cannot be imported either.
_LACKING = [
    name for name in ("torch", "safetensors", "PIL") if importlib.util.find_spec(name) is None
]
collect_ignore_glob = ["test_*.py"] if _LACKING else []


def pytest_report_header() -> str | None:
    """Says why nothing is collected."""
    return f"tests/record: left out without {', '.join(_LACKING)}" if _LACKING else None


@pytest.fixture(scope="session")
def command() -> str:
    """The depthvla command: that of DEPTHVLA_COMMAND, or the one on PATH."""
    found = os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla")
    if not found:
        pytest.skip("no depthvla on PATH and no DEPTHVLA_COMMAND")
    return found


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> ByName:
    """Saves a tiny model by its own library, once."""
    from .tiny_models import MODELS

    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        pytest.importorskip("timm" if name == "timm" else "transformers")
        if name in ("pi0", "timm"):
            pytest.importorskip("torchvision", reason="its picture processor needs torchvision")
        if name not in made:
            made[name] = tmp_path_factory.mktemp("checkpoint") / name
            MODELS[name][0](made[name])
        return made[name]

    return get


@pytest.fixture
def record(capsys: pytest.CaptureFixture[str]) -> Record:
    """Runs the recorder in this process: (exit status, lines on stderr)."""
    from depthvla.record.command import main

    def run(*arguments: object) -> tuple[int, list[str]]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return status, capsys.readouterr().err.splitlines()

    return run


@pytest.fixture(scope="session")
def golden(checkpoint: ByName, tmp_path_factory: pytest.TempPathFactory) -> ByName:
    """Records a golden of a tiny model from pictures and a prompt, once."""
    from depthvla.record.command import main

    from .support import arguments

    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            path = tmp_path_factory.mktemp("golden") / "golden.safetensors"
            assert main([*arguments(name, checkpoint(name)), "-o", str(path)]) == 0
            made[name] = path
        return made[name]

    return get
