"""The shared library: found, loaded at its first use, and called.

All calls into C of this package go through here. The library checks what it is given; what it
cannot check, that an address is one and has as many bytes as is said, this package takes from NumPy
arrays and from memory of its own, which it keeps for the duration of the call.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from ctypes import (
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any

from . import _structures as c
from .errors import Error

ABI_VERSION = 1
_FILE = "libdepthvla.so.1"

_handle = c_void_p
_handle_output = POINTER(c_void_p)
_error = POINTER(c.Error)
_size_output = POINTER(c_size_t)
_text = (c_void_p, c_size_t, _size_output, _error)

# Of each function its parameters; all return a status.
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "dvla_bundle_open": (c_char_p, POINTER(c.OpenOptions), _handle_output, _error),
    "dvla_bundle_close": (_handle, _error),
    "dvla_bundle_describe": (_handle, POINTER(c.BundleInfo), _error),
    "dvla_bundle_document": (_handle, c_char_p, *_text),
    "dvla_bundle_tensor": (_handle, c_size_t, POINTER(c.Tensor), _error),
    "dvla_bundle_find": (_handle, c_char_p, _size_output, _error),
    "dvla_bundle_read": (_handle, c_size_t, c_uint64, c_void_p, c_size_t, c_uint32, _error),
    "dvla_bundle_load": (_handle, c_uint32, c_void_p, c_void_p, _error),
    "dvla_bundle_asset": (_handle, c_size_t, POINTER(c.Asset), _error),
    "dvla_bundle_read_asset": (_handle, c_size_t, c_void_p, c_size_t, _error),
    "dvla_bundle_verify": (_handle, c_uint32, c.Progress, c_void_p, _error),
    "dvla_weights_plan": (_handle, POINTER(c.WeightsOptions), _handle_output, _error),
    "dvla_weights_close": (_handle, _error),
    "dvla_weights_describe": (_handle, POINTER(c.WeightsInfo), _error),
    "dvla_weights_document": (_handle, c_char_p, *_text),
    "dvla_weights_tensor": (_handle, c_size_t, POINTER(c.Tensor), _error),
    "dvla_weights_load": (
        _handle,
        POINTER(c_void_p),
        POINTER(c_size_t),
        c_size_t,
        c_uint32,
        c.WeightsProgress,
        c_void_p,
        _error,
    ),
    "dvla_image_decode": (c_void_p, c_size_t, _handle_output, _error),
    "dvla_image_close": (_handle, _error),
    "dvla_image_picture": (_handle, POINTER(c.Picture), _error),
    "dvla_policy_create": (_handle, POINTER(c.PolicyOptions), _handle_output, _error),
    "dvla_policy_close": (_handle, _error),
    "dvla_policy_describe": (_handle, POINTER(c.PolicyInfo), _error),
    "dvla_policy_tokens": (_handle, c_char_p, POINTER(c_int64), c_size_t, _size_output, _error),
    "dvla_policy_noise": (_handle, c_uint64, POINTER(c_float), c_size_t, _error),
    "dvla_policy_act": (
        _handle,
        POINTER(c.Observation),
        c.Progress,
        c_void_p,
        _handle_output,
        _error,
    ),
    "dvla_chunk_close": (_handle, _error),
    "dvla_chunk_describe": (_handle, POINTER(c.ChunkInfo), _error),
    "dvla_chunk_actions": (_handle, POINTER(c_double), c_size_t, _error),
    "dvla_chunk_model_actions": (_handle, POINTER(c_float), c_size_t, _error),
    "dvla_chunk_document": (_handle, *_text),
    "dvla_chunk_depth": (_handle, c_size_t, _handle_output, _error),
    "dvla_depth_estimator_create": (_handle, POINTER(c.DepthOptions), _handle_output, _error),
    "dvla_depth_estimator_close": (_handle, _error),
    "dvla_depth_estimate": (_handle, POINTER(c.Picture), _handle_output, _error),
    "dvla_depth_map_close": (_handle, _error),
    "dvla_depth_map_describe": (_handle, POINTER(c.DepthInfo), _error),
    "dvla_depth_map_values": (_handle, POINTER(c_float), c_size_t, _error),
    "dvla_depth_map_grey16": (_handle, POINTER(c_uint16), c_size_t, _error),
    "dvla_depth_map_file": (_handle, c_char_p, *_text),
    "dvla_parity_check": (
        _handle,
        POINTER(c_char_p),
        c_size_t,
        POINTER(c.ParityOptions),
        c.Progress,
        c_void_p,
        _handle_output,
        _error,
    ),
    "dvla_report_close": (_handle, _error),
    "dvla_report_document": (_handle, *_text),
    "dvla_golden_record": (
        _handle,
        c_char_p,
        c_char_p,
        c_char_p,
        c_bool,
        POINTER(c.ParityOptions),
        _error,
    ),
}

_loaded: ctypes.CDLL | None = None
_loading = threading.Lock()


def library() -> ctypes.CDLL:
    """The library, loaded once.

    Raises:
        Error: ``python.library`` when it is not there, cannot be loaded, or is another version.
    """
    global _loaded
    if _loaded is None:
        with _loading:
            if _loaded is None:
                _loaded = _load()
    return _loaded


def _load() -> ctypes.CDLL:
    path = os.environ.get("DEPTHVLA_LIBRARY") or str(Path(__file__).with_name(_FILE))
    try:
        # Its symbols stay its own, beside the OpenBLAS of NumPy and the libraries of torch.
        loaded = ctypes.CDLL(path, mode=os.RTLD_LOCAL | os.RTLD_NOW)
    except OSError as problem:
        raise Error(
            "python.library", 69, f"the library cannot be loaded: {problem}", file=path
        ) from None
    loaded.dvla_abi_version.restype = c_uint32
    loaded.dvla_version.restype = c_char_p
    found = loaded.dvla_abi_version()
    if found != ABI_VERSION:
        raise Error(
            "python.library",
            69,
            f"{path}: expected a library of interface version {ABI_VERSION}, found {found}",
            file=path,
        )
    for name, parameters in FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype = c_int32
        function.argtypes = parameters
    return loaded


def call(name: str, *arguments: Any) -> None:
    """Calls a function of the library, without Python's lock.

    Args:
        name: The function.
        *arguments: All but the last, which receives the error.

    Raises:
        Error: What the library found wrong.
    """
    function = getattr(library(), name)
    error = c.Error()
    try:
        status = function(*arguments, byref(error))
    except ctypes.ArgumentError as problem:
        # A Python object that is no argument of C; the annotations say what is.
        raise TypeError(f"{name}: {problem}") from None
    if status != 0:
        raise raised(error)


def raised(error: c.Error) -> Error:
    """The exception of an error of the library."""
    details = _decoded(error.details)
    return Error(
        _decoded(error.code),
        error.status,
        _decoded(error.message),
        file=_decoded(error.file) or None,
        tensor=_decoded(error.tensor) or None,
        details=tuple(details.split("\n")) if details else (),
    )


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", errors="replace")


def text(name: str, *arguments: Any) -> bytes:
    """The text that a function copies into memory of its caller: asked for its length first."""
    length = c_size_t()
    call(name, *arguments, None, 0, byref(length))
    buffer = ctypes.create_string_buffer(max(1, length.value))
    call(name, *arguments, buffer, length.value, byref(length))
    return buffer.raw[: length.value]


def encoded(value: str | os.PathLike[str] | None, name: str) -> bytes | None:
    """A text as C reads it.

    Raises:
        TypeError: For anything but a text or a path.
        Error: ``argument.text`` for a text with a zero in it or without UTF-8.
    """
    if value is None:
        return None
    plain = os.fspath(value)
    if not isinstance(plain, str):
        raise TypeError(f"{name}: expected a str or a path of str, found {type(value).__name__}")
    try:
        result = plain.encode("utf-8")
    except UnicodeEncodeError:
        raise Error("argument.text", 64, f"{name}: expected a text in UTF-8") from None
    if b"\0" in result:
        raise Error("argument.text", 64, f"{name}: expected a text without a zero character")
    return result


class Handle:
    """A handle of the library, closed with this object or before it.

    Calls that use it go on as if it were open when another thread closes it meanwhile.
    """

    def __init__(self, value: int, kind: str) -> None:
        self._value: int | None = value
        self._kind = kind
        self._process = os.getpid()

    @classmethod
    def closed(cls, kind: str) -> Handle:
        """One that was closed."""
        handle = cls(0, kind)
        handle._value = None
        return handle

    @property
    def value(self) -> int:
        """The handle as C knows it.

        Raises:
            Error: ``handle.unknown`` after it was closed.
        """
        if self._value is None:
            raise Error("handle.unknown", 64, f"the {self._kind.replace('_', ' ')} is closed")
        return self._value

    @property
    def is_open(self) -> bool:
        """Whether it was not closed."""
        return self._value is not None

    def close(self) -> None:
        """Closes it; a second time does nothing."""
        value, self._value = self._value, None
        # A forked child leaves what its parent opened alone.
        if value is not None and self._process == os.getpid():
            call(f"dvla_{self._kind}_close", value)

    def __reduce__(self) -> tuple[object, ...]:
        # A copy would be another's number, in this process or in the next.
        raise TypeError(
            f"an open {self._kind.replace('_', ' ')} cannot be copied or sent to another process; "
            "open it there"
        )

    def __del__(self) -> None:
        # At the end of the process modules may be gone already, and all is closed anyway.
        if getattr(self, "_value", None) is not None and not sys.is_finalizing():
            self.close()


def made(kind: str, name: str, *arguments: Any, watch: Watch | None = None) -> Handle:
    """The handle that a function stores, its last but one parameter."""
    output = c_void_p()
    try:
        (watch.call if watch else call)(name, *arguments, byref(output))
    except BaseException:
        # An interrupt may come when the work is done.
        if output.value is not None:
            Handle(output.value, kind).close()
        raise
    return Handle(output.value or 0, kind)


class Watch:
    """Lets the signals of Python in while the library works, and the caller follow it.

    Python runs handlers of signals on its main thread. There the library works on a thread beside
    it, so that a handler never runs inside of a callback of C, from which nothing may be raised. An
    exception of a handler or of `progress` makes the library stop, and is raised when it has.
    """

    def __init__(
        self, progress: Callable[[int, int], object] | None = None, kind: Any = c.Progress
    ) -> None:
        self._failure: BaseException | None = None
        self._progress = progress
        self.callback: Any = kind(self._step)

    def _step(self, _context: object, done: int, total: int) -> bool:
        try:
            if self._failure is None and self._progress is not None:
                self._progress(done, total)
        except BaseException as failure:
            self._failure = failure
        return self._failure is None

    def call(self, name: str, *arguments: Any) -> None:
        """As `call` of this module, with the exceptions of handlers and of `progress`."""
        try:
            if threading.current_thread() is threading.main_thread():
                self._call_beside(name, *arguments)
            else:
                call(name, *arguments)
        except Error as error:
            if error.code != "call.stopped" or self._failure is None:
                raise
        finally:
            # It refers to this object, which refers to it.
            self.callback = None
        if self._failure is not None:
            raise self._failure

    def _call_beside(self, name: str, *arguments: Any) -> None:
        outcome: list[BaseException] = []
        # Not Thread.join, which until Python 3.12 takes a thread for ended whose wait an exception
        # of a handler has interrupted.
        may_begin, has_ended = threading.Lock(), threading.Lock()
        may_begin.acquire()
        has_ended.acquire()
        begun = ended = False

        def work() -> None:
            nonlocal begun, ended
            may_begin.acquire()
            begun = True
            try:
                call(name, *arguments)
            except BaseException as failure:
                outcome.append(failure)
            finally:
                ended = True
                has_ended.release()

        # An exception here leaves a thread that never begins; the end of the process need not wait
        # for it.
        threading.Thread(target=work, name="depthvla", daemon=True).start()
        while not ended:
            try:
                if not begun and may_begin.locked():
                    may_begin.release()
                has_ended.acquire()
            except BaseException as failure:
                self._failure = self._failure or failure
        if outcome:
            raise outcome[0]
