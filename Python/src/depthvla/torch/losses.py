"""What trains the model: L = L_flow + w L_SI."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .precision import widened


class Losses(NamedTuple):
    """The losses of a batch, scalars in float32 at least."""

    total: Tensor
    """flow + loss_weight * depth, or flow where there is no depth loss."""
    flow: Tensor
    depth: Tensor | None
    """Scale-invariant; None without depth expert or target."""


def noisy_actions(actions: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """x_t = t noise + (1 - t) actions.

    Args:
        actions: [B, H, A].
        noise: [B, H, A].
        time: Float64 [B].

    Returns:
        [B, H, A] in the type of the noise.
    """
    t = time[:, None, None]
    return (t * noise + (1 - t) * actions).to(noise.dtype)


def flow_matching_loss(velocity: Tensor, actions: Tensor, noise: Tensor) -> Tensor:
    """mean((velocity - (noise - actions))²) over all elements.

    The velocity is compared with that of the straight line between actions and noise.

    Source: paper arXiv 2510.13375, L_flow; Black et al., arXiv 2410.24164, section IV.

    Args:
        velocity: [B, H, A], the model's at the noisy actions.
        actions: [B, H, A], as demonstrated.
        noise: [B, H, A].

    Returns:
        A scalar.
    """
    return (widened(velocity) - (widened(noise) - widened(actions))).square().mean()


def scale_invariant_loss(log_depth: Tensor, target: Tensor, lambda_: float = 0.5) -> Tensor:
    """mean(g²) - λ mean(g)², g = log depth - log target, over all pixels with a target.

    A common factor of all depths costs less than errors that differ from pixel to pixel, and
    nothing for λ = 1.

    Source: paper arXiv 2510.13375, L_SI; Eigen et al., arXiv 1406.2283, equation 4. The means are
    over all pixels of the batch and its cameras.

    Args:
        log_depth: Of any shape.
        target: Depth, of the same shape; 0 or less where it is unknown.
        lambda_: λ, from 0 to 1.

    Returns:
        A scalar; 0, with a gradient of zero, where no pixel has a target.
    """
    known = target > 0
    reference = widened(target)
    # Unknown pixels take no part; a target of 1 keeps their logarithm, and its gradient, finite.
    g = widened(log_depth) - reference.where(known, torch.ones_like(reference)).log()
    g = g.where(known, torch.zeros_like(g))
    count = known.sum().clamp(min=1)
    return g.square().sum() / count - lambda_ * (g.sum() / count).square()
