"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets


def write_whole(path: str, contents: bytes) -> None:
    """Writes a file beside `path` under a temporary name, syncs it, and renames it.

    The temporary name, `.NAME.partial-PID-RANDOM`, is that of the command's outputs. It is removed
    if anything goes wrong; SIGKILL leaves it.

    Raises:
        OSError: as the system says.
    """
    folder, name = os.path.split(path)
    partial = os.path.join(folder, f".{name}.partial-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            view = memoryview(contents)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(partial, path)
        directory = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        raise
