"""Goldens of the code of the authors, where a checkout is on the path: none of it is here."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
from safetensors.torch import load_file

from .support import PICTURES, Record, changed, parity
from .tiny_models import FIXTURES

CHECKPOINTS = FIXTURES / "checkpoints"
LAYERS = ("--set", "out_indices=[3,6,9,12]")


@pytest.fixture(params=[("dinov2", 2), ("dinov2-swiglu", 2), ("dinov2-with-registers", 5)])
def dinov2(request: pytest.FixtureRequest) -> tuple[Path, str, int]:
    pytest.importorskip(
        "dinov2.models", reason="no checkout of facebookresearch/dinov2 on the path"
    )
    name, heads = request.param
    return CHECKPOINTS / name / "original", name, heads


@pytest.fixture
def depth_anything() -> tuple[Path, tuple[object, ...], tuple[str, ...]]:
    """(checkpoint, options of the recorder, options of parity) for the code that is on the path."""
    dpt = pytest.importorskip(
        "depth_anything_v2.dpt", reason="no checkout of Depth-Anything-V2 on the path"
    )
    metric = "max_depth" in inspect.signature(dpt.DepthAnythingV2.__init__).parameters
    if metric:
        settings = [
            "backbone.num_attention_heads=2",
            "depth_estimation_type=metric",
            "max_depth=20",
        ]
        folder = "depth-anything-v2-metric"
        options: tuple[object, ...] = ("--heads", 2, "--max-depth", 20)
    else:
        settings = ["backbone.num_attention_heads=3", "depth_estimation_type=relative"]
        folder, options = "depth-anything-v2", ("--heads", 3)
    sets = [word for setting in settings for word in ("--set", setting)]
    return CHECKPOINTS / folder / "original", options, (*LAYERS, *sets)


def test_dinov2_agrees_with_what_it_computed_elsewhere(
    dinov2: tuple[Path, str, int], record: Record, command: str, tmp_path: Path
) -> None:
    folder, name, heads = dinov2
    known = FIXTURES / f"positions/original-{name}_28x70.safetensors"
    path = tmp_path / "golden.safetensors"
    options = ("--family", "dinov2", "--inputs", known, "--heads", heads, "-o", path)
    assert record("--model", folder, *options) == (0, [])
    expected, found = load_file(known), load_file(path)
    for key in (key for key in expected if key.startswith("f64.")):
        assert (found[key] - expected[key]).abs().max() < 1e-12 * expected[key].abs().max(), key
    status, report = parity(command, folder, path, "--set", f"num_attention_heads={heads}")
    assert status == 0, report


def test_dinov2_of_an_unpublished_size_needs_its_heads(
    dinov2: tuple[Path, str, int], record: Record, tmp_path: Path
) -> None:
    options = ("--family", "dinov2", "--image", PICTURES[0], "-o", tmp_path / "golden.safetensors")
    status, lines = record("--model", dinov2[0], *options)
    assert status == 64
    assert "expected --heads" in lines[0]


def test_depth_anything_passes_parity_and_shows_a_weight_that_is_off(
    depth_anything: tuple[Path, tuple[object, ...], tuple[str, ...]],
    record: Record,
    command: str,
    tmp_path: Path,
) -> None:
    folder, options, settings = depth_anything
    path = tmp_path / "golden.safetensors"
    options = ("--family", "depth-anything-v2", *options, "-o", path)
    size = "42x42" if "metric" in str(folder) else "56x56"
    known = FIXTURES / f"goldens/{folder.parent.name}_{size}.safetensors"
    assert record("--model", folder, "--inputs", known, *options) == (0, [])
    status, report = parity(command, folder, path, *settings)
    assert status == 0, report
    off = changed(folder, tmp_path / "off", "depth_head.scratch.layer3_rn.weight")
    status, report = parity(command, off, path, *settings)
    assert (status, report["first_failure"]) == (1, "neck.2")


def test_depth_anything_makes_its_own_pixels(
    depth_anything: tuple[Path, tuple[object, ...], tuple[str, ...]], record: Record, tmp_path: Path
) -> None:
    importlib.import_module("cv2")
    folder, options, _ = depth_anything
    path = tmp_path / "golden.safetensors"
    options = ("--family", "depth-anything-v2", *options, "--float32-only", "-o", path)
    stages = ("--stages", "backbone.embeddings")
    done = record("--model", folder, "--image", PICTURES[0], *options, *stages)
    assert done == (0, [])
    assert min(load_file(path)["in.pixel_values"].shape[2:]) == 518
