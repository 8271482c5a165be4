"""Memory that tensors are unpacked into, made once and owned by the arrays over it."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
from typing import Any

import numpy as np

__all__ = ["Memory"]

_HUGE_PAGE = 2 << 20


class Memory:
    """Bytes at an address that stays.

    Large ones are pages of their own from the system, huge ones where it has them: filling fresh
    memory is then two to three times faster.
    """

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        if nbytes < _HUGE_PAGE:
            # Aligned for every type, and for vector instructions of the frameworks.
            raw = np.empty(nbytes + 64, np.uint8)
            start = -raw.ctypes.data % 64
            self._bytes = raw[start : start + nbytes]
            self.address = self._bytes.ctypes.data
            return
        pages = mmap.mmap(-1, nbytes + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            # Refused where the kernel has none, which costs speed alone.
            with contextlib.suppress(OSError):
                pages.madvise(mmap.MADV_HUGEPAGE)
        whole = np.frombuffer(pages, np.uint8)
        start = -whole.ctypes.data % _HUGE_PAGE
        self._bytes = whole[start : start + nbytes]
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
