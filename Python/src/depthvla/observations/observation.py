"""What a policy is given once, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._json import check_document
from depthvla.observations.answer import Answer

DepthUnit = Literal["metres", "unscaled", "relative"]

CAMERA_LIMIT = 16
SIDE_LIMIT = 8192
STATE_LIMIT = 4096
CHUNK_LIMIT = (4096, 4096)
INSTRUCTION_LIMIT = 65536

_CAMERA = re.compile(r"[A-Za-z0-9._/-]{1,128}")


@dataclass(frozen=True)
class Observation:
    """Pictures by camera, an instruction, a state and noise.

    Demonstrated actions and depth are there where they are known.

    Everything is in the robot's units and width, as it came from the robot: nothing is normalised,
    fitted or padded. Only the noise has the sizes of the model.

    Raises:
        Error: status 65, code `observation.camera`, `observation.picture`, `observation.state`,
            `observation.noise`, `observation.actions`, `observation.depth`,
            `observation.instruction`, `observation.answer` or `observation.metadata`: a value that
            no observation may have, named by `key`.
    """

    pictures: Mapping[str, npt.NDArray[np.uint8]]
    """uint8 [H, W, 3], RGB, by camera, in the policy's order. A missing camera is left out."""
    instruction: str
    state: npt.NDArray[Any]
    """float64 or float32 [n]."""
    noise: npt.NDArray[np.float32]
    """float32 [H, A]: the horizon and the width of an action of the model."""
    noise_seed: int | None = None
    """The seed that the noise was drawn from, 0 to 2^64 - 1."""
    actions: npt.NDArray[Any] | None = None
    """float64 or float32 [h, a]: what the demonstrator did from then on, a row for each step."""
    depth: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    """float32 [H, W] by camera, the size of its picture, 0 where unknown."""
    depth_unit: DepthUnit | None = None
    """`metres`; `unscaled`: depth up to a factor; `relative`: Depth Anything's relative depth."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from, as JSON values; `kind` names the way."""
    answer: Answer | None = None
    """What a policy answered."""

    def __post_init__(self) -> None:
        """Checks every value."""
        cameras = list(self.pictures)
        if not 1 <= len(cameras) <= CAMERA_LIMIT:
            raise _bad(
                "camera", None, f"expected 1 to {CAMERA_LIMIT} cameras, found {len(cameras)}"
            )
        for camera, picture in self.pictures.items():
            if not _CAMERA.fullmatch(camera):
                raise _bad(
                    "camera", camera, "expected 1 to 128 of the characters A-Z a-z 0-9 . _ / -"
                )
            _check(
                "picture",
                camera,
                picture,
                "uint8 [H, W, 3]",
                ("u1",),
                (SIDE_LIMIT, SIDE_LIMIT, 3),
                last=3,
            )
        _check("state", "state", self.state, "float64 or float32 [n]", ("f8", "f4"), (STATE_LIMIT,))
        _check("noise", "noise", self.noise, "float32 [H, A]", ("f4",), CHUNK_LIMIT)
        if self.noise_seed is not None and not 0 <= self.noise_seed < 1 << 64:
            raise _bad("noise", "noise_seed", f"expected 0 to 2^64 - 1, found {self.noise_seed}")
        if self.actions is not None:
            _check(
                "actions",
                "actions",
                self.actions,
                "float64 or float32 [h, a]",
                ("f8", "f4"),
                CHUNK_LIMIT,
            )
        if len(self.instruction.encode("utf-8", "surrogatepass")) > INSTRUCTION_LIMIT or any(
            c == "\0" or "\ud800" <= c <= "\udfff" for c in self.instruction
        ):
            raise _bad(
                "instruction",
                "instruction",
                f"expected at most {INSTRUCTION_LIMIT} bytes of text without NUL",
            )
        self._check_depth()
        check_document(dict(self.source), key="source", code="observation.metadata")
        if self.answer is not None:
            self.answer.check(self.pictures, self.noise.shape)
        for name in ("pictures", "depth", "source"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def _check_depth(self) -> None:
        if bool(self.depth) != (self.depth_unit is not None):
            raise _bad("depth", "depth_unit", "expected a unit exactly where there is depth")
        if self.depth_unit is not None and self.depth_unit not in get_args(DepthUnit):
            raise _bad(
                "depth",
                "depth_unit",
                f"expected one of {', '.join(get_args(DepthUnit))}, found {self.depth_unit!r}",
            )
        for camera, depth in self.depth.items():
            if camera not in self.pictures:
                raise _bad("depth", camera, "expected depth only of a camera that has a picture")
            _check("depth", camera, depth, "float32 [H, W]", ("f4",), (SIDE_LIMIT, SIDE_LIMIT))
            if depth.shape != self.pictures[camera].shape[:2]:
                raise _bad(
                    "depth",
                    camera,
                    f"expected the size of the picture {list(self.pictures[camera].shape[:2])}, "
                    f"found {list(depth.shape)}",
                )
            if self.depth_unit != "relative" and depth.min() < 0:
                raise _bad("depth", camera, "expected no negative distance")


def _check(
    part: str,
    key: str,
    array: Any,
    expected: str,
    kinds: tuple[str, ...],
    limits: tuple[int, ...],
    last: int | None = None,
) -> None:
    if not isinstance(array, np.ndarray):
        raise _bad(part, key, f"expected {expected}, found {type(array).__name__}")
    fits = (
        array.dtype.newbyteorder("=").str[1:] in kinds
        and array.ndim == len(limits)
        and all(1 <= extent <= limit for extent, limit in zip(array.shape, limits, strict=True))
        and (last is None or array.shape[-1] == last)
    )
    if not fits:
        raise _bad(
            part,
            key,
            f"expected {expected} with extents of 1 to {list(limits)}, "
            f"found {array.dtype} {list(array.shape)}",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        index = np.unravel_index(int(np.argmin(np.isfinite(array))), array.shape)
        raise _bad(
            part, key, f"expected finite numbers, found {array[index]} at {[int(i) for i in index]}"
        )


def _bad(part: str, key: str | None, rule: str) -> Error:
    return located(f"observation.{part}", 65, rule, key=key)
