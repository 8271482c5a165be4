"""Stages on their way to a golden, whose header can be written only when all of them are known.

They wait in a file without a name in the folder of the golden, so that memory holds one stage at a
time, and nothing remains of it however the run ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch

from depthvla.errors import Error

_BLOCK = 1 << 22
#: As safetensors names them.
DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


@dataclass(frozen=True)
class Entry:
    """A tensor in the spool: its name in the golden, type and shape, and where its bytes are."""

    name: str
    dtype: str
    width: int
    shape: tuple[int, ...]
    start: int
    count: int


class Spool:
    """A file of tensors, in the order they come.

    Args:
        folder: Where the golden will be.

    Raises:
        Error: ``record.output`` where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        """Makes the file."""
        self.entries: list[Entry] = []
        self._end = 0
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by us
        except OSError as error:
            raise Error(
                "record.output", 73, error.strerror or str(error), file=str(folder)
            ) from error

    def __enter__(self) -> Spool:
        """The spool itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Lets go of the file."""
        self._file.close()

    def add(self, name: str, value: torch.Tensor) -> None:
        """Appends a tensor.

        Raises:
            Error: ``record.stage`` for a name that was there before.
        """
        if any(entry.name == name for entry in self.entries):
            raise Error("record.stage", 65, "was computed twice", tensor=name)
        value = value.detach().cpu().contiguous()
        data = value.reshape(-1).view(torch.uint8).numpy().data
        try:
            self._file.write(data)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Error(
                "record.output", 74, f"cannot keep a stage: {reason}", tensor=name
            ) from error
        self.entries.append(
            Entry(
                name,
                DTYPES[value.dtype],
                value.element_size(),
                tuple(value.shape),
                self._end,
                len(data),
            )
        )
        self._end += len(data)

    def discard(self, prefix: str) -> None:
        """Takes out the tensors whose names start so."""
        self.entries = [entry for entry in self.entries if not entry.name.startswith(prefix)]

    def blocks(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of a tensor, in pieces of at most 4 MiB."""
        self._file.seek(entry.start)
        left = entry.count
        while left:
            block = self._file.read(min(left, _BLOCK))
            left -= len(block)
            yield block
