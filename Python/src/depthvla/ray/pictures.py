"""Which pictures a source has, and where each of them lies."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._extras import require

SourceFormat = Literal["folder", "parquet", "webdataset"]

PICTURES = (".jpg", ".jpeg", ".png")
_ENDINGS: dict[SourceFormat, tuple[str, ...]] = {
    "folder": PICTURES,
    "parquet": (".parquet",),
    "webdataset": (".tar",),
}


@dataclass(frozen=True)
class Place:
    """Where the bytes of a picture lie.

    Attributes:
        key: The picture's name, and that of its label without the ending. Unique in a source.
        file: Relative to the source; empty if the source is a file itself.
        first: In a tar the offset of the bytes, in Parquet the row group; otherwise 0.
        second: In a tar and in a folder the number of bytes, in Parquet the row of the group.
    """

    key: str
    file: str
    first: int
    second: int


@dataclass(frozen=True)
class Source:
    """A folder, Parquet files or a webdataset, on a path that all nodes share.

    Attributes:
        path: A file or a folder.
        format: What it is.
        suffixes: In a folder and a webdataset: what names of pictures end with, in any case.
        picture_column: In Parquet: the column of the files' bytes, which may be a struct with
        `bytes`. key_column: In Parquet: the column of unique names; None for the name of the file
        and the row.
    """

    path: str
    format: SourceFormat
    suffixes: tuple[str, ...] = PICTURES
    picture_column: str = "image"
    key_column: str | None = None

    def document(self) -> dict[str, Any]:
        """Everything but the path, as JSON values: what must be the same when a run goes on."""
        values = asdict(self)
        del values["path"]
        if self.format == "parquet":
            del values["suffixes"]
        else:
            del values["picture_column"], values["key_column"]
            values["suffixes"] = list(self.suffixes)
        return values

    def places(self) -> list[Place]:
        """All pictures, by key.

        Raises:
            Error: `labels.source` (65, 66): no picture, or a file that cannot be read; `labels.key`
                (65): a key that is no name of a file, or that two pictures have.
        """
        found = {"folder": self._folder, "parquet": self._parquet, "webdataset": self._tars}
        places = sorted(found[self.format](), key=lambda place: place.key)
        if not places:
            raise self._bad("expected at least one picture")
        _check_keys(places)
        return places

    def _files(self, endings: Iterable[str]) -> Iterator[str]:
        if os.path.isfile(self.path):
            yield ""
            return
        yield from files_below(self.path, tuple(endings))

    def absolute(self, file: str) -> str:
        """The path of one of the source's files."""
        return os.path.join(self.path, file) if file else self.path

    def _folder(self) -> Iterator[Place]:
        for file in self._files(self.suffixes):
            key = file or os.path.basename(self.path)
            yield Place(key, file, 0, os.path.getsize(self.absolute(file)))

    def _tars(self) -> Iterator[Place]:
        for file in self._files((".tar",)):
            shard = file or os.path.basename(self.path)
            try:
                with tarfile.open(self.absolute(file), "r:") as archive:
                    for member in archive:
                        name = member.name.removeprefix("./")
                        if not member.isreg() or not name.lower().endswith(self.suffixes):
                            continue
                        if member.issparse():
                            raise self._bad(f"{name} is stored with holes", file)
                        yield Place(f"{shard}/{name}", file, member.offset_data, member.size)
            except (tarfile.TarError, OSError) as error:
                raise self._bad(f"no uncompressed tar: {error}", file) from None

    def _parquet(self) -> Iterator[Place]:
        arrow, parquet = require("pyarrow", extra="ray"), require("pyarrow.parquet", extra="ray")
        for file in self._files((".parquet",)):
            name = file or os.path.basename(self.path)
            try:
                with parquet.ParquetFile(self.absolute(file)) as table:
                    for column in filter(None, (self.picture_column, self.key_column)):
                        if column not in table.schema_arrow.names:
                            names = ", ".join(table.schema_arrow.names)
                            raise self._bad(f"expected the column {column}, found {names}", file)
                    row = 0
                    for group in range(table.num_row_groups):
                        rows = table.metadata.row_group(group).num_rows
                        keys = [f"{name}/{row + i:09}" for i in range(rows)]
                        if self.key_column:
                            column = table.read_row_group(group, [self.key_column]).column(0)
                            keys = [str(key) for key in column.to_pylist()]
                        yield from (Place(key, file, group, i) for i, key in enumerate(keys))
                        row += rows
            except (arrow.ArrowException, OSError) as error:
                raise self._bad(f"no Parquet file: {str(error).splitlines()[0]}", file) from None

    def _bad(self, rule: str, file: str = "") -> Error:
        return located("labels.source", 65, rule, file=self.absolute(file))


def source_at(
    path: str | os.PathLike[str],
    *,
    format: SourceFormat | None = None,
    suffixes: tuple[str, ...] = PICTURES,
    picture_column: str = "image",
    key_column: str | None = None,
) -> Source:
    """The source at a path; what it is follows from its files, unless `format` says it.

    Raises:
        Error: `labels.source` (64, 65, 66): nothing is there, or it could be two things.
    """
    name = os.path.abspath(path)
    if not os.path.exists(name):
        raise located("labels.source", 66, "no such file or folder", file=name)
    if format is None:
        found = [
            candidate
            for candidate, endings in _ENDINGS.items()
            if (name.lower().endswith(endings) if os.path.isfile(name) else _has(name, endings))
        ]
        if len(found) != 1:
            rule = f"found {' and '.join(found)}; say which" if found else "found none of them"
            expected = "expected pictures, .parquet or .tar files"
            raise located("labels.source", 64 if found else 65, f"{expected}, {rule}", file=name)
        format = found[0]
    if format not in get_args(SourceFormat):
        expected = ", ".join(get_args(SourceFormat))
        raise located("labels.source", 64, f"expected one of {expected}, found {format!r}")
    return Source(name, format, tuple(s.lower() for s in suffixes), picture_column, key_column)


def files_below(folder: str, endings: tuple[str, ...] = ("",)) -> Iterator[str]:
    """Files with these endings, in any case, relative to a folder.

    Raises:
        Error: `labels.source` (74): a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise located("labels.source", 74, error.strerror or str(error), file=str(error.filename))

    for parent, _, names in os.walk(folder, onerror=refuse):
        relative = os.path.relpath(parent, folder)
        for name in names:
            if name.lower().endswith(endings):
                yield name if relative == "." else os.path.join(relative, name)


def _has(folder: str, endings: tuple[str, ...]) -> bool:
    return next(files_below(folder, endings), None) is not None


def _check_keys(places: list[Place]) -> None:
    keys = {place.key for place in places}
    before = None
    for place in places:
        key = place.key
        parts = key.split("/")
        if key == before:
            raise located("labels.key", 65, "two pictures have this key", key=key)
        before = key
        is_text = "\0" not in key and not any("\ud800" <= c <= "\udfff" for c in key)
        if not is_text or any(part in ("", ".", "..") for part in parts):
            rule = "expected the name of a file inside a folder, in UTF-8"
            raise located("labels.key", 65, rule, key=ascii(key))
        if any(len(part.encode()) > 200 for part in parts):
            raise located("labels.key", 65, "expected names of at most 200 bytes", key=key)
        # The label of `a` is the file `a.png`, which cannot also be the folder of `a.png/b`.
        if any(_is_label("/".join(parts[:n]), keys) for n in range(1, len(parts))):
            rule = "the folder of this key has the name of another picture's label"
            raise located("labels.key", 65, rule, key=key)


def _is_label(name: str, keys: set[str]) -> bool:
    return any(name.endswith(e) and name.removesuffix(e) in keys for e in (".png", ".npy"))
