"""DepthVLA: a VLM, a depth expert and an action expert that share attention.

Source: paper arXiv 2510.13375; Black et al., arXiv 2410.24164 (pi0, which is the same without the
depth expert). Where the paper is silent, the decisions are those of the Swift runtime, which the
tests compare stage by stage.
"""

from __future__ import annotations

import os
from dataclasses import replace

import torch
from torch import Tensor, nn

import depthvla
from depthvla.errors import Error

from .configuration import ATTENTION_PATTERNS, AttentionPattern, Configuration
from .denoiser import Denoiser, Prefix
from .experts import ActionExpert, DepthExpert, Expert, VisionLanguageExpert
from .losses import Losses, flow_matching_loss, noisy_actions, scale_invariant_loss
from .observation import (
    CheckedObservation,
    Observation,
    Targets,
    check_chunk,
    check_observation,
    check_targets,
)
from .precision import wide, widened
from .sampling import Sample, integrate, without_missing
from .trace import NO_TRACE, Trace

STEP_LIMIT = 1000
"""Most steps, as in the Swift runtime."""

_DTYPES = (torch.float64, torch.float32, torch.bfloat16)


class DepthVLA(nn.Module):
    """The model of the paper, or pi0 where the configuration has no depth expert.

    `state_dict()` has exactly the names of the bundle's layout, the tied embedding once as
    `vlm.embed_tokens.weight`. Calling the model gives the losses of a batch; `sample_actions` gives
    actions and depth maps. There is no dropout, so `train()` and `eval()` compute the same.

    Works in float64, float32 and BF16, and under `torch.autocast`: norms, rotary embedding,
    softmax, losses and the integration are computed in float32 at least.

    No gradient reaches `depth.encoder.embeddings.mask_token`, an untied `vlm.lm_head`, the VLM's
    final norm, and whatever of its last layer gives its output alone (everything but key and value
    projections and their norm); of the depth expert the same without a depth target. With
    DistributedDataParallel pass `find_unused_parameters=True`.

    Attributes:
        configuration: The sizes.
        vlm: PaliGemma.
        depth: The depth expert; None for pi0.
        action: The action expert.
        recompute: Whether training keeps no activations inside a shared layer and computes them
            again in the backward pass (gradient checkpointing). Off by default.
    """

    def __init__(self, configuration: Configuration) -> None:
        """Makes a model with PyTorch's initial weights.

        Where the configuration says that the depth expert is frozen, its parameters, with those of
        its encoder, require no gradient.
        """
        super().__init__()
        c = configuration
        self.configuration = c
        self.recompute = False
        self.vlm = VisionLanguageExpert(c)
        self.depth = DepthExpert(c.depth) if c.depth is not None else None
        self.action = ActionExpert(c.action)
        if self.depth is not None and c.depth is not None and c.depth.frozen:
            self.depth.requires_grad_(False)

    @classmethod
    def from_bundle(
        cls,
        path: str | os.PathLike[str],
        *,
        device: str | torch.device = "cpu",
        dtype: torch.dtype | None = None,
        trust: depthvla.Trust | None = None,
    ) -> DepthVLA:
        """Loads a bundle of family depthvla or pi0, every byte checked.

        Args:
            path: The bundle.
            device: Where the parameters go.
            dtype: The type of all parameters, `torch.float64`, `torch.float32` or
                `torch.bfloat16`; None: that of the bundle's tensors where they have one of these
                in common, and float32 otherwise. INT8 is dequantized.
            trust: Whose signature is demanded; None: none.

        Raises:
            depthvla.errors.Error: What opening and reading the bundle raise, and those of
                `Configuration.from_bundle`; with the code `argument.range` for another type.
        """
        if dtype is not None and dtype not in _DTYPES:
            raise Error(
                "argument.range", 64, f"dtype: expected float64, float32 or bfloat16, found {dtype}"
            )
        with depthvla.open(path, trust=trust) as bundle:
            configuration = Configuration.from_bundle(bundle.family, bundle.configuration)
            tensors = bundle.state_dict("layout", device=device)
        if dtype is None:
            found = {tensor.dtype for tensor in tensors.values()}
            dtype = found.pop() if len(found) == 1 and found < set(_DTYPES) else torch.float32
        for name in tensors:
            # One by one, so that the memory of those that were converted is free for the next.
            tensors[name] = tensors[name].to(dtype)
        with torch.device("meta"):
            model = cls(configuration)
        model.load_state_dict(tensors, strict=True, assign=True)
        return model

    def without_depth(self) -> DepthVLA:
        """The same weights, not copies, without the depth expert: pi0."""
        with torch.device("meta"):
            result = DepthVLA(replace(self.configuration, depth=None))
        result.vlm, result.action, result.recompute = self.vlm, self.action, self.recompute
        return result

    def forward(
        self, observation: Observation, targets: Targets, *, mask: AttentionPattern | None = None
    ) -> Losses:
        """The losses of a batch, in one pass over the tokens of all experts.

        Args:
            observation: What is seen, B samples.
            targets: What was demonstrated, with the noise and the times that the flow loss is
                taken at.
            mask: Which tokens attend to which; None: as the configuration says.

        Raises:
            depthvla.errors.Error: With the code `model.input`, naming the tensor that does not fit;
                with `argument.range` for another mask.
        """
        seen = check_observation(observation, self.configuration, self._parameter)
        wanted = check_targets(targets, seen, self.configuration, self._parameter)
        denoiser = self._denoiser(seen, wanted.noise, mask)
        x_t = noisy_actions(wanted.actions, wanted.noise, wanted.time)  # [B, H, A]
        velocity = denoiser.velocity(x_t, wanted.time)  # [B, H, A]
        flow = flow_matching_loss(velocity, wanted.actions, wanted.noise)
        log_depth, c = self._log_depth(denoiser, seen), self.configuration.depth
        if log_depth is None or wanted.depth is None or c is None:
            return Losses(total=flow, flow=flow, depth=None)
        depth = scale_invariant_loss(log_depth, wanted.depth, c.loss_lambda)
        return Losses(total=flow + c.loss_weight * depth, flow=flow, depth=depth)

    @torch.no_grad()
    def sample_actions(
        self,
        observation: Observation,
        noise: Tensor | None = None,
        steps: int | None = None,
        *,
        mask: AttentionPattern | None = None,
        cached: bool = True,
        generator: torch.Generator | None = None,
        trace: Trace = NO_TRACE,
    ) -> Sample:
        """Actions and depth maps for what is seen.

        Args:
            observation: What is seen, B samples.
            noise: [B, H, A], of a normal distribution; None: drawn, with the configured H.
            steps: Euler steps from noise to actions, 1 to 1000; None: as configured.
            mask: Which tokens attend to which; None: as the configuration says.
            cached: Whether keys and values of VLM and depth tokens are computed once and kept;
                otherwise again at every step, which gives the same numbers more slowly. Under the
                full mask nothing can be kept.
            generator: Draws the noise; on the model's device.
            trace: Observes stages.

        Raises:
            depthvla.errors.Error: With the code `model.input`, naming the tensor that does not fit;
                with `argument.range` for another number of steps or another mask.
        """
        c, like = self.configuration, self._parameter
        if steps is None:
            steps = c.action.steps
        if not 1 <= steps <= STEP_LIMIT:
            raise Error("argument.range", 64, f"steps: expected 1 to {STEP_LIMIT}, found {steps}")
        seen = check_observation(observation, c, like)
        batch = seen.state.shape[0]
        if noise is None:
            shape = (batch, c.action.horizon, c.action.action_dim)
            noise = torch.randn(
                shape, generator=generator, device=like.device, dtype=wide(like.dtype)
            )
        noise = check_chunk("noise", noise, batch, c, like)
        denoiser = self._denoiser(seen, noise, mask, trace)
        if cached:
            denoiser.keep_prefix(trace)
        actions = integrate(denoiser, noise, steps, trace)
        log_depth = self._log_depth(denoiser, seen)
        sample = Sample(actions, log_depth, seen.camera_mask)
        if log_depth is not None and sample.depth is not None:
            trace("log_depth", without_missing(log_depth, seen.camera_mask))
            trace("depth", sample.depth)
        return sample

    @property
    def _parameter(self) -> Tensor:
        """A parameter, whose type and device are those of all."""
        return self.action.action_in_proj.weight

    def _denoiser(
        self,
        observation: CheckedObservation,
        noise: Tensor,
        mask: AttentionPattern | None,
        trace: Trace = NO_TRACE,
    ) -> Denoiser:
        pattern = self.configuration.pattern if mask is None else mask
        if pattern not in ATTENTION_PATTERNS:
            raise Error("argument.range", 64, f"mask: expected block or full, found {pattern!r}")
        experts: dict[str, Expert] = {"vlm": self.vlm}
        if self.depth is not None:
            experts["depth"] = self.depth
        experts["action"] = self.action
        return Denoiser(
            experts,
            self._embed(observation, trace),
            horizon=noise.shape[1],
            pattern=pattern,
            recompute=self.recompute and torch.is_grad_enabled(),
        )

    def _embed(self, observation: CheckedObservation, trace: Trace) -> Prefix:
        """The tokens of an observation before the first layer.

        Stages: `vision.…`, `projector`, `vlm.embed`, `vlm.valid`; `depth.encoder.…`,
        `depth.encoder`, `depth.embed`, `depth.valid`.
        """
        cameras = observation.camera_mask.shape[1]
        present = observation.camera_mask  # [B, C]
        pictures = self.vlm.embed_pictures(observation.pixel_values, trace)  # [B, C * P, D]
        text = self.vlm.embed_text(observation.input_ids)  # [B, T, D]
        tokens = {"vlm": torch.cat([pictures, text], dim=1)}
        seen = present.repeat_interleave(pictures.shape[1] // cameras, dim=1)  # [B, C * P]
        valid = {"vlm": torch.cat([seen, observation.text_mask], dim=1)}
        if self.depth is not None and observation.depth_pixel_values is not None:
            tokens["depth"] = self.depth.embed(observation.depth_pixel_values, trace)
            per_picture = tokens["depth"].shape[1] // cameras
            valid["depth"] = present.repeat_interleave(per_picture, dim=1)
        for name, x in tokens.items():
            trace.within(name, valid[name])("embed", x)
            trace(f"{name}.valid", valid[name].to(x.dtype))
        return Prefix(tokens, valid, observation.state)

    def _log_depth(self, denoiser: Denoiser, observation: CheckedObservation) -> Tensor | None:
        """[B, C, h, w] in float32 at least."""
        final, pixels = denoiser.depth_final, observation.depth_pixel_values
        if self.depth is None or final is None or pixels is None:
            return None
        return widened(self.depth.log_depth(final, pixels.shape))
