"""The class PI0Pytorch, which openpi and lerobot share but for its samplers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from depthvla.record import stages
from depthvla.record.model import Tap, Tensors
from depthvla.record.pi0_inputs import camera_mask, text_mask, valid_rows, vlm_valid

#: Samples actions, or computes losses, of images, image masks, tokens, token mask and state.
Sampler = Callable[..., torch.Tensor]


def taps(core: Any) -> list[Tap]:
    """Where the stages are seen. The vision tower is called for one camera after the other."""
    both = core.paligemma_with_expert
    return stages.pi0(both.paligemma.model, both.gemma_expert.model, core.action_out_proj, "joined")


def run(core: Any, given: Tensors, sample: Sampler) -> Tensors:
    """Samples a chunk of actions from the inputs of a golden, one observation."""
    actions = sample(*_observation(given), noise=given["noise"])
    return {
        "vlm.valid": vlm_valid(given, patches(core)).to(actions.dtype),
        "actions": actions,
    }


def losses(given: Tensors, train: Sampler) -> Tensors:
    """The mean of the loss of each element that training computes, at the time of the inputs."""
    time = given["loss_t"].expand(len(given["state"]))
    loss = train(
        *_observation(given), actions=given["target_actions"], noise=given["noise"], time=time
    )
    return {"loss.flow": loss.mean()}


def _observation(given: Tensors) -> tuple[Any, ...]:
    """Images and image masks, lists with one for each camera; tokens, their mask, and the state."""
    cameras = range(given["pixel_values"].shape[1])
    seen = camera_mask(given)
    return (
        [given["pixel_values"][:, c] for c in cameras],
        [seen[:, c] for c in cameras],
        given["input_ids"],
        text_mask(given),
        given["state"],
    )


def valid(core: Any) -> Callable[[str, Tensors], torch.Tensor | None]:
    """The rows of padding."""
    return valid_rows(patches(core))


def patches(core: Any) -> int:
    """How many tokens a picture becomes."""
    vision = core.paligemma_with_expert.paligemma.config.vision_config
    return int((vision.image_size // vision.patch_size) ** 2)
