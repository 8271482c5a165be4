"""What the model acts on, what it is trained towards, and the checks of both.

Tensors are named as goldens name them. A wrong shape, type or value is an error that names the
tensor; nothing is broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from depthvla.errors import Error

from .configuration import Configuration
from .precision import wide


@dataclass(frozen=True)
class Observation:
    """Pictures, an instruction and a state, batch first."""

    pixel_values: Tensor
    """SigLIP's pictures [B, C, 3, h, w], normalised as its processor does, one for each camera."""
    input_ids: Tensor
    """Tokens of the instruction, whole numbers [B, T]."""
    state: Tensor
    """[B, X], normalised as in training."""
    depth_pixel_values: Tensor | None = None
    """DINOv2's pictures [B, C, 3, h, w], sides in whole patches; not used by pi0."""
    camera_mask: Tensor | None = None
    """Bool [B, C]: which cameras there are; None: all. Tokens of a missing one are masked."""
    text_mask: Tensor | None = None
    """Bool [B, T]: false for padding; None: no padding."""

    def to(self, device: torch.device | str) -> Observation:
        """The same on another device."""
        return _to(self, device)


@dataclass(frozen=True)
class Targets:
    """What the losses are measured against, with the noise and the time that they are taken at."""

    actions: Tensor
    """As demonstrated, [B, H, A], normalised as in training."""
    noise: Tensor
    """[B, H, A], of a normal distribution."""
    time: Tensor
    """[B], from 0 (actions) to 1 (noise), in float64 if digits matter."""
    depth: Tensor | None = None
    """[B, C, h, w], 0 where it is unknown; None: no depth loss."""

    @classmethod
    def draw(
        cls,
        actions: Tensor,
        depth: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Targets:
        """Draws noise and times as pi0's training does.

        Times are 0.001 + 0.999 Beta(1.5, 1): more often near the noise. Source: openpi
        `models_pytorch/pi0_pytorch.py`, `sample_noise` and `sample_time`.

        Args:
            actions: As demonstrated, [B, H, A].
            depth: [B, C, h, w], 0 where it is unknown.
            generator: On the device of the actions; None: PyTorch's own.
        """
        device = actions.device
        noise = torch.randn(
            actions.shape, generator=generator, device=device, dtype=wide(actions.dtype)
        )
        uniform = torch.rand(
            actions.shape[0], generator=generator, device=device, dtype=torch.float64
        )
        # The distribution function of Beta(a, 1) is x^a.
        return cls(actions, noise, 0.001 + 0.999 * uniform ** (1 / 1.5), depth)

    def to(self, device: torch.device | str) -> Targets:
        """The same on another device."""
        return _to(self, device)


_Tensors = TypeVar("_Tensors", Observation, Targets)


def _to(tensors: _Tensors, device: torch.device | str) -> _Tensors:
    moved: dict[str, Any] = {
        field.name: t.to(device)
        for field in fields(tensors)
        if (t := getattr(tensors, field.name)) is not None
    }
    return replace(tensors, **moved)


def input_error(name: str, message: str) -> Error:
    """An error of a tensor that is given to the model, as the command words it."""
    return Error("model.input", 65, message, tensor=name)


class CheckedObservation(Observation):
    """An observation that fits the model: masks are there, and numbers are in its type."""

    camera_mask: Tensor
    text_mask: Tensor


def check_observation(
    observation: Observation, c: Configuration, like: Tensor
) -> CheckedObservation:
    """The observation with masks as flags and numbers in the type of the model.

    Args:
        observation: What the user gave.
        c: The model's sizes.
        like: A parameter, for type and device.

    Raises:
        depthvla.errors.Error: With the code `model.input`, the status 65 and the name of a tensor
            of another shape, type or device, with a number that is not finite, or with an id
            outside of the vocabulary; and where a row has neither camera nor text.
    """
    vision, size = c.vision, c.vision.image_size
    pixels = observation.pixel_values
    _check_shape("pixel_values", pixels, (None, None, vision.channels, size, size), "B, C")
    batch, cameras = pixels.shape[:2]
    state = observation.state
    _check_shape("state", state, (batch, c.action.state_dim))
    ids = observation.input_ids
    _check_ids(ids, batch, c.vocabulary)
    depth_pixels = None
    if c.depth is not None:
        depth_pixels = _check_depth_pixels(observation.depth_pixel_values, batch, cameras, c)
        depth_pixels = _numbers("depth_pixel_values", depth_pixels, like, like.dtype)
    camera_mask = _flags("camera_mask", observation.camera_mask, (batch, cameras), like)
    text_mask = _flags("text_mask", observation.text_mask, tuple(ids.shape), like)
    _check_device("input_ids", ids, like)
    if not bool((camera_mask.any(-1) | text_mask.any(-1)).all()):
        raise input_error("text_mask", "a row has no camera and no token: nothing to act on")
    return CheckedObservation(
        pixel_values=_numbers("pixel_values", pixels, like, like.dtype),
        input_ids=ids.long(),
        state=_numbers("state", state, like, like.dtype),
        depth_pixel_values=depth_pixels,
        camera_mask=camera_mask,
        text_mask=text_mask,
    )


def check_chunk(name: str, chunk: Tensor, batch: int, c: Configuration, like: Tensor) -> Tensor:
    """Actions or noise [B, H, A], finite, in float32 at least.

    Raises:
        depthvla.errors.Error: With the code `model.input`.
    """
    _check_shape(name, chunk, (batch, None, c.action.action_dim), "H")
    return _numbers(name, chunk, like, wide(like.dtype))


def check_targets(
    targets: Targets, observation: CheckedObservation, c: Configuration, like: Tensor
) -> Targets:
    """The targets in float32 at least; depth of missing cameras is unknown.

    Raises:
        depthvla.errors.Error: With the code `model.input`.
    """
    batch = observation.state.shape[0]
    actions = check_chunk("target_actions", targets.actions, batch, c, like)
    noise = check_chunk("noise", targets.noise, batch, c, like)
    if actions.shape != noise.shape:
        raise input_error(
            "target_actions",
            f"expected {_text(noise.shape)} as noise, found {_text(actions.shape)}",
        )
    _check_shape("time", targets.time, (batch,))
    time = _numbers("time", targets.time, like, torch.float64)
    if not bool(((time >= 0) & (time <= 1)).all()):
        raise input_error("time", "expected numbers from 0 to 1")
    depth, pixels = targets.depth, observation.depth_pixel_values
    if depth is None or pixels is None:
        return Targets(actions, noise, time)
    _check_shape("target_depth", depth, (*pixels.shape[:2], *pixels.shape[3:]))
    depth = _numbers("target_depth", depth, like, wide(like.dtype))
    return Targets(actions, noise, time, depth * observation.camera_mask[..., None, None])


def _check_ids(ids: Tensor, batch: int, vocabulary: int) -> None:
    if ids.is_floating_point() or ids.dtype == torch.bool or ids.is_complex():
        raise input_error("input_ids", f"expected whole numbers, found {ids.dtype}")
    _check_shape("input_ids", ids, (batch, None), "T")
    if not bool(((ids >= 0) & (ids < vocabulary)).all()):
        raise input_error("input_ids", f"expected ids from 0 to {vocabulary - 1}")


def _check_depth_pixels(
    pixels: Tensor | None, batch: int, cameras: int, c: Configuration
) -> Tensor:
    assert c.depth is not None
    encoder, name = c.depth.encoder, "depth_pixel_values"
    if pixels is None:
        raise input_error(name, f"expected this input [B, C, {encoder.channels}, h, w], found none")
    _check_shape(name, pixels, (batch, cameras, encoder.channels, None, None), "h, w")
    if pixels.shape[3] % encoder.patch or pixels.shape[4] % encoder.patch:
        raise input_error(
            name,
            f"expected sides that are multiples of {encoder.patch}, found {_text(pixels.shape)}",
        )
    return pixels


def _flags(name: str, flags: Tensor | None, shape: tuple[int, ...], like: Tensor) -> Tensor:
    if flags is None:
        return torch.ones(shape, dtype=torch.bool, device=like.device)
    if flags.is_floating_point() or flags.is_complex():
        raise input_error(name, f"expected 0 and 1, found {flags.dtype}")
    _check_shape(name, flags, shape)
    _check_device(name, flags, like)
    if not bool(((flags == 0) | (flags == 1)).all()):
        raise input_error(name, "expected 0 and 1 only")
    return flags.bool()


def _numbers(name: str, x: Tensor, like: Tensor, dtype: torch.dtype) -> Tensor:
    if not x.is_floating_point():
        raise input_error(name, f"expected floating-point values, found {x.dtype}")
    _check_device(name, x, like)
    # In the type of the model, beyond whose range a number may lie.
    x = x.to(dtype)
    if not bool(x.isfinite().all()):
        raise input_error(name, "expected finite values, found NaN or infinity")
    return x


def _check_device(name: str, x: Tensor, like: Tensor) -> None:
    if x.device != like.device:
        raise input_error(name, f"expected it on {like.device} as the model, found {x.device}")


def _check_shape(name: str, x: Tensor, shape: tuple[int | None, ...], letters: str = "") -> None:
    """None stands for any size from 1 on; `letters` names these axes in the message."""
    fits = x.dim() == len(shape) and all(
        found == size or (size is None and found > 0)
        for found, size in zip(x.shape, shape, strict=True)
    )
    if not fits:
        names = iter(letters.split(", "))
        wanted = ", ".join(next(names) if size is None else str(size) for size in shape)
        raise input_error(name, f"expected [{wanted}], found {_text(x.shape)}")


def _text(shape: torch.Size) -> str:
    return str(list(shape))
