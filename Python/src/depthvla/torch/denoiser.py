"""The velocities of noisy actions under one observation, with or without the prefix cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from .attention import attention_mask, positions
from .configuration import AttentionPattern
from .experts import ActionExpert, Expert
from .joint import JointResult, KeyValues, TokenStream, run_layers
from .trace import NO_TRACE, Trace


@dataclass(frozen=True)
class Prefix:
    """The tokens of an observation before the first layer, by expert: vlm, and depth if any."""

    tokens: dict[str, Tensor]
    """[B, N, D]."""
    valid: dict[str, Tensor]
    """Bool [B, N]: which of them carry meaning."""
    state: Tensor
    """[B, X]."""


class Denoiser:
    """Velocities of noisy actions.

    Under the block mask VLM and depth tokens never see the actions, so their keys and values can be
    computed once and kept (`keep_prefix`). Under the full mask they do, so that all tokens go
    through all layers every time.
    """

    def __init__(
        self,
        experts: Mapping[str, Expert],
        prefix: Prefix,
        horizon: int,
        pattern: AttentionPattern,
        *,
        recompute: bool = False,
    ) -> None:
        """Prepares masks and positions.

        Args:
            experts: By name: vlm, depth if any, action.
            prefix: The tokens of the observation.
            horizon: Actions of a chunk, H.
            pattern: Which tokens attend to which.
            recompute: Gradient checkpointing, as `joint.run_layers` has it.
        """
        self._experts, self._prefix, self._pattern = experts, prefix, pattern
        self._recompute = recompute
        suffix = torch.ones(
            (prefix.state.shape[0], 1 + horizon), dtype=torch.bool, device=prefix.state.device
        )
        self._valid = {**prefix.valid, "action": suffix}
        self._positions = positions(self._valid)
        self._mask = attention_mask(self._valid, pattern)  # [B, N, N]
        self._kept: list[KeyValues] | None = None
        self.depth_final: Tensor | None = None
        """The depth expert's tokens after the final norm, [B, C * P, D], of the first pass."""

    def keep_prefix(self, trace: Trace = NO_TRACE) -> None:
        """Runs VLM and depth tokens through the layers, once for all steps.

        Under the full mask this does nothing.

        Stages: `vlm.layer.i…`, `vlm.final`, `depth.layer.i…`, `depth.final`.
        """
        if self._pattern == "full":
            return
        length = sum(tokens.shape[1] for tokens in self._prefix.tokens.values())
        mask = self._mask[:, :length, :length]
        self._kept = self._run(self._prefix.tokens, mask, None, trace).offered

    def velocity(self, noisy: Tensor, time: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """The velocity [B, H, A] of noisy actions.

        Stages: `action.embed`, `action.layer.i…`, `action.final`; those of the other experts too
        where the prefix is not kept.

        Args:
            noisy: [B, H, A].
            time: From 1 for noise to 0 for actions, float64 [B].
            trace: Observes stages.
        """
        action = cast("ActionExpert", self._experts["action"])
        suffix = action.embed(self._prefix.state, noisy, time)  # [B, 1 + H, D]
        trace("action.embed", suffix)
        if self._kept is None:
            tokens = {**self._prefix.tokens, "action": suffix}
            result = self._run(tokens, self._mask, None, trace)
        else:
            rows = self._mask[:, -suffix.shape[1] :]  # [B, 1 + H, N]
            result = self._run({"action": suffix}, rows, self._kept, trace)
        return action.velocity(result.final["action"])

    def _run(
        self,
        tokens: Mapping[str, Tensor],
        mask: Tensor,
        past: list[KeyValues] | None,
        trace: Trace,
    ) -> JointResult:
        streams = {
            name: TokenStream(self._experts[name], x, self._positions[name], self._valid[name])
            for name, x in tokens.items()
        }
        result = run_layers(streams, mask, past=past, recompute=self._recompute, trace=trace)
        if self.depth_final is None:
            self.depth_final = result.final.get("depth")
        return result
