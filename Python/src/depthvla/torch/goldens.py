"""Goldens of a model in PyTorch: its stages on some inputs, for `depthvla parity`.

After training, a golden that is recorded here and passes against the converted bundle shows that
the robot computes what was trained.
"""

from __future__ import annotations

import os
from dataclasses import replace

import torch
from safetensors.torch import save_file
from torch import Tensor

from depthvla.errors import Error

from .configuration import AttentionPattern
from .losses import scale_invariant_loss
from .model import DepthVLA
from .observation import Observation, Targets
from .trace import Trace


@torch.no_grad()
def record_stages(
    model: DepthVLA,
    observation: Observation,
    targets: Targets,
    *,
    mask: AttentionPattern | None = None,
) -> dict[str, Tensor]:
    """Every stage of sampling from the targets' noise, and the losses.

    Args:
        model: The model; stages are in its type.
        observation: What is seen.
        targets: What was demonstrated. The flow loss is taken at their noise and times, the depth
            loss at the depth map that sampling gives.
        mask: Which tokens attend to which; None: as the model's configuration says.

    Returns:
        By the names of `Goldens.md`; rows of padding are zeros.
    """
    stages: dict[str, Tensor] = {}

    def observe(name: str, value: Tensor, valid: Tensor | None) -> None:
        if valid is not None:
            value = value.where(valid[..., None], torch.zeros_like(value))
        stages[name] = value

    sample = model.sample_actions(observation, targets.noise, mask=mask, trace=Trace(observe))
    flow = model(observation, replace(targets, depth=None), mask=mask).flow
    stages["loss.flow"] = flow
    c, log_depth = model.configuration.depth, sample.log_depth
    if c is None or log_depth is None or targets.depth is None:
        return stages
    known = targets.depth.to(log_depth.dtype) * sample.camera_mask[..., None, None]
    pooled = scale_invariant_loss(log_depth, known, c.loss_lambda)
    stages["loss.si"] = pooled
    stages["loss.si_per_camera"] = torch.stack(
        [
            scale_invariant_loss(log_depth[:, camera], known[:, camera], c.loss_lambda)
            for camera in range(known.shape[1])
            if bool((known[:, camera] > 0).any())
        ]
    )
    stages["loss.total"] = flow + c.loss_weight * pooled
    return stages


def save_golden(
    path: str | os.PathLike[str],
    model: DepthVLA,
    observation: Observation,
    targets: Targets,
    *,
    mask: AttentionPattern | None = None,
) -> None:
    """Writes a golden that `depthvla parity BUNDLE --golden PATH` takes.

    Args:
        path: The file; one that exists is replaced.
        model: In float64, which is best to compare with, or in float32.
        observation: What is seen.
        targets: What was demonstrated; all times are the same.
        mask: Which tokens attend to which; None: as the model's configuration says.

    Raises:
        depthvla.errors.Error: With the code `golden.type` for a model in another type, and
            `golden.time` for times that differ, which the format has no place for.
    """
    kinds = {torch.float64: "f64", torch.float32: "f32"}
    kind = kinds.get(next(model.parameters()).dtype)
    if kind is None:
        raise Error("golden.type", 65, "expected a model in float64 or float32")
    if bool((targets.time != targets.time[0]).any()):
        raise Error("golden.time", 65, "expected one time for all samples", tensor="time")
    inputs = {
        "pixel_values": observation.pixel_values,
        "input_ids": observation.input_ids.long(),
        "state": observation.state,
        "depth_pixel_values": observation.depth_pixel_values if model.depth is not None else None,
        "camera_mask": _flags(observation.camera_mask, observation.pixel_values.shape[:2]),
        "text_mask": _flags(observation.text_mask, observation.input_ids.shape),
        "noise": targets.noise,
        "target_actions": targets.actions,
        "loss_t": targets.time[0],
        "target_depth": targets.depth if model.depth is not None else None,
    }
    stages = record_stages(model, observation, targets, mask=mask)
    tensors = {f"in.{name}": t for name, t in inputs.items() if t is not None}
    tensors |= {f"{kind}.{name}": t for name, t in stages.items()}
    metadata = {
        "family": model.configuration.family,
        "mask": mask or model.configuration.pattern,
        "depth": "true" if model.depth is not None else "false",
        "tool": f"depthvla.torch, torch {torch.__version__}",
    }
    # Copies, as some stages are one tensor, which safetensors refuses to write twice.
    save_file({name: t.cpu().contiguous().clone() for name, t in tensors.items()}, path, metadata)


def _flags(flags: Tensor | None, shape: torch.Size) -> Tensor:
    return torch.ones(shape, dtype=torch.int64) if flags is None else flags.long()
