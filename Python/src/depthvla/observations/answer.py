"""What a policy answered to an observation, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._json import check_document

STEP_LIMIT = 1000
RELEASE_LIMIT = (1 << 53) - 1
EXTENT_LIMIT = 4096

_REQUIRED = {"depth_expert", "family", "mask", "products", "root", "steps", "time", "tool"}
_OPTIONAL = {"release", "robot"}
_ROOT = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z",
)


@dataclass(frozen=True)
class Answer:
    """Actions, and depth where it was asked for, and what computed them.

    Raises:
        Error: `observation.answer` (65): a value that no answer may have, named by `key`.
    """

    actions: npt.NDArray[np.float64]
    """float64 [H, a]: what went back to the robot, in its units."""
    model_actions: npt.NDArray[np.float32]
    """float32 [H, A]: what the model computed, in its own."""
    origin: Mapping[str, Any]
    """What answered, and how: the key `answer` of the metadata, as the page Observations says."""
    depth: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    """float32 [H, W] by camera, the size of its picture, up to a factor."""

    def __post_init__(self) -> None:
        """Checks every value."""
        _array("answer.actions", self.actions, "float64 [H, a]", "f8")
        _array("answer.model_actions", self.model_actions, "float32 [H, A]", "f4")
        if len(self.actions) != len(self.model_actions):
            raise _bad(
                "answer.actions",
                f"expected {len(self.model_actions)} rows, one for each of answer.model_actions, "
                f"found {len(self.actions)}",
            )
        _origin(self.origin)
        for name in ("origin", "depth"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def check(self, pictures: Mapping[str, Any], noise: tuple[int, ...]) -> None:
        """Checks that the answer can be one to these pictures and to noise of this shape."""
        if self.model_actions.shape != noise:
            raise _bad(
                "answer.model_actions",
                f"expected the shape of the noise {list(noise)}, "
                f"found {list(self.model_actions.shape)}",
            )
        for camera, depth in self.depth.items():
            if camera not in pictures:
                raise _bad(camera, "expected depth only of a camera that has a picture")
            size = pictures[camera].shape[:2]
            if not (isinstance(depth, np.ndarray) and depth.dtype.newbyteorder("=") == np.float32):
                raise _bad(camera, "expected depth of float32 [H, W]")
            if depth.shape != size:
                raise _bad(
                    camera,
                    f"expected depth of the size of the picture {list(size)}, "
                    f"found {list(depth.shape)}",
                )
            if not np.isfinite(depth).all() or depth.min() < 0:
                raise _bad(camera, "expected finite depth, and no negative distance")


def _array(key: str, array: Any, expected: str, kind: str) -> None:
    fits = (
        isinstance(array, np.ndarray)
        and array.dtype.newbyteorder("=").str[1:] == kind
        and array.ndim == 2
        and all(1 <= extent <= EXTENT_LIMIT for extent in array.shape)
    )
    if not fits:
        found = (
            f"{array.dtype} {list(array.shape)}"
            if isinstance(array, np.ndarray)
            else type(array).__name__
        )
        raise _bad(key, f"expected {expected} with extents of 1 to {EXTENT_LIMIT}, found {found}")
    if not np.isfinite(array).all():
        raise _bad(key, "expected finite numbers")


def _origin(origin: Mapping[str, Any]) -> None:
    for key in sorted(_REQUIRED - set(origin)):
        raise _bad(key, "expected this key")
    for key in sorted(set(origin) - _REQUIRED - _OPTIONAL):
        raise _bad(key, "expected no such key")

    def text(key: str) -> str:
        value = origin[key]
        if not isinstance(value, str) or not 1 <= len(value.encode()) <= 256:
            raise _bad(key, "expected a text of 1 to 256 bytes")
        return value

    def number(key: str, limit: int) -> None:
        value = origin[key]
        if type(value) is not int or not 1 <= value <= limit:
            raise _bad(key, f"expected an integer from 1 to {limit}, found {value!r}")

    if not _ROOT.fullmatch(text("root")):
        raise _bad("root", "expected 64 digits of lower-case hexadecimal")
    if not _TIME.fullmatch(text("time")):
        raise _bad("time", "expected a time in UTC such as 2026-11-30T14:05:00.250Z")
    text("family")
    text("tool")
    number("steps", STEP_LIMIT)
    if "release" in origin:
        number("release", RELEASE_LIMIT)
    if origin["mask"] not in ("block", "full"):
        raise _bad("mask", f"expected block or full, found {origin['mask']!r}")
    if not isinstance(origin["depth_expert"], bool):
        raise _bad("depth_expert", "expected true or false")
    products = origin["products"]
    if not isinstance(products, dict) or set(products) != {"bf16", "int8"}:
        raise _bad("products", "expected an object with bf16 and int8 alone")
    for name, value in products.items():
        if value not in ("exact", "native"):
            raise _bad(name, f"expected exact or native, found {value!r}")
    if "robot" in origin and not isinstance(origin["robot"], dict):
        raise _bad("robot", "expected an object")
    check_document(dict(origin), key="answer", code="observation.answer")


def _bad(key: str, rule: str) -> Error:
    return located("observation.answer", 65, rule, key=key)
