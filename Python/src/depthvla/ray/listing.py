"""The list of pictures that a run works through, as a file that every node maps into memory."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from depthvla.observations._extras import require
from depthvla.observations._whole import write_whole
from depthvla.ray.pictures import Place

NAME = "pictures.arrow"


class Listing:
    """Pictures by number, in the order of their keys.

    The file is an Arrow IPC file, so that a node reads the rows of a chunk without the others.
    """

    def __init__(self, path: str) -> None:
        """Opens the file that `write` made."""
        self._arrow = require("pyarrow", extra="ray")
        with self._arrow.memory_map(path) as file:
            self._table: Any = self._arrow.ipc.open_file(file).read_all()

    def __len__(self) -> int:
        """How many pictures there are."""
        return int(self._table.num_rows)

    def places(self, start: int, stop: int) -> list[Place]:
        """The pictures from number `start` up to `stop`."""
        rows = self._table.slice(start, stop - start).to_pylist()
        return [Place(row["key"], row["file"], row["first"], row["second"]) for row in rows]

    def keys(self) -> list[str]:
        """All keys."""
        return list(self._table["key"].to_pylist())


def contents(places: list[Place]) -> bytes:
    """The bytes of the file: the same for the same pictures."""
    arrow = require("pyarrow", extra="ray")
    schema = arrow.schema(
        [
            ("key", arrow.large_string()),
            ("file", arrow.large_string()),
            ("first", arrow.int64()),
            ("second", arrow.int64()),
        ]
    )
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_file(sink, schema) as writer:
        for start in range(0, len(places), 4096):
            part = places[start : start + 4096]
            columns = [[getattr(place, name) for place in part] for name in schema.names]
            arrays = [arrow.array(c, t.type) for c, t in zip(columns, schema, strict=True)]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))
    return bytes(sink.getvalue())


def digest(places: list[Place]) -> str:
    """SHA-256 of all places, whatever the version of Arrow."""
    hasher = hashlib.sha256()
    for place in places:
        parts = (place.key, place.file, str(place.first), str(place.second))
        hasher.update("\0".join(parts).encode("utf-8", "surrogateescape") + b"\n")
    return hasher.hexdigest()


def write(places: list[Place], output: str) -> None:
    """Writes the list into the folder of the output."""
    write_whole(os.path.join(output, NAME), contents(places))
