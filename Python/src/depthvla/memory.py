"""Memory that tensors are unpacked into, made once and owned by the arrays over it."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np

__all__ = ["Memory"]

# Less comes from NumPy, whose small arrays share pages.
_OWN_PAGES = 1 << 20
_ALIGNMENT = 64


class Memory:
    """Bytes at an address that stays, aligned for every type and for vector instructions.

    Large ones are pages of their own. Huge pages are not asked for, as NumPy's large arrays do: on
    a virtual machine whose free memory is given back to its host they took two to four times as
    long to fill (Benchmarks/README.md).
    """

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        if nbytes < _OWN_PAGES:
            raw = np.empty(nbytes + _ALIGNMENT, np.uint8)
            start = -raw.ctypes.data % _ALIGNMENT
            self._bytes = raw[start : start + nbytes]
        else:
            pages = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            self._bytes = np.frombuffer(pages, np.uint8)
        self.address = self._bytes.ctypes.data

    @classmethod
    def at(cls, address: int, nbytes: int, *, keeping: object) -> Memory:
        """Bytes that another object owns, to be read only.

        Args:
            address: Where they are.
            nbytes: How many.
            keeping: What must live as long as they are used.
        """
        made = cls.__new__(cls)
        made.nbytes = nbytes
        made.address = address
        view = (ctypes.c_uint8 * nbytes).from_address(address)
        # The array keeps the view, and the view its owner.
        view._keeping = keeping  # type: ignore[attr-defined]
        made._bytes = np.ctypeslib.as_array(view)
        made._bytes.flags.writeable = False
        return made

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """The bytes as an array, which keeps them."""
        return self._bytes.view(dtype).reshape(shape)

    @property
    def bytes(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The bytes themselves."""
        return self._bytes
