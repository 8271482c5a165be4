"""What tensors are made of: NumPy, torch or jax."""

from __future__ import annotations

import importlib
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .dtypes import numpy_dtype, torch_dtype
from .errors import Error, MissingExtra
from .memory import Memory
from .tensors import TensorInfo

if TYPE_CHECKING:
    from .weights import Weights

__all__ = ["Framework", "framework_named"]

Progress = Callable[[int, int], object]


class Framework(ABC):
    """Makes tensors over memory."""

    @abstractmethod
    def tensor(self, memory: Memory, info: TensorInfo) -> Any:
        """A tensor over the memory, which it keeps."""

    @abstractmethod
    def check(self, tensors: tuple[TensorInfo, ...]) -> None:
        """Refuses types that the framework has not, before anything is read."""

    def load(self, weights: Weights, threads: int, progress: Progress | None) -> dict[str, Any]:
        """All tensors, each in memory of its own or in that of the tensor it is tied to."""
        self.check(weights.tensors)
        memories: list[Memory | None] = []
        for index in range(len(weights.tensors)):
            is_tied = weights._place(index).tied_to != index
            memories.append(None if is_tied else weights._memory(index))
        addresses = [None if memory is None else memory.address for memory in memories]
        weights._fill(addresses, threads, progress)
        result: dict[str, Any] = {}
        for index, (info, memory) in enumerate(zip(weights.tensors, memories, strict=True)):
            if memory is None:
                result[info.name] = result[weights.tensors[weights._place(index).tied_to].name]
            else:
                result[info.name] = self.tensor(memory, info)
        return result


class NumPy(Framework):
    """Arrays."""

    def check(self, tensors: tuple[TensorInfo, ...]) -> None:
        """Refuses BF16 without ml_dtypes."""
        for info in tensors:
            if numpy_dtype(info.dtype) is None:
                raise Error(
                    "python.extra",
                    69,
                    f"tensor {info.name!r}: NumPy has no {info.dtype} without ml_dtypes; install "
                    "it with: pip install 'depthvla[ml-dtypes]', or ask for dtype='float32'",
                    tensor=info.name,
                )

    def tensor(self, memory: Memory, info: TensorInfo) -> Any:
        """An array."""
        dtype = numpy_dtype(info.dtype)
        assert dtype is not None, "checked before"
        return memory.array(dtype, info.shape)


class Jax(NumPy):
    """Arrays of jax."""

    def __init__(self, device: Any) -> None:
        try:
            self._jax = importlib.import_module("jax")
        except ImportError:
            raise MissingExtra("jax", "jax") from None
        self._device = device
        if isinstance(device, str):
            name, _, index = device.partition(":")
            try:
                self._device = self._jax.devices(name)[int(index or 0)]
            except (RuntimeError, IndexError, ValueError):
                raise Error("argument.range", 64, f"device: jax finds no {device}") from None

    def check(self, tensors: tuple[TensorInfo, ...]) -> None:
        """Refuses types that jax would narrow silently."""
        super().check(tensors)
        for info in tensors:
            if info.dtype in ("F64", "I64", "U64") and not self._jax.config.jax_enable_x64:
                raise Error(
                    "tensor.dtype",
                    65,
                    f"tensor {info.name!r}: jax narrows {info.dtype} unless jax_enable_x64 is set",
                    tensor=info.name,
                )

    def tensor(self, memory: Memory, info: TensorInfo) -> Any:
        """An array on the device; on the CPU it may lie in the memory itself."""
        return self._jax.device_put(super().tensor(memory, info), self._device)


class Torch(Framework):
    """Tensors of torch on the CPU."""

    def __init__(self) -> None:
        try:
            self._torch = importlib.import_module("torch")
        except ImportError:
            raise MissingExtra("torch", "torch") from None

    def check(self, tensors: tuple[TensorInfo, ...]) -> None:
        """Refuses types that torch has not."""
        for dtype in {info.dtype for info in tensors}:
            torch_dtype(dtype)

    def tensor(self, memory: Memory, info: TensorInfo) -> Any:
        """A tensor over the memory."""
        dtype = torch_dtype(info.dtype)
        if info.nbytes == 0:
            return self._torch.empty(info.shape, dtype=dtype)
        with warnings.catch_warnings():
            # torch has no read-only tensors: one over a mapped file must not be written to.
            warnings.filterwarnings("ignore", "The given (NumPy array|buffer) is not writable")
            return self._torch.frombuffer(memory.bytes, dtype=dtype).reshape(info.shape)


def framework_named(name: str, device: Any) -> Framework:
    """The framework of that name.

    Raises:
        Error: ``argument.range`` for another name, or a device that it has not.
        MissingExtra: It is not installed.
    """
    if name == "numpy":
        if str(device) != "cpu":
            raise Error("argument.range", 64, f"device: NumPy has cpu alone, found {device}")
        return NumPy()
    if name == "jax":
        return Jax(device)
    if name != "torch":
        raise Error("argument.range", 64, f"framework: expected torch, numpy or jax, found {name}")
    torch = Torch()
    if str(device) == "cpu":
        return torch
    from .staging import StagedTorch

    return StagedTorch(device)
