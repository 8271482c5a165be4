"""Code that asks for float32 computes in float64, and where it does not, that is seen."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from depthvla.record.precision import in_float64, widen

X = torch.rand(5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def test_casts_factories_and_softmax_stay_wide() -> None:
    with in_float64() as watch:
        found = [
            X.float(),
            X.to(torch.float32),
            X.type(torch.bfloat16),
            torch.softmax(X, -1, dtype=torch.float32),
            nn.functional.softmax(X, dim=-1, dtype=torch.float32),
            torch.full((2,), 0.1, dtype=torch.float32),
            torch.tensor(0.1, dtype=torch.float32),
            torch.linspace(0, 1, 7, dtype=torch.float32),
            torch.zeros(3),
            torch.where(X > 0.5, 0.0, -2.5e38),
        ]
    assert watch.narrowed is None
    assert {x.dtype for x in found} == {torch.float64}
    assert found[0].equal(X)
    assert found[5][0].item() == 0.1
    assert found[7][1].item() == 1 / 6


def test_the_type_of_the_process_is_as_before() -> None:
    with in_float64():
        assert torch.zeros(1).dtype == torch.float64
    assert torch.zeros(1).dtype == torch.float32
    assert X.float().dtype == torch.float32


def test_an_operation_in_float32_is_seen() -> None:
    narrow = torch.ones(3)
    with in_float64() as watch:
        _ = X * 2
        assert watch.narrowed is None
        _ = narrow * 2
        assert watch.narrowed is not None
    assert "mul" in watch.narrowed
    assert "float32" in watch.narrowed


def test_a_detour_through_another_library_is_seen() -> None:
    with in_float64() as watch:
        _ = torch.from_numpy(X.numpy().astype("float32")).to(X.dtype)
    assert watch.narrowed is not None


class Rotary(nn.Module):
    """As Gemma's in transformers."""

    def __init__(self, theta: float, told: float) -> None:
        super().__init__()
        self.config = type("Config", (), {"rope_parameters": {"rope_theta": told}, "head_dim": 8})
        self.inv_freq: torch.Tensor
        frequencies = 1.0 / theta ** (torch.arange(0, 8, 2, dtype=torch.float32) / 8)
        self.register_buffer("inv_freq", frequencies, persistent=False)


def test_rotary_frequencies_are_derived_again() -> None:
    network = Rotary(10000.0, 10000.0)
    assert widen(network) is None
    expected = [10000.0 ** -(i / 8) for i in range(0, 8, 2)]
    assert network.inv_freq.tolist() == pytest.approx(expected, rel=1e-15)


def test_a_constant_of_another_definition_is_not_taken_for_exact() -> None:
    assert widen(Rotary(10000.0, 500.0)) == "inv_freq"


def test_an_unknown_constant_is_not_taken_for_exact() -> None:
    network = nn.Module()
    network.register_buffer("table", torch.linspace(0, 1, 7), persistent=False)
    assert widen(network) == "table"


def test_small_weights_are_widened_in_place() -> None:
    network = nn.Linear(3, 2)
    before = network.weight.detach().clone()
    assert widen(network) is None
    assert network.weight.dtype == torch.float64
    assert network.weight.equal(before.double())


def test_large_weights_are_wide_only_while_they_are_used() -> None:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(300, 400), nn.Tanh(), nn.Linear(400, 300))
    # As an embedding and the head of a language model share their matrix.
    network.append(network[0])
    layers = [layer for layer in network.children() if isinstance(layer, nn.Linear)]
    exact = [(layer.weight.detach().double(), layer.bias.detach().double()) for layer in layers]
    x = torch.rand(2, 300, dtype=torch.float64)
    expected = torch.tanh(x @ exact[0][0].T + exact[0][1]) @ exact[1][0].T + exact[1][1]
    expected = expected @ exact[0][0].T + exact[0][1]
    assert widen(network) is None
    with torch.no_grad(), in_float64() as watch:
        found = [network(x), network(x)]
    assert watch.narrowed is None
    assert found[0].equal(found[1])
    assert (found[0] - expected).abs().max() < 1e-13
    assert [layer.weight.dtype for layer in layers] == [torch.float32] * 2
    assert layers[0].weight.detach().double().equal(exact[0][0])
