"""The losses, against arithmetic in NumPy and PyTorch's own distributions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from depthvla.torch import Targets, flow_matching_loss, scale_invariant_loss

from .support import SOURCES, Bundles, Goldens, command, of_maximum, some


def random(seed: int, *shape: int) -> NDArray[Any]:
    return np.random.default_rng(seed).normal(size=shape)


def test_the_flow_loss_is_the_mean_squared_distance_from_noise_minus_actions() -> None:
    velocity, actions, noise = (random(seed, 2, 3, 4) for seed in range(3))
    expected = ((velocity - (noise - actions)) ** 2).mean()
    found = flow_matching_loss(*map(torch.tensor, (velocity, actions, noise)))
    assert float(found) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("lambda_", [0.0, 0.5, 1.0])
def test_the_scale_invariant_loss_is_over_known_pixels_alone(lambda_: float) -> None:
    log_depth, target = random(3, 2, 2, 4, 5), random(4, 2, 2, 4, 5)
    known = target > 0
    assert 0 < known.sum() < known.size
    g = log_depth[known] - np.log(target[known])
    expected = (g**2).mean() - lambda_ * g.mean() ** 2
    found = scale_invariant_loss(torch.tensor(log_depth), torch.tensor(target), lambda_)
    assert float(found) == pytest.approx(expected, rel=1e-13)


def test_a_common_factor_costs_nothing_for_lambda_one() -> None:
    target = torch.tensor(random(5, 4, 5)).exp()
    assert float(scale_invariant_loss((3 * target).log(), target, 1.0)) == pytest.approx(
        0, abs=1e-15
    )
    assert float(scale_invariant_loss((3 * target).log(), target, 0.5)) > 0.1


def test_without_a_known_pixel_the_loss_and_its_gradient_are_zero() -> None:
    log_depth = torch.tensor(random(6, 4, 5), requires_grad=True)
    loss = scale_invariant_loss(log_depth, torch.zeros(4, 5))
    torch.autograd.backward([loss])
    assert float(loss.detach()) == 0
    assert torch.equal(some(log_depth.grad), torch.zeros(4, 5, dtype=torch.float64))


def test_unknown_pixels_get_no_gradient_whatever_is_predicted_there() -> None:
    log_depth = torch.tensor([0.5, float("inf")], requires_grad=True)
    loss = scale_invariant_loss(log_depth, torch.tensor([2.0, 0.0]))
    torch.autograd.backward([loss])
    assert loss.isfinite()
    assert some(log_depth.grad)[0] != 0
    assert some(log_depth.grad)[1] == 0


def test_losses_of_narrow_tensors_are_computed_in_float32() -> None:
    one = torch.ones(1000, dtype=torch.bfloat16)
    assert flow_matching_loss(one, one, one).dtype == torch.float32
    assert scale_invariant_loss(one, one).dtype == torch.float32


def test_a_batch_takes_each_sample_at_its_own_time(bundle: Bundles, golden: Goldens) -> None:
    case = golden("depthvla_batch2_missing")
    model = case.model(bundle("plain"), torch.float64)
    seen, targets = case.observation, case.targets
    time = torch.tensor([0.2, 0.9], dtype=torch.float64)
    both = model(seen, Targets(targets.actions, targets.noise, time)).flow
    alone = []
    for row in range(2):
        each = {name: value[row : row + 1] for name, value in vars(seen).items()}
        wanted = Targets(
            targets.actions[row : row + 1], targets.noise[row : row + 1], time[row : row + 1]
        )
        alone.append(model(type(seen)(**each), wanted).flow)
    assert of_maximum(both, torch.stack(alone).mean()) < 1e-13
    assert abs(alone[0].item() - alone[1].item()) > 1e-3


def test_the_weight_of_the_depth_loss_is_configured(
    bundle: Bundles, golden: Goldens, tmp_path: Path
) -> None:
    path = tmp_path / "weight.dvla.safetensors"
    settings = ("--set", "depth.loss_weight=0.25", "--set", "depth.loss_lambda=0.75")
    command("convert", *SOURCES["plain"], *settings, "-o", path, "--quiet")
    case = golden("depthvla_block_2cam_pad")
    losses = case.model(path, torch.float64)(case.observation, case.targets)
    log_depth, target = (case.stages("f64")["log_depth"], some(case.targets.depth).double())
    g = (log_depth - target.log())[target > 0]
    depth = g.square().mean() - 0.75 * g.mean() ** 2
    assert of_maximum(losses.depth, depth) < 1e-12
    assert of_maximum(losses.total, case.stages("f64")["loss.flow"] + 0.25 * depth) < 1e-12


@pytest.mark.parametrize("name", ["depthvla_block_2cam_pad", "depthvla_batch2_missing"])
def test_the_block_mask_gives_the_recorded_losses_in_one_pass(
    name: str, bundle: Bundles, golden: Goldens
) -> None:
    case = golden(name)
    losses = case.model(bundle("plain"), torch.float64)(case.observation, case.targets)
    recorded = case.stages("f64")
    assert of_maximum(losses.flow, recorded["loss.flow"]) < 1e-13
    assert of_maximum(losses.depth, recorded["loss.si"]) < 1e-13
    assert of_maximum(losses.total, recorded["loss.total"]) < 1e-13


def test_depth_of_a_missing_camera_is_no_target(bundle: Bundles, golden: Goldens) -> None:
    case = golden("depthvla_batch2_missing")
    model = case.model(bundle("plain"), torch.float64)
    missing = ~case.tensors["in.camera_mask"].bool()
    assert missing.any()
    depth = some(case.targets.depth).clone()
    depth[missing] = 5
    found = model(case.observation, replace(case.targets, depth=depth))
    assert of_maximum(found.depth, case.stages("f64")["loss.si"]) < 1e-13


def test_times_are_not_rounded(bundle: Bundles, golden: Goldens) -> None:
    # A tenth is not a float32: rounded, it moves the fastest sine by 1571 * 1.5e-9.
    case = golden("depthvla_block_2cam_pad")
    model = case.model(bundle("plain"), torch.float64)
    exact = torch.tensor([0.1], dtype=torch.float64)
    flows = [
        model(case.observation, replace(case.targets, time=time)).flow.item()
        for time in (exact, exact.float().double())
    ]
    assert abs(flows[0] - flows[1]) > 1e-11


def test_times_are_drawn_as_in_pi0s_training() -> None:
    count = 20_000
    targets = Targets.draw(torch.zeros(count, 1, 1), generator=torch.Generator().manual_seed(0))
    assert targets.time.dtype == torch.float64
    beta = torch.distributions.Beta(1.5, 1.0)
    torch.manual_seed(1)
    other = 0.001 + 0.999 * beta.sample((count,)).double()
    # The Kolmogorov-Smirnov distance of two samples: 0.0163 for a chance of 1 in 100.
    points = torch.cat([targets.time, other]).sort().values
    steps = [torch.searchsorted(each.sort().values, points) for each in (targets.time, other)]
    assert float((steps[0] - steps[1]).abs().max()) / count < 0.0163
    assert targets.noise.shape == (count, 1, 1)
    assert float(targets.noise.std()) == pytest.approx(1, abs=0.03)
