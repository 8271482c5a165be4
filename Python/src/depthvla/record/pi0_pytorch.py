"""The class PI0Pytorch, which openpi and lerobot share but for its samplers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from depthvla.record import stages
from depthvla.record.model import Tap, Tensors
from depthvla.record.pi0_inputs import camera_mask, text_mask, valid_rows, vlm_valid

#: Samples actions from images, image masks (a list with one for each camera), tokens, token mask
#: and state.
Sampler = Callable[..., torch.Tensor]


def taps(core: Any) -> list[Tap]:
    """Where the stages are seen. The vision tower is called for one camera after the other."""
    both = core.paligemma_with_expert
    return stages.pi0(both.paligemma.model, both.gemma_expert.model, core.action_out_proj, "joined")


def run(core: Any, given: Tensors, sample: Sampler) -> Tensors:
    """Samples a chunk of actions from the inputs of a golden, one observation."""
    cameras = given["pixel_values"].shape[1]
    seen = camera_mask(given)
    actions = sample(
        [given["pixel_values"][:, c] for c in range(cameras)],
        [seen[:, c] for c in range(cameras)],
        given["input_ids"],
        text_mask(given),
        given["state"],
        noise=given["noise"],
    )
    return {
        "vlm.valid": vlm_valid(given, patches(core)).to(actions.dtype),
        "actions": actions,
    }


def valid(core: Any) -> Callable[[str, Tensors], torch.Tensor | None]:
    """The rows of padding."""
    return valid_rows(patches(core))


def patches(core: Any) -> int:
    """How many tokens a picture becomes."""
    vision = core.paligemma_with_expert.paligemma.config.vision_config
    return int((vision.image_size // vision.patch_size) ** 2)
