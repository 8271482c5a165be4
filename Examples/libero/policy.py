"""The policy server: started on a bundle, or one that runs already, and openpi's client to it."""

import contextlib
import http.client
import os
import queue
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpi_client.websocket_client_policy import WebsocketClientPolicy

# A bundle of published size is verified before it serves, from a slow disk.
START_SECONDS = 600


class Failed(Exception):
    """What went wrong, in words for the person who runs this."""


def find_tool(given: str | None) -> str:
    tool = given or os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla")
    if tool is None or shutil.which(tool) is None:
        raise Failed(f"there is no command {tool or 'depthvla'}; run scripts/install, or give --tool")
    return tool


@contextlib.contextmanager
def serving(tool: str, bundle: Path, options: list[str], log: Path) -> Iterator[str]:
    """`depthvla serve` on a free port of this machine; the address, once it takes requests. What it says goes to log."""
    if not bundle.exists():
        raise Failed(f"there is no bundle {bundle}")
    command = [tool, "serve", str(bundle), "--robot", "libero", "--port", "0", *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    lines: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=keep, args=(process, log, lines), daemon=True)
    reader.start()
    try:
        address = wait_for_address(process, lines)
        wait_until_ready(address, process, lines)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(timeout=5)


def keep(process: subprocess.Popen, log: Path, lines: queue.Queue) -> None:
    """Reads what the server says to its end, so that it never waits for us."""
    with log.open("w") as file:
        for line in process.stderr:
            file.write(line)
            file.flush()
            lines.put(line.strip())
    lines.put(None)


def wait_for_address(process: subprocess.Popen, lines: queue.Queue) -> str:
    last, end = "it said nothing", time.monotonic() + START_SECONDS
    while True:
        try:
            line = lines.get(timeout=max(0.1, end - time.monotonic()))
        except queue.Empty:
            raise Failed(f"the server did not start within {START_SECONDS} s; its last words: {last}") from None
        if line is None:
            raise Failed(f"the server did not start (exit status {process.wait()}): {last}")
        if found := re.search(r"listening on (wss?://\S+)", line):
            return found[1]
        last = line or last


def last_word(lines: queue.Queue) -> str:
    """What the server said last before it ended."""
    last = "it said nothing"
    while (line := lines.get(timeout=5)) is not None:
        last = line or last
    return last


def wait_until_ready(address: str, process: subprocess.Popen | None = None, lines: queue.Queue | None = None) -> None:
    url = re.sub("^ws", "http", address).rstrip("/") + "/readyz"
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            # 503: the bundle is not loaded yet. 404 and others: a server without this page.
            if error.code != 503:
                return
        except (OSError, http.client.HTTPException) as error:
            if process is None:
                raise Failed(f"there is no server at {address}: {getattr(error, 'reason', error)}") from error
        if process is not None and process.poll() is not None:
            raise Failed(f"the server did not start (exit status {process.returncode}): {last_word(lines)}")
        if time.monotonic() > end:
            raise Failed(f"the server at {address} was not ready within {START_SECONDS} s")
        time.sleep(0.2)


class Policy:
    """openpi's client. Each request has a noise seed of its own, so that a run can be repeated bit for bit; for a server other
    than ours observations are sent as openpi's example sends them."""

    def __init__(self, address: str, api_key: str | None, seed: int):
        try:
            self._client = WebsocketClientPolicy(address, api_key=api_key)
        except Exception as error:
            raise Failed(f"the server at {address} refused the connection: {error}") from error
        self.address = address
        self.metadata: dict[str, Any] = self._client.get_server_metadata()
        # None of a server other than ours.
        self.about: dict[str, Any] | None = self.metadata.get("depthvla")
        self.seed = seed

    def start_episode(self, number: int) -> int:
        """The seed of the first request of an episode; those that follow have the numbers after it."""
        self._next = (self.seed << 32) + number * 100_000
        return self._next

    def infer(self, observation: dict[str, Any]) -> dict[str, Any]:
        if self.about is not None:
            observation = observation | {"depthvla": {"seed": self._next, "depth": bool(self.about.get("depth"))}}
            self._next += 1
        try:
            return self._client.infer(observation)
        except Exception as error:
            words = str(error).removeprefix("Error in inference server:").strip()
            raise Failed(f"the server at {self.address} gave no actions: {words}") from error
