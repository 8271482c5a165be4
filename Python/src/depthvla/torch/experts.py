"""The three experts: how their tokens are made, and what their heads give.

Source: paper arXiv 2510.13375; openpi `models_pytorch/pi0_pytorch.py`. Names of submodules are
those of the layout.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .configuration import (
    ActionConfiguration,
    Configuration,
    DepthConfiguration,
    GemmaConfiguration,
)
from .dinov2 import DINOv2
from .gemma import GemmaLayer, RMSNorm
from .siglip import SiglipVisionTower
from .trace import NO_TRACE, Trace


class Expert(nn.Module):
    """The layers of a Gemma decoder and its final norm."""

    def __init__(self, c: GemmaConfiguration) -> None:
        """Makes the layers."""
        super().__init__()
        self.configuration = c
        self.layers = nn.ModuleList(GemmaLayer(c) for _ in range(c.layers))
        self.norm = RMSNorm(c.width, c.epsilon)

    def layer(self, index: int) -> GemmaLayer:
        """One of the layers."""
        return cast("GemmaLayer", self.layers[index])

    def residual(self, tokens: Tensor) -> Tensor:
        """Tokens in the type of the parameters, which the sum over the layers then has.

        Autocast narrows what a linear layer gives; without this the sums would be narrow too.
        """
        return tokens.to(self.norm.weight.dtype)


class VisionLanguageExpert(Expert):
    """PaliGemma: pictures as SigLIP sees them, then text."""

    def __init__(self, c: Configuration) -> None:
        """Makes the expert with weights that are still to be loaded."""
        super().__init__(c.text)
        self.vision_tower = SiglipVisionTower(c.vision)
        self.multi_modal_projector = nn.ModuleDict(
            {"linear": nn.Linear(c.vision.width, c.text.width)}
        )
        self.embed_tokens = nn.Embedding(c.vocabulary, c.text.width)
        if not c.tied:
            # Gives the probabilities of words, of which no action and no depth is made.
            self.lm_head = nn.Linear(c.text.width, c.vocabulary, bias=False)

    def embed_pictures(self, pixels: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """Pictures [B, C, 3, h, w] -> [B, C * P, D], the cameras one behind the other.

        Stages: `vision.…`, `projector`.
        """
        batch, cameras = pixels.shape[:2]
        features = self.vision_tower(pixels.flatten(0, 1), trace.within("vision"))  # [B * C, P, D]
        projected = self.residual(self.multi_modal_projector["linear"](features))
        trace("projector", projected)
        return projected.reshape(batch, cameras * projected.shape[1], -1)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Token ids [B, T] -> [B, T, D], scaled by sqrt(D); tokens of pictures are not scaled."""
        embedded: Tensor = self.embed_tokens(ids)
        return embedded * math.sqrt(self.configuration.width)


class DepthExpert(Expert):
    """DINOv2's patches through a narrow Gemma; the head gives the log-depth of every pixel."""

    def __init__(self, c: DepthConfiguration) -> None:
        """Makes the expert with weights that are still to be loaded."""
        super().__init__(c.decoder)
        self.patch = c.encoder.patch
        self.encoder = DINOv2(c.encoder)
        self.input_proj = nn.Linear(c.encoder.width, c.decoder.width)
        self.head = nn.Linear(c.decoder.width, c.encoder.patch**2)

    def embed(self, pixels: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """Pictures [B, C, 3, h, w] -> [B, C * P, D], the cameras one behind the other.

        Class token and registers are dropped. Nothing is scaled.

        Stages: `depth.encoder.…`, `depth.encoder`.
        """
        batch, cameras = pixels.shape[:2]
        encoded = self.encoder(pixels.flatten(0, 1), trace.within("depth.encoder"))
        patches = self.encoder.patches(encoded)  # [B * C, P, width of the encoder]
        trace("depth.encoder", patches)
        projected = self.residual(self.input_proj(patches))
        return projected.reshape(batch, cameras * projected.shape[1], -1)

    def log_depth(self, final: Tensor, size: torch.Size) -> Tensor:
        """The logarithm of the depth of every pixel, in the units of the training's targets.

        Args:
            final: Tokens after the final norm, [B, C * P, D].
            size: Of the pictures that the tokens came from, [B, C, 3, h, w].

        Returns:
            [B, C, h, w].
        """
        p = self.patch
        batch, cameras, _, height, width = size
        rows, columns = height // p, width // p
        pixels: Tensor = self.head(final)  # [B, C * P, p * p], row by row inside each patch
        pixels = pixels.reshape(batch, cameras, rows, columns, p, p)
        return pixels.transpose(3, 4).reshape(batch, cameras, height, width)


class ActionExpert(Expert):
    """A token for the robot's state and one for each noisy action; the head gives velocities."""

    def __init__(self, c: ActionConfiguration) -> None:
        """Makes the expert with weights that are still to be loaded."""
        super().__init__(c.decoder)
        width = c.decoder.width
        self.min_period, self.max_period = c.min_period, c.max_period
        self.state_proj = nn.Linear(c.state_dim, width)
        self.action_in_proj = nn.Linear(c.action_dim, width)
        self.action_time_mlp_in = nn.Linear(2 * width, width)
        self.action_time_mlp_out = nn.Linear(width, width)
        self.action_out_proj = nn.Linear(width, c.action_dim)

    def embed(self, state: Tensor, noisy: Tensor, time: Tensor) -> Tensor:
        """The suffix of the sequence.

        Args:
            state: [B, X].
            noisy: Actions on their way from noise, [B, H, A].
            time: From 1 for noise to 0 for actions, float64 [B].

        Returns:
            [B, 1 + H, D].
        """
        dtype = self.action_in_proj.weight.dtype
        actions: Tensor = self.action_in_proj(noisy.to(dtype))  # [B, H, D]
        moment = time_embedding(
            time, self.configuration.width, self.min_period, self.max_period
        )  # [B, D]
        moment = moment.to(actions.dtype)[:, None].expand_as(actions)
        joined = torch.cat([actions, moment], dim=-1)  # [B, H, 2 D]
        mixed = self.action_time_mlp_out(F.silu(self.action_time_mlp_in(joined)))  # [B, H, D]
        token = self.state_proj(state)[:, None]  # [B, 1, D]
        return self.residual(torch.cat([token, mixed], dim=1))

    def velocity(self, final: Tensor) -> Tensor:
        """Tokens after the final norm [B, 1 + H, D] -> [B, H, A], the state's token dropped."""
        velocity: Tensor = self.action_out_proj(final[:, 1:])
        return velocity


def time_embedding(time: Tensor, width: int, min_period: float, max_period: float) -> Tensor:
    """Sines, then cosines, of a time at width / 2 geometrically spaced periods.

    The time is multiplied by up to 2π / min_period, 1571 for pi0, so everything is computed in
    float64: a time that was rounded to float32 moves a chunk of actions ten times as far as all
    other float32 arithmetic together.

    Source: openpi `models_pytorch/pi0_pytorch.py`, `create_sinusoidal_pos_embedding`.

    Args:
        time: Float64 [B].
        width: Numbers of the embedding, even.
        min_period: The first period.
        max_period: The last period.

    Returns:
        Float64 [B, width].
    """
    fraction = torch.linspace(0, 1, width // 2, dtype=torch.float64, device=time.device)
    periods = min_period * (max_period / min_period) ** fraction
    angles = time[:, None] * (2 * math.pi / periods)  # [B, width / 2]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
