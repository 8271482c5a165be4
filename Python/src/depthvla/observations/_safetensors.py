"""Plain safetensors files: written with the same bytes for the same contents, read strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from depthvla.errors import Error
from depthvla.observations._errors import located

_NAMES: dict[np.dtype[Any], str] = {
    np.dtype("<f8"): "F64",
    np.dtype("<f4"): "F32",
    np.dtype("u1"): "U8",
}
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}
_HEADER_LIMIT = 1 << 20


@dataclass(frozen=True)
class Contents:
    """What a file holds. The arrays are views of the bytes it was read from."""

    tensors: dict[str, npt.NDArray[Any]]
    metadata: dict[str, str]
    data: memoryview
    """Everything after the header."""


def data_bytes(tensors: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The data section: wide types first, so that each tensor is aligned; then by name."""
    return b"".join(np.ascontiguousarray(tensors[name]).tobytes() for name in _order(tensors))


def serialize(tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file with F64, F32 and U8 tensors.

    The same contents give the same bytes: keys of the metadata are sorted, tensors lie as
    `data_bytes` says, and the header is filled up with spaces to a multiple of 8.
    """
    header: dict[str, Any] = {"__metadata__": {key: metadata[key] for key in sorted(metadata)}}
    end = 0
    for name in _order(tensors):
        array = tensors[name]
        start, end = end, end + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data_bytes(tensors)


def parse(contents: bytes, *, file: str) -> Contents:
    """Reads a file, with every rule of the format checked.

    Raises:
        Error: `observation.header` (65): cut off, no JSON, a name twice, a hole or an overlap in
            the data, or a type other than F64, F32 and U8.
    """

    def refuse(rule: str, tensor: str | None = None) -> Error:
        return located("observation.header", 65, rule, file=file, tensor=tensor)

    if len(contents) < 8:
        raise refuse("expected a safetensors file, found fewer than 8 bytes")
    size = int.from_bytes(contents[:8], "little")
    if size > min(_HEADER_LIMIT, len(contents) - 8):
        raise refuse(
            f"expected a header of at most {_HEADER_LIMIT} bytes within the file, found {size}"
        )
    header = strict_json(contents[8 : 8 + size], file=file, code="observation.header")
    if not isinstance(header, dict):
        raise refuse("expected a JSON object as header")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise refuse("expected strings alone in __metadata__")
    if any(_has_surrogate(text) for text in (*metadata, *metadata.values(), *header)):
        raise refuse("expected text without half of a surrogate pair")
    data = memoryview(contents)[8 + size :]
    tensors: dict[str, npt.NDArray[Any]] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise refuse("expected dtype, shape and data_offsets", name)
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise refuse(f"expected F64, F32 or U8, found {dtype!r}", name)
        if not _naturals(shape) or len(shape) > 3 or not _naturals(offsets) or len(offsets) != 2:
            raise refuse("expected at most three extents and two offsets, none negative", name)
        if 0 in shape:
            raise refuse("expected at least one element", name)
        count = 1
        for extent in shape:
            count *= extent
        start, end = offsets
        if not (start <= end <= len(data)) or end - start != count * _DTYPES[dtype].itemsize:
            raise refuse(f"expected {shape} of {dtype} at its offsets within the file", name)
        tensors[name] = np.frombuffer(data[start:end], _DTYPES[dtype]).reshape(shape)
        spans.append((start, end))
    position = 0
    for start, end in sorted(spans):
        if start != position:
            raise refuse(f"expected data without hole or overlap, found a break at byte {position}")
        position = end
    if position != len(data):
        raise refuse(f"expected {position} bytes of data, found {len(data)}")
    return Contents(tensors, metadata, data)


def strict_json(text: bytes, *, file: str, code: str) -> Any:
    """Parses UTF-8 JSON; a key twice in an object, or NaN, is refused with status 65."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, value in pairs:
            if name not in result:
                result[name] = value
                continue
            raise located(
                "observation.duplicate", 65, "expected every name once", file=file, key=name
            )
        return result

    def constant(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise located(code, 65, f"expected JSON in UTF-8: {error}", file=file) from None


def _order(tensors: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    return sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _naturals(value: object) -> bool:
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)
