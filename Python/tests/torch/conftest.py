"""Bundles that the command makes of the fixtures, once for each run of the tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .support import Bundles, Goldens

# Where the extra is not installed there is nothing to test; the helpers cannot be imported either.
_LACKING = [name for name in ("torch", "safetensors") if importlib.util.find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if _LACKING else []


def pytest_report_header() -> str | None:
    """Says why nothing is collected."""
    return f"tests/torch: left out without {', '.join(_LACKING)}" if _LACKING else None


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """The bundle of one of `SOURCES`."""
    from .support import SOURCES, command

    folder = tmp_path_factory.mktemp("bundles")

    def make(name: str) -> Path:
        path = folder / f"{name}.dvla.safetensors"
        if not path.exists():
            command("convert", *SOURCES[name], "-o", path, "--quiet")
        return path

    return make


@pytest.fixture(scope="session")
def golden() -> Goldens:
    """One of the repository's goldens."""
    from .support import GOLDENS, Golden

    return lambda name: Golden(GOLDENS / f"{name}.safetensors")
