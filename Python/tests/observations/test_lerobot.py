"""Datasets that LeRobot 0.3.3 (v2.1) and 0.6.1 (v3.0) wrote, beside what its own reader gives.

`make_lerobot_dataset.py` makes datasets and expected values.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from depthvla.observations import ObservationWriter, open_folder, record_lerobot

from .support import DATA, refused

TOP, WRIST = "observation.images.top", "observation.images.wrist"
HORIZON = 5  # That of make_lerobot_dataset.py.


@pytest.fixture(params=["v2.1", "v3.0"])
def version(request: Any) -> Any:
    return request.param


def record(tmp_path: Path, dataset: Any, **options: Any) -> Any:
    with ObservationWriter(tmp_path / "o", noise_shape=(HORIZON, 8)) as writer:
        count = record_lerobot(dataset, writer, **options)
    folder = open_folder(tmp_path / "o")
    assert count == len(folder)
    return list(folder)


def expected(version: Any) -> Any:
    return dict(np.load(DATA / f"{version}.npz"))


def test_every_frame_is_what_lerobot_gives(tmp_path: Path, version: Any) -> None:
    want = expected(version)
    found = record(tmp_path, DATA / version)
    assert len(found) == len(want["task"]) == 27
    for index, observation in enumerate(found):
        assert list(observation.pictures) == [TOP, WRIST]
        # Its `pyav` backend has the same decoder.
        assert (observation.pictures[TOP] == want["top.pyav"][index]).all(), index
        assert (observation.pictures[WRIST] == want["wrist"][index]).all(), index
        assert observation.state.dtype == np.float32
        assert observation.state.tobytes() == want["state"][index].tobytes()
        actions = want["actions"][index][~want["actions_is_pad"][index]]
        assert observation.actions.tobytes() == actions.tobytes()
        assert observation.instruction == want["task"][index]
        source = observation.source
        assert (source["kind"], source["version"], source["index"]) == ("lerobot", version, index)
        assert (source["episode"], source["frame"]) == (
            want["episode"][index],
            want["frame"][index],
        )
        assert source["timestamp"] == want["timestamp"][index]


def test_episodes_frames_and_a_limit_are_chosen(tmp_path: Path, version: Any) -> None:
    found = record(tmp_path, DATA / version, episodes=[2, 0], every=4, limit=5)
    places = [(o.source["episode"], o.source["frame"]) for o in found]
    assert places == [(2, 0), (2, 4), (2, 8), (0, 0), (0, 4)]
    want = expected(version)
    for observation in found:
        assert (observation.pictures[TOP] == want["top.pyav"][observation.source["index"]]).all()


def test_cameras_state_and_actions_are_chosen(tmp_path: Path, version: Any) -> None:
    want = expected(version)
    found = record(
        tmp_path,
        DATA / version,
        cameras={"wrist": WRIST, "base": TOP},
        state=["observation.gripper", "observation.state"],
        demonstrated=2,
        episodes=[1],
    )
    for observation in found:
        index = observation.source["index"]
        assert list(observation.pictures) == ["wrist", "base"]
        assert (observation.pictures["base"] == want["top.pyav"][index]).all()
        state = np.concatenate([want["gripper"][index].ravel(), want["state"][index]])
        assert observation.state.tobytes() == state.tobytes()
    assert [len(o.actions) for o in found] == [2] * 6 + [1]
    assert record(tmp_path / "b", DATA / version, action=None, limit=1)[0].actions is None


def test_every_observation_gets_noise_of_its_own_seed(tmp_path: Path, version: Any) -> None:
    assert [o.noise_seed for o in record(tmp_path, DATA / version, limit=3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"cameras": ["observation.images.side"]}, "observation.images.side"),
        ({"cameras": ["observation.state"]}, "observation.state"),
        ({"cameras": []}, "cameras"),
        ({"state": [TOP]}, TOP),
        ({"state": []}, "state"),
        ({"action": "actions"}, "actions"),
        ({"episodes": [3]}, "episodes"),
        ({"every": 0}, "every"),
        ({"limit": -1}, "limit"),
    ],
)
def test_what_the_dataset_does_not_have_is_named(
    tmp_path: Path, version: Any, options: Any, key: Any
) -> None:
    with refused("observation.feature", 64) as info:
        record(tmp_path, DATA / version, **options)
    assert info.value.key == key
    assert not (tmp_path / "o").exists()


@pytest.fixture
def copy(tmp_path: Path, version: Any) -> Any:
    shutil.copytree(DATA / version, tmp_path / "dataset")
    return tmp_path / "dataset"


def change_info(dataset: Any, **changes: Any) -> None:
    path = dataset / "meta/info.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_feature_of_depth_is_no_picture(tmp_path: Path, copy: Path) -> None:
    info = json.loads((copy / "meta/info.json").read_text())
    # As LeRobot 0.6 marks it; 0.3 wrote `video.is_depth_map`.
    info["features"][TOP]["info"] = {"is_depth_map": True}
    change_info(copy, features=info["features"])
    assert list(record(tmp_path, copy, limit=1)[0].pictures) == [WRIST]
    with refused("observation.feature", 64):
        record(tmp_path / "b", copy, cameras=[TOP])


@pytest.mark.parametrize("other", ["v2.0", "v1.6", "v4.0", None, 3])
def test_another_version_is_refused(tmp_path: Path, copy: Any, other: Any) -> None:
    change_info(copy, codebase_version=other)
    with refused("observation.dataset", 65):
        record(tmp_path, copy)


@pytest.mark.parametrize(
    "path",
    [
        "../{episode_index}.parquet",
        "/etc/passwd",
        "data/{nothing}.parquet",
        "{episode_index:>99999999}",
        3,
    ],
)
def test_paths_that_lead_out_of_the_dataset_are_refused(
    tmp_path: Path, copy: Any, path: Any
) -> None:
    change_info(copy, data_path=path)
    with refused("observation.dataset", 65):
        record(tmp_path, copy)


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    with refused("observation.missing", 66):
        record(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "part", ["data", "videos", "meta/episodes*", "meta/tasks*", "meta/info.json"]
)
def test_a_file_that_is_missing_is_named(tmp_path: Path, copy: Any, part: Any) -> None:
    for path in copy.glob(part):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with refused("observation.missing", 66):
        record(tmp_path, copy)


def test_a_video_that_is_cut_off_is_refused(tmp_path: Path, copy: Any) -> None:
    for path in copy.rglob("*.mp4"):
        path.write_bytes(path.read_bytes()[:1500])
    with refused("observation.video", 65):
        record(tmp_path, copy)


def test_a_frame_that_the_video_does_not_have_is_refused(tmp_path: Path, copy: Any) -> None:
    # The time of the sixth frame, moved by 3 ms: LeRobot's tolerance is 0.1 ms.
    for path in copy.glob("data/*/*.parquet"):
        table = pyarrow.parquet.read_table(path)
        times = table["timestamp"].to_numpy().copy()
        times[5] += 0.003
        position = table.schema.get_field_index("timestamp")
        table = table.set_column(
            position, table.schema.field(position), pa.array(times, pa.float32())
        )
        pyarrow.parquet.write_table(table, path)
    with refused("observation.video", 65) as info:
        record(tmp_path, copy)
    assert "0.503" in str(info.value)


def test_a_parquet_file_that_is_damaged_is_refused(tmp_path: Path, copy: Any) -> None:
    for path in copy.glob("data/*/*.parquet"):
        path.write_bytes(b"PAR1" + b"\0" * 100)
    with refused("observation.dataset", 65):
        record(tmp_path, copy)


def test_an_episode_with_fewer_frames_than_stated_is_refused(tmp_path: Path, copy: Any) -> None:
    for path in copy.glob("data/*/*.parquet"):
        table = pyarrow.parquet.read_table(path)
        pyarrow.parquet.write_table(table.slice(0, table.num_rows - 1), path)
    with refused("observation.dataset", 65) as info:
        record(tmp_path, copy)
    assert "frames 0 to" in str(info.value)
