"""Single frames of a video file, by their time."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._extras import require

TOLERANCE = 1e-4
"""Seconds by which a frame may be off: LeRobot's own."""


class VideoFrames:
    """An open video.

    Frames are decoded by PyAV and converted to RGB by FFmpeg, as LeRobot's `pyav` backend does.

    Times that rise are read without seeking; a time before the last one seeks to the key frame
    before it.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file.

        Raises:
            Error: `observation.missing` (66), `observation.video` (65), `python.extra` (69).
        """
        self.path = path
        self._av = require("av", extra="datasets")
        try:
            self._container: Any = self._av.open(str(path))
            self._stream: Any = self._container.streams.video[0]
        except FileNotFoundError:
            raise located(
                "observation.missing", 66, "the dataset has no such file", file=str(path)
            ) from None
        except (self._av.FFmpegError, IndexError) as error:
            raise self._bad(f"no video that FFmpeg reads: {error}") from None
        self._frames: Any = None
        self._frame: Any = None
        self._before: Any = None

    def __enter__(self) -> VideoFrames:
        """Returns the video."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the file."""
        self._container.close()

    def frame(self, seconds: float) -> npt.NDArray[np.uint8]:
        """The frame nearest to a time: uint8 [H, W, 3], RGB.

        Raises:
            Error: `observation.video` (65): damage, or no frame within 0.1 ms.
        """
        try:
            if self._frame is None or seconds < self._time(self._frame) - TOLERANCE:
                self._seek(seconds)
            while self._frame is not None and self._time(self._frame) < seconds:
                self._advance()
        except self._av.FFmpegError as error:
            raise self._bad(f"damaged before {seconds:.4f} s: {error}") from None
        candidates = [frame for frame in (self._before, self._frame) if frame is not None]
        nearest = min(candidates, key=lambda frame: abs(self._time(frame) - seconds), default=None)
        if nearest is None or abs(self._time(nearest) - seconds) >= TOLERANCE:
            found = "none" if nearest is None else f"{self._time(nearest):.4f} s"
            raise self._bad(f"expected a frame at {seconds:.4f} s, the nearest is {found}")
        picture: npt.NDArray[np.uint8] = nearest.to_ndarray(format="rgb24")
        return picture

    def _seek(self, seconds: float) -> None:
        offset = max(0, round(seconds / self._stream.time_base) - 1)
        self._container.seek(offset, backward=True, any_frame=False, stream=self._stream)
        self._frames = self._container.decode(self._stream)
        self._frame = None
        self._advance()

    def _advance(self) -> None:
        self._before = self._frame
        self._frame = next((frame for frame in self._frames if frame.pts is not None), None)

    def _time(self, frame: Any) -> float:
        return float(frame.pts * self._stream.time_base)

    def _bad(self, rule: str) -> Error:
        return located("observation.video", 65, rule, file=str(self.path))
