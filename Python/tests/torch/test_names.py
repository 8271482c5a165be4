"""Parameters stand under the names of the bundle's layout, and weights go both ways."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch

import depthvla
from depthvla.torch import Configuration, DepthVLA

from .support import Bundles


def layout(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a bundle's own table, read by the format's specification."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        metadata = json.loads(file.read(length))["__metadata__"]
    return {
        item["name"]: tuple(item["shape"])
        for item in json.loads(metadata["tensors"])
        if not item["name"].startswith(("__", "unused."))
    }


@pytest.mark.parametrize("name", ["plain", "registers", "pi0", "pi0-lerobot"])
def test_the_state_dict_has_the_names_and_shapes_of_the_layout(name: str, bundle: Bundles) -> None:
    state = DepthVLA.from_bundle(bundle(name)).state_dict()
    assert {key: tuple(value.shape) for key, value in state.items()} == layout(bundle(name))


def test_the_tied_embedding_is_stored_once(bundle: Bundles) -> None:
    state = DepthVLA.from_bundle(bundle("plain")).state_dict()
    assert [name for name in state if "embed" in name and name.startswith("vlm.e")] == [
        "vlm.embed_tokens.weight"
    ]
    assert not any("lm_head" in name for name in state)


def test_an_untied_head_is_a_tensor_of_its_own(bundle: Bundles) -> None:
    with depthvla.open(bundle("plain")) as opened:
        source = json.loads(json.dumps(opened.configuration))
    source["text"]["tie_word_embeddings"] = False
    model = DepthVLA(Configuration.from_bundle("depthvla", source))
    head = model.state_dict()["vlm.lm_head.weight"]
    assert head.shape == model.vlm.embed_tokens.weight.shape


def test_a_bundle_state_dict_loads_strictly_with_nothing_missing(bundle: Bundles) -> None:
    with depthvla.open(bundle("registers")) as opened:
        model = DepthVLA(Configuration.from_bundle(opened.family, opened.configuration))
        tensors = opened.state_dict(naming="layout")
    result = model.load_state_dict(tensors, strict=True)
    assert (result.missing_keys, result.unexpected_keys) == ([], [])
    assert all(torch.equal(value, tensors[name]) for name, value in model.state_dict().items())


def test_a_missing_tensor_is_refused(bundle: Bundles) -> None:
    with depthvla.open(bundle("plain")) as opened:
        model = DepthVLA(Configuration.from_bundle(opened.family, opened.configuration))
        tensors = opened.state_dict(naming="layout")
    del tensors["depth.norm.weight"]
    with pytest.raises(RuntimeError, match=r"Missing key.*depth\.norm\.weight"):
        model.load_state_dict(tensors, strict=True)


def test_types_are_those_of_the_bundle_or_the_one_that_is_asked_for(bundle: Bundles) -> None:
    def dtypes(name: str, dtype: torch.dtype | None = None) -> set[torch.dtype]:
        parameters = DepthVLA.from_bundle(bundle(name), dtype=dtype).parameters()
        return {parameter.dtype for parameter in parameters}

    assert dtypes("plain") == {torch.float32}
    assert dtypes("bf16") == {torch.bfloat16}
    assert dtypes("plain", torch.float64) == {torch.float64}
    assert dtypes("int8", torch.bfloat16) == {torch.bfloat16}
    # INT8 becomes float32, beside norms in BF16.
    assert dtypes("int8") == {torch.float32}


def test_a_type_that_the_model_does_not_work_in_is_refused(bundle: Bundles) -> None:
    with pytest.raises(depthvla.Error) as caught:
        DepthVLA.from_bundle(bundle("plain"), dtype=torch.float16)
    assert (caught.value.code, caught.value.status) == ("argument.range", 64)


def test_a_model_without_depth_shares_its_weights(bundle: Bundles) -> None:
    model = DepthVLA.from_bundle(bundle("plain"))
    ablated = model.without_depth()
    names = ablated.state_dict().keys()
    assert names == {name for name in model.state_dict() if not name.startswith("depth.")}
    assert ablated.get_parameter("vlm.norm.weight") is model.get_parameter("vlm.norm.weight")
