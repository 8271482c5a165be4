"""What /metrics says, read as Prometheus reads it."""

from __future__ import annotations

import pytest
from openpi_client import msgpack_numpy

import harness


def test_requests_answers_and_errors_are_counted(serve):
    server = serve("depthvla")
    client = server.client()
    for _ in range(3):
        client.infer(harness.libero())
    with pytest.raises(RuntimeError):
        client.infer({})
    assert server.value("depthvla_requests_total") == 4
    assert server.value("depthvla_answers_total") == 3
    assert server.value("depthvla_errors_total") == 1


@pytest.mark.parametrize("name", ["depthvla_request_seconds", "depthvla_queue_seconds", "depthvla_forward_seconds"])
def test_latencies_are_histograms(serve, name):
    server = serve("depthvla")
    client = server.client()
    for _ in range(3):
        client.infer(harness.libero())
    samples = server.samples()
    assert samples[name + "_count"] == [({}, 3)]
    assert samples[name + "_sum"][0][1] >= 0
    buckets = samples[name + "_bucket"]
    counts = [value for _, value in buckets]
    assert counts == sorted(counts)
    assert buckets[-1] == ({"le": "+Inf"}, 3)


def test_a_forward_is_part_of_its_request(serve):
    server = serve("depthvla")
    server.serves()
    assert server.value("depthvla_forward_seconds_sum") <= server.value("depthvla_request_seconds_sum")


def test_connections_and_readiness_are_gauges(serve):
    server = serve("depthvla")
    assert server.value("depthvla_ready") == 1
    # The connection that asks is one of them.
    none = server.value("depthvla_connections")
    held = [server.connect() for _ in range(3)]
    assert server.value("depthvla_connections") == none + 3
    for connection in held:
        connection.close()
    harness.wait_for(lambda: server.value("depthvla_connections") == none, "the connections are gone")


def test_the_bundle_is_named(serve, bundles):
    server = serve("depthvla")
    ((labels, value),) = server.samples()["depthvla_bundle_info"]
    assert value == 1
    assert labels["root"] == server.client().get_server_metadata()["depthvla"]["root"]
    assert (labels["family"], labels["robot"]) == ("depthvla", "libero")


def test_what_waits_is_seen_in_the_queue(serve, steps):
    server = serve("slow", "--steps", steps(2))
    connections = [server.connect() for _ in range(3)]
    for connection in connections:
        connection.send(msgpack_numpy.packb(harness.libero()))
    harness.wait_for(lambda: server.value("depthvla_queue_length") >= 2, "two wait", 10)
    for connection in connections:
        assert isinstance(connection.recv(timeout=harness.PATIENCE), bytes)
    harness.wait_for(lambda: server.value("depthvla_queue_length") == 0, "nobody waits")


def test_the_page_has_the_type_that_prometheus_asks_for(server):
    with harness.urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_every_metric_has_help_and_type(server):
    text = server.get("/metrics")[1]
    for family in harness.text_string_to_metric_families(text):
        assert family.type != "unknown", family.name
        assert family.documentation, family.name
