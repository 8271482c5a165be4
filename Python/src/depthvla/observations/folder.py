"""A folder of observations: files that are written whole, and an index that is written last."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._safetensors import strict_json
from depthvla.observations._whole import write_whole
from depthvla.observations.files import FILE_LIMIT, observation_bytes, parse_observation, read_bytes
from depthvla.observations.noise import gaussian_noise
from depthvla.observations.observation import Observation

INDEX = "observations.json"
FORMAT = "depthvla-observations"
VERSION = 1

_INDEX_LIMIT = 64 << 20
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}\.safetensors")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """A line of the index."""

    file: str
    bytes: int
    sha256: str


class ObservationFolder(Sequence[Observation]):
    """A finished folder. Files are read, and compared with the index, when they are asked for."""

    def __init__(
        self, path: str, entries: tuple[Entry, ...], digest: str, unlisted: tuple[str, ...]
    ) -> None:
        """See `open_folder`."""
        self.path = path
        self.entries = entries
        self.digest = digest
        """SHA-256 of the index, and so of everything: what a verdict names the observations by."""
        self.unlisted = unlisted
        """Observation files in the folder that the index does not list. They take no part."""

    def __len__(self) -> int:
        """How many observations the index lists."""
        return len(self.entries)

    def __getitem__(self, index: Any) -> Any:
        """Reads an observation, or those of a slice.

        Raises:
            Error: `observation.missing` (66); `observation.digest` (65): the file is not the one
                that the index lists; and what `read_observation` raises.
        """
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        entry = self.entries[index]
        file = os.path.join(self.path, entry.file)
        contents = read_bytes(file, FILE_LIMIT)
        if len(contents) != entry.bytes or hashlib.sha256(contents).hexdigest() != entry.sha256:
            raise located(
                "observation.digest", 65, f"the file is not the one that {INDEX} lists", file=file
            )
        return parse_observation(contents, file=file)

    def __iter__(self) -> Iterator[Observation]:
        """Reads one observation after the other."""
        return (self[index] for index in range(len(self)))


def open_folder(path: str | os.PathLike[str]) -> ObservationFolder:
    """Opens a finished folder and checks its index; every file that it lists is there.

    Raises:
        Error: `observation.missing` (66): no folder, no index (it was not finished) or a file that
            is listed; `observation.format`, `observation.version`, `observation.index`,
            `observation.duplicate` (65).
    """
    name = os.fspath(path)
    file = os.path.join(name, INDEX)
    if not os.path.isdir(name):
        raise located("observation.missing", 66, "no such folder", file=name)
    if not os.path.lexists(file):
        raise located("observation.missing", 66, "no index: the folder was not finished", file=file)
    contents = read_bytes(file, _INDEX_LIMIT)
    entries = _entries(contents, file)
    for entry in entries:
        target = os.path.join(name, entry.file)
        if not os.path.isfile(target):
            raise located(
                "observation.missing", 66, f"{INDEX} lists a file that is not there", file=target
            )
    listed = {entry.file for entry in entries}
    unlisted = sorted(f for f in os.listdir(name) if f.endswith(".safetensors") and f not in listed)
    return ObservationFolder(name, entries, hashlib.sha256(contents).hexdigest(), tuple(unlisted))


def _entries(contents: bytes, file: str) -> tuple[Entry, ...]:
    def refuse(code: str, rule: str, key: str | None = None) -> Error:
        return located(f"observation.{code}", 65, rule, file=file, key=key)

    document = strict_json(contents, file=file, code="observation.index")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise refuse("format", f"expected an object with the format {FORMAT}", "format")
    if type(document.get("version")) is not int or document["version"] != VERSION:
        raise refuse("version", f"expected {VERSION}, found {document.get('version')!r}", "version")
    if set(document) != {"format", "version", "observations"}:
        raise refuse("index", "expected the keys format, version and observations alone")
    lines = document["observations"]
    if not isinstance(lines, list) or not lines:
        raise refuse("index", "expected an array of at least one observation", "observations")
    entries: dict[str, Entry] = {}
    for number, line in enumerate(lines):
        key = f"observations[{number}]"
        if not isinstance(line, dict) or set(line) != {"file", "bytes", "sha256"}:
            raise refuse("index", "expected the keys file, bytes and sha256 alone", key)
        name, size, digest = line["file"], line["bytes"], line["sha256"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise refuse(
                "index", f"expected a plain name that ends in .safetensors, found {name!r}", key
            )
        if type(size) is not int or not 0 < size <= FILE_LIMIT:
            raise refuse("index", f"expected 1 to {FILE_LIMIT} bytes, found {size!r}", key)
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise refuse(
                "index", f"expected 64 digits of lower-case hexadecimal, found {digest!r}", key
            )
        if name in entries:
            raise refuse("duplicate", f"expected every file once, found {name} again", key)
        entries[name] = Entry(name, size, digest)
    return tuple(entries.values())


class ObservationWriter:
    """Writes a folder. Use it in a `with` statement: the index is written when the block ends.

    If the block is left by an exception, the files that were written are removed again, so that a
    folder is there whole or not at all. After SIGKILL or a power cut there is no index, and readers
    refuse the folder.

    Args:
        folder: to make; it may exist if it is empty.
        noise_shape: [H, A], the horizon and the model's width of an action.
        seed: observation `i` gets the noise of seed `seed + i`, modulo 2^64.
        versions: of further programs that take part, by name, for the metadata.

    Raises:
        Error: `observation.exists` (73): the folder is not empty; `observation.create` (73);
            `observation.io` (74); `observation.empty` (65): the block ended without an observation.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        noise_shape: tuple[int, int],
        seed: int = 0,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Makes the folder."""
        self.path = os.fspath(folder)
        self.noise_shape = noise_shape
        self.seed = seed
        self._versions = {
            "python": platform.python_version(),
            "numpy": np.__version__,
            **(versions or {}),
        }
        self._entries: list[Entry] = []
        self._names: list[str] = []
        self._was_made = not os.path.isdir(self.path)
        try:
            os.makedirs(self.path, exist_ok=True)
            if os.listdir(self.path):
                raise located(
                    "observation.exists",
                    73,
                    "expected no such folder, or an empty one",
                    file=self.path,
                )
        except OSError as error:
            raise located(
                "observation.create", 73, error.strerror or str(error), file=self.path
            ) from None

    def __len__(self) -> int:
        """How many observations were added."""
        return len(self._entries)

    def noise(self) -> tuple[np.ndarray[Any, np.dtype[np.float32]], int]:
        """The noise of the next observation, float32 [H, A], and its seed."""
        seed = (self.seed + len(self)) % (1 << 64)
        return gaussian_noise(seed, self.noise_shape), seed

    def add(self, observation: Observation) -> Entry:
        """Writes an observation.

        Raises:
            Error: `observation.noise` (65): the noise has another shape than the folder's;
                `observation.size` (65); `observation.io` (74).
        """
        if observation.noise.shape != self.noise_shape:
            raise located(
                "observation.noise",
                65,
                f"expected {list(self.noise_shape)}, found {list(observation.noise.shape)}",
                key="noise",
            )
        contents = observation_bytes(observation, versions=self._versions)
        name = f"{len(self):06}.safetensors"
        if len(contents) > FILE_LIMIT:
            raise located("observation.size", 65, f"expected at most {FILE_LIMIT} bytes", file=name)
        self._write(name, contents)
        entry = Entry(name, len(contents), hashlib.sha256(contents).hexdigest())
        self._entries.append(entry)
        return entry

    def __enter__(self) -> ObservationWriter:
        """Returns the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Writes the index, or removes what was written if an exception ended the block."""
        try:
            if error is None:
                self._finish()
                return
        except BaseException:
            self._remove()
            raise
        self._remove()

    def _finish(self) -> None:
        if not self._entries:
            raise located(
                "observation.empty", 65, "expected at least one observation", file=self.path
            )
        document = {
            "format": FORMAT,
            "version": VERSION,
            "observations": [vars(e) for e in self._entries],
        }
        self._write(INDEX, (json.dumps(document, indent=1) + "\n").encode())

    def _write(self, name: str, contents: bytes) -> None:
        target = os.path.join(self.path, name)
        # Noted before it is there: an interrupt may come right after the file has got its name.
        self._names.append(name)
        try:
            write_whole(target, contents)
        except OSError as error:
            raise located("observation.io", 74, error.strerror or str(error), file=target) from None

    def _remove(self) -> None:
        for name in self._names:
            Path(self.path, name).unlink(missing_ok=True)
        if self._was_made and not os.listdir(self.path):
            os.rmdir(self.path)
