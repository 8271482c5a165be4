"""Which bundles are opened."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass

from . import _structures as c
from ._library import encoded
from .errors import Error
from .numbers import whole_number

__all__ = ["Trust"]


@dataclass(frozen=True)
class Trust:
    """A policy: only bundles signed with one of these keys, of that release or a later one.

    Attributes:
        keys: Public keys: paths of PEM files, or the PEM text itself as ``bytes``.
        minimum_release: The oldest release that is accepted, which is part of the signature. A
            robot that has seen a newer one must not go back.
    """

    keys: Sequence[str | os.PathLike[str] | bytes]
    minimum_release: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.keys, (str, bytes, os.PathLike)):
            raise TypeError("keys: expected a list of keys")
        # A copy: what is trusted does not change, and an iterator is read once.
        keys = tuple(self.keys)
        if not keys:
            raise Error("argument.range", 64, "trust: expected at least one public key")
        for key in keys:
            if not isinstance(key, (str, bytes, os.PathLike)):
                raise TypeError(f"keys: expected paths or bytes, found {type(key).__name__}")
        object.__setattr__(self, "keys", keys)
        if self.minimum_release is not None:
            release = whole_number(self.minimum_release, "minimum_release", 1, 2**53 - 1)
            object.__setattr__(self, "minimum_release", release)


def open_options(
    trust: Trust | None,
    signature: str | os.PathLike[str] | None,
    *,
    checks_sha256: bool,
    maps_file: bool,
) -> tuple[c.OpenOptions, object]:
    """The options as C reads them, and what must be kept meanwhile."""
    if trust is not None and not isinstance(trust, Trust):
        raise TypeError(f"trust: expected depthvla.Trust or None, found {type(trust).__name__}")
    texts: list[bytes | None] = []
    files: list[bytes | None] = []
    for key in trust.keys if trust else ():
        if isinstance(key, bytes):
            texts.append(encoded(key.decode("utf-8", errors="replace"), "keys"))
        else:
            files.append(encoded(key, "keys"))
    # NULL where there is none: a list without keys is refused.
    text_array = (ctypes.c_char_p * len(texts))(*texts) if texts else None
    file_array = (ctypes.c_char_p * len(files))(*files) if files else None
    options = c.sized(
        c.OpenOptions,
        public_keys=text_array,
        public_key_count=len(texts),
        public_key_files=file_array,
        public_key_file_count=len(files),
        signature_file=encoded(signature, "signature"),
        minimum_release=(trust.minimum_release or 0) if trust else 0,
        checks_sha256=checks_sha256,
        maps_file=maps_file,
    )
    return options, (texts, files, text_array, file_array)
