"""Models of transformers made of bundles, beside the recorded outputs of the checkpoints."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from ..conftest import FIXTURES, PROJECT, MakeBundle

torch: Any = pytest.importorskip("torch")
pytest.importorskip("transformers")


def example(name: str) -> Any:
    """A script of Python/examples as a module."""
    path = PROJECT / "Python/examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def golden(name: str) -> Any:
    """A golden's tensors."""
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(FIXTURES / f"goldens/{name}.safetensors")
    return tensors


def assert_close(found: Any, expected: Any) -> None:
    """Within what float32 costs: see Fixtures/README.md."""
    limit = 5e-5 * expected.abs().max().item()
    assert found.shape == expected.shape
    assert (found.double() - expected.double()).abs().max().item() <= limit


def inputs(recorded: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a golden."""
    return {k.removeprefix("in."): v for k, v in recorded.items() if k.startswith("in.")}


def test_paligemma_computes_the_recorded_logits(make_bundle: MakeBundle) -> None:
    model = example("load_into_transformers").load(
        str(make_bundle("--paligemma", "paligemma/hf-hub"))
    )
    recorded = golden("paligemma_nopad")
    given = inputs(recorded)
    # All of the prompt is the prefix, whose tokens see each other.
    given["token_type_ids"] = torch.zeros_like(given["input_ids"])
    with torch.no_grad():
        logits = model(**given).logits
    assert_close(logits, recorded["f64.logits"])


@pytest.mark.parametrize("source", ["dinov2", "dinov2-with-registers", "dinov2-swiglu"])
def test_dinov2_computes_the_recorded_features(source: str, make_bundle: MakeBundle) -> None:
    model = example("load_into_transformers").load(str(make_bundle("--dinov2", f"{source}/hf")))
    recorded = golden(f"{source}_28x70")
    with torch.no_grad():
        found = model(recorded["in.pixel_values"]).last_hidden_state
    assert_close(found, recorded["f64.final_norm"])


@pytest.mark.parametrize("source", ["depth-anything-v2", "depth-anything-v2-metric"])
def test_depth_anything_computes_the_recorded_depth(source: str, make_bundle: MakeBundle) -> None:
    model = example("load_into_transformers").load(
        str(make_bundle("--depth-anything", f"{source}/hf"))
    )
    recorded = golden(f"{source}_28x70")
    with torch.no_grad():
        found = model(recorded["in.pixel_values"]).predicted_depth
    assert_close(found, recorded["f64.predicted_depth"])


def test_pi0_of_openpi_computes_the_recorded_actions(make_bundle: MakeBundle) -> None:
    model = example("load_into_transformers").load(str(make_bundle("--pi0", "pi0/openpi")))
    recorded = golden("pi0_2cam_missing")
    cameras = recorded["in.camera_mask"]
    patches = 9
    image_id = model.config.vlm_config.image_token_id
    images = torch.full((1, cameras.shape[1] * patches), image_id)
    with torch.no_grad():
        found = model.sample_actions(
            state=recorded["in.state"],
            input_ids=torch.cat([images, recorded["in.input_ids"]], 1),
            attention_mask=torch.cat(
                [cameras.repeat_interleave(patches, 1), recorded["in.text_mask"]], 1
            ),
            pixel_values=recorded["in.pixel_values"],
            pixel_attention_mask=cameras.bool(),
            noise=recorded["in.noise"],
        )
    # transformers keeps time in float32, which moves a chunk by up to 6e-5 of its magnitude:
    # shared reference, section 6; three times that here.
    limit = 2e-4 * recorded["f64.actions"].abs().max().item()
    assert (found.double() - recorded["f64.actions"]).abs().max().item() <= limit


def test_paligemma_is_taken_out_of_a_composite(depthvla_bundle: Path) -> None:
    model = example("load_into_transformers").load(str(depthvla_bundle), family="paligemma")
    recorded = golden("paligemma_nopad")
    given = inputs(recorded)
    given["token_type_ids"] = torch.zeros_like(given["input_ids"])
    with torch.no_grad():
        assert_close(model(**given).logits, recorded["f64.logits"])
