"""Whole numbers that callers give."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from .errors import Error

__all__ = ["whole_number"]


def whole_number(value: SupportsIndex, name: str, least: int, greatest: int) -> int:
    """The number, if it is one and in range.

    Raises:
        TypeError: It is no whole number; True and False are none.
        Error: ``argument.range``.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}: expected an int, found {type(value).__name__}")
    number = operator.index(value)
    if not least <= number <= greatest:
        raise Error("argument.range", 64, f"{name}: expected {least} to {greatest}, found {number}")
    return number
