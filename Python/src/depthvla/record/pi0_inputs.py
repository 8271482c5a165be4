"""The inputs of pi0 in a golden, whichever library computes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from depthvla.record.model import Tensors

#: ``pixel_values`` [B, C, 3, side, side], ``input_ids`` [B, T] of the text alone, ``state`` [B,
#: state_dim], ``noise`` [B, H, action_dim].
REQUIRED = ("pixel_values", "input_ids", "state", "noise")
#: ``camera_mask`` [B, C] and ``text_mask`` [B, T]: 1 where there is a picture, and a token.
OPTIONAL = ("camera_mask", "text_mask")


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
