"""Bundles: opened, looked into, read and verified."""

from __future__ import annotations

import ctypes
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from ctypes import byref
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any, Literal

import numpy as np

from . import _structures as c
from ._library import Handle, Watch, call, encoded, made, text
from .dtypes import numpy_dtype
from .errors import Error
from .memory import Memory
from .tensors import TensorInfo, described, thread_count
from .trust import Trust, open_options
from .weights import Weights

__all__ = ["Asset", "Bundle", "open"]


@dataclass(frozen=True)
class Asset:
    """A file that travels with the tensors.

    Attributes:
        name: Unique in the bundle, such as ``paligemma.tokenizer.model``.
        family: The model that it belongs to.
        file_name: Its name where it came from.
        role: What it is for, such as ``tokenizer``.
        sha256: Of the file, in hexadecimal.
        nbytes: Bytes of the file.
    """

    name: str
    family: str
    file_name: str
    role: str
    sha256: str
    nbytes: int
    _read: Callable[[], bytes] = field(repr=False, compare=False)

    def read(self) -> bytes:
        """The file, checked against its hash."""
        return self._read()


def open(
    path: str | os.PathLike[str],
    *,
    trust: Trust | None = None,
    signature: str | os.PathLike[str] | None = None,
    check: Literal["xxh3", "sha256"] = "xxh3",
    map: bool = False,
) -> Bundle:
    """Opens a bundle.

    Header, table and signature are checked now, tensors as they are read.

    Args:
        path: The file.
        trust: Which bundles are accepted; any sound one by default.
        signature: The signature file; the bundle's path and ``.sig`` by default.
        check: Which hash of stored bytes is compared when they are read. Of a signed bundle it is
            always SHA-256, as of one whose gate is demanded.
        map: Uses tensors that are stored plain (``convert --store``) where they are in the file.
            Nothing may write to the file in place while anything of the bundle is in use. What a
            program writes to such tensors is its own and not written to the file.

    Raises:
        Error: ``file.*``, ``safetensors.*``, ``json.*``, ``bundle.*``, ``signature.*``, ``gate.*``,
            ``budget.*``, ``key.*``.
    """
    if check not in ("xxh3", "sha256"):
        raise Error("argument.range", 64, f"check: expected xxh3 or sha256, found {check}")
    options, kept = open_options(
        trust, signature, checks_sha256=check == "sha256", maps_file=bool(map)
    )
    handle = made("bundle", "dvla_bundle_open", encoded(path, "path"), byref(options))
    del kept
    return Bundle(handle)


class Bundle(Mapping[str, np.ndarray[Any, Any]]):
    """An open bundle: its tensors by name, in the order of the file, and what it says of itself.

    Made by `depthvla.open`. Several threads may use it at once.
    """

    path: str
    """As it was given."""
    family: str
    """What model it is: ``depthvla``, ``pi0``, ``paligemma``, …"""
    root: str
    """Its identity: SHA-256 of the header, which binds everything, in hexadecimal."""
    nbytes: int
    """Bytes of the file."""
    release: int | None
    """The release that was signed, where a signature was demanded."""
    tensors: tuple[TensorInfo, ...]
    """In the order in which the forward pass first needs them."""
    assets: Mapping[str, Asset]
    """The files that travel with the tensors, by name."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._documents: dict[str, Any] = {}
        self._lock = threading.Lock()
        info = c.sized(c.BundleInfo)
        call("dvla_bundle_describe", handle.value, byref(info))
        self.path = info.path.decode()
        self.family = info.family.decode()
        self.root = info.root.decode()
        self.nbytes = info.byte_count
        self.release = info.release or None
        rows = [
            described(handle, "dvla_bundle_tensor", index) for index in range(info.tensor_count)
        ]
        self.tensors = tuple(tensor for tensor, _ in rows)
        self._resident = {
            tensor.name: place.resident for tensor, place in rows if place.resident is not None
        }
        self._places = {tensor.name: place for place, tensor in enumerate(self.tensors)}
        assets = [self._asset(index) for index in range(info.asset_count)]
        self.assets = MappingProxyType({asset.name: asset for asset in assets})

    def _asset(self, index: int) -> Asset:
        found = c.sized(c.Asset)
        # Not of this object, which has the asset: the two would keep each other.
        handle = self._handle
        call("dvla_bundle_asset", handle.value, index, byref(found))
        count = found.byte_count

        def read() -> bytes:
            buffer = ctypes.create_string_buffer(max(1, count))
            call("dvla_bundle_read_asset", handle.value, index, buffer, count)
            return buffer.raw[:count]

        return Asset(
            name=found.name.decode(),
            family=found.family.decode(),
            file_name=found.file_name.decode(),
            role=found.role.decode(),
            sha256=found.sha256.decode(),
            nbytes=count,
            _read=read,
        )

    @property
    def configuration(self) -> dict[str, Any]:
        """The model's configuration."""
        return self._object("configuration")

    @property
    def provenance(self) -> dict[str, Any]:
        """Where it came from: source files with their SHA-256, tool version, manifests."""
        return self._object("provenance")

    @property
    def recipe(self) -> dict[str, Any]:
        """Which tensor is stored in which precision."""
        return self._object("recipe")

    @property
    def ledger(self) -> Any:
        """What became of every tensor of the sources."""
        return self._document("ledger")

    @property
    def quantization(self) -> dict[str, Any]:
        """By tensor, how it was converted and what that lost."""
        return self._object("quantization")

    @property
    def signature(self) -> dict[str, Any] | None:
        """The signature that was verified; None where none was demanded."""
        found: dict[str, Any] | None = self._document("signature")
        return found

    @property
    def gate(self) -> dict[str, Any] | None:
        """The statement of a passed gate that was verified; None where none was demanded."""
        found: dict[str, Any] | None = self._document("gate")
        return found

    def _object(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._document(name)
        return found

    def _document(self, name: str) -> Any:
        with self._lock:
            if name not in self._documents:
                self._documents[name] = text(
                    "dvla_bundle_document", self._handle.value, name.encode()
                )
            # Parsed anew, so that no caller changes what another sees.
            return json.loads(self._documents[name])

    def info(self, name: str) -> TensorInfo:
        """What is known of a tensor.

        Raises:
            KeyError: There is no such tensor.
        """
        return self.tensors[self._places[name]]

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        """A tensor, decoded and checked.

        BF16 becomes ``ml_dtypes.bfloat16`` where that package is installed, else float32, which
        holds the same values. A tensor of a mapped bundle is not copied; its array cannot be
        written to.

        Raises:
            KeyError: There is no such tensor.
            Error: ``bundle.chunk-*``, ``zstd.*``, ``file.*``; ``tensor.dtype``.
        """
        place = self._places[name]
        info = self.tensors[place]
        dtype = numpy_dtype(info.dtype)
        if dtype is None and info.dtype != "BF16":
            raise Error(
                "python.extra",
                69,
                f"{self.path}: tensor {name!r}: elements of the type {info.dtype} need ml_dtypes; "
                "install it with: pip install 'depthvla[ml-dtypes]'",
                file=self.path,
                tensor=name,
            )
        resident = self._resident.get(name)
        memory = (
            Memory(info.nbytes)
            if resident is None
            else Memory.at(resident, info.nbytes, keeping=self._handle)
        )
        call("dvla_bundle_read", self._handle.value, place, 0, memory.address, info.nbytes, 0)
        if dtype is None:
            words = memory.array(np.dtype("<u2"), info.shape).astype(np.uint32)
            return (words << np.uint32(16)).view(np.float32)
        return memory.array(dtype, info.shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    # By identity: two open bundles of one file are two, and arrays have no truth value.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        state = "" if self._handle.is_open else ", closed"
        return f"<depthvla.Bundle {self.path!r}: {self.family}, {len(self)} tensors{state}>"

    def state_dict(
        self,
        naming: str = "layout",
        *,
        framework: Literal["torch", "numpy", "jax"] = "torch",
        device: Any = "cpu",
        dtype: Any = None,
        quantized: Literal["dequantize", "int8"] = "dequantize",
        family: str | None = None,
        ties: Literal["class", "file"] = "class",
        threads: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> dict[str, Any]:
        """The weights under the names, in the shapes and with the ties that a model class wants.

        Every byte is checked on its way from the bundle into memory that is made once.

        Args:
            naming: Whose names: ``layout``, ``hub``, ``openpi``, ``lerobot-save-5.6``, … as the
                page "Families and namings" lists them; ``source``: as the bundle was made from.
            framework: What tensors are made of.
            device: A device of torch or jax. On a GPU the copy of some tensors overlaps the
                unpacking of the next.
            dtype: The type of all floats: ``float32``, ``bfloat16`` or ``float16``; by default as
                in the bundle, and for INT8 the type that it was quantized from.
            quantized: Whether INT8 becomes floats or stays INT8 with its scales beside it, where
                the naming has a place for them.
            family: The model to take out of a composite, such as ``paligemma`` or ``dinov2``.
            ties: Whether a tensor that the class keeps once under several names has all of them, as
                in the class's own state dict, or those that the library's files have. ``source``
                has the names that the source had.
            threads: To unpack on; one for each processor by default.
            progress: Called with the bytes that are done, and of how many.

        Raises:
            Error: ``export.*``, ``manifest.unknown``, ``argument.range``; what reading raises.
            MissingExtra: The framework is not installed.
        """
        with self.weights(
            naming, dtype=dtype, quantized=quantized, family=family, ties=ties
        ) as weights:
            return weights.load(
                framework=framework, device=device, threads=threads, progress=progress
            )

    def weights(
        self,
        naming: str = "layout",
        *,
        dtype: Any = None,
        quantized: Literal["dequantize", "int8"] = "dequantize",
        family: str | None = None,
        ties: Literal["class", "file"] = "class",
    ) -> Weights:
        """The plan behind `state_dict`: names, shapes, the library's config, and notes.

        Raises:
            Error: ``export.*``, ``manifest.unknown``, ``argument.range``.
        """
        return Weights(
            self._handle, naming, dtype=dtype, quantized=quantized, family=family, ties=ties
        )

    def verify(
        self,
        *,
        threads: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> None:
        """Checks every byte of the file, and that all values are finite.

        Args:
            threads: One for each processor by default.
            progress: Called with the bytes that are checked, and of how many.

        Raises:
            Error: The first damage, with others as its details; ``bundle.non-finite``.
        """
        watch = Watch(progress)
        watch.call(
            "dvla_bundle_verify", self._handle.value, thread_count(threads), watch.callback, None
        )

    def close(self) -> None:
        """Closes the file. What was loaded stays; arrays of a mapped bundle keep the mapping."""
        if self._resident:
            # The last array over the mapping, or else this line, closes it.
            self._handle = Handle.closed("bundle")
        else:
            self._handle.close()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
