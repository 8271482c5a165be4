"""The weights of a bundle under the names of an upstream library, loaded into memory made once."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from ctypes import byref
from types import TracebackType
from typing import Any, Literal

from . import _structures as c
from ._library import Handle, Watch, call, encoded, made, text
from .dtypes import float_name
from .errors import Error
from .frameworks import framework_named
from .memory import Memory
from .tensors import Place, TensorInfo, described, thread_count

__all__ = ["Weights"]


class Weights:
    """What a state dict will hold: names, types and shapes, planned before anything is read."""

    family: str
    """What model the tensors are of."""
    naming: str
    """Whose names they have."""
    tensors: tuple[TensorInfo, ...]
    """In the order in which they are loaded."""
    nbytes: int
    """Bytes of all tensors, those that share memory counted for each."""
    dequantized_count: int
    """INT8 tensors that become floats."""
    int8_count: int
    """Tensors that stay INT8, with scales."""

    def __init__(
        self,
        bundle: Handle,
        naming: str,
        *,
        dtype: Any,
        quantized: Literal["dequantize", "int8"],
        family: str | None,
        ties: Literal["class", "file"],
    ) -> None:
        """Plans the weights. Made by `Bundle.weights`."""
        if quantized not in ("dequantize", "int8"):
            raise Error(
                "argument.range",
                64,
                f"quantized: expected dequantize or int8, found {quantized}",
            )
        if ties not in ("class", "file"):
            raise Error("argument.range", 64, f"ties: expected class or file, found {ties}")
        options = c.sized(
            c.WeightsOptions,
            naming=encoded(naming, "naming"),
            family=encoded(family, "family"),
            dtype=encoded(float_name(dtype), "dtype"),
            keeps_int8=quantized == "int8",
            all_tied_names=ties == "class",
        )
        self._bundle = bundle
        self._handle = made("weights", "dvla_weights_plan", bundle.value, byref(options))
        info = c.sized(c.WeightsInfo)
        call("dvla_weights_describe", self._handle.value, byref(info))
        self.family = info.family.decode()
        self.naming = info.naming.decode()
        self.nbytes = info.byte_count
        self.int8_count = info.int8_count
        self.dequantized_count = info.dequantized_count
        rows = [
            described(self._handle, "dvla_weights_tensor", index)
            for index in range(info.tensor_count)
        ]
        self.tensors = tuple(tensor for tensor, _ in rows)
        self._places = [place for _, place in rows]

    @property
    def config(self) -> dict[str, Any] | None:
        """The library's ``config.json`` for these weights; None where it has none."""
        found: dict[str, Any] | None = self._document("config")
        return found

    @property
    def notes(self) -> list[str]:
        """What whoever loads the weights should know, a sentence each."""
        found: list[str] = self._document("notes")
        return found

    @property
    def metadata(self) -> dict[str, str] | None:
        """The metadata of the library's safetensors files."""
        found: dict[str, str] | None = self._document("metadata")
        return found

    def _document(self, name: str) -> Any:
        return json.loads(text("dvla_weights_document", self._handle.value, name.encode()))

    def load(
        self,
        *,
        framework: Literal["torch", "numpy", "jax"] = "torch",
        device: Any = "cpu",
        threads: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> dict[str, Any]:
        """Loads all tensors; see `Bundle.state_dict`."""
        adapter = framework_named(framework, device)
        return adapter.load(self, thread_count(threads), progress)

    def _fill(
        self,
        addresses: list[int | None],
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> None:
        """Unpacks tensors to addresses, with as many bytes there as each needs.

        Args:
            addresses: One for each tensor; None passes it over. The address where a tensor of a
                mapped file is means that it is checked there.
            threads: As C reads them.
            progress: Called with the bytes that are done, and of how many.
        """
        count = len(self.tensors)
        sizes = [
            0 if address is None else tensor.nbytes
            for address, tensor in zip(addresses, self.tensors, strict=True)
        ]
        total = sum(sizes)

        def step(_complete: int, done: int) -> None:
            if progress is not None:
                progress(done, total)

        watch = Watch(step, c.WeightsProgress)
        watch.call(
            "dvla_weights_load",
            self._handle.value,
            (ctypes.c_void_p * max(1, count))(*addresses),
            (ctypes.c_size_t * max(1, count))(*sizes),
            count,
            threads,
            watch.callback,
            None,
        )

    def _place(self, index: int) -> Place:
        """Where a tensor is, and with which it shares memory."""
        return self._places[index]

    def _memory(self, index: int) -> Memory:
        """Memory for a tensor: where it is in a mapped file, else new."""
        resident = self._places[index].resident
        nbytes = self.tensors[index].nbytes
        if resident is None:
            return Memory(nbytes)
        return Memory.at(resident, nbytes, keeping=self._bundle)

    def close(self) -> None:
        """Forgets the plan. What was loaded stays."""
        self._handle.close()

    def __enter__(self) -> Weights:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<depthvla.Weights: {len(self.tensors)} tensors of {self.family} in {self.naming} "
            f"naming, {self.nbytes} bytes>"
        )
