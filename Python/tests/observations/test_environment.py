"""Observations from running environments: gymnasium's own, and one with robosuite's signatures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from depthvla.observations import Convention, ObservationWriter, open_folder, record_environment

from .support import refused

gymnasium = pytest.importorskip("gymnasium")
CART = Convention(cameras=("render",), state=(("state", 4),))


def cart_pole() -> Any:
    return gymnasium.make("CartPole-v1", render_mode="rgb_array")


def policy(raw: Any) -> Any:
    # One of two discrete actions, so that the pole is kept up for a while.
    return int(raw[2] + 0.5 * raw[3] > 0)


def record(path: Any, **options: Any) -> Any:
    environment = cart_pole()
    with ObservationWriter(path, noise_shape=(3, 2)) as writer:
        count = record_environment(
            environment,
            writer,
            name="CartPole-v1",
            convention=CART,
            observe=lambda raw: {
                "render": environment.render(),
                "state": raw,
                "prompt": "keep the pole up",
            },
            act=policy,
            **options,
        )
    return count, open_folder(path)


def test_the_frames_are_those_of_the_environment(tmp_path: Path) -> None:
    count, folder = record(tmp_path / "o", episodes=2, steps=25, every=10, seed=5, demonstrated=8)
    assert count == len(folder) == 6
    position = 0
    for episode in range(2):
        environment = cart_pole()
        raw, _ = environment.reset(seed=5 + episode)
        states, pictures, actions = [], [], []
        for _ in range(25):
            states.append(raw)
            pictures.append(environment.render())
            actions.append(policy(raw))
            raw, _, terminated, truncated, _ = environment.step(actions[-1])
            assert not (terminated or truncated)
        for step in (0, 10, 20):
            found = folder[position]
            position += 1
            assert found.state.tobytes() == states[step].astype(np.float32).tobytes()
            assert found.pictures["render"].tobytes() == pictures[step].tobytes()
            assert found.actions.ravel().tolist() == actions[step : step + 8]
            expected = {"kind": "environment", "name": "CartPole-v1", "seed": 5 + episode}
            assert found.source == {**expected, "episode": episode, "step": step}


def test_an_episode_that_ends_early_is_recorded_to_its_end(tmp_path: Path) -> None:
    # Always to the left: the pole falls after some ten steps.
    environment = cart_pole()
    with ObservationWriter(tmp_path / "o", noise_shape=(3, 2)) as writer:
        record_environment(
            environment,
            writer,
            name="CartPole-v1",
            convention=CART,
            observe=lambda raw: {"render": environment.render(), "state": raw, "prompt": ""},
            act=lambda raw: 0,
            steps=400,
        )
    again = cart_pole()
    again.reset(seed=0)
    length = next(n for n in range(1, 400) if again.step(0)[2])
    assert len(open_folder(tmp_path / "o")) == length < 20


def test_the_same_seed_gives_the_same_folder(tmp_path: Path) -> None:
    assert record(tmp_path / "a", steps=5)[1].digest == record(tmp_path / "b", steps=5)[1].digest


class Robosuite:
    """The signatures of robosuite's environments, which reuse the buffer of the renderer."""

    def __init__(self) -> None:
        self.buffer = np.zeros((4, 6, 3), np.uint8)
        self.number = 0

    def seed(self, number: Any) -> None:
        self.number = number

    def reset(self) -> Any:
        self.buffer[:] = self.number
        return {"agentview_image": self.buffer, "joints": np.zeros(2)}

    def step(self, action: Any) -> Any:
        self.buffer += 1
        return {"agentview_image": self.buffer, "joints": np.asarray(action)}, 0.0, False, {}


def test_an_environment_with_the_older_signatures(tmp_path: Path) -> None:
    with ObservationWriter(tmp_path / "o", noise_shape=(3, 2)) as writer:
        record_environment(
            Robosuite(),
            writer,
            name="robosuite",
            convention=Convention(cameras=("image",), state=(("state", 2),)),
            observe=lambda raw: {
                "image": raw["agentview_image"],
                "state": raw["joints"],
                "prompt": "x",
            },
            act=lambda raw: raw["joints"] + [1, -1],
            steps=3,
            seed=40,
            depth=lambda raw: {"image": np.full((4, 6), raw["joints"][0], np.float32)},
        )
    folder = open_folder(tmp_path / "o")
    assert [int(o.pictures["image"].min()) for o in folder] == [40, 41, 42]
    assert [o.state.tolist() for o in folder] == [[0, 0], [1, -1], [2, -2]]
    assert [float(o.depth["image"].max()) for o in folder] == [0, 1, 2]
    assert folder[0].actions is None


def test_an_environment_that_takes_no_seed_is_refused(tmp_path: Path) -> None:
    class Unseeded:
        def reset(self) -> Any:
            return {}

    with (
        refused("observation.environment", 64),
        ObservationWriter(tmp_path / "o", noise_shape=(1, 1)) as writer,
    ):
        record_environment(
            Unseeded(),
            writer,
            name="x",
            convention="libero",
            observe=lambda raw: raw,
            act=lambda raw: 0,
        )
    assert not (tmp_path / "o").exists()
