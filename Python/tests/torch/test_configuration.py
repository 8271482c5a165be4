"""A configuration that lacks a value, or holds one that cannot be, is refused with its key."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

import depthvla
from depthvla.errors import Error
from depthvla.torch import Configuration, DepthVLA

from .support import CHECKPOINTS, Bundles, Goldens, command


@pytest.fixture(scope="module")
def source(bundle: Bundles) -> dict[str, Any]:
    with depthvla.open(bundle("plain")) as opened:
        return opened.configuration


def changed(source: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    result = copy.deepcopy(dict(source))
    *parents, key = path.split(".")
    scope = result
    for parent in parents:
        scope = scope[parent]
    if value is None:
        del scope[key]
    else:
        scope[key] = value
    return result


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("vision", None, "configuration.vision: expected a value, found none"),
        ("vision", [1], "configuration.vision: expected an object"),
        ("text.head_dim", None, "configuration.text.head_dim: expected a value, found none"),
        ("text.head_dim", 6.0, "expected a whole number, 1 or more, found 6.0"),
        ("text.head_dim", True, "expected a whole number, 1 or more, found True"),
        ("text.num_hidden_layers", 0, "expected a whole number, 1 or more, found 0"),
        ("text.rope_theta", -1.0, "expected a positive number, found -1.0"),
        ("text.rms_norm_eps", float("nan"), "expected a positive number, found nan"),
        ("text.hidden_act", "relu", "expected one of gelu, gelu_python, gelu_pytorch_tanh"),
        ("encoder.use_swiglu_ffn", 1, "expected true or false, found 1"),
        ("encoder.position_rows", 25, "a square of positions, found 25 rows"),
        ("encoder.position_resampling", "nearest", "expected one of bicubic, "),
        ("encoder.num_attention_heads", 3, "3 heads do not divide a width of 22"),
        ("vision.patch_size", 13, "patches of 13 do not fill an image of 42"),
        ("depth.frozen", "yes", "expected true or false, found 'yes'"),
        ("depth.loss_weight", -0.5, "expected a number, 0 or more, found -0.5"),
        ("depth.num_hidden_layers", 2, "depth.num_hidden_layers is 2, text.num_hidden_layers is 3"),
        ("action.head_dim", 8, "action.head_dim is 8, text.head_dim is 6"),
        ("action.rope_theta", 5000.0, "experts share attention"),
        ("action.hidden_size", 27, "needs an even hidden_size, found 27"),
        ("attention_mask", "causal", "expected one of block, full, found 'causal'"),
    ],
)
def test_a_wrong_value_is_refused(
    path: str, value: object, words: str, source: dict[str, Any]
) -> None:
    with pytest.raises(Error) as caught:
        Configuration.from_bundle("depthvla", changed(source, path, value))
    assert (caught.value.code, caught.value.status) == ("model.configuration", 65)
    assert words in caught.value.message


def test_another_family_is_refused(source: dict[str, Any]) -> None:
    with pytest.raises(Error) as caught:
        Configuration.from_bundle("dinov2", source)
    assert (caught.value.code, caught.value.status) == ("model.family", 65)
    assert '"dinov2"' in caught.value.message


def test_what_the_file_says_is_what_is_read(source: dict[str, Any]) -> None:
    c = Configuration.from_bundle("depthvla", source)
    # Of Fixtures/checkpoints/depthvla/plain/config.json.
    assert (c.text.width, c.text.mlp_width, c.text.layers, c.vocabulary) == (44, 68, 3, 139)
    assert (c.text.heads, c.text.key_value_heads, c.text.head_dim) == (8, 1, 6)
    assert (c.vision.width, c.vision.image_size, c.vision.patches) == (24, 42, 9)
    assert c.depth is not None
    assert (c.depth.encoder.width, c.depth.encoder.table_side, c.depth.decoder.width) == (22, 5, 20)
    assert (c.action.state_dim, c.action.action_dim, c.action.horizon) == (11, 7, 8)
    assert (c.action.steps, c.action.min_period, c.action.max_period) == (10, 0.004, 4.0)
    assert (c.pattern, c.tied, c.family) == ("block", True, "depthvla")


def test_gemma_reads_gelu_as_its_tanh_form(source: dict[str, Any]) -> None:
    c = Configuration.from_bundle("depthvla", changed(source, "action.hidden_act", "gelu"))
    assert c.action.decoder.gelu == "tanh"
    assert c.depth is not None
    assert c.depth.encoder.gelu == "none"


def test_the_mask_of_training_is_the_mask_of_sampling(
    source: dict[str, Any], bundle: Bundles, golden: Goldens
) -> None:
    case = golden("depthvla_full_2cam_pad")
    model = case.model(bundle("plain"), torch.float32)
    model.configuration = Configuration.from_bundle(
        "depthvla", changed(source, "attention_mask", "full")
    )
    found = model.sample_actions(case.observation, case.targets.noise).actions
    expected = model.sample_actions(case.observation, case.targets.noise, mask="full").actions
    assert found.equal(expected)
    block = model.sample_actions(case.observation, case.targets.noise, mask="block").actions
    assert not found.equal(block)


def test_a_bundle_of_another_family_does_not_load(tmp_path: Path) -> None:
    path = tmp_path / "dinov2.dvla.safetensors"
    command("convert", "--dinov2", CHECKPOINTS / "dinov2/hf", "-o", path, "--quiet")
    with pytest.raises(Error) as caught:
        DepthVLA.from_bundle(path)
    assert caught.value.code == "model.family"
