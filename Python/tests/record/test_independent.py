"""The float64 stages agree with those that other code computed of the same weights and inputs.

Fixtures/goldens: DINOv2, Depth Anything and PaliGemma by another version of transformers, made to
compute in float64 in another way; pi0 by a plain PyTorch model written from the definition.
Fixtures/positions: timm.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .support import Record
from .tiny_models import FIXTURES

CASES = [
    ("paligemma", "paligemma/hf-hub", "goldens/paligemma_pad"),
    ("paligemma", "paligemma/hf-hub-bf16", "goldens/paligemma_bf16_nopad"),
    ("dinov2", "dinov2/hf", "goldens/dinov2_28x70"),
    ("dinov2", "dinov2-with-registers/hf", "goldens/dinov2-with-registers_28x70"),
    ("dinov2", "dinov2-swiglu/hf", "goldens/dinov2-swiglu_28x70"),
    ("dinov2", "dinov2-swiglu/timm", "positions/timm-dinov2-swiglu_28x70"),
    ("dinov2", "dinov2-with-registers/timm", "positions/timm-dinov2-with-registers_28x70"),
    ("depth-anything-v2", "depth-anything-v2/hf", "goldens/depth-anything-v2_28x70"),
    ("depth-anything-v2", "depth-anything-v2-metric/hf", "goldens/depth-anything-v2-metric_42x42"),
    ("pi0", "pi0/transformers-5.23-fresh-save", "goldens/pi0_lerobot_1cam"),
]
#: A float32 rounding anywhere shows at 1e-8 or more; the sums of two programs differ by less.
LIMIT = 1e-12


@pytest.mark.parametrize(("family", "checkpoint", "golden"), CASES)
def test_float64_is_float64_throughout(
    family: str, checkpoint: str, golden: str, record: Record, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    pytest.importorskip("timm" if checkpoint.endswith("timm") else "transformers")
    known, path = FIXTURES / f"{golden}.safetensors", tmp_path / "golden.safetensors"
    model = FIXTURES / "checkpoints" / checkpoint
    done = record("--model", model, "--family", family, "--inputs", known, "-o", path)
    assert done == (0, [])
    expected, found = load_file(known), load_file(path)
    stages = [key for key in expected if key.startswith("f64.")]
    assert stages
    for key in stages:
        worst = (found[key] - expected[key]).abs().max() / expected[key].abs().max()
        assert worst < LIMIT, key


def test_the_inputs_of_a_golden_are_kept(record: Record, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    pytest.importorskip("transformers")
    known, path = FIXTURES / "goldens/paligemma_pad.safetensors", tmp_path / "golden.safetensors"
    model = FIXTURES / "checkpoints/paligemma/hf-hub"
    options = ("--inputs", known, "--stages", "logits", "-o", path)
    assert record("--model", model, "--family", "paligemma", *options) == (0, [])
    expected, found = load_file(known), load_file(path)
    assert sorted(found) == ["f32.logits", "f64.logits", *sorted(k for k in expected if "in." in k)]
    for key in ("in.pixel_values", "in.input_ids", "in.attention_mask"):
        assert found[key].dtype == expected[key].dtype
        assert found[key].equal(expected[key])
