"""Observations from a LeRobot dataset of version 2.1 or 3.0, without LeRobot itself."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import depthvla
from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._extras import require
from depthvla.observations._lerobot_layout import Episode, LeRobotLayout
from depthvla.observations._video import VideoFrames
from depthvla.observations.folder import ObservationWriter
from depthvla.observations.observation import Observation


def decoder_versions() -> dict[str, str]:
    """Versions of the libraries that read a dataset, for the metadata of what is written."""
    for module in ("pyarrow", "av"):
        require(module, extra="datasets")
    return {name: importlib.metadata.version(name) for name in ("pyarrow", "av")}


def record_lerobot(
    dataset: str | os.PathLike[str],
    writer: ObservationWriter,
    *,
    cameras: Sequence[str] | Mapping[str, str] | None = None,
    state: Sequence[str] = ("observation.state",),
    action: str | None = "action",
    demonstrated: int | None = None,
    episodes: Iterable[int] | None = None,
    every: int = 1,
    limit: int | None = None,
    name: str | None = None,
) -> int:
    """Writes frames of a dataset as observations.

    An observation holds pictures, task, state, and the demonstrator's next actions.

    Values are those of LeRobot's own reader. Videos are decoded by PyAV, pictures in Parquet by
    `decode_image`.

    Args:
        dataset: the dataset's folder.
        writer: of the folder of observations.
        cameras: features in the policy's order, or names for them; by default every colour picture,
            in the order of the dataset.
        state: features that are put together to the state. float32 and float64 stay what they are,
            if all are the same; else the state is float64.
        action: the feature of the actions; nil for none.
        demonstrated: how many actions are kept, from the frame on, fewer at the end of an episode;
            by default the horizon of the noise.
        episodes: their numbers; by default all.
        every: within each episode, the frames 0, `every`, 2 `every`, …
        limit: at most so many observations.
        name: of the dataset, for the metadata; by default that of its folder.

    Returns:
        How many observations were written.

    Raises:
        Error: `observation.missing` (66); `observation.dataset`, `observation.video`, `image.…`
            (65); `observation.feature` (64): a feature or an episode that the dataset does not
            have, or that is of another kind; `python.extra` (69): pyarrow or PyAV is not
            installed; and what the writer raises.
    """
    for key, value in {"every": every, "limit": limit, "demonstrated": demonstrated}.items():
        if value is not None and value < 1:
            raise located("observation.feature", 64, f"expected at least 1, found {value}", key=key)
    layout = LeRobotLayout(dataset)
    if cameras is None:
        cameras = layout.cameras()
    if not isinstance(cameras, Mapping):
        if len(set(cameras)) != len(cameras):
            raise located(
                "observation.duplicate", 64, "expected every camera once", file=str(layout.root)
            )
        cameras = {key: key for key in cameras}
    _check_features(layout, cameras, state, action)
    before = len(writer)
    observations = (
        observation
        for episode in _chosen(layout, episodes)
        for observation in _observations(
            layout, episode, writer, cameras, state, action, demonstrated, every, name
        )
    )
    for observation in islice(observations, limit):
        writer.add(observation)
    return len(writer) - before


def _observations(
    layout: LeRobotLayout,
    episode: Episode,
    writer: ObservationWriter,
    cameras: Mapping[str, str],
    state: Sequence[str],
    action: str | None,
    demonstrated: int | None,
    every: int,
    name: str | None,
) -> Iterator[Observation]:
    images = [key for key in cameras.values() if layout.kind(key) == "image"]
    rows = layout.frames(episode, [*images, *state, *([action] if action else [])])
    actions = np.stack([_numbers(layout, action, row[action]) for row in rows]) if action else None
    with ExitStack() as stack:
        videos = {
            key: stack.enter_context(VideoFrames(episode.videos[key][0]))
            for key in cameras.values()
            if layout.kind(key) == "video"
        }
        for row in rows[::every]:
            if row["task_index"] not in layout.tasks:
                raise layout.bad(
                    f"expected a task of the number {row['task_index']}", episode.data, "task_index"
                )
            noise, seed = writer.noise()
            chunk = slice(
                row["frame_index"], row["frame_index"] + (demonstrated or writer.noise_shape[0])
            )
            yield Observation(
                pictures={
                    camera: videos[key].frame(episode.videos[key][1] + row["timestamp"])
                    if key in videos
                    else _image(layout, episode, row[key], key)
                    for camera, key in cameras.items()
                },
                instruction=layout.tasks[row["task_index"]],
                state=np.concatenate([_numbers(layout, key, row[key]) for key in state]),
                noise=noise,
                noise_seed=seed,
                actions=None if actions is None else actions[chunk],
                source={
                    "kind": "lerobot",
                    "dataset": name or layout.root.resolve().name,
                    "version": layout.version,
                    "episode": episode.number,
                    "frame": row["frame_index"],
                    "index": row["index"],
                    "timestamp": row["timestamp"],
                    "fps": layout.fps,
                    "cameras": dict(cameras),
                    "state": list(state),
                    "action": action,
                },
            )


def _check_features(
    layout: LeRobotLayout, cameras: Mapping[str, str], state: Sequence[str], action: str | None
) -> None:
    def refuse(key: str, rule: str) -> Error:
        return located("observation.feature", 64, rule, file=str(layout.root), key=key)

    for key in [*cameras.values(), *state, *([action] if action else [])]:
        if key not in layout.features:
            raise refuse(
                key, f"expected a feature of the dataset: {', '.join(sorted(layout.features))}"
            )
    for key in cameras.values():
        if layout.kind(key) is None or layout.is_depth(key):
            raise refuse(key, "expected a feature of colour pictures")
    for key in [*state, *([action] if action else [])]:
        shape = layout.features[key].get("shape") or [0]
        if (
            layout.features[key].get("dtype") not in ("float32", "float64", "int32", "int64")
            or len(shape) != 1
        ):
            raise refuse(key, "expected a feature of numbers in one dimension")
    if not cameras or not state:
        raise refuse("cameras" if not cameras else "state", "expected at least one feature")


def _chosen(layout: LeRobotLayout, episodes: Iterable[int] | None) -> list[Episode]:
    chosen = []
    for number in sorted(layout.episodes) if episodes is None else episodes:
        if number not in layout.episodes:
            raise located(
                "observation.feature",
                64,
                f"expected one of the dataset's {len(layout.episodes)} episodes, found {number}",
                file=str(layout.root),
                key="episodes",
            )
        chosen.append(layout.episodes[number])
    return chosen


def _image(layout: LeRobotLayout, episode: Episode, cell: Any, key: str) -> npt.NDArray[np.uint8]:
    data = cell.get("bytes") if isinstance(cell, dict) else None
    if data is None:
        path = cell.get("path") if isinstance(cell, dict) else None
        if not isinstance(path, str) or os.path.isabs(path) or ".." in Path(path).parts:
            raise layout.bad("expected the bytes of a picture", episode.data, key)
        try:
            data = (layout.root / path).read_bytes()
        except OSError as error:
            raise located(
                "observation.missing",
                66,
                error.strerror or str(error),
                file=str(layout.root / path),
            ) from None
    try:
        return depthvla.decode_image(data)
    except Error as error:
        # The decoder sees bytes alone.
        message = f"{episode.data}: {key}: {error.message}"
        raise Error(error.code, error.status, message, file=str(episode.data), key=key) from None


def _numbers(layout: LeRobotLayout, key: str, value: Any) -> npt.NDArray[Any]:
    dtype = layout.features[key]["dtype"]
    return np.atleast_1d(np.asarray(value, dtype=dtype if dtype.startswith("float") else "float64"))
