"""Writing a golden: whole or not at all, and the same bytes for the same content."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from depthvla.errors import Error
from depthvla.record.spool import Spool

_CODE = "record.output"


def check_output(path: Path, force: bool, inputs: list[Path]) -> None:
    """Checks, before anything is computed, whether the golden can be written.

    Raises:
        Error: ``record.output``, with status 73, where it exists already, has no folder, or would
            replace an input.
    """
    if not path.parent.is_dir():
        raise Error(_CODE, 73, "its folder does not exist", file=str(path))
    if path.is_dir():
        raise Error(_CODE, 73, "is a folder", file=str(path))
    for given in inputs:
        if path.exists() and given.exists() and path.samefile(given):
            raise Error(_CODE, 73, "is an input of this recording", file=str(path))
    if os.path.lexists(path) and not force:
        raise Error(_CODE, 73, "exists already; --force replaces it", file=str(path))


def write(path: Path, spool: Spool, metadata: dict[str, str], force: bool) -> int:
    """Writes the golden under a temporary name beside it, syncs it, and renames it.

    Returns:
        Its size in bytes.

    Raises:
        Error: ``record.output``, with status 73 or 74.
    """
    # As the safetensors library orders them, wide types first, so that each is aligned.
    entries = sorted(spool.entries, key=lambda entry: (-entry.width, entry.dtype, entry.name))
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    end = 0
    for entry in entries:
        header[entry.name] = {
            "dtype": entry.dtype,
            "shape": list(entry.shape),
            "data_offsets": [end, end + entry.count],
        }
        end += entry.count
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        try:
            with partial.open("xb") as file:
                file.write(len(text).to_bytes(8, "little") + text)
                for entry in entries:
                    for block in spool.blocks(entry):
                        file.write(block)
                file.flush()
                os.fsync(file.fileno())
            _rename(partial, path, force)
        finally:
            partial.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError as error:
        raise Error(_CODE, 73, "exists already; --force replaces it", file=str(path)) from error
    except OSError as error:
        raise Error(_CODE, 74, error.strerror or str(error), file=str(path)) from error
    return 8 + len(text) + end


def _rename(partial: Path, path: Path, force: bool) -> None:
    if force:
        os.replace(partial, path)
        return
    try:
        # Unlike a rename, a link does not replace a file that came into being meanwhile.
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links.
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(partial, path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
