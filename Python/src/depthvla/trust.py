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

__all__ = ["GateRequirement", "Trust"]

Key = str | os.PathLike[str] | bytes


@dataclass(frozen=True)
class GateRequirement:
    """A demand: the bundle passed a gate (``depthvla gate --sign``), says one of these keys.

    Attributes:
        keys: Public keys of whoever signs gates, who may be another than who signs bundles: paths
            of PEM files, or the PEM text itself as ``bytes``.
        budget: A budget, as JSON, than which that of the gate must be no weaker; any by default.
        statement: The gate's statement; the bundle's path and ``.gate`` by default.

    Raises:
        Error: ``argument.range``: a list of no keys.
    """

    keys: Sequence[Key]
    budget: str | os.PathLike[str] | None = None
    statement: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", _keys(self.keys, "gate"))


@dataclass(frozen=True)
class Trust:
    """A policy: only bundles signed with one of these keys, of that release or a later one.

    Attributes:
        keys: Public keys: paths of PEM files, or the PEM text itself as ``bytes``. None where no
            signature of the bundle is demanded, but a gate.
        minimum_release: The oldest release that is accepted, which is part of the signature. A
            robot that has seen a newer one must not go back.
        gate: The passed gate that is demanded; none by default.

    Raises:
        Error: ``argument.range``: a list of no keys, neither keys nor a gate, or a release that no
            key vouches for.
    """

    keys: Sequence[Key] | None = None
    minimum_release: int | None = None
    gate: GateRequirement | None = None

    def __post_init__(self) -> None:
        if self.gate is not None and not isinstance(self.gate, GateRequirement):
            raise TypeError(f"gate: expected a GateRequirement, found {type(self.gate).__name__}")
        if self.keys is None:
            if self.gate is None:
                raise Error("argument.range", 64, "trust: expected public keys, or a gate")
            if self.minimum_release is not None:
                raise Error("argument.range", 64, "trust: a minimum release needs a public key")
            return
        object.__setattr__(self, "keys", _keys(self.keys, "trust"))
        if self.minimum_release is not None:
            release = whole_number(self.minimum_release, "minimum_release", 1, 2**53 - 1)
            object.__setattr__(self, "minimum_release", release)


def _keys(given: Sequence[Key], owner: str) -> tuple[Key, ...]:
    if isinstance(given, (str, bytes, os.PathLike)):
        raise TypeError("keys: expected a list of keys")
    # A copy: what is trusted does not change, and an iterator is read once.
    keys = tuple(given)
    if not keys:
        raise Error("argument.range", 64, f"{owner}: expected at least one public key")
    for key in keys:
        if not isinstance(key, (str, bytes, os.PathLike)):
            raise TypeError(f"keys: expected paths or bytes, found {type(key).__name__}")
    return keys


class _Texts:
    """Keys as C reads them: contents of files, and paths.

    NULL where there is none, since a list without keys is refused.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        texts: list[bytes | None] = []
        files: list[bytes | None] = []
        for key in keys:
            if isinstance(key, bytes):
                texts.append(encoded(key.decode("utf-8", errors="replace"), "keys"))
            else:
                files.append(encoded(key, "keys"))
        self.text_count, self.file_count = len(texts), len(files)
        self.texts = (ctypes.c_char_p * len(texts))(*texts) if texts else None
        self.files = (ctypes.c_char_p * len(files))(*files) if files else None


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
    keys = _Texts(trust.keys if trust and trust.keys else ())
    gate = trust.gate if trust else None
    gate_keys = _Texts(gate.keys if gate else ())
    options = c.sized(
        c.OpenOptions,
        public_keys=keys.texts,
        public_key_count=keys.text_count,
        public_key_files=keys.files,
        public_key_file_count=keys.file_count,
        signature_file=encoded(signature, "signature"),
        minimum_release=(trust.minimum_release or 0) if trust else 0,
        gate_keys=gate_keys.texts,
        gate_key_count=gate_keys.text_count,
        gate_key_files=gate_keys.files,
        gate_key_file_count=gate_keys.file_count,
        gate_file=encoded(gate.statement if gate else None, "statement"),
        gate_budget_file=encoded(gate.budget if gate else None, "budget"),
        checks_sha256=checks_sha256,
        maps_file=maps_file,
    )
    return options, (keys, gate_keys)
