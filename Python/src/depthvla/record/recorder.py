"""The order of events: load, check, run in float32, widen, run in float64, write."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from depthvla.errors import Error
from depthvla.record import libraries
from depthvla.record.capture import Capture
from depthvla.record.metadata import describe
from depthvla.record.model import Tensors, UpstreamModel
from depthvla.record.precision import Watch, in_float64, widen
from depthvla.record.request import Request
from depthvla.record.spool import Spool
from depthvla.record.weights import stored_shapes, weight_files
from depthvla.record.writing import check_output, write

_upstream = partial(
    libraries.failures_of, doing="fails on these inputs", code="record.upstream", file=None
)


@dataclass(frozen=True)
class Recording:
    """What was written.

    Attributes:
        path: The golden.
        byte_count: Its size.
        library: What computed, with its version.
        stages: The names of the stages, in the order they were computed.
        in_float64: Those of them that are there in float64 too.
        notes: What is to be said of the recording, each a line.
    """

    path: Path
    byte_count: int
    library: str
    stages: tuple[str, ...]
    in_float64: tuple[str, ...]
    notes: tuple[str, ...]


def record(request: Request) -> Recording:
    """Records one golden.

    Memory: the weights in float32, the widest of them once more in float64, and the activations of
    one layer. Stages go to a file at once.

    Raises:
        Error: What the files of this package say; nothing is left of the output then.
    """
    files = weight_files(request.model)
    stored_shapes(files)
    check_output(request.output, request.force, _input_files(request, files))
    torch.manual_seed(0)
    with torch.no_grad():
        model = libraries.load(request)
        with _upstream(model.library):
            inputs = model.prepare(request)
        _check_inputs(inputs)
        metadata = describe(request, model)
        with Spool(request.output.parent) as spool:
            for name, value in sorted(inputs.items()):
                spool.add(f"in.{name}", value)
            first = _run(model, request, inputs, spool, "f32")
            if not first:
                raise Error(
                    "record.stage",
                    64,
                    f"no stage of {model.family} matches the pattern "
                    f"{request.stages.text if request.stages else '**'!r}",
                )
            second, notes = (
                ([], []) if request.float32_only else _exact(model, request, inputs, spool)
            )
            size = write(request.output, spool, metadata, request.force)
    return Recording(
        request.output,
        size,
        metadata["library"],
        tuple(first),
        tuple(second),
        tuple(notes),
    )


def _exact(
    model: UpstreamModel, request: Request, inputs: Tensors, spool: Spool
) -> tuple[list[str], list[str]]:
    """The float64 run.

    Returns:
        The stages that are exact, and what is to be said of the others.
    """
    constant = widen(model.network)
    if constant is not None:
        return [], [
            f"{constant} is a constant in float32 that is not known here: float32 stages alone"
        ]
    wide = {k: v.double() if v.is_floating_point() else v for k, v in inputs.items()}
    with in_float64() as watch:
        stages = _run(model, request, wide, spool, "f64", watch)
    if watch.narrowed is None:
        return stages, []
    after = f"the stages after {stages[-1]} are" if stages else "all stages are"
    return stages, [f"upstream computes {watch.narrowed}: {after} in float32 alone"]


def _run(
    model: UpstreamModel,
    request: Request,
    inputs: Tensors,
    spool: Spool,
    prefix: str,
    watch: Watch | None = None,
) -> list[str]:
    """One run. With a watch, stages are kept up to the first operation that is not in float64."""
    kept: list[str] = []
    wanted = torch.float32 if prefix == "f32" else torch.float64

    def keep(stage: str, value: torch.Tensor) -> None:
        if watch is not None and watch.narrowed is not None:
            return
        value = _without_padding(value, model.valid_rows(stage, inputs))
        _check_stage(stage, value, wanted)
        spool.add(f"{prefix}.{stage}", value)
        kept.append(stage)

    capture = Capture(model.taps, request.wants, keep)
    with _upstream(model.library), capture.watching():
        outputs = model.run(inputs)
    if model.losses is not None and "target_actions" in inputs:
        with _upstream(model.library):
            outputs |= model.losses(inputs)
    for stage, value in outputs.items():
        if request.wants(stage):
            keep(stage, value)
    return kept


def _without_padding(value: torch.Tensor, valid: torch.Tensor | None) -> torch.Tensor:
    """Rows of padding carry no meaning, and may differ between machines: zeros."""
    return value if valid is None else torch.where(valid[..., None], value, 0.0)


def _check_stage(stage: str, value: torch.Tensor, dtype: torch.dtype) -> None:
    if value.dtype != dtype:
        raise Error(
            "record.stage",
            65,
            f"is {value.dtype} in a run in {dtype}".replace("torch.", ""),
            tensor=stage,
        )
    if value.numel() == 0:
        raise Error("record.stage", 65, f"has the shape {list(value.shape)}", tensor=stage)
    if not torch.isfinite(value).all():
        raise Error("record.not-finite", 65, "holds a NaN or an infinity", tensor=stage)


def _check_inputs(inputs: Tensors) -> None:
    for name, value in inputs.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise Error("record.not-finite", 65, "holds a NaN or an infinity", tensor=f"in.{name}")


def _input_files(request: Request, files: list[Path]) -> list[Path]:
    given = (request.inputs, request.state, request.noise, request.actions)
    return [*files, *request.images, *(path for path in given if path is not None)]
