"""Which robot is served: the bundle's own, or the one that is given in its place."""

from __future__ import annotations

import json

import numpy as np
import pytest

import harness

ASKED = harness.libero() | {"depthvla": {"seed": 1}}


@pytest.fixture
def with_robot(bundles, tmp_path):
    """The DepthVLA bundle with a robot inside."""

    def make(robot):
        path = tmp_path / "with-robot.dvla.safetensors"
        tokenizer = harness.FIXTURES / "tokenizers/tiny/tokenizer.model"
        harness.run_command("convert", "--quiet", "--depthvla", bundles["depthvla"].with_name("depthvla"), "--tokenizer",
                            tokenizer, "--robot", robot, "-o", path)
        return path

    return make


def test_the_bundle_s_own_robot_is_served(serve, shared, with_robot):
    server = serve(with_robot("libero"), robot=None)
    assert server.client().get_server_metadata()["depthvla"]["robot"] == "libero"
    expected = shared("depthvla", "libero").client().infer(ASKED)["actions"]
    assert np.array_equal(server.client().infer(ASKED)["actions"], expected)


def test_a_given_robot_stands_in_for_the_bundle_s(serve, with_robot):
    server = serve(with_robot("libero"), robot="aloha")
    assert server.client().infer(harness.aloha())["actions"].shape == (8, 14)


def test_without_a_robot_nothing_is_served(bundles):
    status, words = harness.refused(bundles["depthvla"])
    assert status == 64
    assert "--robot" in words


def test_a_robot_of_one_s_own_has_its_own_keys(serve, shared, tmp_path):
    document = harness.run_command("inspect", "--robot", "libero", "--json").stdout
    for key in ("image", "wrist_image", "state"):
        document = document.replace(f'"observation/{key}"', f'"mine/{key}"').replace(f'"observation\\/{key}"', f'"mine/{key}"')
    path = tmp_path / "robot.json"
    path.write_text(json.dumps(json.loads(document) | {"name": "mine"}))
    mine = {key.replace("observation/", "mine/"): value for key, value in ASKED.items()}
    given = serve("depthvla", robot=path).client().infer(mine)["actions"]
    assert np.array_equal(given, shared("depthvla", "libero").client().infer(ASKED)["actions"])


def test_droid_takes_its_state_from_two_keys(serve):
    rng = np.random.default_rng(3)
    server = serve("depthvla", robot="droid")
    answer = server.client().infer({
        "observation/exterior_image_1_left": harness.picture(1), "observation/wrist_image_left": harness.picture(2),
        "observation/joint_position": rng.normal(size=7), "observation/gripper_position": rng.normal(size=1),
        "prompt": harness.INSTRUCTION,
    })
    assert answer["actions"].shape == (8, 8)
