"""Observations from the dictionaries that clients of openpi's policy server send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations.folder import Entry, ObservationWriter
from depthvla.observations.observation import DepthUnit, Observation


@dataclass(frozen=True)
class Convention:
    """Which keys of a dictionary are which camera and which part of the state.

    Keys of nested dictionaries are joined with a slash: `images/cam_high`.
    """

    cameras: tuple[str, ...]
    """In the policy's order. All but the first may be missing, as openpi masks a missing wrist."""
    state: tuple[tuple[str, int], ...]
    """The keys of the state and their widths, in the order in which they are put together."""
    ignored: tuple[str, ...] = ()
    """Keys that the policy does not read."""
    optional: frozenset[str] = frozenset()
    """Cameras that may be missing."""
    prompt: str = "prompt"


CONVENTIONS: Mapping[str, Convention] = {
    # Source: openpi at 15a9616, policies/libero_policy.py, droid_policy.py and aloha_policy.py.
    "libero": Convention(
        cameras=("observation/image", "observation/wrist_image"), state=(("observation/state", 8),)
    ),
    "droid": Convention(
        cameras=("observation/exterior_image_1_left", "observation/wrist_image_left"),
        state=(("observation/joint_position", 7), ("observation/gripper_position", 1)),
    ),
    "aloha": Convention(
        cameras=("images/cam_high", "images/cam_left_wrist", "images/cam_right_wrist"),
        state=(("state", 14),),
        ignored=("images/cam_low",),
        optional=frozenset({"images/cam_left_wrist", "images/cam_right_wrist"}),
    ),
}


@dataclass(frozen=True)
class Inputs:
    """What a dictionary says: the parts of an `Observation` of these names."""

    pictures: dict[str, npt.NDArray[np.uint8]]
    state: npt.NDArray[Any]
    instruction: str


def read_dictionary(dictionary: Mapping[str, Any], convention: str | Convention) -> Inputs:
    """Takes pictures, state and instruction out of a dictionary in openpi's style.

    Pictures may be uint8 or floats from 0 to 1, which are multiplied by 255 and cut as openpi does,
    with the channels last or, if the first extent is 3, first. The state keeps its float type if
    all its parts have the same, and is float64 otherwise.

    Args:
        dictionary: flat or nested.
        convention: `libero`, `droid`, `aloha`, or one of your own.

    Raises:
        Error: `observation.convention` (64): no such convention; `observation.key` (65): a key that
            is missing or that the convention does not have, or a value of another kind, named by
            `key`.
    """
    if isinstance(convention, str):
        if convention not in CONVENTIONS:
            raise located(
                "observation.convention",
                64,
                f"expected one of {', '.join(CONVENTIONS)}, found {convention!r}",
            )
        convention = CONVENTIONS[convention]
    values = _flat(dictionary)
    known = {
        convention.prompt,
        *convention.cameras,
        *convention.ignored,
        *(key for key, _ in convention.state),
    }
    for key in sorted(set(values) - known):
        raise _bad(key, f"expected no such key; known are {', '.join(sorted(known))}")
    for key in [*convention.cameras, *(key for key, _ in convention.state), convention.prompt]:
        if key not in values and key not in convention.optional:
            raise _bad(key, "expected this key")
    return Inputs(
        pictures={key: _picture(key, values[key]) for key in convention.cameras if key in values},
        state=_state([(key, width, values[key]) for key, width in convention.state]),
        instruction=_prompt(convention.prompt, values[convention.prompt]),
    )


def record_dictionary(
    dictionary: Mapping[str, Any],
    writer: ObservationWriter,
    *,
    convention: str | Convention,
    actions: npt.NDArray[Any] | None = None,
    depth: Mapping[str, npt.NDArray[np.float32]] | None = None,
    depth_unit: DepthUnit = "metres",
    source: Mapping[str, Any] | None = None,
) -> Entry:
    """Writes one dictionary in openpi's style as an observation, with the writer's next noise.

    Args:
        dictionary: what a client would send.
        writer: of the folder.
        convention: see `read_dictionary`.
        actions: the demonstrated actions, float64 or float32 [h, a].
        depth: float32 [H, W] by the convention's cameras, 0 where unknown.
        depth_unit: of `depth`.
        source: where it comes from, as JSON values; `kind` becomes `dictionary` unless it is given.

    Raises:
        Error: what `read_dictionary`, `Observation` and the writer raise.
    """
    inputs = read_dictionary(dictionary, convention)
    noise, seed = writer.noise()
    return writer.add(
        Observation(
            pictures=inputs.pictures,
            instruction=inputs.instruction,
            state=inputs.state,
            noise=noise,
            noise_seed=seed,
            actions=actions,
            depth=depth or {},
            depth_unit=depth_unit if depth else None,
            source={"kind": "dictionary", **(source or {})},
        )
    )


def _flat(dictionary: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in dictionary.items():
        if not isinstance(key, str):
            raise _bad(repr(key), "expected a string as key")
        part = (
            _flat(value, f"{prefix}{key}/") if isinstance(value, Mapping) else {prefix + key: value}
        )
        for name in part:
            if name in result:
                raise located("observation.duplicate", 65, "expected this key once", key=name)
        result |= part
    return result


def _picture(key: str, value: Any) -> npt.NDArray[np.uint8]:
    picture = np.asarray(value)
    if picture.ndim != 3 or 3 not in (picture.shape[0], picture.shape[-1]) or 0 in picture.shape:
        raise _bad(key, f"expected [H, W, 3] or [3, H, W], found {list(picture.shape)}")
    if picture.dtype.kind == "f":
        if not ((picture >= 0) & (picture <= 1)).all():
            raise _bad(key, "expected floats from 0 to 1")
        picture = (255 * picture).astype(np.uint8)
    elif picture.dtype != np.uint8:
        raise _bad(key, f"expected uint8 or floats, found {picture.dtype}")
    if picture.shape[0] == 3:
        picture = picture.transpose(1, 2, 0)
    return np.ascontiguousarray(picture)


def _state(parts: list[tuple[str, int, Any]]) -> npt.NDArray[Any]:
    arrays = []
    for key, width, value in parts:
        array = np.asarray(value)
        if array.dtype.kind not in "fiu" or array.shape not in (
            (width,),
            () if width == 1 else (width,),
        ):
            raise _bad(key, f"expected {width} numbers, found {array.dtype} {list(array.shape)}")
        arrays.append(np.atleast_1d(array))
    kept = arrays[0].dtype in (np.float32, np.float64) and all(
        a.dtype == arrays[0].dtype for a in arrays
    )
    joined = np.concatenate([a if kept else a.astype(np.float64) for a in arrays])
    if not np.isfinite(joined).all():
        raise _bad(parts[0][0], "expected finite numbers as state")
    return joined


def _prompt(key: str, value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind == "U":
        value = value.item()
    if not isinstance(value, str):
        raise _bad(key, f"expected text, found {type(value).__name__}")
    return str(value)


def _bad(key: str, rule: str) -> Error:
    return located("observation.key", 65, rule, key=key)
