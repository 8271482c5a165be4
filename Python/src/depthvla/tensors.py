"""What is known of tensors without reading them."""

from __future__ import annotations

from ctypes import byref
from dataclasses import dataclass

from . import _structures as c
from ._library import Handle, call
from .numbers import whole_number

__all__ = ["TensorInfo"]


@dataclass(frozen=True)
class TensorInfo:
    """A tensor, without its data.

    Attributes:
        name: Its name.
        dtype: Its type as safetensors names it: ``BF16``, ``F32``, ``I8``, …
        shape: Its extents, outermost first.
        nbytes: Bytes of its data.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int


@dataclass(frozen=True)
class Place:
    """Where the library says a tensor is.

    Attributes:
        resident: Its address in a mapped file; None where it has to be read.
        tied_to: The index of an earlier tensor that shares its memory, or its own index.
    """

    resident: int | None
    tied_to: int


def described(handle: Handle, function: str, index: int) -> tuple[TensorInfo, Place]:
    """A tensor of a bundle or of weights."""
    found = c.sized(c.Tensor)
    call(function, handle.value, index, byref(found))
    shape = tuple(found.shape[axis] for axis in range(found.rank))
    info = TensorInfo(found.name.decode(), found.dtype.decode(), shape, found.byte_count)
    return info, Place(found.resident, found.tied_to)


def thread_count(threads: int | None) -> int:
    """The number of threads as C reads it.

    Raises:
        TypeError: It is no whole number.
        Error: ``argument.range``.
    """
    return 0 if threads is None else whole_number(threads, "threads", 1, 256)
