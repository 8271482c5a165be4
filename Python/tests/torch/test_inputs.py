"""Wrong inputs raise `depthvla.errors.Error`, which names the tensor; nothing is broadcast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from depthvla.errors import Error
from depthvla.torch import DepthVLA, Observation, Targets

from .support import Bundles, Golden, Goldens, of_maximum


@pytest.fixture(scope="module")
def model(bundle: Bundles, golden: Goldens) -> DepthVLA:
    return golden("depthvla_batch2_missing").model(bundle("plain"), torch.float32)


@pytest.fixture
def case(golden: Goldens) -> Golden:
    return golden("depthvla_batch2_missing")


def nan(x: Tensor) -> Tensor:
    x = x.clone()
    x.view(-1)[3] = float("nan")
    return x


Change = Callable[[Tensor], "Tensor | None"]

OBSERVATIONS: dict[str, tuple[str, Change, str]] = {
    "a picture of another size": ("pixel_values", lambda x: x[..., :28], "[B, C, 3, 42, 42]"),
    "pictures without a camera axis": ("pixel_values", lambda x: x[:, 0], "[B, C, 3, 42, 42]"),
    "no camera at all": ("pixel_values", lambda x: x[:, :0], "found [2, 0, 3, 42, 42]"),
    "channels last": ("pixel_values", lambda x: x.movedim(2, -1), "found [2, 2, 42, 42, 3]"),
    "pictures as bytes": ("pixel_values", lambda x: x.to(torch.uint8), "found torch.uint8"),
    "a picture with NaN": ("pixel_values", nan, "expected finite values"),
    "a picture with infinity": ("pixel_values", lambda x: x / 0, "expected finite values"),
    "a state for one sample only": ("state", lambda x: x[:1], "expected [2, 11], found [1, 11]"),
    "a state that is one number short": ("state", lambda x: x[:, :10], "expected [2, 11]"),
    "a state of whole numbers": ("state", lambda x: x.long(), "found torch.int64"),
    "a state beyond float32": ("state", lambda x: x.double() * 1e300, "expected finite values"),
    "a state with NaN": ("state", nan, "expected finite values"),
    "text for one sample only": ("input_ids", lambda x: x[:1], "expected [2, T], found [1, 7]"),
    "text without a token": ("input_ids", lambda x: x[:, :0], "expected [2, T], found [2, 0]"),
    "text as numbers": ("input_ids", lambda x: x.float(), "expected whole numbers"),
    "an id behind the vocabulary": ("input_ids", lambda x: x + 139, "expected ids from 0 to 138"),
    "a negative id": ("input_ids", lambda x: x - 139, "expected ids from 0 to 138"),
    "a text mask that would be broadcast": ("text_mask", lambda x: x[:1], "expected [2, 7]"),
    "a text mask of twos": ("text_mask", lambda x: x * 2, "expected 0 and 1 only"),
    "a text mask of numbers": ("text_mask", lambda x: x.float(), "expected 0 and 1, found"),
    "a camera mask of one camera": ("camera_mask", lambda x: x[:, :1], "expected [2, 2]"),
    "depth pictures of fewer cameras": (
        "depth_pixel_values",
        lambda x: x[:, :1],
        "expected [2, 2, 3, h, w], found [2, 1, 3, 14, 28]",
    ),
    "depth pictures off the patches": (
        "depth_pixel_values",
        lambda x: x[..., :27],
        "multiples of 14",
    ),
    "depth pictures without a row": (
        "depth_pixel_values",
        lambda x: x[..., :0, :],
        "expected [2, 2, 3, h, w]",
    ),
    "no depth pictures": ("depth_pixel_values", lambda x: None, "found none"),
    "depth pictures with NaN": ("depth_pixel_values", nan, "expected finite values"),
    "a state on another device": ("state", lambda x: x.to("meta"), "expected it on cpu"),
}

TARGETS: dict[str, tuple[str, str, Change, str]] = {
    "noise for one sample only": ("noise", "noise", lambda x: x[:1], "expected [2, H, 7]"),
    "noise of fewer numbers": ("noise", "noise", lambda x: x[..., :6], "expected [2, H, 7]"),
    "noise without an action": ("noise", "noise", lambda x: x[:, :0], "expected [2, H, 7]"),
    "noise with NaN": ("noise", "noise", nan, "expected finite values"),
    "noise of whole numbers": ("noise", "noise", lambda x: x.long(), "found torch.int64"),
    "one action for all": (
        "actions",
        "target_actions",
        lambda x: x[:, :1],
        "expected [2, 8, 7] as noise, found [2, 1, 7]",
    ),
    "actions with NaN": ("actions", "target_actions", nan, "expected finite values"),
    "one time for all": ("time", "time", lambda x: x[:1], "expected [2], found [1]"),
    "a time as a scalar": ("time", "time", lambda x: x[0], "expected [2], found []"),
    "a time after the noise": ("time", "time", lambda x: x + 1, "expected numbers from 0 to 1"),
    "a time of NaN": ("time", "time", lambda x: x / 0 * 0, "expected finite values"),
    "depth of another size": (
        "depth",
        "target_depth",
        lambda x: x[..., :14],
        "expected [2, 2, 14, 28], found [2, 2, 14, 14]",
    ),
    "one depth for all cameras": ("depth", "target_depth", lambda x: x[:, :1], "found [2, 1,"),
    "depth with NaN": ("depth", "target_depth", nan, "expected finite values"),
}


def refused(call: Callable[[], object]) -> Error:
    with pytest.raises(Error) as caught:
        call()
    error = caught.value
    assert (error.code, error.status) == ("model.input", 65)
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_a_wrong_observation_is_refused(name: str, model: DepthVLA, case: Golden) -> None:
    field, change, words = OBSERVATIONS[name]
    changed: dict[str, Any] = {field: change(getattr(case.observation, field))}
    seen = replace(case.observation, **changed)
    for call in (
        lambda: model.sample_actions(seen, case.targets.noise),
        lambda: model(seen, case.targets),
    ):
        error = refused(call)
        assert error.tensor == field
        assert words in error.message


@pytest.mark.parametrize("name", TARGETS)
def test_wrong_targets_are_refused(name: str, model: DepthVLA, case: Golden) -> None:
    field, tensor, change, words = TARGETS[name]
    changed: dict[str, Any] = {field: change(getattr(case.targets, field))}
    targets = replace(case.targets, **changed)
    error = refused(lambda: model(case.observation, targets))
    assert error.tensor == tensor
    assert words in error.message
    if field == "noise":
        again = refused(lambda: model.sample_actions(case.observation, targets.noise))
        assert again.message == error.message


def test_a_row_with_neither_camera_nor_text_is_refused(model: DepthVLA, case: Golden) -> None:
    seen = replace(
        case.observation,
        camera_mask=torch.tensor([[1, 1], [0, 0]]),
        text_mask=torch.tensor([[1] * 7, [0] * 7]),
    )
    error = refused(lambda: model.sample_actions(seen, case.targets.noise))
    assert error.tensor == "text_mask"
    assert "nothing to act on" in error.message


def test_a_number_of_another_float_type_is_taken(model: DepthVLA, case: Golden) -> None:
    wide = replace(case.observation, state=case.observation.state.double())
    narrow = model.sample_actions(case.observation, case.targets.noise)
    # Not bit for bit: PyTorch's kernels sum in another order where memory is aligned otherwise.
    found = model.sample_actions(wide, case.targets.noise)
    assert of_maximum(found.actions, narrow.actions) < 1e-5


def test_pi0_does_not_look_at_depth_pictures(model: DepthVLA, case: Golden) -> None:
    pi0 = model.without_depth()
    seen = replace(case.observation, depth_pixel_values=None)
    expected = pi0.sample_actions(seen, case.targets.noise)
    assert expected.depth is None
    found = pi0.sample_actions(case.observation, case.targets.noise)
    assert torch.equal(found.actions, expected.actions)


def test_masks_may_be_left_out(model: DepthVLA, case: Golden) -> None:
    seen = case.observation
    all_valid = replace(
        seen,
        camera_mask=torch.ones(2, 2, dtype=torch.bool),
        text_mask=torch.ones(2, 7, dtype=torch.int32),
    )
    none = Observation(seen.pixel_values, seen.input_ids, seen.state, seen.depth_pixel_values)
    assert torch.equal(
        model.sample_actions(none, case.targets.noise).actions,
        model.sample_actions(all_valid, case.targets.noise).actions,
    )


def test_observations_and_targets_move_between_devices(case: Golden) -> None:
    seen = replace(case.observation, text_mask=None).to("meta")
    assert seen.state.device.type == "meta"
    assert seen.text_mask is None
    targets: Targets = case.targets.to("meta")
    assert targets.noise.device.type == "meta"
