"""LIBERO's tasks as openpi's example runs them (examples/libero/main.py of openpi at 15a9616): the same cameras, state, waiting
and replanning, so that a policy trained for openpi sees what it was trained on."""

import collections
import contextlib
import dataclasses
import io
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from openpi_client import image_tools

# LIBERO prints about itself on import and on every benchmark.
with contextlib.redirect_stdout(io.StringIO()):
    from libero.libero import benchmark, get_libero_path
    from libero.libero.envs import OffScreenRenderEnv


@dataclasses.dataclass(frozen=True)
class Suite:
    """A column of the paper's table. max_steps: of an episode, a little more than the longest demonstration."""

    name: str
    column: str
    max_steps: int


SUITES = {
    "spatial": Suite("libero_spatial", "Spatial", 220),
    "object": Suite("libero_object", "Object", 280),
    "goal": Suite("libero_goal", "Goal", 300),
    "long": Suite("libero_10", "Long", 520),
}
# Pictures are drawn at the size of the training data and then fitted.
DRAWN, FITTED = 256, 224
# Things fall to their places first.
WAITING_STEPS = 10
# Nothing moves, and the gripper stays open.
STANDSTILL = [0.0] * 6 + [-1.0]
CAMERAS = {"observation/image": "agentview_image", "observation/wrist_image": "robot0_eye_in_hand_image"}


class Tasks:
    """The tasks of a suite with their stored initial states."""

    def __init__(self, suite: Suite):
        with contextlib.redirect_stdout(io.StringIO()):
            self._suite = benchmark.get_benchmark_dict()[suite.name]()

    def __len__(self) -> int:
        return self._suite.n_tasks

    def instruction(self, task: int) -> str:
        return str(self._suite.get_task(task).language)

    def initial_states(self, task: int) -> np.ndarray:
        return self._suite.get_task_init_states(task)

    @contextlib.contextmanager
    def environment(self, task: int, seed: int):
        """Some seconds. The seed moves furniture that initial states do not hold."""
        found = self._suite.get_task(task)
        file = Path(get_libero_path("bddl_files")) / found.problem_folder / found.bddl_file
        env = OffScreenRenderEnv(bddl_file_name=str(file), camera_heights=DRAWN, camera_widths=DRAWN)
        try:
            env.seed(seed)
            yield env
        finally:
            env.close()


def axis_angle(quaternion: np.ndarray) -> np.ndarray:
    """The axis times the angle in radians, of x, y, z, w; zeros where there is no rotation."""
    w = min(1.0, max(-1.0, float(quaternion[3])))
    sine = math.sqrt(1.0 - w * w)
    if math.isclose(sine, 0.0):
        return np.zeros(3)
    return quaternion[:3] * 2.0 * math.acos(w) / sine


def fitted(picture: np.ndarray) -> np.ndarray:
    """A picture of the simulator, which is upside down and mirrored, as in the training data: uint8 [224, 224, 3]."""
    turned = np.ascontiguousarray(picture[::-1, ::-1])
    return image_tools.convert_to_uint8(image_tools.resize_with_pad(turned, FITTED, FITTED))


def observation(seen: dict[str, Any], instruction: str) -> dict[str, Any]:
    """What openpi's client sends for LIBERO."""
    state = (seen["robot0_eef_pos"], axis_angle(seen["robot0_eef_quat"]), seen["robot0_gripper_qpos"])
    pictures = {key: fitted(seen[source]) for key, source in CAMERAS.items()}
    return pictures | {"observation/state": np.concatenate(state), "prompt": instruction}


@dataclasses.dataclass
class Episode:
    """What happened, and what was seen: a picture of the first camera for every step, and at each request all of it."""

    is_success: bool = False
    steps: int = 0
    pictures: list[np.ndarray] = dataclasses.field(default_factory=list)
    requests: list["Request"] = dataclasses.field(default_factory=list)
    seconds: float = 0.0


@dataclasses.dataclass
class Request:
    """One observation that was sent; depth is empty where the policy has none."""

    step: int
    pictures: dict[str, np.ndarray]
    depth: dict[str, np.ndarray]
    milliseconds: float


def run_episode(
    env: OffScreenRenderEnv,
    initial_state: np.ndarray,
    instruction: str,
    infer: Callable[[dict[str, Any]], dict[str, Any]],
    max_steps: int,
    replan_steps: int,
    progress: Callable[[Episode], None],
) -> Episode:
    """Until the task is done or max_steps are over. progress is called after each step."""
    start = time.monotonic()
    env.reset()
    seen = env.set_init_state(initial_state)
    for _ in range(WAITING_STEPS):
        seen, _, _, _ = env.step(STANDSTILL)
    episode = Episode()
    plan: collections.deque[np.ndarray] = collections.deque()
    while episode.steps < max_steps and not episode.is_success:
        now = observation(seen, instruction)
        pictures = {key: now[key] for key in CAMERAS}
        episode.pictures.append(pictures["observation/image"])
        if not plan:
            asked = time.monotonic()
            answer = infer(now)
            milliseconds = (time.monotonic() - asked) * 1000
            actions = answer["actions"]
            if len(actions) < replan_steps:
                raise ValueError(f"the policy plans {len(actions)} steps, fewer than --replan-steps {replan_steps}")
            if actions.shape[1] != len(STANDSTILL):
                raise ValueError(f"the policy's actions have {actions.shape[1]} numbers, LIBERO's robot needs 7; "
                                 "is the server set to --robot libero?")
            plan.extend(actions[:replan_steps])
            episode.requests.append(Request(episode.steps, pictures, answer.get("depth", {}), milliseconds))
        seen, _, done, _ = env.step(plan.popleft().tolist())
        episode.is_success = bool(done)
        episode.steps += 1
        progress(episode)
    episode.seconds = time.monotonic() - start
    return episode
