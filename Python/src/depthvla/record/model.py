"""A model of another library, loaded and ready to be recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from depthvla.record.request import Request

#: Tensors by the names that a golden has for them, without ``in.`` or ``f64.``.
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Tap:
    """Where in the network a stage is seen.

    Attributes:
        stage: Its name. With ``{i}`` it is seen in every call, and the number of the call takes
            that place.
        module: The module that shows it.
        value: What is kept of a call, from its positional arguments, keyword arguments and output.
            By default the output, or the first of several.
        before: Whether it is seen when the module is called, with None for the output, and not when
            it returns.
        calls: How often the module is called in a run: ``once``; ``first``, when later calls are
            other steps; ``joined``, when each call has a part of the rows of the first axis;
            ``each``, with ``{i}``.
    """

    stage: str
    module: Any
    value: Callable[[Sequence[Any], Mapping[str, Any], Any], torch.Tensor | None] | None = None
    before: bool = False
    calls: str = "once"


@dataclass
class UpstreamModel:
    """The network with float32 weights, and how it is called.

    Attributes:
        family: As ``depthvla inspect`` names it.
        library: The distribution that computes, or a name for code that is no distribution.
        network: The module whose parameters are the weights.
        taps: Where the stages are seen.
        prepare: The inputs of a golden, made from a request by the model's own processors.
        run: Runs the network on the inputs of a golden, floating types already as wide as the run,
            and returns the stages that no module shows.
        valid_rows: Which rows of a stage [B, S, width] are no padding, [B, S], from the name of the
            stage and the inputs; None where all are.
        losses: What training computes of inputs with targets; run after the stages were seen, since
            it calls the same modules.
        distributions: Further distributions whose versions are recorded.
        notes: What else the metadata shall say.
    """

    family: str
    library: str
    network: Any
    taps: list[Tap]
    prepare: Callable[[Request], Tensors]
    run: Callable[[Tensors], Tensors]
    valid_rows: Callable[[str, Tensors], torch.Tensor | None] = lambda _stage, _inputs: None
    losses: Callable[[Tensors], Tensors] | None = None
    distributions: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
