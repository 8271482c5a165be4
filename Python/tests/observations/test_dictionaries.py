"""Dictionaries in openpi's style: LIBERO, DROID and ALOHA."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from depthvla.observations import (
    Convention,
    ObservationWriter,
    gaussian_noise,
    open_folder,
    record_dictionary,
)

from .support import refused

GENERATOR = np.random.default_rng(3)
IMAGE = GENERATOR.integers(0, 256, (6, 5, 3), dtype=np.uint8)
WRIST = GENERATOR.integers(0, 256, (4, 7, 3), dtype=np.uint8)


def libero(**changes: Any) -> Any:
    values = {
        "observation/image": IMAGE,
        "observation/wrist_image": WRIST,
        "observation/state": np.arange(8.0),
        "prompt": "put the bowl on the plate",
    }
    return {**values, **changes}


def recorded(tmp_path: Path, dictionary: Any, convention: Any, **options: Any) -> Any:
    with ObservationWriter(tmp_path / "o", noise_shape=(2, 4), seed=9) as writer:
        record_dictionary(dictionary, writer, convention=convention, **options)
    return open_folder(tmp_path / "o")[0]


def test_libero(tmp_path: Path) -> None:
    found = recorded(tmp_path, libero(), "libero", source={"host": "robot"})
    assert list(found.pictures) == ["observation/image", "observation/wrist_image"]
    assert (found.pictures["observation/image"] == IMAGE).all()
    assert (found.pictures["observation/wrist_image"] == WRIST).all()
    assert found.state.tolist() == list(range(8)) and found.state.dtype == np.float64
    assert found.instruction == "put the bowl on the plate"
    assert found.source == {"kind": "dictionary", "host": "robot"}
    assert found.noise_seed == 9 and (found.noise == gaussian_noise(9, (2, 4))).all()


def test_droid_puts_joints_and_gripper_together(tmp_path: Path) -> None:
    joints, gripper = np.linspace(-1, 1, 7, dtype=np.float32), np.array([0.25], np.float32)
    dictionary = {
        "observation/exterior_image_1_left": IMAGE,
        "observation/wrist_image_left": WRIST,
        "observation/joint_position": joints,
        "observation/gripper_position": gripper,
        "prompt": np.array("wipe"),
    }
    found = recorded(tmp_path, dictionary, "droid")
    # openpi: np.concatenate([data["observation/joint_position"], gripper_pos]), gripper_pos at
    # least one-dimensional.
    assert found.state.tobytes() == np.concatenate([joints, gripper]).tobytes()
    assert found.instruction == "wipe"
    mixed = recorded(
        tmp_path / "mixed", {**dictionary, "observation/gripper_position": 0.25}, "droid"
    )
    assert mixed.state.dtype == np.float64 and mixed.state.tolist() == [*joints.tolist(), 0.25]


def test_aloha_is_nested_channels_first_and_may_miss_a_wrist(tmp_path: Path) -> None:
    images = {
        "cam_low": IMAGE,
        "cam_right_wrist": WRIST.transpose(2, 0, 1),
        "cam_high": IMAGE.transpose(2, 0, 1),
    }
    found = recorded(tmp_path, {"state": np.zeros(14), "images": images, "prompt": "fold"}, "aloha")
    assert list(found.pictures) == ["images/cam_high", "images/cam_right_wrist"]
    assert (found.pictures["images/cam_high"] == IMAGE).all()
    assert (found.pictures["images/cam_right_wrist"] == WRIST).all()
    with refused("observation.key", 65) as info:
        recorded(
            tmp_path / "b",
            {"state": np.zeros(14), "images": {"cam_low": IMAGE}, "prompt": "fold"},
            "aloha",
        )
    assert info.value.key == "images/cam_high"


def test_float_pictures_are_cut_and_not_rounded(tmp_path: Path) -> None:
    picture = GENERATOR.random((3, 6, 5), dtype=np.float32)
    found = recorded(tmp_path, libero(**{"observation/image": picture}), "libero")
    # openpi's _parse_image: (255 * image).astype(np.uint8), then einops "c h w -> h w c".
    assert (
        found.pictures["observation/image"] == np.moveaxis((255 * picture).astype(np.uint8), 0, -1)
    ).all()


def test_demonstration_and_depth_are_kept(tmp_path: Path) -> None:
    actions = GENERATOR.normal(size=(10, 7))
    depth = GENERATOR.random((6, 5), dtype=np.float32)
    found = recorded(
        tmp_path, libero(), "libero", actions=actions, depth={"observation/image": depth}
    )
    assert found.actions.tobytes() == actions.tobytes()
    assert (
        found.depth["observation/image"].tobytes() == depth.tobytes()
        and found.depth_unit == "metres"
    )


def test_a_convention_of_ones_own(tmp_path: Path) -> None:
    mine = Convention(cameras=("eye",), state=(("q", 2), ("g", 1)), prompt="task")
    found = recorded(tmp_path, {"eye": IMAGE, "q": [1, 2], "g": 3, "task": "go"}, mine)
    assert found.state.tolist() == [1, 2, 3] and found.instruction == "go"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"observation/image": None}, "observation/image"),
        ({"observation/image": IMAGE[:, :, :2]}, "observation/image"),
        ({"observation/image": IMAGE.astype(np.int32)}, "observation/image"),
        ({"observation/image": IMAGE * 1.0}, "observation/image"),
        ({"observation/image": np.full((6, 5, 3), np.nan)}, "observation/image"),
        ({"observation/image": IMAGE.astype(object)}, "observation/image"),
        ({"observation/state": np.zeros(7)}, "observation/state"),
        ({"observation/state": np.full(8, np.nan)}, "observation/state"),
        ({"observation/state": np.zeros(8, complex)}, "observation/state"),
        ({"observation/state": ["a"] * 8}, "observation/state"),
        ({"prompt": b"bytes"}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"extra": 1}, "extra"),
        ({3: 1}, "3"),
    ],
)
def test_a_dictionary_that_does_not_fit_is_refused_with_its_key(
    tmp_path: Path, changes: Any, key: Any
) -> None:
    with refused("observation.key", 65) as info:
        recorded(
            tmp_path,
            libero(**{k: v for k, v in changes.items() if isinstance(k, str)}) | changes,
            "libero",
        )
    assert info.value.key == key


@pytest.mark.parametrize("key", ["observation/image", "observation/state", "prompt"])
def test_a_missing_key_is_named(tmp_path: Path, key: Any) -> None:
    dictionary = libero()
    del dictionary[key]
    with refused("observation.key", 65) as info:
        recorded(tmp_path, dictionary, "libero")
    assert info.value.key == key


def test_a_key_both_flat_and_nested_is_refused(tmp_path: Path) -> None:
    with refused("observation.duplicate", 65):
        recorded(tmp_path, libero(observation={"image": IMAGE}), "libero")


def test_an_unknown_convention_is_refused(tmp_path: Path) -> None:
    with refused("observation.convention", 64):
        recorded(tmp_path, libero(), "simpler")
