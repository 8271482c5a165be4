"""Forward hooks that see the stages of a run as they are computed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from depthvla.errors import Error
from depthvla.record.model import Tap

#: Receives the name and the value of a stage, at the moment it is computed: code that goes on in
#: place would change what is kept for later.
Sink = Callable[[str, torch.Tensor], None]


class Capture:
    """The stages of one run.

    Args:
        taps: Where stages are seen.
        wanted: Whether a stage is kept.
        sink: What receives those that are.
    """

    def __init__(self, taps: Sequence[Tap], wanted: Callable[[str], bool], sink: Sink) -> None:
        """Picks the taps of stages that are kept."""
        self._taps = [tap for tap in taps if wanted(tap.stage.replace("{i}", "0"))]
        self._sink = sink
        self._calls: dict[str, int] = {}
        self._parts: dict[str, list[torch.Tensor]] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, every call of the modules is seen.

        Raises:
            Error: ``record.stage`` after a run in which a module was not called, or called again.
        """
        handles = []
        try:
            for tap in self._taps:
                handles.append(self._attach(tap))
            yield
        finally:
            for handle in handles:
                handle.remove()
        for stage, parts in self._parts.items():
            self._sink(stage, torch.cat(parts))
        for tap in self._taps:
            if tap.stage not in self._calls:
                raise Error("record.stage", 65, "no call of its module was seen", tensor=tap.stage)

    def _attach(self, tap: Tap) -> Any:
        if tap.before:
            return tap.module.register_forward_pre_hook(
                lambda _module, args, kwargs: self._see(tap, args, kwargs, None), with_kwargs=True
            )
        return tap.module.register_forward_hook(
            lambda _module, args, kwargs, output: self._see(tap, args, kwargs, output),
            with_kwargs=True,
        )

    def _see(self, tap: Tap, args: Sequence[Any], kwargs: Mapping[str, Any], output: Any) -> None:
        call = self._calls.get(tap.stage, 0)
        self._calls[tap.stage] = call + 1
        if tap.calls == "first" and call > 0:
            return
        if tap.calls == "once" and call > 0:
            raise Error("record.stage", 65, "its module was called twice", tensor=tap.stage)
        value = tap.value(args, kwargs, output) if tap.value else _first(output)
        if value is None:
            raise Error("record.stage", 65, "its module shows no tensor", tensor=tap.stage)
        if tap.calls == "joined":
            self._parts.setdefault(tap.stage, []).append(value.detach().clone())
        else:
            self._sink(tap.stage.replace("{i}", str(call)), value.detach())


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output


def hidden_states(
    args: Sequence[Any], kwargs: Mapping[str, Any], _output: Any
) -> torch.Tensor | None:
    """What a layer of a transformer is called with."""
    value = args[0] if args else kwargs.get("hidden_states")
    return value if isinstance(value, torch.Tensor) else None
