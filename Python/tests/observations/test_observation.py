"""What no observation may have."""

from typing import Any

import numpy as np
import pytest

from .support import observation, refused

PICTURE = np.zeros((4, 2, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pictures": {}}, "camera"),
        ({"pictures": {f"c{i}": PICTURE for i in range(17)}}, "camera"),
        ({"pictures": {"a b": PICTURE}}, "camera"),
        ({"pictures": {"": PICTURE}}, "camera"),
        ({"pictures": {"a": PICTURE.astype(np.float32)}}, "picture"),
        ({"pictures": {"a": PICTURE[:, :, :2]}}, "picture"),
        ({"pictures": {"a": PICTURE[:0]}}, "picture"),
        ({"pictures": {"a": np.zeros((8193, 1, 3), np.uint8)}}, "picture"),
        ({"pictures": {"a": PICTURE.tolist()}}, "picture"),
        ({"state": np.array([1.0, np.nan])}, "state"),
        ({"state": np.array([1.0, np.inf], np.float32)}, "state"),
        ({"state": np.array([1, 2])}, "state"),
        ({"state": np.zeros(0)}, "state"),
        ({"state": np.zeros((1, 3))}, "state"),
        ({"noise": np.zeros((2, 4))}, "noise"),
        ({"noise": np.full((2, 4), np.nan, np.float32)}, "noise"),
        ({"noise_seed": 2**64}, "noise"),
        ({"actions": np.zeros((0, 3))}, "actions"),
        ({"actions": np.zeros(3)}, "actions"),
        ({"instruction": "a\0"}, "instruction"),
        ({"instruction": "\ud800"}, "instruction"),
        ({"instruction": "ä" * 32769}, "instruction"),
        ({"depth": {}}, "depth"),
        ({"depth_unit": None}, "depth"),
        ({"depth_unit": "feet"}, "depth"),
        ({"depth": {"other": np.ones((4, 2), np.float32)}}, "depth"),
        ({"depth": {"observation/base": np.ones((2, 4), np.float32)}}, "depth"),
        ({"depth": {"observation/base": np.ones((4, 2))}}, "depth"),
        ({"depth": {"observation/base": -np.ones((4, 2), np.float32)}}, "depth"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused(changes: Any, code: Any) -> None:
    changes = {"depth": {}, "depth_unit": None, **changes} if "pictures" in changes else changes
    with refused(f"observation.{code}", 65):
        observation(**changes)


def test_relative_depth_may_be_negative() -> None:
    # Resizing overshoots below 0, and Depth Anything's relative depth has no fixed zero.
    observation(depth={"observation/base": -np.ones((4, 2), np.float32)}, depth_unit="relative")
