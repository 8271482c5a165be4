"""The inputs of pi0 in a golden, whichever library computes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from depthvla.record import inputs
from depthvla.record.model import Tensors
from depthvla.record.request import Request

#: ``pixel_values`` [B, C, 3, side, side], ``input_ids`` [B, T] of the text alone, ``state`` [B,
#: state_dim], ``noise`` [B, H, action_dim].
REQUIRED = ("pixel_values", "input_ids", "state", "noise")
#: ``camera_mask`` [B, C] and ``text_mask`` [B, T]: 1 where there is a picture, and a token.
#: For the loss, ``target_actions`` as the noise, and ``loss_t``, one number from 0 to 1.
OPTIONAL = ("camera_mask", "text_mask", "target_actions", "loss_t")


def targets(request: Request, shape: tuple[int, int]) -> Tensors:
    """What the loss is measured against; nothing without --actions."""
    if request.actions is None:
        return {}
    return {
        "target_actions": inputs.chunk(request.actions, shape),
        "loss_t": torch.tensor(request.loss_time, dtype=torch.float32),
    }


def drop_half_targets(given: Tensors) -> Tensors:
    """The inputs, without a target that has no time or a time that has no target."""
    both = ("target_actions", "loss_t")
    if not all(name in given for name in both):
        for name in both:
            given.pop(name, None)
    return given


def camera_mask(given: Tensors) -> torch.Tensor:
    """Which cameras have a picture, [B, C] of booleans."""
    batch, cameras = given["pixel_values"].shape[:2]
    return given.get("camera_mask", torch.ones(batch, cameras)).bool()


def text_mask(given: Tensors) -> torch.Tensor:
    """Which tokens of the text are no padding, [B, T] of booleans."""
    return given.get("text_mask", torch.ones_like(given["input_ids"])).bool()


def vlm_valid(given: Tensors, patches: int) -> torch.Tensor:
    """Which tokens of the vlm stream stand for something, [B, C * patches + T] of booleans."""
    pictures = camera_mask(given).repeat_interleave(patches, 1)
    return torch.cat([pictures, text_mask(given)], 1)


def valid_rows(patches: int) -> Callable[[str, Tensors], torch.Tensor | None]:
    """The rows of padding in the stages of the vlm stream."""

    def rows(stage: str, given: Tensors) -> torch.Tensor | None:
        in_stream = stage.startswith("vlm.") and stage != "vlm.valid"
        return vlm_valid(given, patches) if in_stream else None

    return rows
