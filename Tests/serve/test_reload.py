"""Another bundle takes over while the server serves, and only one that may."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import struct
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import websockets.exceptions
from openpi_client import msgpack_numpy

import harness

KEYS = harness.FIXTURES / "signing"
ASKED = harness.libero() | {"depthvla": {"seed": 1}}


def root_of(bundle: Path) -> str:
    return json.loads(harness.run_command("inspect", bundle, "--json").stdout)["root"]


def served_root(server: harness.Server) -> str:
    ((labels, value),) = server.samples()["depthvla_bundle_info"]
    assert value == 1
    return labels["root"]


def replace(source: Path, target: Path) -> None:
    """In one step, as a release is put in place."""
    fresh = target.with_name(target.name + ".fresh")
    shutil.copy(source, fresh)
    os.replace(fresh, target)


def reload(server: harness.Server, root: str | None) -> None:
    """root: of the bundle that takes over; none where it must be refused."""
    before = reloads(server)
    server.send_signal(signal.SIGHUP)
    harness.wait_for(lambda: reloads(server) != before, "the reload is counted")
    assert served_root(server) == root or root is None


def reloads(server: harness.Server) -> tuple[float, float]:
    """How many took over, and how many were refused."""
    return server.value("depthvla_reloads_total"), server.value("depthvla_reloads_refused_total")


@pytest.fixture
def place(tmp_path, bundles):
    path = tmp_path / "robot.dvla.safetensors"
    shutil.copy(bundles["depthvla"], path)
    return path


def damaged(bundle: Path, target: Path) -> Path:
    """One bit in the middle of the last tensor's bytes."""
    contents = bytearray(bundle.read_bytes())
    (length,) = struct.unpack("<Q", contents[:8])
    contents[(8 + length + len(contents)) // 2] ^= 4
    target.write_bytes(contents)
    return target


def test_sighup_puts_the_new_bundle_to_work(serve, bundles, place, tmp_path):
    server = serve(place)
    client = server.client()
    before = client.infer(ASKED)["actions"]
    assert served_root(server) == root_of(bundles["depthvla"])
    replace(bundles["other"], place)
    reload(server, root_of(bundles["other"]))
    after = client.infer(ASKED)["actions"]
    assert not np.array_equal(before, after)
    expected, _ = harness.run_once(bundles["other"], "libero", harness.libero(), tmp_path, "--seed", 1, pads=True)
    assert np.array_equal(after, expected)
    assert server.client().get_server_metadata()["depthvla"]["root"] == root_of(bundles["other"])


def test_a_damaged_bundle_leaves_the_old_one_serving(serve, bundles, place, tmp_path):
    server = serve(place)
    before = server.client().infer(ASKED)["actions"]
    replace(damaged(bundles["other"], tmp_path / "damaged"), place)
    reload(server, None)
    assert reloads(server) == (0, 1)
    assert served_root(server) == root_of(bundles["depthvla"])
    assert np.array_equal(server.client().infer(ASKED)["actions"], before)
    harness.wait_for(lambda: "damaged" in server.log, "the log says why")


def test_a_bundle_that_is_gone_leaves_the_old_one_serving(serve, place):
    server = serve(place)
    place.unlink()
    reload(server, None)
    assert reloads(server) == (0, 1)
    server.serves()


def test_another_kind_of_file_leaves_the_old_one_serving(serve, place, tmp_path):
    server = serve(place)
    (tmp_path / "text").write_text("hello")
    replace(tmp_path / "text", place)
    reload(server, None)
    assert reloads(server) == (0, 1)
    server.serves()


@pytest.mark.parametrize("name", ["longer", "pi0"])
def test_a_bundle_with_which_clients_could_not_go_on_is_refused(serve, bundles, place, name):
    """Another horizon; no depth where there was some."""
    server = serve(place)
    replace(bundles[name], place)
    reload(server, None)
    assert reloads(server) == (0, 1)
    assert served_root(server) == root_of(bundles["depthvla"])
    server.serves()


def test_after_a_refusal_a_good_bundle_takes_over(serve, bundles, place, tmp_path):
    server = serve(place)
    replace(damaged(bundles["other"], tmp_path / "damaged"), place)
    reload(server, None)
    replace(bundles["other"], place)
    reload(server, root_of(bundles["other"]))
    assert reloads(server) == (1, 1)
    server.serves()


@pytest.fixture
def release(tmp_path, bundles):
    """Makes a signed release of one of the bundles at a path."""

    def make(name: str, number: int, path: Path, key: str = "p256") -> Path:
        replace(bundles[name], path)
        harness.run_command("sign", path, "--key", KEYS / f"{key}.pem", "--release", number, "--force")
        return path

    return make


def put(release, name: str, number: int, place: Path, tmp_path: Path, key: str = "p256") -> None:
    """A release with its signature into a place, the signature first."""
    fresh = release(name, number, tmp_path / "fresh.dvla.safetensors", key)
    os.replace(Path(f"{fresh}.sig"), Path(f"{place}.sig"))
    os.replace(fresh, place)


def test_a_newer_signed_release_takes_over(serve, release, bundles, tmp_path):
    place = release("depthvla", 7, tmp_path / "robot.dvla.safetensors")
    server = serve(place, "--public-key", KEYS / "p256.pub.pem", "--minimum-release", 7)
    put(release, "other", 8, place, tmp_path)
    reload(server, root_of(bundles["other"]))
    assert reloads(server) == (1, 0)


@pytest.mark.parametrize(("number", "key", "reason"), [(6, "p256", "signature.release"), (8, "other-p256", "signature.")])
def test_an_older_or_a_stranger_s_release_leaves_the_old_one_serving(serve, release, bundles, tmp_path, number, key,
                                                                    reason):
    place = release("depthvla", 7, tmp_path / "robot.dvla.safetensors")
    server = serve(place, "--public-key", KEYS / "p256.pub.pem")
    put(release, "other", number, place, tmp_path, key)
    reload(server, None)
    assert reloads(server) == (0, 1)
    assert served_root(server) == root_of(bundles["depthvla"])
    harness.wait_for(lambda: reason in server.log, "the log says why")
    server.serves()


def test_a_public_key_that_was_replaced_counts_from_the_next_bundle_on(serve, release, bundles, tmp_path):
    trusted = tmp_path / "trusted.pem"
    shutil.copy(KEYS / "p256.pub.pem", trusted)
    place = release("depthvla", 7, tmp_path / "robot.dvla.safetensors")
    server = serve(place, "--public-key", trusted)
    shutil.copy(KEYS / "other-p256.pub.pem", trusted)
    put(release, "other", 8, place, tmp_path)
    reload(server, None)
    assert reloads(server) == (0, 1)
    put(release, "other", 8, place, tmp_path, "other-p256")
    reload(server, root_of(bundles["other"]))


def test_an_unsigned_bundle_leaves_the_old_one_serving(serve, release, bundles, tmp_path):
    place = release("depthvla", 7, tmp_path / "robot.dvla.safetensors")
    server = serve(place, "--public-key", KEYS / "p256.pub.pem")
    Path(f"{place}.sig").unlink()
    replace(bundles["other"], place)
    reload(server, None)
    assert reloads(server) == (0, 1)
    harness.wait_for(lambda: "signature." in server.log, "the log says why")
    server.serves()


def test_an_unsigned_bundle_does_not_start(bundles):
    status, words = harness.refused(bundles["depthvla"], "--robot", "libero", "--public-key", KEYS / "p256.pub.pem")
    assert status == 1
    assert "not signed" in words


def test_a_damaged_bundle_does_not_start(bundles, tmp_path):
    status, words = harness.refused(damaged(bundles["depthvla"], tmp_path / "damaged"), "--robot", "libero")
    assert status == 65
    assert "damaged" in words


def test_a_watched_path_is_reloaded_by_itself(serve, bundles, place):
    server = serve(place, "--watch")
    replace(bundles["other"], place)
    harness.wait_for(lambda: served_root(server) == root_of(bundles["other"]), "the new bundle takes over")
    server.serves()


def test_requests_during_a_reload_are_all_answered(serve, bundles, place):
    server = serve(place)
    expected = {root: None for root in (root_of(bundles["depthvla"]), root_of(bundles["other"]))}
    answers: list[np.ndarray] = []
    enough = threading.Event()

    def ask() -> None:
        client = server.client()
        while not enough.is_set():
            answers.append(client.infer(ASKED)["actions"])

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for name in ("other", "depthvla", "other"):
        replace(bundles[name], place)
        reload(server, root_of(bundles[name]))
    enough.set()
    for thread in threads:
        thread.join()
    # Each is wholly of the one or of the other.
    assert len({answer.tobytes() for answer in answers}) == len(expected)


def test_sigterm_lets_the_request_under_way_finish(serve, steps):
    server = serve("slow", "--steps", steps(2))
    with server.connect() as connection:
        connection.send(msgpack_numpy.packb(harness.libero()))
        time.sleep(0.5)
        server.send_signal(signal.SIGTERM)
        answer = connection.recv(timeout=harness.PATIENCE)
    assert isinstance(answer, bytes)
    assert server.process.wait(timeout=harness.PATIENCE) == 0


def test_sigterm_without_work_ends_at_once_with_clients_connected(serve):
    server = serve("depthvla")
    held = [server.connect() for _ in range(3)]
    start = time.monotonic()
    server.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=harness.PATIENCE) == 0
    assert time.monotonic() - start < 15
    for connection in held:
        connection.close()


def test_clients_are_told_that_the_server_goes_away(serve):
    server = serve("depthvla")
    with server.connect() as connection:
        server.send_signal(signal.SIGTERM)
        with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
            connection.recv(timeout=harness.PATIENCE)
        assert closed.value.rcvd.code == 1001


def test_a_second_sigterm_ends_it_at_once(serve, steps):
    server = serve("slow", "--steps", steps(6))
    with server.connect() as connection:
        connection.send(msgpack_numpy.packb(harness.libero()))
        time.sleep(0.5)
        start = time.monotonic()
        server.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        server.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=harness.PATIENCE) == 130
        assert time.monotonic() - start < 5


def test_while_it_drains_it_is_not_ready(serve, steps):
    server = serve("slow", "--steps", steps(3))
    with server.connect() as connection:
        connection.send(msgpack_numpy.packb(harness.libero()))
        time.sleep(0.3)
        server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        # It may not listen any more, which says as much.
        with contextlib.suppress(OSError):
            assert server.get("/readyz")[0] == 503
        connection.recv(timeout=harness.PATIENCE)


def test_signals_in_quick_succession_never_end_it_by_themselves(place):
    """They arrive on any thread, also on those of libraries, which were there before main."""
    for _ in range(6):
        server = harness.start(place, "--threads", 1)
        for _ in range(15):
            server.send_signal(signal.SIGHUP)
            time.sleep(0.005)
        assert server.stop() == 0, server.log


def test_stopping_right_at_the_start_is_in_good_order(place):
    for _ in range(6):
        server = harness.start(place, "--threads", 1)
        server.send_signal(signal.SIGHUP)
        assert server.stop() == 0, server.log


def test_a_log_that_nobody_reads_does_not_stop_it(place):
    """Its lines fill a pipe; it answers all the same, and it can be stopped."""
    first, last = os.pipe()
    process = subprocess.Popen(
        [harness.command(), "serve", str(place), "--port", "0", "--robot", "libero", "--log-level", "debug"],
        stdin=subprocess.DEVNULL, stderr=last)
    os.close(last)
    text = b""
    while b"ready" not in text:
        text += os.read(first, 4096)
    port = int(text.split(b"listening on ws://127.0.0.1:")[1].split()[0])
    for _ in range(700):
        with contextlib.suppress(OSError, websockets.exceptions.WebSocketException):
            harness.websockets.sync.client.connect(f"ws://127.0.0.1:{port}", compression=None).close()
    client = harness.WebsocketClientPolicy(f"ws://127.0.0.1:{port}")
    assert client.infer(harness.libero())["actions"].shape[1] == 7
    client._ws.close()
    process.terminate()
    assert process.wait(timeout=harness.PATIENCE) == 0
    os.close(first)
