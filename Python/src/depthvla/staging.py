"""Tensors on a GPU: unpacked into pinned memory, and copied while the next are unpacked."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from .dtypes import torch_dtype
from .errors import Error
from .frameworks import Progress, Torch

if TYPE_CHECKING:
    from .weights import Weights

__all__ = ["StagedTorch"]

_STAGE = 128 << 20
_ALIGNMENT = 256


class StagedTorch(Torch):
    """Tensors of torch on another device than the CPU.

    There are two stages of pinned memory, of 128 MiB or of the largest tensor. While the tensors of
    one are on their way to the device, the next are unpacked into the other.
    """

    def __init__(self, device: Any, *, stage_bytes: int = _STAGE) -> None:
        super().__init__()
        try:
            self._device = self._torch.device(device)
            self._torch.empty(0, device=self._device)
        except (RuntimeError, TypeError, AssertionError, NotImplementedError) as problem:
            reason = str(problem).splitlines()[0]
            raise Error("argument.range", 64, f"device {device}: {reason}") from None
        self._stage_bytes = stage_bytes
        self._is_cuda = self._device.type == "cuda"

    def load(self, weights: Weights, threads: int, progress: Progress | None) -> dict[str, Any]:
        """All tensors on the device."""
        self.check(weights.tensors)
        # Events and copies are of the current device.
        with self._torch.cuda.device(self._device) if self._is_cuda else nullcontext():
            result = self._load(weights, threads, progress)
        for index, info in enumerate(weights.tensors):
            first = weights._place(index).tied_to
            if first != index:
                result[info.name] = result[weights.tensors[first].name]
        # In the order of the tensors, as on the CPU.
        return {info.name: result[info.name] for info in weights.tensors}

    def _load(self, weights: Weights, threads: int, progress: Progress | None) -> dict[str, Any]:
        groups = self._groups(weights)
        stages = [
            _Stage(self, max(map(self._bytes, own))) for own in (groups[0::2], groups[1::2]) if own
        ]
        result: dict[str, Any] = {}
        total = sum(tensor.nbytes for group in groups for _, tensor, _ in group)
        before = 0
        for number, group in enumerate(groups):
            stage = stages[number % 2]
            stage.wait()
            addresses: list[int | None] = [None] * len(weights.tensors)
            for index, _, offset in group:
                addresses[index] = stage.address + offset
            done = before

            def step(bytes_done: int, _group: int, done: int = done) -> None:
                if progress is not None:
                    progress(done + bytes_done, total)

            weights._fill(addresses, threads, step)
            for _index, info, offset in group:
                source = stage.memory[offset : offset + info.nbytes]
                shaped = source.view(torch_dtype(info.dtype)).reshape(info.shape)
                result[info.name] = shaped.to(self._device, non_blocking=True, copy=True)
            stage.mark()
            before += sum(tensor.nbytes for _, tensor, _ in group)
        for stage in stages:
            stage.wait()
        return result

    def _groups(self, weights: Weights) -> list[list[tuple[int, Any, int]]]:
        """Tensors that fill a stage together, each with its index and its place there."""
        groups: list[list[tuple[int, Any, int]]] = []
        used = self._stage_bytes
        for index, info in enumerate(weights.tensors):
            if weights._place(index).tied_to != index:
                continue
            size = -(-info.nbytes // _ALIGNMENT) * _ALIGNMENT
            if used + size > self._stage_bytes:
                groups.append([])
                used = 0
            groups[-1].append((index, info, used))
            used += size
        return groups

    @staticmethod
    def _bytes(group: list[tuple[int, Any, int]]) -> int:
        _, info, offset = group[-1]
        return int(offset + info.nbytes)


class _Stage:
    """Pinned memory whose copies may still be under way."""

    def __init__(self, framework: StagedTorch, nbytes: int) -> None:
        self._cuda = framework._torch.cuda if framework._is_cuda else None
        self._event: Any = None
        self.memory = framework._torch.empty(
            nbytes, dtype=framework._torch.uint8, pin_memory=framework._is_cuda
        )
        self.address = int(self.memory.data_ptr())

    def mark(self) -> None:
        """Remembers the copies that were started."""
        if self._cuda is not None:
            self._event = self._cuda.Event()
            self._event.record()

    def wait(self) -> None:
        """Returns when the memory may be written to again."""
        if self._event is not None:
            self._event.synchronize()
            self._event = None
