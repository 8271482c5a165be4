"""What openpi's client gets is what `depthvla run` gives for the same observation, noise and seed, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import harness

OBSERVATIONS = {"libero": harness.libero, "aloha": harness.aloha}
CASES = [
    ("depthvla", "libero"), ("depthvla", "aloha"), ("pi0", "libero"), ("pi0", "aloha"),
    ("pi0-libero", "libero"), ("pi0-aloha", "aloha"),
]


def run_once(bundles, bundle: str, robot: str, observation, folder: Path, *options):
    # Without statistics the command wants a DepthVLA's state in the model's width; the server fills it up.
    return harness.run_once(bundles[bundle], robot, observation, folder, *options, pads=bundle == "depthvla")


@pytest.mark.parametrize(("bundle", "robot"), CASES)
def test_actions_of_a_seed(shared, bundles, tmp_path, bundle, robot):
    client = shared(bundle, robot).client()
    for seed in (0, 7, 2**63 + 5):
        observation = OBSERVATIONS[robot](seed % 10)
        answer = client.infer(observation | {"depthvla": {"seed": seed}})
        expected, _ = run_once(bundles, bundle, robot, observation, tmp_path / str(seed), "--seed", seed)
        assert answer["actions"].dtype == np.float64
        assert np.array_equal(answer["actions"], expected)


@pytest.mark.parametrize(("bundle", "robot"), CASES[:4])
def test_actions_of_noise(shared, bundles, tmp_path, bundle, robot):
    observation = OBSERVATIONS[robot](3)
    noise = np.random.default_rng(8).normal(size=(8, 16)).astype(np.float32)
    np.save(tmp_path / "noise.npy", noise)
    answer = shared(bundle, robot).client().infer(observation | {"depthvla": {"noise": noise}})
    expected, _ = run_once(bundles, bundle, robot, observation, tmp_path, "--noise", tmp_path / "noise.npy")
    assert np.array_equal(answer["actions"], expected)


@pytest.mark.parametrize("robot", ["libero", "aloha"])
def test_depth_of_every_camera(shared, bundles, tmp_path, robot):
    observation = OBSERVATIONS[robot](4)
    answer = shared("depthvla", robot).client().infer(observation | {"depthvla": {"seed": 1, "depth": True}})
    actions, depth = run_once(bundles, "depthvla", robot, observation, tmp_path, "--seed", 1)
    assert np.array_equal(answer["actions"], actions)
    assert list(answer["depth"]) == list(depth)
    for camera, expected in depth.items():
        assert answer["depth"][camera].dtype == np.float32
        assert np.array_equal(answer["depth"][camera], expected)


def test_cameras_that_aloha_may_leave_out(shared, bundles, tmp_path):
    observation = harness.aloha(5, cameras=("cam_high", "cam_right_wrist"))
    answer = shared("depthvla", "aloha").client().infer(observation | {"depthvla": {"seed": 2}})
    expected, _ = run_once(bundles, "depthvla", "aloha", observation, tmp_path, "--seed", 2)
    assert np.array_equal(answer["actions"], expected)


def test_pictures_that_are_not_square(shared, bundles, tmp_path):
    observation = harness.libero() | {"observation/image": harness.picture(1, 120, 200)}
    for bundle in ("depthvla", "pi0"):
        answer = shared(bundle, "libero").client().infer(observation | {"depthvla": {"seed": 3}})
        expected, _ = run_once(bundles, bundle, "libero", observation, tmp_path / bundle, "--seed", 3)
        assert np.array_equal(answer["actions"], expected)


def test_a_state_in_single_precision(shared, bundles, tmp_path):
    observation = harness.libero(6)
    observation["observation/state"] = observation["observation/state"].astype(np.float32)
    for bundle in ("depthvla", "pi0-libero"):
        answer = shared(bundle, "libero").client().infer(observation | {"depthvla": {"seed": 3}})
        expected, _ = run_once(bundles, bundle, "libero", observation, tmp_path / bundle, "--seed", 3)
        assert np.array_equal(answer["actions"], expected)


def test_a_later_request_is_computed_as_the_first(shared, bundles, tmp_path):
    client = shared("depthvla", "libero").client()
    first, second = harness.libero(1), harness.libero(2) | {"prompt": "open the drawer"}
    answers = [client.infer(each | {"depthvla": {"seed": 5}})["actions"] for each in (first, second, first, second)]
    assert np.array_equal(answers[0], answers[2])
    assert np.array_equal(answers[1], answers[3])
    expected, _ = run_once(bundles, "depthvla", "libero", second, tmp_path, "--seed", 5)
    assert np.array_equal(answers[1], expected)


def test_products_and_threads_change_nothing_that_run_does_not_change(serve, bundles, tmp_path):
    observation = harness.libero(7)
    server = serve("depthvla", "--threads", 1, "--products", "exact")
    answer = server.client().infer(observation | {"depthvla": {"seed": 9}})
    expected, _ = run_once(bundles, "depthvla", "libero", observation, tmp_path, "--seed", 9, "--threads", 2,
                           "--products", "exact")
    assert np.array_equal(answer["actions"], expected)


def test_steps_and_no_depth_are_those_of_run(serve, bundles, tmp_path):
    observation = harness.libero(8)
    server = serve("depthvla", "--steps", 3, "--no-depth")
    answer = server.client().infer(observation | {"depthvla": {"seed": 9}})
    expected, _ = run_once(bundles, "depthvla", "libero", observation, tmp_path, "--seed", 9, "--steps", 3, "--no-depth")
    assert np.array_equal(answer["actions"], expected)
