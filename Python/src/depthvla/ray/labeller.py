"""What runs in every actor: pictures in, labels out."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

import depthvla
from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.ray import listing
from depthvla.ray.attempts import LIMIT, Attempts
from depthvla.ray.listing import Listing
from depthvla.ray.output import Output
from depthvla.ray.pictures import Place, Source
from depthvla.ray.reading import PictureReader


@dataclass(frozen=True)
class Task:
    """Everything an actor needs. All paths are shared by the nodes."""

    source: Source
    output: str
    kind: str
    bundle: str
    root: str
    version: str
    trust: depthvla.Trust | None
    input_size: int | None
    threads: int
    chunk_size: int
    chunks: list[int]
    """The chunks that are to be done."""


class Labeller:
    """Makes the labels of chunks of pictures: the class for `map_batches`.

    A label that exists is kept: it appeared whole, and from the same bundle with the same settings,
    since the manifest of the output says so.
    """

    def __init__(self, task: Task) -> None:
        """Opens nothing: Ray passes on what a call raises, but not what a constructor raises."""
        self._task = task
        self._output = Output(task.output, task.kind)
        self._estimator: depthvla.DepthEstimator | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Does chunks, given by their position among those to be done.

        Raises:
            Error: what stops a run: the bundle is another one on this node, the labels cannot be
                written, memory ran out. What is wrong with a picture does not.
        """
        if self._estimator is None:
            self._open()
        done = [self._chunk(self._task.chunks[int(position)]) for position in batch["id"]]
        names = ("chunk", "labels", "failures", "seconds")
        return {name: np.array([row[name] for row in done]) for name in names}

    def _open(self) -> None:
        task = self._task
        node = socket.gethostname()
        if depthvla.__version__ != task.version:
            rule = f"node {node} has depthvla {depthvla.__version__}, the driver {task.version}"
            raise located("labels.version", 69, rule)
        if not os.path.exists(task.source.path):
            raise located("labels.source", 66, f"not there on node {node}", file=task.source.path)
        self._listing = Listing(os.path.join(task.output, listing.NAME))
        self._reader = PictureReader(task.source)
        bundle = depthvla.open(task.bundle, trust=task.trust)
        if bundle.root != task.root:
            rule = f"node {node} has the bundle {bundle.root}, the driver {task.root}"
            raise located("labels.bundle", 65, rule, file=task.bundle)
        self._estimator = depthvla.DepthEstimator(
            bundle, threads=task.threads, input_size=task.input_size
        )

    def _chunk(self, chunk: int) -> dict[str, Any]:
        began = time.monotonic()
        first = chunk * self._task.chunk_size
        places = self._listing.places(first, min(first + self._task.chunk_size, len(self._listing)))
        try:
            attempts = Attempts(self._output.attempts(chunk))
            failures = []
            for number, place in enumerate(places, first):
                if os.path.exists(self._output.label(place.key)):
                    continue
                if attempts.deaths(number) >= LIMIT:
                    rule = f"the process died {LIMIT} times at this picture"
                    failures.append(_failure(place, Error("labels.killed", 69, rule)))
                    continue
                attempts.note(number)
                failure = self._label(place)
                if failure is not None:
                    failures.append(failure)
        except OSError as error:
            raise located(
                "labels.write", 74, error.strerror or str(error), file=self._task.output
            ) from None
        seconds = time.monotonic() - began
        row = {
            "chunk": chunk,
            "labels": len(places) - len(failures),
            "failures": failures,
            "seconds": round(seconds, 3),
            "node": socket.gethostname(),
        }
        self._output.write(self._output.record(chunk), (json.dumps(row) + "\n").encode())
        attempts.end()
        return {**row, "failures": len(failures)}

    def _label(self, place: Place) -> dict[str, Any] | None:
        assert self._estimator is not None, "opened by the call"
        try:
            try:
                data = self._reader.read(place)
            except (OSError, ValueError) as error:
                # A node that lost the whole source must not turn every picture into a failure.
                if not os.path.exists(self._task.source.path):
                    rule = f"gone on node {socket.gethostname()}"
                    raise located("labels.source", 66, rule, file=self._task.source.path) from None
                reason = getattr(error, "strerror", None) or str(error)
                return _failure(place, Error("labels.picture", 65, f"cannot be read: {reason}"))
            depth = self._estimator(self._estimator.read(data))
        except Error as error:
            # 65: the picture is malformed or unsuitable. Everything else concerns more than it.
            if error.status != 65:
                raise
            return _failure(place, error)
        label = depth.png16 if self._task.kind == "png16" else depth.npy
        self._output.write(self._output.label(place.key), label)
        return None


def _failure(place: Place, error: Error) -> dict[str, Any]:
    return {"key": place.key, "code": error.code, "status": error.status, "message": str(error)}
