"""The layers of several experts with weights of their own that share attention.

Source: paper arXiv 2510.13375, section on the mixture of transformers; openpi
`models_pytorch/gemma_pytorch.py`, `PaliGemmaWithExpertModel.forward`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .attention import attend
from .experts import Expert
from .gemma import GemmaLayer, Rotary
from .precision import wide
from .trace import NO_TRACE, Trace


class TokenStream(NamedTuple):
    """The tokens of one expert before the first layer."""

    expert: Expert
    tokens: Tensor
    """[B, N, D]."""
    positions: Tensor
    """Whole numbers [B, N]."""
    valid: Tensor
    """Bool [B, N]: which tokens carry meaning."""


class KeyValues(NamedTuple):
    """The keys and values that tokens offer in one layer, [B, K, N, d] each."""

    key: Tensor
    value: Tensor


class JointResult(NamedTuple):
    """What comes out of the shared layers."""

    final: dict[str, Tensor]
    """By expert, tokens after the final norm: [B, N, D]."""
    offered: list[KeyValues]
    """By layer, the keys and values of all these tokens."""


def run_layers(
    streams: Mapping[str, TokenStream],
    mask: Tensor,
    *,
    past: list[KeyValues] | None = None,
    recompute: bool = False,
    trace: Trace = NO_TRACE,
) -> JointResult:
    """Brings the tokens of some experts through all layers and the final norms.

    In every layer the queries of each expert look at the keys and values of all of them, in the
    order of the streams, behind those of tokens that went through before.

    Stages: `S.layer.i.attention`, `S.layer.i.mlp`, `S.layer.i`, `S.final` for each expert S.

    Args:
        streams: By name, the experts that take part.
        mask: Bool [B, N, M]: which of the N tokens of all streams look at which of M; the tokens of
            `past` come first among the M.
        past: By layer, keys and values of tokens that went through before.
        recompute: Keep no activations of a layer for the backward pass, and compute them again
            there (gradient checkpointing). A pass that is observed keeps them.
        trace: Observes stages.
    """
    traces = {name: trace.within(name, stream.valid) for name, stream in streams.items()}
    experts = {name: stream.expert for name, stream in streams.items()}
    rotary = {
        name: Rotary.at(s.positions, s.expert.configuration, wide(s.tokens.dtype))
        for name, s in streams.items()
    }
    hidden = {name: stream.tokens for name, stream in streams.items()}
    offered: list[KeyValues] = []
    for index in range(next(iter(experts.values())).configuration.layers):
        layers = {name: expert.layer(index) for name, expert in experts.items()}
        within = {name: t.within(f"layer.{index}") for name, t in traces.items()}
        before = past[index] if past is not None else None
        arguments = (layers, hidden, rotary, mask, before, within)
        if recompute and not trace:
            hidden, own = checkpoint(_run_layer, *arguments, use_reentrant=False)
        else:
            hidden, own = _run_layer(*arguments)
        for name, x in hidden.items():
            traces[name](f"layer.{index}", x)
        offered.append(own)
    final = {name: expert.norm(hidden[name]) for name, expert in experts.items()}
    for name, x in final.items():
        traces[name]("final", x)
    return JointResult(final, offered)


def _run_layer(
    layers: Mapping[str, GemmaLayer],
    hidden: Mapping[str, Tensor],
    rotary: Mapping[str, Rotary],
    mask: Tensor,
    before: KeyValues | None,
    traces: Mapping[str, Trace],
) -> tuple[dict[str, Tensor], KeyValues]:
    """One layer: own projections, one attention, own output projections and MLPs."""
    projected = [layer.project(hidden[name], rotary[name]) for name, layer in layers.items()]
    query = torch.cat([part.query for part in projected], dim=2)  # [B, Q, N, d]
    own = KeyValues(
        key=torch.cat([part.key for part in projected], dim=2),  # [B, K, N, d]
        value=torch.cat([part.value for part in projected], dim=2),
    )
    key, value = own
    if before is not None:
        key = torch.cat([before.key, key], dim=2)  # [B, K, M, d]
        value = torch.cat([before.value, value], dim=2)
    mixed = attend(query, key, value, mask)  # [B, N, Q * d]
    parts = torch.split(mixed, [x.shape[1] for x in hidden.values()], dim=1)
    updated = {
        name: layer.update(hidden[name], part, traces[name])
        for (name, layer), part in zip(layers.items(), parts, strict=True)
    }
    return updated, own
