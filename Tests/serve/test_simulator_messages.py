"""Messages that openpi's client sent from LIBERO's simulator (Fixtures/libero) are answered as `depthvla run` answers."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from openpi_client import msgpack_numpy

import harness

FOLDER = harness.FIXTURES / "libero"
ENTRIES = json.loads((FOLDER / "observations.json").read_text())["observations"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
@pytest.mark.parametrize("bundle", ["depthvla", "pi0"])
def test_a_message_of_the_simulator(shared, bundles, tmp_path, bundle, entry):
    message = (FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(message).hexdigest() == entry["sha256"]
    server = shared(bundle, "libero")
    with server.connect() as connection:
        connection.send(message)
        answer = connection.recv(timeout=harness.PATIENCE)
    assert isinstance(answer, bytes), answer
    actions = msgpack_numpy.unpackb(answer)["actions"]
    assert actions.shape == (8, 7)
    assert np.isfinite(actions).all()
    observation = msgpack_numpy.unpackb(message)
    seeded = server.client().infer(observation | {"depthvla": {"seed": 4}})["actions"]
    expected, _ = harness.run_once(bundles[bundle], "libero", observation, tmp_path, "--seed", 4, pads=bundle == "depthvla")
    assert np.array_equal(seeded, expected)
