"""The bytes of pictures, from wherever they lie."""

from __future__ import annotations

from typing import Any

from depthvla.observations._extras import require
from depthvla.ray.pictures import Place, Source


class PictureReader:
    """Reads pictures one after the other. Neighbours in a Parquet file cost one read together."""

    def __init__(self, source: Source) -> None:
        """Opens nothing yet."""
        self._source = source
        self._group: tuple[str, int] | None = None
        self._cells: Any = None

    def read(self, place: Place) -> bytes:
        """The bytes of a picture's file.

        Raises:
            OSError: as the system says.
            ValueError: there are none, or not as many as there should be.
        """
        if self._source.format == "parquet":
            return self._cell(place)
        size = place.second
        with open(self._source.absolute(place.file), "rb") as file:
            file.seek(place.first)
            data = file.read() if self._source.format == "folder" else file.read(size)
        if len(data) != size:
            raise ValueError(f"expected {size} bytes as when the source was listed")
        return data

    def _cell(self, place: Place) -> bytes:
        if self._group != (place.file, place.first):
            arrow, parquet = (
                require("pyarrow", extra="ray"),
                require("pyarrow.parquet", extra="ray"),
            )
            column = self._source.picture_column
            try:
                with parquet.ParquetFile(self._source.absolute(place.file)) as file:
                    self._cells = file.read_row_group(place.first, [column]).column(0)
            except arrow.ArrowException as error:
                raise ValueError(str(error).splitlines()[0]) from None
            self._group = (place.file, place.first)
        cell = self._cells[place.second].as_py()
        if isinstance(cell, dict):
            cell = cell.get("bytes")
        if not isinstance(cell, bytes):
            raise ValueError(f"expected the bytes of a file, found {type(cell).__name__}")
        return cell
