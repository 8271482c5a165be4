"""Labels for all pictures of a source, on a Ray cluster."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import depthvla
from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.ray import listing
from depthvla.ray.cluster import Cluster, connected, own_error, quiet
from depthvla.ray.labeller import Labeller, Task
from depthvla.ray.output import (
    ENDINGS,
    FAILURES,
    FORMAT,
    REPORT,
    VERSION,
    LabelKind,
    Output,
    check_counts,
)
from depthvla.ray.pictures import PICTURES, SourceFormat, source_at

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class LabelReport:
    """What a run that came to its end has made: `pictures` is `labels` + `failures`.

    Attributes:
        output: The folder.
        pictures: Of the source.
        labels: Files in `labels`.
        failures: Lines of `failures.jsonl`.
        found: Pictures that earlier runs had done.
        actors: How many worked.
        threads: Of each actor.
        seconds: By the clock, without starting Ray.
    """

    output: str
    pictures: int
    labels: int
    failures: int
    found: int
    actors: int
    threads: int
    seconds: float


def label(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    bundle: str | os.PathLike[str],
    trust: depthvla.Trust | None = None,
    kind: LabelKind = "png16",
    input_size: int | None = None,
    actors: int | None = None,
    threads_per_actor: int | None = None,
    source_format: SourceFormat | None = None,
    suffixes: tuple[str, ...] = PICTURES,
    picture_column: str = "image",
    key_column: str | None = None,
    retry_failures: bool = False,
    address: str | None = None,
    progress: Progress | None = None,
) -> LabelReport:
    """Makes a depth label for every picture of a source.

    The files are those of `depthvla run --png16` and `--raw`, to the bit. Run it again with the
    same arguments after it was stopped: what is done is kept.

    Args:
        source: A folder of pictures, or a file or folder of Parquet or of a webdataset. The source,
            the output and the bundle have the same path on every node.
        output: The folder to make, or that of an earlier run with the same arguments.
        bundle: Depth Anything V2.
        trust: Which bundles are accepted, on every node.
        kind: `png16` or `float`: 16-bit PNG, or float32 in NumPy's `.npy`.
        input_size: The side that pictures are scaled to; by default as the bundle says.
        actors: How many; by default as many as the cluster's processors allow.
        threads_per_actor: By default the processors of the smallest node: one actor on each node,
            if all are alike.
        source_format: `folder`, `parquet` or `webdataset`; by default what the files are.
        suffixes: In a folder and a webdataset: what names of pictures end with, in any case.
        picture_column: In Parquet: the column of the files' bytes, which may be a struct with
            `bytes`.
        key_column: In Parquet: the column of unique names, from which labels get theirs.
        retry_failures: Try the failures of earlier runs again.
        address: Of a Ray cluster; by default the one this process is connected to or `RAY_ADDRESS`
            names, otherwise Ray is started on this machine and stopped again.
        progress: Called with the number of pictures that are done, and of all.

    Returns:
        The counts, which have been compared with the files.

    Raises:
        Error: `labels.*`; what opening the bundle raises; `ray.cluster` (69): Ray failed.
        MissingExtra: Ray is not installed.
    """
    if kind not in ENDINGS:
        raise located("labels.kind", 64, f"expected png16 or float, found {kind!r}")
    pictures = source_at(
        source,
        format=source_format,
        suffixes=suffixes,
        picture_column=picture_column,
        key_column=key_column,
    )
    for name, number in {"actors": actors, "threads_per_actor": threads_per_actor}.items():
        if number is not None and number < 1:
            raise located("labels.range", 64, f"expected at least 1, found {number}", key=name)
    bundle = os.path.abspath(bundle)
    folder = Output(os.path.abspath(output), kind)
    root = _checked_bundle(bundle, trust, input_size)
    places = pictures.places()
    size = min(256, max(1, len(places) // 256))
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "bundle": root,
        "kind": kind,
        "input_size": input_size,
        "source": {
            **pictures.document(),
            "pictures": len(places),
            "listing": listing.digest(places),
        },
        "chunk_size": size,
        "versions": {"depthvla": depthvla.__version__},
    }
    with folder.locked():
        folder.begin(manifest, places)
        began = time.monotonic()
        keys = [place.key for place in places]
        todo = _todo(folder, keys, size, retry_failures)
        found = sum(len(keys[c * size : (c + 1) * size]) for c in _others(todo, len(keys), size))
        shape = (actors or 0, threads_per_actor or 0)
        if todo:
            with connected(address) as cluster:
                shape = cluster.shape(actors, threads_per_actor)
                task = Task(
                    source=pictures,
                    output=folder.path,
                    kind=kind,
                    bundle=bundle,
                    root=root,
                    version=depthvla.__version__,
                    trust=trust,
                    input_size=input_size,
                    threads=shape[1],
                    chunk_size=size,
                    chunks=todo,
                )
                _run(cluster, task, shape, found, len(keys), progress)
        folder.remove_partial()
        failures = _failures(folder, len(keys), size)
        check_counts(folder, keys, failures)
        lines = "".join(json.dumps(failure) + "\n" for failure in failures)
        folder.write(os.path.join(folder.path, FAILURES), lines.encode())
        report = LabelReport(
            output=folder.path,
            pictures=len(keys),
            labels=len(keys) - len(failures),
            failures=len(failures),
            found=found,
            actors=shape[0],
            threads=shape[1],
            seconds=round(time.monotonic() - began, 3),
        )
        contents = json.dumps(asdict(report), indent=1) + "\n"
        folder.write(os.path.join(folder.path, REPORT), contents.encode())
    return report


def _checked_bundle(bundle: str, trust: depthvla.Trust | None, input_size: int | None) -> str:
    opened = depthvla.open(bundle, trust=trust)
    # Refused here, in one place, and not by every actor.
    estimator = depthvla.DepthEstimator(opened, threads=1, input_size=input_size)
    root = opened.root
    estimator.close()
    opened.close()
    return root


def _todo(folder: Output, keys: list[str], size: int, retry_failures: bool) -> list[int]:
    present = folder.present()
    ending = ENDINGS[folder.kind]
    todo = []
    for number in range((len(keys) + size - 1) // size):
        chunk = folder.chunk(number)
        if chunk is not None and not (retry_failures and chunk.failures):
            failed = {failure["key"] for failure in chunk.failures}
            wanted = (key for key in keys[number * size : (number + 1) * size] if key not in failed)
            if all(key + ending in present for key in wanted):
                continue
        todo.append(number)
    return todo


def _others(todo: list[int], count: int, size: int) -> list[int]:
    return sorted(set(range((count + size - 1) // size)) - set(todo))


def _run(
    cluster: Cluster,
    task: Task,
    shape: tuple[int, int],
    found: int,
    total: int,
    progress: Progress | None,
) -> None:
    data = cluster.ray.data
    actors = min(shape[0], len(task.chunks))
    try:
        with quiet(data):
            # A block for each chunk: a process that dies costs its chunk, whose labels are kept.
            # Items and not `range`, whose read tasks wait for a processor that the actors hold.
            items = [{"id": position} for position in range(len(task.chunks))]
            chunks = data.from_items(items, override_num_blocks=len(items))
            rows = chunks.map_batches(
                Labeller,
                fn_constructor_args=(task,),
                batch_size=None,
                batch_format="numpy",
                num_cpus=shape[1],
                # Not a fixed size: actors of a node that died would be waited for.
                compute=data.ActorPoolStrategy(min_size=1, max_size=actors, initial_size=actors),
            )
            done = found
            for row in rows.iter_rows():
                done += int(row["labels"]) + int(row["failures"])
                if progress is not None:
                    progress(done, total)
    except Exception as error:
        raise own_error(error) from None


def _failures(folder: Output, count: int, size: int) -> list[dict[str, Any]]:
    failures = []
    for number in range((count + size - 1) // size):
        chunk = folder.chunk(number)
        if chunk is None:
            raise Error(
                "labels.count",
                1,
                f"{folder.record(number)}: this chunk was not done",
                file=folder.record(number),
            )
        failures += chunk.failures
    return failures
