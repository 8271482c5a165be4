"""Who may ask: loopback by default, a key elsewhere, no pages of other sites."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess

import pytest
import websockets.exceptions
import websockets.sync.client

import harness

KEY = "a-key-of-some-length-0123456789"


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o600)
    return path


def status_of(server: harness.Server, **headers: str) -> int:
    """The HTTP status with which a handshake is refused; 101 where it is not."""
    try:
        websockets.sync.client.connect(server.address, compression=None, additional_headers=headers).close()
    except websockets.exceptions.InvalidStatus as error:
        return error.response.status_code
    return 101


def test_the_right_key_is_served(serve, key_file):
    server = serve("depthvla", "--api-key-file", key_file)
    assert server.client(api_key=KEY).infer(harness.libero())["actions"].shape == (8, 7)


@pytest.mark.parametrize("given", [None, "Api-Key wrong", f"Api-Key {KEY}x", f"Api-Key {KEY[:-1]}", f"Bearer {KEY}", KEY,
                                   "Api-Key ", "Api-Key"])
def test_a_wrong_or_missing_key_is_refused(serve, key_file, given):
    server = serve("depthvla", "--api-key-file", key_file)
    assert status_of(server, **({"Authorization": given} if given else {})) == 401
    assert status_of(server, Authorization=f"Api-Key {KEY}") == 101


def test_metrics_ask_for_the_key(serve, key_file):
    server = serve("depthvla", "--api-key-file", key_file)
    assert server.get("/metrics")[0] == 401
    assert server.get("/metrics", {"Authorization": f"Api-Key {KEY}"})[0] == 200


def test_each_line_of_the_file_is_a_key(serve, key_file):
    key_file.write_text(f"{KEY}\nanother-key-of-some-length\n")
    server = serve("depthvla", "--api-key-file", key_file)
    for key in (KEY, "another-key-of-some-length"):
        assert status_of(server, Authorization=f"Api-Key {key}") == 101


def test_health_needs_no_key(serve, key_file):
    server = serve("depthvla", "--api-key-file", key_file)
    assert server.get("/healthz")[0] == 200
    assert server.get("/readyz")[0] == 200


def test_a_page_of_another_site_is_refused(server):
    assert status_of(server, Origin="https://example.org") == 403


def test_the_key_is_in_no_log(serve, key_file):
    server = serve("depthvla", "--api-key-file", key_file, "--log-level", "debug")
    status_of(server, Authorization="Api-Key some-other-secret")
    status_of(server, Authorization=f"Api-Key {KEY}")
    server.stop()
    assert KEY not in server.log
    assert "some-other-secret" not in server.log


def test_another_address_than_loopback_needs_a_key(bundles):
    status, words = harness.refused(bundles["depthvla"], "--host", "0.0.0.0", "--robot", "libero")
    assert status == 64
    assert "--api-key-file" in words


def test_a_host_that_says_nobody_is_checked(serve):
    # Asked by loopback alone; that it listens is what is tested.
    server = serve("depthvla", "--host", "0.0.0.0", "--allow-anyone")
    server.address = f"ws://127.0.0.1:{server.port}"
    server.serves()


@pytest.mark.parametrize("contents", ["", "\n", "short"])
def test_a_key_file_without_a_key_is_refused(bundles, tmp_path, contents):
    path = tmp_path / "key"
    path.write_text(contents)
    status, words = harness.refused(bundles["depthvla"], "--robot", "libero", "--api-key-file", path)
    assert status != 0
    assert "key" in words


def test_a_port_that_is_taken_is_told(bundles):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, words = harness.refused(bundles["depthvla"], "--robot", "libero", "--port", port)
    assert status not in (0, 64, 65)
    assert str(port) in words


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_over_tls(serve, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    server = serve("depthvla", "--tls-certificate", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem", scheme="wss")
    assert server.address.startswith("wss://")
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    harness.wait_for(lambda: server.get("/readyz", context=context)[0] == 200, "ready")
    with server.connect(ssl=context) as connection:
        connection.send(harness.msgpack_numpy.packb(harness.libero()))
        assert isinstance(connection.recv(timeout=harness.PATIENCE), bytes)
