"""A client that stalls, floods or goes away costs the others nothing."""

from __future__ import annotations

import socket
import struct
import threading
import time

import pytest
import websockets.exceptions
from openpi_client import msgpack_numpy

import harness
from test_refusals import frame, handshake

MESSAGE = msgpack_numpy.packb(harness.libero())


def reset(stream: socket.socket) -> None:
    """Ends a connection without a word, as a robot that loses its network does."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def test_half_a_handshake(server):
    with server.stream() as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgr")
        server.serves()


def test_a_connection_that_says_nothing(server):
    with server.stream():
        server.serves()


def test_what_is_no_http(server):
    with server.stream() as stream:
        stream.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200))
        server.serves()


def test_headers_without_end(server):
    with server.stream() as stream:
        try:
            stream.sendall(b"GET / HTTP/1.1\r\n" + b"X-Filler: " + b"a" * 5_000_000)
            while stream.recv(65536):
                pass
        except OSError:
            pass
    server.serves()


def test_half_a_frame(server):
    with handshake(server) as stream:
        stream.sendall(frame(2, MESSAGE)[:100_000])
        server.serves()


def test_a_frame_byte_by_byte(server):
    with handshake(server) as stream:
        for byte in frame(2, MESSAGE)[:200]:
            stream.sendall(bytes([byte]))
        server.serves()


def test_many_frames_without_reading(server):
    """One observation may wait beside the one that is answered; with more the client is refused."""
    with handshake(server) as stream:
        stream.settimeout(0.5)

        def flood() -> None:
            try:
                for _ in range(200):
                    stream.sendall(frame(2, MESSAGE))
            except OSError:
                pass

        thread = threading.Thread(target=flood)
        thread.start()
        start = time.monotonic()
        server.serves()
        assert time.monotonic() - start < harness.PATIENCE / 2
        thread.join()


def test_one_observation_may_wait_and_is_answered_in_turn(server):
    expected = [server.client().infer(harness.libero(n) | {"depthvla": {"seed": n}})["actions"] for n in range(2)]
    with server.connect() as connection:
        for number in range(2):
            connection.send(msgpack_numpy.packb(harness.libero(number) | {"depthvla": {"seed": number}}))
        answers = [msgpack_numpy.unpackb(connection.recv(timeout=harness.PATIENCE))["actions"] for _ in range(2)]
    assert [a.tolist() for a in answers] == [e.tolist() for e in expected]


def test_a_client_that_does_not_wait_its_turn_is_refused(serve, steps):
    server = serve("slow", "--steps", steps(1))
    with server.connect() as connection:
        for _ in range(3):
            connection.send(MESSAGE)
        line = connection.recv(timeout=harness.PATIENCE)
    assert isinstance(line, str)
    assert line.startswith("serve.turn:")


def test_many_pings_without_reading(server):
    with handshake(server) as stream:
        stream.settimeout(0.5)
        try:
            for _ in range(2000):
                stream.sendall(frame(9, b"x" * 100) * 10)
        except OSError:
            pass
        server.serves()


def test_a_client_that_goes_away_while_its_answer_is_computed(serve, steps):
    server = serve("slow", "--steps", steps(1))
    for _ in range(3):
        stream = handshake(server)
        stream.sendall(frame(2, MESSAGE))
        time.sleep(0.2)
        reset(stream)
    server.serves()


def test_more_connections_than_are_allowed(serve):
    server = serve("depthvla", "--max-connections", 3)
    held = [server.connect() for _ in range(3)]
    with pytest.raises((websockets.exceptions.WebSocketException, OSError, EOFError)):
        server.connect(open_timeout=10)
    held[1].send(MESSAGE)
    assert isinstance(held[1].recv(timeout=harness.PATIENCE), bytes)
    for connection in held:
        connection.close()
    harness.wait_for(lambda: connects(server), "a place is free again")


def connects(server: harness.Server) -> bool:
    try:
        server.connect().close()
    except (websockets.exceptions.WebSocketException, OSError, EOFError):
        return False
    return True


def test_a_full_queue_refuses_the_next(serve, steps):
    server = serve("slow", "--steps", steps(3), "--queue", 1)
    connections = [server.connect() for _ in range(4)]
    for connection in connections:
        connection.send(MESSAGE)
    answers = [connection.recv(timeout=harness.PATIENCE) for connection in connections]
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert 1 <= len(refused) <= 3
    assert all(line.startswith("serve.busy:") for line in refused)


def test_a_request_that_takes_too_long_is_refused(serve, steps):
    server = serve("slow", "--steps", steps(3), "--request-timeout", 1)
    with server.connect() as connection:
        connection.send(MESSAGE)
        line = connection.recv(timeout=harness.PATIENCE)
    assert isinstance(line, str)
    assert line.startswith("serve.timeout:")


def test_no_descriptor_is_left_by_clients_that_came_and_went(server):
    def descriptors() -> int:
        return len(list(harness.Path(f"/proc/{server.process.pid}/fd").iterdir()))

    server.serves()
    before = descriptors()
    for _ in range(20):
        stream = handshake(server)
        stream.sendall(frame(2, MESSAGE)[:1000])
        reset(stream)
        server.connect().close()
        server.get("/healthz")
    harness.wait_for(lambda: descriptors() <= before + 1, "the descriptors are closed", 20)
