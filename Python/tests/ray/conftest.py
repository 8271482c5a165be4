"""Fixtures of the tests of labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import COMMAND, cluster, make_bundle


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Relative and metric depth."""
    if not COMMAND:
        pytest.skip("no depthvla command: set DEPTHVLA_COMMAND")
    folder = tmp_path_factory.mktemp("bundles")
    names = {"relative": "depth-anything-v2", "metric": "depth-anything-v2-metric"}
    return {meaning: make_bundle(folder, name) for meaning, name in names.items()}


@pytest.fixture(scope="module")
def two_workers() -> Iterator[None]:
    """A cluster of two workers with one processor each, which this process is connected to."""
    pytest.importorskip("ray")
    with cluster(workers=2, processors=1):
        yield
