"""The protocol as openpi's client 0.1.2 speaks it."""

from __future__ import annotations

import concurrent.futures

import numpy as np
import pytest
from openpi_client import msgpack_numpy
from openpi_client.action_chunk_broker import ActionChunkBroker

import harness


def test_metadata_come_first_and_name_the_bundle(server, bundles):
    root = harness.json.loads(harness.run_command("inspect", bundles["depthvla"], "--json").stdout)["root"]
    about = server.client().get_server_metadata()["depthvla"]
    assert about["root"] == root
    assert (about["family"], about["robot"], about["depth"]) == ("depthvla", "libero", True)
    assert about["cameras"] == ["observation/image", "observation/wrist_image"]
    assert (about["action_horizon"], about["action_width"]) == (8, 7)


def test_metadata_hold_what_openpi_s_aloha_sends(shared):
    metadata = shared("depthvla", "aloha").client().get_server_metadata()
    # openpi's training configurations for ALOHA: policy_metadata.
    assert metadata["reset_pose"] == [0, -1.5, 1.5, 0, 0, 0]


def test_an_answer_names_bundle_and_seed_where_the_request_had_options(server):
    client = server.client()
    root = client.get_server_metadata()["depthvla"]["root"]
    assert client.infer(harness.libero() | {"depthvla": {"seed": 7}})["depthvla"] == {"root": root, "seed": 7}
    drawn = client.infer(harness.libero() | {"depthvla": {}})
    repeated = client.infer(harness.libero() | {"depthvla": {"seed": drawn["depthvla"]["seed"]}})
    assert np.array_equal(drawn["actions"], repeated["actions"])
    noise = np.zeros((8, 16), np.float32)
    assert client.infer(harness.libero() | {"depthvla": {"noise": noise}})["depthvla"] == {"root": root}


def test_without_a_seed_every_answer_has_noise_of_its_own(server):
    client = server.client()
    first, second = (client.infer(harness.libero())["actions"] for _ in range(2))
    assert not np.array_equal(first, second)


def test_the_seed_of_the_server_is_that_of_the_first_observation(serve, bundles):
    server = serve("depthvla", "--seed", 40)
    client = server.client()
    answers = [client.infer(harness.libero() | {"depthvla": {}}) for _ in range(3)]
    first = answers[0]["depthvla"]["seed"]
    assert [answer["depthvla"]["seed"] for answer in answers] == [first, first + 1, first + 2]
    assert first == 40


def test_an_answer_has_actions_and_timings_in_milliseconds(server):
    client = server.client()
    first = client.infer(harness.libero())
    assert set(first) == {"actions", "policy_timing", "server_timing"}
    assert first["actions"].shape == (8, 7)
    assert set(first["policy_timing"]) == {"infer_ms"}
    assert set(first["server_timing"]) == {"infer_ms"}
    assert 0 < first["policy_timing"]["infer_ms"] <= first["server_timing"]["infer_ms"] < 1e6
    second = client.infer(harness.libero())
    assert set(second["server_timing"]) == {"infer_ms", "prev_total_ms"}
    assert second["server_timing"]["prev_total_ms"] >= first["server_timing"]["infer_ms"]


def test_depth_comes_on_request_alone(server):
    client = server.client()
    assert "depth" not in client.infer(harness.libero() | {"depthvla": {"depth": False}})
    assert set(client.infer(harness.libero() | {"depthvla": {"depth": True}})["depth"]) == {
        "observation/image", "observation/wrist_image"}


def test_frames_are_binary_and_messages_use_the_markers_of_the_client(server):
    with server.connect() as connection:
        connection.send(msgpack_numpy.packb(harness.libero()))
        answer = connection.recv(timeout=harness.PATIENCE)
    assert isinstance(answer, bytes)
    assert b"\xc4\x0b__ndarray__\xc3" in answer
    assert b"\xc4\x05dtype\xa3<f8" in answer


def test_any_path_is_the_policy(server):
    address = server.address.rstrip("/") + "/some/path?and=query"
    connection = harness.websockets.sync.client.connect(address, compression=None)
    assert isinstance(connection.recv(timeout=harness.PATIENCE), bytes)
    connection.close()


def test_an_offered_extension_is_not_taken(server):
    with server.connect(compression="deflate") as connection:
        connection.send(msgpack_numpy.packb(harness.libero()))
        assert isinstance(connection.recv(timeout=harness.PATIENCE), bytes)
        assert "Sec-WebSocket-Extensions" not in connection.response.headers


def test_the_action_chunk_broker_hands_out_one_action_after_another(server):
    asked = harness.libero() | {"depthvla": {"seed": 11}}
    chunk = server.client().infer(asked)["actions"]
    broker = ActionChunkBroker(server.client(), action_horizon=8)
    for step in range(16):
        action = broker.infer(asked)["actions"]
        assert np.array_equal(action, chunk[step % 8])


def test_several_clients_at_once_get_each_their_own(server):
    def ask(seed: int) -> list[np.ndarray]:
        client = server.client()
        return [client.infer(harness.libero(seed) | {"depthvla": {"seed": seed}})["actions"] for _ in range(4)]

    alone = {seed: ask(seed)[0] for seed in range(4)}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for seed, answers in zip(alone, pool.map(ask, alone), strict=True):
            assert all(np.array_equal(answer, alone[seed]) for answer in answers)


def same(server, changed: dict) -> bool:
    """Whether an observation in another spelling gives the same actions."""
    client, seed = server.client(), {"depthvla": {"seed": 1}}
    given = client.infer(harness.libero() | changed | seed)["actions"]
    return np.array_equal(given, client.infer(harness.libero() | seed)["actions"])


def test_a_prompt_may_be_an_array_without_extents(server):
    assert same(server, {"prompt": np.asarray(harness.INSTRUCTION)})


def test_a_prompt_of_another_text_is_another(server):
    assert not same(server, {"prompt": "open the drawer"})


def test_pictures_may_have_channels_first(server):
    assert same(server, {"observation/image": harness.libero()["observation/image"].transpose(2, 0, 1)})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pictures_may_be_floats_from_zero_to_one(server, dtype):
    pixels = harness.libero()["observation/image"]
    # Multiplied by 255 and cut, as openpi does it: half a step above.
    values = ((pixels + 0.5) / 255).astype(dtype)
    assert np.array_equal((255 * np.minimum(values, 1)).astype(np.uint8), pixels)
    assert same(server, {"observation/image": np.minimum(values, 1)})


@pytest.mark.parametrize("dtype", [">f8", "<f4", ">f4", "<f2"])
def test_a_state_may_be_of_any_float_type(server, dtype):
    state = (harness.libero()["observation/state"] * 8).round() / 8
    exact = {"observation/state": state}
    client, seed = server.client(), {"depthvla": {"seed": 1}}
    given = client.infer(harness.libero() | {"observation/state": state.astype(dtype)} | seed)["actions"]
    assert np.array_equal(given, client.infer(harness.libero() | exact | seed)["actions"])


def test_a_message_may_come_in_fragments(server):
    message = msgpack_numpy.packb(harness.libero() | {"depthvla": {"seed": 1}})
    with server.connect() as connection:
        connection.send(message[i:i + 50_000] for i in range(0, len(message), 50_000))
        whole = msgpack_numpy.unpackb(connection.recv(timeout=harness.PATIENCE))
    expected = server.client().infer(harness.libero() | {"depthvla": {"seed": 1}})
    assert np.array_equal(whole["actions"], expected["actions"])


def test_the_default_prompt_stands_in_for_one_that_is_missing(serve):
    server = serve("depthvla", "--default-prompt", harness.INSTRUCTION)
    asked = harness.libero() | {"depthvla": {"seed": 1}}
    given = server.client().infer({k: v for k, v in asked.items() if k != "prompt"})
    assert np.array_equal(given["actions"], server.client().infer(asked)["actions"])


def test_health_and_readiness(server):
    assert server.get("/healthz") == (200, "OK\n")
    assert server.get("/readyz")[0] == 200


def test_other_pages_ask_for_a_websocket(server):
    assert server.get("/nothing")[0] == 426
