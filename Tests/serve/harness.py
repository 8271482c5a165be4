"""Servers and what they are asked: shared by the tests of `depthvla serve`."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import websockets.sync.client
from openpi_client import msgpack_numpy
from openpi_client.websocket_client_policy import WebsocketClientPolicy
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = PROJECT / "Fixtures"
INSTRUCTION = "pick up the red cup"
# Of a server or of an answer, on a busy machine and with a command that is not optimised.
PATIENCE = 60

Observation = dict[str, Any]
# What a test has opened, to be closed with it: a server takes 16 clients.
CONNECTIONS: list[websockets.sync.client.ClientConnection] = []


def close_connections() -> None:
    while CONNECTIONS:
        CONNECTIONS.pop().close()


def command() -> str:
    """The command: DEPTHVLA_COMMAND, or the one on PATH."""
    found = os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla")
    if found is None:
        pytest.fail("no depthvla command: set DEPTHVLA_COMMAND")
    return found


def run_command(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the command, which must end with that status."""
    done = subprocess.run([command(), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == status, f"status {done.returncode}, not {status}: {done.stderr}{done.stdout[-2000:]}"
    return done


# ---- servers


@dataclasses.dataclass
class Server:
    """A server that runs. Its words on stderr are in lines."""

    process: subprocess.Popen[str]
    address: str
    lines: list[str]
    _reader: threading.Thread

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1].rstrip("/"))

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def client(self, api_key: str | None = None) -> WebsocketClientPolicy:
        """Closed with the test: openpi's client never closes its connection."""
        found = WebsocketClientPolicy(self.address, api_key=api_key)
        CONNECTIONS.append(found._ws)
        return found

    def connect(self, **options: Any) -> websockets.sync.client.ClientConnection:
        """A connection whose metadata are read, for what openpi's client does not do."""
        found = websockets.sync.client.connect(self.address, **({"compression": None, "max_size": None} | options))
        CONNECTIONS.append(found)
        msgpack_numpy.unpackb(found.recv(timeout=PATIENCE))
        return found

    def stream(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def get(self, path: str, headers: dict[str, str] | None = None, context: ssl.SSLContext | None = None
            ) -> tuple[int, str]:
        url = re.sub("^ws", "http", self.address).rstrip("/") + path
        request = urllib.request.Request(url, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def samples(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """The metrics by name, as Prometheus reads them."""
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name that have these labels; 0 where there is none."""
        return sum(value for found, value in self.samples().get(name, []) if labels.items() <= found.items())

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ends it as systemd does; the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the server did not end on SIGTERM") from None
        self._reader.join(timeout=5)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def serves(self) -> None:
        """Asserts that the next client gets its actions."""
        assert self.process.poll() is None, self.log
        client = self.client()
        answer = client.infer(self.observation())
        assert np.isfinite(answer["actions"]).all()
        client._ws.close()

    def requests(self) -> float:
        return self.value("depthvla_requests_total")

    observation: Callable[[], Observation] = dict  # noqa: E731


def start(bundle: Path, *options: object, robot: str | Path | None = "libero", scheme: str = "ws") -> Server:
    """Returns once the server is ready. robot: none for the bundle's own."""
    choice = [] if robot is None else ["--robot", robot]
    process = subprocess.Popen(
        [command(), "serve", str(bundle), "--port", "0", *map(str, (*choice, *options))],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    addresses: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.rstrip())
            if found := re.search(r"listening on (wss?://\S+)", line):
                addresses.put(found[1])
        addresses.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        address = addresses.get(timeout=PATIENCE)
    except queue.Empty:
        process.kill()
        raise AssertionError("the server said no address: " + "\n".join(lines)) from None
    assert address is not None, f"the server ended with {process.wait()}: " + "\n".join(lines)
    server = Server(process, address, lines, reader)
    server.observation = aloha if robot == "aloha" else libero
    if scheme == "ws":
        wait_for(lambda: server.get("/readyz")[0] == 200, "the server is ready")
    return server


def refused(bundle: Path, *options: object) -> tuple[int, str]:
    """A start that must fail: the exit status and what the command said."""
    done = subprocess.run(
        [command(), "serve", str(bundle), "--port", "0", *map(str, options)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stderr


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


# ---- observations


def picture(seed: int, height: int = 224, width: int = 224) -> np.ndarray:
    """Smooth, so that resizing matters, with some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [127 + 100 * np.sin(x / rng.uniform(5, 40) + y / rng.uniform(5, 40)) for _ in range(3)]
    noise = rng.integers(0, 25, (height, width, 3))
    return np.clip(np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)


def libero(seed: int = 0) -> Observation:
    rng = np.random.default_rng(1000 + seed)
    return {
        "observation/image": picture(seed), "observation/wrist_image": picture(seed + 500),
        "observation/state": rng.normal(size=8) * 0.3, "prompt": INSTRUCTION,
    }


def aloha(seed: int = 0, cameras: Sequence[str] = ("cam_high", "cam_low", "cam_left_wrist", "cam_right_wrist")
          ) -> Observation:
    """Channels first, as ALOHA's environment of openpi sends pictures."""
    rng = np.random.default_rng(2000 + seed)
    pictures = {c: picture(10 * seed + i).transpose(2, 0, 1) for i, c in enumerate(cameras)}
    return {"state": rng.normal(size=14) * 0.3, "images": pictures, "prompt": INSTRUCTION}


# Of each robot: the cameras in the policy's order as (name, picture), the state, and how many numbers an action has.
def seen_by_policy(robot: str, observation: Observation) -> tuple[list[tuple[str, np.ndarray]], np.ndarray, int]:
    if robot == "libero":
        names = ("observation/image", "observation/wrist_image")
        return [(n, observation[n]) for n in names], observation["observation/state"], 7
    names = ("cam_high", "cam_left_wrist", "cam_right_wrist")
    found = [(f"images/{n}", observation["images"][n].transpose(1, 2, 0)) for n in names if n in observation["images"]]
    return found, observation["state"], 14


# ---- what the command gives


def model_state_width(bundle: Path) -> int:
    return json.loads(run_command("inspect", bundle, "--json").stdout)["configuration"]["action"]["state_dim"]


def run_once(bundle: Path, robot: str, observation: Observation, folder: Path, *options: object,
             pads: bool = False) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Actions and depth of `depthvla run` for an observation, from files. pads: the state gets zeros up to the model's width."""
    cameras, state, width = seen_by_policy(robot, observation)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for index, (_, pixels) in enumerate(cameras):
        files.append(folder / f"{index}.png")
        Image.fromarray(pixels).save(files[-1])
    if pads:
        state = np.pad(state, (0, model_state_width(bundle) - len(state)))
    np.save(folder / "state.npy", state)
    has_depth = json.loads(run_command("inspect", bundle, "--json").stdout)["family"] == "depthvla"
    raw = folder / ("raw" if len(cameras) > 1 else "raw.npy")
    depth_options = ["--raw", raw] if has_depth and "--no-depth" not in options else []
    run_command("run", bundle, "--quiet", "--force", "--image", *files, "--instruction", str(observation["prompt"]),
                "--state", folder / "state.npy", "--actions", folder / "actions.json", *depth_options, *options)
    actions = np.array(json.loads((folder / "actions.json").read_text())["actions"])[:, :width]
    depth = {}
    if depth_options:
        paths = [raw / f"camera{i}.npy" for i in range(len(cameras))] if len(cameras) > 1 else [raw]
        depth = {name: np.load(path) for (name, _), path in zip(cameras, paths, strict=True)}
    return actions, depth


# ---- bundles


def widened(source: Path, target: Path, width: int, seed: int = 3, horizon: int | None = None) -> Path:
    """A tiny checkpoint as one that takes states and gives actions of that many numbers, as published models do, and so many
    actions in a chunk."""
    contents = (source / "model.safetensors").read_bytes()
    start = 8 + struct.unpack("<Q", contents[:8])[0]
    header = json.loads(contents[8:start])
    rng, data = np.random.default_rng(seed), bytearray()
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        shape, (first, last) = list(tensor["shape"]), tensor["data_offsets"]
        if re.search(r"(state_proj|action_in_proj)\.weight$", name):
            shape[1] = width
        elif re.search(r"action_out_proj\.(weight|bias)$", name):
            shape[0] = width
        values = contents[start + first:start + last]
        if shape != tensor["shape"]:
            values = (rng.normal(size=shape) * 0.3).astype("<f4").tobytes()
        tensor |= {"shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    target.mkdir(parents=True)
    (target / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    settings = json.loads((source / "config.json").read_text())
    for part in (settings, settings.get("action", {})):
        part |= {key: width for key in ("action_dim", "state_dim") if key in part}
    if horizon is not None:
        settings["action"]["horizon"] = horizon
    (target / "config.json").write_text(json.dumps(settings))
    return target


def openpi_statistics(path: Path, state: int, action: int, seed: int = 5) -> Path:
    """A norm_stats.json of a robot."""
    rng = np.random.default_rng(seed)

    def of(count: int) -> dict[str, list[float]]:
        mean, std = rng.normal(size=count), rng.uniform(0.2, 2, count)
        fields = {"mean": mean, "std": std, "q01": mean - 2 * std, "q99": mean + 2 * std}
        return {name: values.tolist() for name, values in fields.items()}

    path.write_text(json.dumps({"norm_stats": {"state": of(state), "actions": of(action)}}))
    return path


@contextlib.contextmanager
def stopped(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.stop()
