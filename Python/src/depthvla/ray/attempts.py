"""Pictures at which the process died, so that one of them cannot stop a run for ever."""

from __future__ import annotations

import contextlib
import os
from collections import Counter

LIMIT = 3
"""After so many deaths a picture is a failure. A worker that is killed by chance dies elsewhere."""


class Attempts:
    """Notes which picture of a chunk is worked on. Ray runs a chunk again whose process died.

    The notes survive the death of the process, not that of the machine's power, and the driver
    removes them when a run begins.
    """

    def __init__(self, path: str) -> None:
        """Reads the notes of attempts before, and begins one.

        Raises:
            OSError: the file cannot be written.
        """
        self._path = path
        try:
            with open(path, encoding="ascii") as file:
                notes = file.read()
        except FileNotFoundError:
            notes = ""
        last = [attempt.split()[-1] for attempt in notes.split("begin")[1:] if attempt.split()]
        self._deaths = Counter(last)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.write(self._file, b"begin\n")

    def deaths(self, picture: int) -> int:
        """How many attempts ended at this picture."""
        return self._deaths[str(picture)]

    def note(self, picture: int) -> None:
        """Says that work on a picture begins."""
        os.write(self._file, f"{picture}\n".encode())

    def end(self) -> None:
        """The chunk is done: the notes are removed."""
        os.close(self._file)
        # Of a chunk that two processes did, as after a break in the network, one is the first.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
