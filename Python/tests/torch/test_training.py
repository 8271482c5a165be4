"""Gradients: where they flow, where they cannot, the frozen expert, and recomputation."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from depthvla.torch import DepthVLA

from .support import CASES, Bundles, Golden, Goldens

NO_GRADIENT = [
    "depth.encoder.embeddings.mask_token",
    "vlm.layers.2.mlp.down_proj.weight",
    "vlm.layers.2.mlp.gate_proj.weight",
    "vlm.layers.2.mlp.up_proj.weight",
    "vlm.layers.2.post_attention_layernorm.weight",
    "vlm.layers.2.self_attn.o_proj.weight",
    "vlm.layers.2.self_attn.q_proj.weight",
    "vlm.norm.weight",
]
"""What no loss depends on: the VLM's output after its last keys and values, and the mask token."""


def gradients(model: DepthVLA, case: Golden, **options: Any) -> dict[str, Tensor]:
    model.zero_grad()
    model(case.observation, case.targets, **options).total.backward()
    return {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and bool((parameter.grad != 0).any())
    }


@pytest.fixture
def case(golden: Goldens) -> Golden:
    return golden("depthvla_block_2cam_pad")


@pytest.fixture
def model(case: Golden, bundle: Bundles) -> DepthVLA:
    return case.model(bundle("plain"), torch.float64)


def test_every_parameter_that_a_loss_depends_on_gets_a_gradient(
    model: DepthVLA, case: Golden
) -> None:
    flows = gradients(model, case)
    without = sorted({name for name, _ in model.named_parameters()} - flows.keys())
    # Key biases add the same to all scores of a query: their gradient is rounding, or zero.
    biases = re.compile(r"(k_proj|attention\.key)\.bias$")
    assert [name for name in without if not biases.search(name)] == NO_GRADIENT
    largest = max(float(gradient.abs().max()) for gradient in flows.values())
    for name, gradient in flows.items():
        is_bias = biases.search(name) is not None
        assert (float(gradient.abs().max()) < 1e-14 * largest) == is_bias, name


@pytest.mark.parametrize(
    "tensor",
    [
        "vlm.embed_tokens.weight",
        "vlm.vision_tower.embeddings.position_embedding.weight",
        "depth.encoder.embeddings.position_embeddings",
        "depth.layers.1.self_attn.k_proj.weight",
        "depth.head.weight",
        "action.action_time_mlp_in.weight",
        "action.norm.weight",
    ],
)
def test_gradients_are_the_differences_of_the_loss(
    tensor: str, model: DepthVLA, case: Golden
) -> None:
    gradient = gradients(model, case)[tensor]
    place = int(gradient.abs().argmax())
    values, size = model.get_parameter(tensor).data.view(-1), 1e-5
    total = []
    for sign in (1, -1):
        values[place] += sign * size
        with torch.no_grad():
            total.append(float(model(case.observation, case.targets).total))
        values[place] -= sign * size
    expected = (total[0] - total[1]) / (2 * size)
    assert float(gradient.view(-1)[place]) == pytest.approx(expected, rel=1e-6)


def test_the_vlm_gets_no_gradient_from_depth(model: DepthVLA, case: Golden) -> None:
    losses = model(case.observation, case.targets)
    losses.depth.backward()
    got = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert got
    assert all(name.startswith("depth.") for name in got)


def test_a_frozen_depth_expert_is_left_as_it_is(bundle: Bundles, case: Golden) -> None:
    model = case.model(bundle("frozen"), torch.float32)
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters() if name.startswith("depth.")}
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(p for p in model.parameters() if p.requires_grad)
    model(case.observation, case.targets).total.backward()
    optimizer.step()
    moved = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert moved
    assert not any(name.startswith("depth.") for name in moved)


def test_without_the_flag_the_depth_expert_learns(model: DepthVLA) -> None:
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("name", ["depthvla_batch2_missing", "depthvla_full_2cam_pad"])
def test_recomputation_gives_the_same_gradients_from_less_memory(
    name: str, golden: Goldens, bundle: Bundles
) -> None:
    case = golden(name)
    model = case.model(bundle(CASES[name]), torch.float64)

    def kept_and_gradients() -> tuple[int, dict[str, Tensor]]:
        kept: list[int] = []

        def keep(tensor: Tensor) -> Tensor:
            kept.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            losses = model(case.observation, case.targets, mask=case.mask)
        model.zero_grad()
        losses.total.backward()
        flows = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        return sum(kept), flows

    plain, expected = kept_and_gradients()
    model.recompute = True
    less, found = kept_and_gradients()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in found)
    assert less < plain


def test_rows_that_see_nothing_leave_gradients_finite(model: DepthVLA, case: Golden) -> None:
    seen = replace(case.observation, camera_mask=torch.zeros(1, 2, dtype=torch.int64))
    model(seen, case.targets).total.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
