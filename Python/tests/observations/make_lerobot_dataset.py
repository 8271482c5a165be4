"""Records a tiny dataset with the LeRobot that is installed, and dumps what its own reader gives.

Run by an interpreter that has lerobot: `python make_lerobot_dataset.py DATASET DUMP.npz`. With
lerobot 0.3 the dataset is of version v2.1, with 0.6 of v3.0.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

try:
    from lerobot.datasets import LeRobotDataset
except ImportError:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

EPISODES = ((11, "pick up the red cup"), (7, "öffne die Schublade"), (9, "pick up the red cup"))
HORIZON = 5


def to_bytes(image: Any) -> Any:
    return np.round(image.numpy().transpose(1, 2, 0) * 255).astype(np.uint8)


def main(folder: str, dump: str) -> None:
    features = {
        "observation.state": {
            "dtype": "float32",
            "shape": (6,),
            "names": [f"j{i}" for i in range(6)],
        },
        "observation.gripper": {"dtype": "float32", "shape": (1,), "names": ["gripper"]},
        "action": {"dtype": "float32", "shape": (6,), "names": [f"j{i}" for i in range(6)]},
        "observation.images.top": {
            "dtype": "video",
            "shape": (48, 64, 3),
            "names": ["height", "width", "channels"],
        },
        "observation.images.wrist": {
            "dtype": "image",
            "shape": (20, 28, 3),
            "names": ["height", "width", "channels"],
        },
    }
    dataset = LeRobotDataset.create(
        "tests/tiny", fps=10, features=features, root=folder, use_videos=True
    )
    if hasattr(dataset.meta, "update_chunk_settings"):
        # Several files and chunks, as large datasets have them: a new file where the last has
        # reached this size.
        dataset.meta.update_chunk_settings(
            chunks_size=2, data_files_size_in_mb=0.02, video_files_size_in_mb=0.004
        )
    generator = np.random.default_rng(5)
    for number, (length, task) in enumerate(EPISODES):
        rows, columns = np.mgrid[0:48, 0:64]
        for step in range(length):
            top = (
                np.stack(
                    [rows * 4 + step * 9, columns * 3 + number * 40, rows + columns + step], axis=-1
                )
                % 256
            )
            frame = {
                "observation.state": generator.normal(size=6).astype(np.float32),
                "observation.gripper": generator.random(1).astype(np.float32),
                "action": generator.normal(size=6).astype(np.float32),
                "observation.images.top": top.astype(np.uint8),
                "observation.images.wrist": generator.integers(0, 256, (20, 28, 3), dtype=np.uint8),
            }
            try:
                dataset.add_frame(frame, task=task)
            except TypeError:
                dataset.add_frame({**frame, "task": task})
        dataset.save_episode()
    if hasattr(dataset, "finalize"):
        dataset.finalize()

    steps = [i / 10 for i in range(HORIZON)]
    arrays: Any = {}
    for backend in ("pyav", "torchcodec"):
        try:
            again = LeRobotDataset(
                "tests/tiny", root=folder, delta_timestamps={"action": steps}, video_backend=backend
            )
            items = [again[index] for index in range(len(again))]
        except Exception as error:
            if backend == "pyav":
                raise
            print(backend, "is not usable:", str(error).splitlines()[0], file=sys.stderr)
            continue
        arrays[f"top.{backend}"] = np.stack(
            [to_bytes(item["observation.images.top"]) for item in items]
        )
    arrays |= {
        "wrist": np.stack([to_bytes(item["observation.images.wrist"]) for item in items]),
        "state": np.stack([item["observation.state"].numpy() for item in items]),
        "gripper": np.stack([item["observation.gripper"].numpy() for item in items]),
        "actions": np.stack([item["action"].numpy() for item in items]),
        "actions_is_pad": np.stack([item["action_is_pad"].numpy() for item in items]),
        "timestamp": np.array([float(item["timestamp"]) for item in items]),
        "episode": np.array([int(item["episode_index"]) for item in items]),
        "frame": np.array([int(item["frame_index"]) for item in items]),
        "task": np.array([item["task"] for item in items]),
    }
    np.savez_compressed(dump, **arrays)
    print(
        json.loads(Path(folder, "meta/info.json").read_text())["codebase_version"], file=sys.stderr
    )


main(*sys.argv[1:])
