"""The connection to Ray."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._extras import require

OBJECT_STORE = 200 << 20
"""Bytes of the object store of a Ray that is started here: only numbers of chunks go through it."""

LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""The variable that Ray reads where clusters are not supported. Its name notwithstanding, 0 works
on Linux, and is the only way to keep Ray from the machine's other addresses."""


class Cluster:
    """A Ray that this process is connected to."""

    def __init__(self, ray: Any) -> None:
        """Uses the module of a connected Ray."""
        self.ray = ray

    def shape(self, actors: int | None, threads: int | None) -> tuple[int, int]:
        """How many actors, and the threads of each.

        Raises:
            Error: `labels.cluster` (69): no node has as many processors.
        """
        nodes = [node for node in self.ray.nodes() if node["Alive"]]
        processors = [int(node["Resources"].get("CPU", 0)) for node in nodes]
        processors = [count for count in processors if count > 0]
        if not processors or (threads or 1) > max(processors):
            rule = f"expected a node with {threads or 1} processors, found {processors}"
            raise located("labels.cluster", 69, rule)
        threads = threads or min(processors)
        most = sum(count // threads for count in processors)
        return min(actors or most, most), threads


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[Cluster]:
    """Uses the Ray of this process, connects to one, or starts one on this machine and stops it.

    Raises:
        Error: `ray.cluster` (69): no connection.
        MissingExtra: Ray is not installed.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    is_local = address is None and LOOPBACK not in os.environ
    if is_local:
        # Before Ray is imported: a Ray of this machine alone listens on the loopback address alone.
        os.environ[LOOPBACK] = "0"
    try:
        ray = require("ray", extra="ray")
        require("ray.data", extra="ray")
        is_ours = not ray.is_initialized()
        if is_ours:
            _start(ray, address)
    finally:
        if is_local:
            os.environ.pop(LOOPBACK, None)
    try:
        yield Cluster(ray)
    finally:
        if is_ours:
            ray.shutdown()


def _start(ray: Any, address: str | None) -> None:
    options: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    if address is None:
        options |= {"object_store_memory": OBJECT_STORE, "include_dashboard": False}
    # Ray takes SIGTERM for itself, and ends the process without a word.
    handler = signal.getsignal(signal.SIGTERM)
    try:
        _check_answers(address)
        ray.init(address=address or "local", **options)
    except Exception as error:
        raise located("ray.cluster", 69, f"Ray: {_first_line(error)}", key=address) from None
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def _check_answers(address: str | None) -> None:
    # Ray itself goes on trying for minutes.
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@contextlib.contextmanager
def quiet(data: Any) -> Iterator[None]:
    """Keeps Ray Data from writing progress, and from hiding what an actor raised."""
    context = data.DataContext.get_current()
    before = (context.enable_progress_bars, context.raise_original_map_exception)
    logger = logging.getLogger("ray.data")
    level = logger.level
    # Without the second, the error arrives as text inside a UserCodeException alone.
    context.enable_progress_bars, context.raise_original_map_exception = False, True
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars, context.raise_original_map_exception = before
        logger.setLevel(level)


def own_error(error: BaseException) -> Error:
    """What an actor raised, out of what Ray wraps it in; else `ray.cluster` (69)."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Error):
            # Ray derives a class of its own from the error's, whose text is a whole traceback.
            return Error(
                seen.code,
                seen.status,
                seen.message,
                file=seen.file,
                key=seen.key,
                details=seen.details,
            )
        seen = getattr(seen, "cause", None) or seen.__cause__
    return located("ray.cluster", 69, f"Ray: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1] if lines else ''}"
