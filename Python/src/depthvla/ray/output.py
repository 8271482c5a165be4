"""The folder that a run writes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from typing import Any, Literal

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._whole import write_whole
from depthvla.ray import listing
from depthvla.ray.pictures import Place, files_below

LabelKind = Literal["png16", "float"]
ENDINGS: dict[str, str] = {"png16": ".png", "float": ".npy"}

MANIFEST = "labels.json"
FAILURES = "failures.jsonl"
REPORT = "report.json"
FORMAT = "depthvla-labels"
VERSION = 1


@dataclass(frozen=True)
class Chunk:
    """What became of a chunk of pictures."""

    labels: int
    failures: list[dict[str, Any]]


class Output:
    """The paths of a run's folder, on a path that all nodes share."""

    def __init__(self, path: str, kind: str) -> None:
        """Nothing is made yet."""
        self.path = path
        self.kind = kind

    def label(self, key: str) -> str:
        """The file of a picture's label."""
        return os.path.join(self.path, "labels", key + ENDINGS[self.kind])

    def attempts(self, chunk: int) -> str:
        """The notes of a chunk that is worked on."""
        return os.path.join(self.path, "attempts", f"{chunk:06}")

    def record(self, chunk: int) -> str:
        """What became of a chunk, written when all of it is done."""
        return os.path.join(self.path, "records", f"{chunk:06}.json")

    def write(self, path: str, contents: bytes) -> None:
        """Writes a file whole or not at all.

        Raises:
            Error: `labels.write` (74).
        """
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_whole(path, contents)
        except OSError as error:
            raise located("labels.write", 74, error.strerror or str(error), file=path) from None

    def chunk(self, number: int) -> Chunk | None:
        """What became of a chunk; None if it is not done."""
        try:
            with open(self.record(number), encoding="utf-8") as file:
                document = json.load(file)
        except (FileNotFoundError, ValueError):
            return None
        return Chunk(document["labels"], document["failures"])

    def begin(self, manifest: dict[str, Any], places: list[Place]) -> bool:
        """Makes the folder, or goes on with that of a run with the same manifest.

        Returns:
            Whether there was one.

        Raises:
            Error: `labels.create` (73); `labels.exists` (73): a folder of something else;
                `labels.settings` (73): a run of another bundle, source or settings.
        """
        target = os.path.join(self.path, MANIFEST)
        try:
            os.makedirs(self.path, exist_ok=True)
            found = set(os.listdir(self.path))
        except OSError as error:
            raise located(
                "labels.create", 73, error.strerror or str(error), file=self.path
            ) from None
        if MANIFEST in found:
            self._compare(manifest, target)
        elif found - {listing.NAME, ".lock"}:
            raise located(
                "labels.exists", 73, "expected no folder, an empty one or labels", file=self.path
            )
        else:
            try:
                listing.write(places, self.path)
            except OSError as error:
                rule = error.strerror or str(error)
                raise located("labels.create", 73, rule, file=self.path) from None
            self.write(target, (json.dumps(manifest, indent=1) + "\n").encode())
        shutil.rmtree(os.path.join(self.path, "attempts"), ignore_errors=True)
        for folder in ("labels", "records", "attempts"):
            os.makedirs(os.path.join(self.path, folder), exist_ok=True)
        return MANIFEST in found

    def _compare(self, manifest: dict[str, Any], target: str) -> None:
        try:
            with open(target, encoding="utf-8") as file:
                before = json.load(file)
        except (OSError, ValueError) as error:
            raise located("labels.settings", 73, f"cannot be read: {error}", file=target) from None
        # Versions of Ray and Python change no label.
        for key in sorted((set(manifest) | set(before)) - {"versions"}):
            if manifest.get(key) != before.get(key):
                was, now = (json.dumps(m.get(key), sort_keys=True) for m in (before, manifest))
                rule = f"this folder was begun with {was}, not with {now}"
                raise located("labels.settings", 73, rule, file=target, key=key)

    def present(self) -> set[str]:
        """The names of the labels that exist, relative to their folder."""
        names = set(files_below(os.path.join(self.path, "labels")))
        return {name for name in names if not _is_partial(name)}

    def remove_partial(self) -> None:
        """Removes what killed processes left: nothing works on the labels any more."""
        folder = os.path.join(self.path, "labels")
        for name in list(files_below(folder)):
            if _is_partial(name):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(folder, name))
        shutil.rmtree(os.path.join(self.path, "attempts"), ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Any:
        """Keeps other runs off this folder, as far as its file system has locks.

        Raises:
            Error: `labels.busy` (69); `labels.create` (73).
        """
        path = os.path.join(self.path, ".lock")
        try:
            os.makedirs(self.path, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        except OSError as error:
            raise located(
                "labels.create", 73, error.strerror or str(error), file=self.path
            ) from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise located("labels.busy", 69, "another run writes it", file=self.path) from None
            yield
        finally:
            os.close(descriptor)


def check_counts(output: Output, keys: list[str], failures: list[dict[str, Any]]) -> None:
    """Compares pictures with labels and failures.

    Raises:
        Error: `labels.count` (1): a picture without both, or with both, or a label of no picture;
            the first of them are among the details.
    """
    ending = ENDINGS[output.kind]
    failed = {failure["key"] for failure in failures}
    expected = {key + ending for key in keys if key not in failed}
    present = output.present()
    problems = [f"{name}: this label is missing" for name in sorted(expected - present)]
    problems += [f"{name}: no label of a picture" for name in sorted(present - expected)]
    if len(failed) != len(failures) or not failed <= set(keys):
        problems.append("a failure that is no picture, or is there twice")
    if problems:
        rule = f"expected {len(expected)} labels, found {len(present)}: {problems[0]}"
        raise Error(
            "labels.count",
            1,
            f"{output.path}: {rule}",
            file=output.path,
            details=tuple(problems[:40]),
        )


def _is_partial(name: str) -> bool:
    base = os.path.basename(name)
    return base.startswith(".") and ".partial-" in base
