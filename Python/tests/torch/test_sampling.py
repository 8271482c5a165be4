"""Sampling: the prefix cache, steps, missing cameras, padding and batches change nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import depthvla.errors
from depthvla.torch import DepthVLA, Observation
from depthvla.torch.configuration import AttentionPattern

from .support import CASES, Bundles, Golden, Goldens, of_maximum, some


@pytest.fixture
def case(golden: Goldens) -> Golden:
    return golden("depthvla_block_2cam_pad")


@pytest.fixture
def model(case: Golden, bundle: Bundles) -> DepthVLA:
    return case.model(bundle("plain"), torch.float64)


@pytest.mark.parametrize("name", [name for name in CASES if "full" not in name])
def test_the_prefix_cache_gives_the_numbers_of_recomputation(
    name: str, bundle: Bundles, golden: Goldens
) -> None:
    case = golden(name)
    model = case.model(bundle(CASES[name]), torch.float64)
    cached = model.sample_actions(case.observation, case.targets.noise)
    again = model.sample_actions(case.observation, case.targets.noise, cached=False)
    assert of_maximum(cached.actions, again.actions) < 1e-13
    if cached.depth is not None and again.depth is not None:
        assert of_maximum(cached.depth, again.depth) < 1e-13


@pytest.mark.parametrize(
    ("cached", "mask", "passes"), [(True, "block", 1), (False, "block", 10), (True, "full", 10)]
)
def test_the_prefix_goes_through_the_layers_once(
    cached: bool, mask: AttentionPattern, passes: int, case: Golden, model: DepthVLA
) -> None:
    seen: list[int] = []

    def count(module: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append(output.shape[1])

    for expert in (model.vlm, model.depth, model.action):
        assert expert is not None
        expert.layer(0).mlp.register_forward_hook(count)
    model.sample_actions(case.observation, case.targets.noise, mask=mask, cached=cached)
    # 2 pictures of 9 patches with 7 tokens of text; 2 pictures of 6 patches; a state, 8 actions.
    assert [seen.count(length) for length in (25, 12, 9)] == [passes, passes, 10]


def test_a_prefix_that_is_one_percent_off_is_seen_by_the_actions(
    case: Golden, model: DepthVLA
) -> None:
    right = model.sample_actions(case.observation, case.targets.noise).actions
    with torch.no_grad():
        model.get_parameter("depth.layers.1.self_attn.v_proj.weight").mul_(1.01)
    assert (
        of_maximum(model.sample_actions(case.observation, case.targets.noise).actions, right) > 1e-5
    )


def test_the_first_step_of_one_is_a_step_along_the_first_velocity(
    case: Golden, model: DepthVLA
) -> None:
    # In one step from t = 1: x - v(x, 1), and v is recorded.
    noise = case.targets.noise.double()
    found = model.sample_actions(case.observation, noise, steps=1).actions
    assert of_maximum(found, noise - case.stages("f64")["velocity_t1"]) < 1e-13


def test_a_missing_camera_is_a_run_with_one_camera_fewer(case: Golden, model: DepthVLA) -> None:
    seen, noise = case.observation, case.targets.noise
    hidden = replace(seen, camera_mask=torch.tensor([[0, 1]]))
    alone = replace(
        seen,
        pixel_values=seen.pixel_values[:, 1:],
        depth_pixel_values=some(seen.depth_pixel_values)[:, 1:],
        camera_mask=None,
    )
    masked, expected = (model.sample_actions(each, noise) for each in (hidden, alone))
    assert of_maximum(masked.actions, expected.actions) < 1e-13
    assert of_maximum(some(masked.depth)[:, 1:], some(expected.depth)) < 1e-13
    assert not some(masked.depth)[:, 0].any()
    both = model.sample_actions(seen, noise)
    assert of_maximum(masked.actions, both.actions) > 1e-3


def test_padding_of_the_prompt_changes_nothing(case: Golden, model: DepthVLA) -> None:
    seen, noise = case.observation, case.targets.noise
    assert some(seen.text_mask).sum() < some(seen.text_mask).numel()
    length = int(some(seen.text_mask).sum())
    short = replace(seen, input_ids=seen.input_ids[:, :length], text_mask=None)
    padded, expected = (model.sample_actions(each, noise) for each in (seen, short))
    assert of_maximum(padded.actions, expected.actions) < 1e-13
    other = seen.input_ids.clone()
    other[:, length:] = 5
    ignored = model.sample_actions(replace(seen, input_ids=other), noise)
    assert of_maximum(ignored.actions, padded.actions) < 1e-13


def test_samples_of_a_batch_do_not_see_each_other(bundle: Bundles, golden: Goldens) -> None:
    case = golden("depthvla_batch2_missing")
    model = case.model(bundle("plain"), torch.float64)
    whole = model.sample_actions(case.observation, case.targets.noise)
    for row in range(2):
        one = Observation(
            **{name: value[row : row + 1] for name, value in vars(case.observation).items()}
        )
        alone = model.sample_actions(one, case.targets.noise[row : row + 1])
        assert of_maximum(alone.actions, whole.actions[row : row + 1]) < 1e-13


def test_a_row_without_cameras_acts_on_its_text_alone(case: Golden, model: DepthVLA) -> None:
    seen = replace(case.observation, camera_mask=torch.zeros(1, 2, dtype=torch.bool))
    sample = model.sample_actions(seen, case.targets.noise)
    # Without a single depth token, actions are those of the model without a depth expert.
    expected = model.without_depth().sample_actions(seen, case.targets.noise)
    assert of_maximum(sample.actions, expected.actions) < 1e-13
    assert not some(sample.depth).any()


def test_under_the_full_mask_depth_is_that_of_the_first_step(case: Golden, model: DepthVLA) -> None:
    seen, noise = case.observation, case.targets.noise
    one, ten = (model.sample_actions(seen, noise, steps=n, mask="full") for n in (1, 10))
    assert torch.equal(some(one.depth), some(ten.depth))
    moved = model.sample_actions(seen, noise + 1, steps=1, mask="full")
    assert of_maximum(some(moved.depth), some(one.depth)) > 1e-3
    assert torch.equal(
        some(model.sample_actions(seen, noise + 1, steps=1).depth),
        some(model.sample_actions(seen, noise, steps=1).depth),
    )


def test_noise_is_drawn_with_the_configured_horizon(case: Golden, model: DepthVLA) -> None:
    def draw(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return model.sample_actions(case.observation, generator=generator).actions

    assert draw(1).shape == (1, 8, 7)
    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_a_number_of_steps_out_of_range_is_refused(
    steps: int, case: Golden, model: DepthVLA
) -> None:
    with pytest.raises(depthvla.errors.Error) as caught:
        model.sample_actions(case.observation, case.targets.noise, steps=steps)
    assert (caught.value.code, caught.value.status) == ("argument.range", 64)


def test_another_mask_is_refused(case: Golden, model: DepthVLA) -> None:
    mask: Any = "causal"
    for call in (
        lambda: model.sample_actions(case.observation, case.targets.noise, mask=mask),
        lambda: model(case.observation, case.targets, mask=mask),
    ):
        with pytest.raises(depthvla.errors.Error) as caught:
            call()
        assert (caught.value.code, caught.value.status) == ("argument.range", 64)


def test_sampling_keeps_no_graph(case: Golden, model: DepthVLA) -> None:
    assert not model.sample_actions(case.observation, case.targets.noise).actions.requires_grad


def test_the_model_is_not_changed_by_moving_it(case: Golden, bundle: Bundles) -> None:
    model = DepthVLA.from_bundle(bundle("plain"), dtype=torch.float32)
    before = model.sample_actions(case.observation, case.targets.noise).actions
    model.to("cpu").train()
    assert torch.equal(model.sample_actions(case.observation, case.targets.noise).actions, before)
