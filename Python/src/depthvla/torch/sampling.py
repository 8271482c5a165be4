"""From noise to actions: Euler's method along the velocities that the model gives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .denoiser import Denoiser
from .trace import NO_TRACE, Trace


@dataclass(frozen=True)
class Sample:
    """What the model computes from an observation."""

    actions: Tensor
    """[B, H, A], normalised as in training, in float32 at least."""
    log_depth: Tensor | None
    """The logarithm of the depth of every pixel, [B, C, h, w]; None without a depth expert. That of
    a missing camera carries no meaning. Under the full mask depth depends on the actions, and this
    is the depth of the first step."""
    camera_mask: Tensor
    """Bool [B, C]: which cameras there are."""

    @property
    def depth(self) -> Tensor | None:
        """The depth of every pixel, [B, C, h, w], in the units of training; 0 without a camera."""
        if self.log_depth is None:
            return None
        return without_missing(self.log_depth.exp(), self.camera_mask)


def without_missing(maps: Tensor, camera_mask: Tensor) -> Tensor:
    """Maps [B, C, h, w] with zeros for missing cameras, whatever was computed for them."""
    return maps.where(camera_mask[..., None, None], torch.zeros_like(maps))


def integrate(denoiser: Denoiser, noise: Tensor, steps: int, trace: Trace = NO_TRACE) -> Tensor:
    """Goes from noise at t = 1 to actions at t = 0 in exactly `steps` steps.

    x += dt * v(x, t), dt = -1 / steps. Time stays in float64: `experts.time_embedding` says why.

    Stages: those of the first velocity, `velocity_t1`, `step.k.velocity` for every step, `actions`.

    Source: openpi `models_pytorch/pi0_pytorch.py`, `sample_actions`.

    Args:
        denoiser: Gives velocities.
        noise: [B, H, A].
        steps: At least 1.
        trace: Observes stages.

    Returns:
        [B, H, A].
    """
    x, time, interval = noise, 1.0, -1.0 / steps
    for step in range(steps):
        times = torch.full((x.shape[0],), time, dtype=torch.float64, device=x.device)
        velocity = denoiser.velocity(x, times, trace if step == 0 else NO_TRACE)
        if step == 0:
            trace("velocity_t1", velocity)
        trace(f"step.{step}.velocity", velocity)
        x = x + interval * velocity.to(x.dtype)
        time += interval
    trace("actions", x)
    return x
