"""The client pings, and gives a server up that does not answer: pings are answered while a forward runs."""

from __future__ import annotations

import threading
import time

import numpy as np
from openpi_client import msgpack_numpy

import harness

# A client that pings far more often than openpi's, and waits far less long for the answer.
HASTY = {"ping_interval": 0.2, "ping_timeout": 1.0}


def test_pings_are_answered_while_a_forward_runs(serve, steps):
    server = serve("slow", "--steps", steps(3))
    with server.connect(**HASTY) as connection:
        start = time.monotonic()
        connection.send(msgpack_numpy.packb(harness.libero()))
        answer = msgpack_numpy.unpackb(connection.recv(timeout=harness.PATIENCE))
        seconds = time.monotonic() - start
    assert np.isfinite(answer["actions"]).all()
    assert seconds > 1.5 * HASTY["ping_timeout"], "too short to show anything"


def test_pings_are_answered_while_others_are_served(serve, steps):
    server = serve("slow", "--steps", steps(2))
    message = msgpack_numpy.packb(harness.libero())
    answers = []

    def ask() -> None:
        with server.connect(**HASTY) as connection:
            connection.send(message)
            answers.append(msgpack_numpy.unpackb(connection.recv(timeout=harness.PATIENCE)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4


def test_pages_are_served_while_a_forward_runs(serve, steps):
    server = serve("slow", "--steps", steps(3))
    with server.connect() as connection:
        connection.send(msgpack_numpy.packb(harness.libero()))
        time.sleep(0.3)
        start = time.monotonic()
        assert server.get("/healthz")[0] == 200
        assert server.get("/metrics")[0] == 200
        assert time.monotonic() - start < 1
        connection.recv(timeout=harness.PATIENCE)
