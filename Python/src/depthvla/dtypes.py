"""Element types by their safetensors names, in NumPy and in torch."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .errors import Error

__all__ = ["float_name", "numpy_dtype", "torch_dtype"]

_NUMPY = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
    "C64": "complex64",
}
# NumPy has them only with ml_dtypes.
_ML_DTYPES = {
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
# Where torch has another word.
_TORCH = {"F8_E8M0": "float8_e8m0fnu"}


def numpy_dtype(name: str) -> np.dtype[Any] | None:
    """The NumPy type, or None where ml_dtypes is needed for it and not installed.

    Raises:
        Error: ``tensor.dtype`` for a type that NumPy has not at all.
    """
    if name in _NUMPY:
        return np.dtype(_NUMPY[name]).newbyteorder("<")
    if name not in _ML_DTYPES:
        raise Error("tensor.dtype", 65, f"NumPy has no elements of the type {name}")
    try:
        found = getattr(importlib.import_module("ml_dtypes"), _ML_DTYPES[name])
    except (ImportError, AttributeError):
        return None
    dtype: np.dtype[Any] = np.dtype(found)
    return dtype


def torch_dtype(name: str) -> Any:
    """The torch type.

    Raises:
        Error: ``tensor.dtype`` for a type that torch has not.
    """
    torch = importlib.import_module("torch")
    found = getattr(torch, _TORCH.get(name) or _NUMPY.get(name) or _ML_DTYPES.get(name) or "", None)
    if found is None:
        raise Error("tensor.dtype", 65, f"torch has no elements of the type {name}")
    return found


_FLOATS = {
    "F32": "F32",
    "float32": "F32",
    "float": "F32",
    "BF16": "BF16",
    "bfloat16": "BF16",
    "F16": "F16",
    "float16": "F16",
    "half": "F16",
}


def float_name(dtype: Any) -> str | None:
    """The name of a type that floats are asked for in: a word, a NumPy type or a torch type.

    Raises:
        Error: ``argument.range`` for any other.
    """
    if dtype is None:
        return None
    word = str(dtype).removeprefix("torch.")
    if isinstance(dtype, type):
        # Python's own float has 64 bits.
        word = "float64" if dtype is float else dtype.__name__
    found = _FLOATS.get(word)
    if found is None:
        raise Error(
            "argument.range", 64, f"dtype: expected float32, bfloat16 or float16, found {word}"
        )
    return found
