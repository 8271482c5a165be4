"""Where a LeRobot dataset of version 2.1 or 3.0 keeps its frames, tasks and videos."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._extras import require

VERSIONS = ("v2.1", "v3.0")

_TEMPLATE = re.compile(r"([^{}]|\{[a-z_]+(:0?[0-9]{1,2}d)?\})*")


@dataclass(frozen=True)
class Episode:
    """One episode: its frames lie in `data`, its pictures in a video from a time on."""

    number: int
    length: int
    data: Path
    videos: dict[str, tuple[Path, float]]
    """By feature: the file, and the time in it, in seconds, at which the episode begins."""


class LeRobotLayout:
    """The documents of a dataset.

    Args:
        root: the dataset's folder, with `meta`, `data` and `videos`.

    Raises:
        Error: `observation.missing` (66): no such file; `observation.dataset` (65): another
            version, or documents that contradict each other.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Reads `meta`."""
        self.root = Path(root)
        self._parquet = require("pyarrow.parquet", extra="datasets")
        info = self._json(self.root / "meta" / "info.json")
        self.version = info.get("codebase_version")
        if self.version not in VERSIONS:
            raise self.bad(
                f"expected a dataset of version {' or '.join(VERSIONS)}, found {self.version!r}; "
                "LeRobot converts older ones",
                self.root / "meta" / "info.json",
            )
        try:
            self.fps = float(info["fps"])
            self.features: dict[str, dict[str, Any]] = dict(info["features"])
            self._info = info
            self.tasks = self._tasks()
            self.episodes = {episode.number: episode for episode in self._episodes()}
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise self.bad(
                f"documents that do not fit together: {error!r}", self.root / "meta"
            ) from None

    def cameras(self) -> list[str]:
        """Features that are colour pictures, in the order of the dataset."""
        return [
            key for key in self.features if self.kind(key) is not None and not self.is_depth(key)
        ]

    def kind(self, key: str) -> str | None:
        """`image`, `video`, or nil for a feature that is no picture."""
        kind = self.features[key].get("dtype")
        return kind if kind in ("image", "video") else None

    def is_depth(self, key: str) -> bool:
        """Whether LeRobot marks a feature as depth, which is no picture."""
        info = self.features[key].get("info") or {}
        return bool(info.get("is_depth_map") or info.get("video.is_depth_map"))

    def frames(self, episode: Episode, columns: list[str]) -> list[dict[str, Any]]:
        """The rows of an episode, in the order of time."""
        columns = sorted(
            {*columns, "episode_index", "frame_index", "index", "timestamp", "task_index"}
        )
        table = self.table(episode.data, columns, [("episode_index", "=", episode.number)])
        rows: list[dict[str, Any]] = sorted(table.to_pylist(), key=lambda row: row["frame_index"])
        if [row["frame_index"] for row in rows] != list(range(episode.length)):
            raise self.bad(
                f"expected the frames 0 to {episode.length - 1} of episode {episode.number}, "
                f"found {len(rows)}",
                episode.data,
            )
        return rows

    def table(self, path: Path, columns: list[str] | None = None, filters: Any = None) -> Any:
        """Reads a Parquet file.

        Raises:
            Error: `observation.missing` (66), `observation.dataset` (65).
        """
        if not path.is_file():
            raise located("observation.missing", 66, "the dataset has no such file", file=str(path))
        try:
            return self._parquet.read_table(
                path, columns=columns, filters=filters, partitioning=None
            )
        except (OSError, ValueError) as error:
            raise self.bad(
                f"no Parquet file with these columns: {str(error).splitlines()[0]}", path
            ) from None

    def bad(self, rule: str, file: Path, key: str | None = None) -> Error:
        """An error of this dataset."""
        return located("observation.dataset", 65, rule, file=str(file), key=key)

    def _tasks(self) -> dict[int, str]:
        meta = self.root / "meta"
        if self.version == "v2.1":
            return {
                int(line["task_index"]): str(line["task"])
                for line in self._lines(meta / "tasks.jsonl")
            }
        table = self.table(meta / "tasks.parquet")
        # A table of pandas: the text is its index, which has no name in datasets that early
        # versions converted.
        text = next(name for name in table.column_names if name != "task_index")
        numbers, texts = table["task_index"].to_pylist(), table[text].to_pylist()
        return {int(number): str(task) for number, task in zip(numbers, texts, strict=True)}

    def _episodes(self) -> list[Episode]:
        videos = [key for key in self.features if self.kind(key) == "video"]
        if self.version == "v2.1":
            return [
                self._older(line, videos)
                for line in self._lines(self.root / "meta" / "episodes.jsonl")
            ]
        columns = ["episode_index", "length", "data/chunk_index", "data/file_index"]
        for key in videos:
            columns += [
                f"videos/{key}/{part}" for part in ("chunk_index", "file_index", "from_timestamp")
            ]
        files = sorted((self.root / "meta" / "episodes").glob("*/*.parquet"))
        if not files:
            raise located(
                "observation.missing",
                66,
                "the dataset has no episodes",
                file=str(self.root / "meta" / "episodes"),
            )
        return [
            self._newer(row, videos) for f in files for row in self.table(f, columns).to_pylist()
        ]

    def _older(self, line: dict[str, Any], videos: list[str]) -> Episode:
        number = int(line["episode_index"])
        place = {"episode_chunk": number // int(self._info["chunks_size"]), "episode_index": number}
        return Episode(
            number,
            int(line["length"]),
            self._inside(self._filled("data_path", place)),
            {
                k: (self._inside(self._filled("video_path", {**place, "video_key": k})), 0.0)
                for k in videos
            },
        )

    def _newer(self, row: dict[str, Any], videos: list[str]) -> Episode:
        def path(template: str, prefix: str, **more: str) -> Path:
            place = {
                "chunk_index": row[f"{prefix}/chunk_index"],
                "file_index": row[f"{prefix}/file_index"],
            }
            return self._inside(self._filled(template, {**place, **more}))

        return Episode(
            int(row["episode_index"]),
            int(row["length"]),
            path("data_path", "data"),
            {
                key: (
                    path("video_path", f"videos/{key}", video_key=key),
                    float(row[f"videos/{key}/from_timestamp"]),
                )
                for key in videos
            },
        )

    def _filled(self, key: str, place: dict[str, Any]) -> str:
        template = self._info[key]
        # Python's templates can do much more, such as fill up to any width.
        if not isinstance(template, str) or not _TEMPLATE.fullmatch(template):
            info = self.root / "meta" / "info.json"
            raise self.bad("expected a path with names and widths in braces", info, key)
        return template.format(**place)

    def _inside(self, relative: str) -> Path:
        if os.path.isabs(relative) or ".." in Path(relative).parts:
            raise self.bad(
                "expected a path inside the dataset", self.root / "meta" / "info.json", relative
            )
        return self.root / relative

    def _json(self, path: Path) -> Any:
        try:
            document = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise located(
                "observation.missing", 66, "the dataset has no such file", file=str(path)
            ) from None
        except (OSError, ValueError) as error:
            raise self.bad(f"no JSON: {error}", path) from None
        if not isinstance(document, dict):
            raise self.bad("expected a JSON object", path)
        return document

    def _lines(self, path: Path) -> list[dict[str, Any]]:
        try:
            return [
                json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()
            ]
        except FileNotFoundError:
            raise located(
                "observation.missing", 66, "the dataset has no such file", file=str(path)
            ) from None
        except (OSError, ValueError) as error:
            raise self.bad(f"no lines of JSON: {error}", path) from None
