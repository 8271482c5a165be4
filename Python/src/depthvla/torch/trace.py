"""Observing the stages of a forward pass under the names that goldens use for them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Observer = Callable[[str, Tensor, Tensor | None], None]
"""Called with a stage's name, its value, and for tokens [B, N, ...] which of them carry meaning,
bool [B, N], or None where all do."""


class Trace:
    """Reports stages to an observer, if there is one.

    The names are those of `Goldens.md`, such as `vision.layer.3.mlp` or `depth.final`, so that a
    pass can be compared with a golden and with what `depthvla parity --record` writes.
    """

    def __init__(
        self, observer: Observer | None = None, prefix: str = "", valid: Tensor | None = None
    ) -> None:
        """Makes a trace.

        Args:
            observer: Called with each stage.
            prefix: What all names begin with.
            valid: Which tokens carry meaning, bool [B, N]; None: all.
        """
        self._observer = observer
        self._prefix = prefix
        self._valid = valid

    def __bool__(self) -> bool:
        """Whether there is an observer."""
        return self._observer is not None

    def within(self, part: str, valid: Tensor | None = None) -> Trace:
        """The same trace for a part of the model, whose stages are named `part.stage`."""
        return Trace(
            self._observer, f"{self._prefix}{part}.", self._valid if valid is None else valid
        )

    def __call__(self, name: str, value: Tensor) -> None:
        """Reports a stage."""
        if self._observer is not None:
            self._observer(self._prefix + name, value, self._valid)


NO_TRACE = Trace()
