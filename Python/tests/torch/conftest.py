"""Bundles that the command makes of the fixtures, once for each run of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="depthvla[torch] is not installed")

from .support import GOLDENS, SOURCES, Bundles, Golden, Goldens, command


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """The bundle of one of `SOURCES`."""
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
    return lambda name: Golden(GOLDENS / f"{name}.safetensors")
