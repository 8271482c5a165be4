"""Observations as dictionaries, in the forms that openpi's policies take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import Error

__all__ = ["Observation", "ObservationKeys", "taken_apart"]

_Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ObservationKeys:
    """Where the parts of an observation are.

    Attributes:
        cameras: Keys of pictures in the order of training, of the observation or of its ``images``;
            None: all that ``images`` holds, in its order.
        state: Keys whose values are joined.
        prompt: The key of the instruction.
        ignored: Keys that are passed over.
    """

    cameras: tuple[str, ...] | None
    state: tuple[str, ...]
    prompt: str
    ignored: frozenset[str]


@dataclass(frozen=True)
class Observation:
    """What a policy sees once: pictures uint8 [H, W, 3], state float64 [n], prompt."""

    pictures: list[_Array]
    names: list[str]
    state: _Array
    prompt: str


def taken_apart(observation: Mapping[str, Any], keys: ObservationKeys) -> Observation:
    """The parts of an observation.

    Raises:
        TypeError: It is no mapping.
        Error: ``observation.key`` for a key that is missing, or one that nobody reads: a picture
            that is passed over would change what the policy does.
    """
    if not isinstance(observation, Mapping):
        raise TypeError(f"observation: expected a mapping, found {type(observation).__name__}")
    found, images_are_read = _pictures(observation, keys)
    read = {*keys.state, keys.prompt, *keys.ignored, *(keys.cameras or ())}
    if images_are_read:
        read.add("images")
    unknown = [key for key in observation if key not in read]
    if unknown:
        raise Error(
            "observation.key",
            65,
            f"observation: nothing reads the key {unknown[0]!r}; expected {_words(keys)}, or "
            "ignore it by name",
            key=str(unknown[0]),
        )
    parts = [values_of(_required(observation, key), key) for key in keys.state]
    prompt = _required(observation, keys.prompt)
    if isinstance(prompt, np.ndarray) and prompt.ndim == 0:
        prompt = prompt.item()
    if not isinstance(prompt, str):
        raise Error(
            "observation.type",
            65,
            f"observation[{keys.prompt!r}]: expected a text, found {type(prompt).__name__}",
            key=keys.prompt,
        )
    present = [(key, image) for key, image in found if image is not None]
    return Observation(
        pictures=[as_rgb(image, key) for key, image in present],
        names=[key for key, _ in present],
        state=np.concatenate(parts),
        prompt=prompt,
    )


def _pictures(
    observation: Mapping[str, Any], keys: ObservationKeys
) -> tuple[list[tuple[str, Any]], bool]:
    images = observation.get("images")
    if keys.cameras is None:
        images = _required(observation, "images")
        if isinstance(images, Mapping):
            return [(str(key), image) for key, image in images.items()], True
        return [(f"images[{index}]", image) for index, image in enumerate(images)], True
    inner = images if isinstance(images, Mapping) else {}
    extra = [key for key in inner if key not in keys.cameras and key not in keys.ignored]
    if extra:
        raise Error(
            "observation.key",
            65,
            f"observation['images']: nothing reads the camera {extra[0]!r}; expected "
            f"{_words(keys)}",
            key=str(extra[0]),
        )
    found = []
    for key in keys.cameras:
        if key not in observation and key not in inner:
            raise Error(
                "observation.key",
                65,
                f"observation: no camera {key!r}; give None where it is missing",
                key=key,
            )
        if key in observation and key in inner:
            raise Error(
                "observation.key",
                65,
                f"observation: the camera {key!r} is there twice, also in 'images'",
                key=key,
            )
        found.append((key, observation[key] if key in observation else inner[key]))
    return found, bool(inner)


def _words(keys: ObservationKeys) -> str:
    cameras = keys.cameras if keys.cameras is not None else ("images",)
    return ", ".join([*cameras, *keys.state, keys.prompt])


def _required(observation: Mapping[str, Any], key: str) -> Any:
    if key not in observation:
        raise Error("observation.key", 65, f"observation: no key {key!r}", key=key)
    return observation[key]


def values_of(value: Any, key: str) -> _Array:
    """The values of a state, float64 [n].

    Raises:
        Error: ``observation.type``, ``observation.shape``.
    """
    try:
        values = np.asarray(value)
        if values.dtype.kind not in "biuf":
            raise TypeError(values.dtype)
        values = values.astype(np.float64)
    except (TypeError, ValueError):
        raise Error(
            "observation.type",
            65,
            f"observation[{key!r}]: expected numbers, found {type(value).__name__}",
            key=key,
        ) from None
    if values.ndim > 1:
        raise Error(
            "observation.shape",
            65,
            f"observation[{key!r}]: expected [n], found {list(values.shape)}",
            key=key,
        )
    return values.reshape(-1)


def as_rgb(image: Any, key: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A picture as uint8 [H, W, 3], from what openpi's policies take.

    Floats from 0 to 1 are multiplied by 255 and cut off, and [3, H, W] is turned, as openpi's
    ``_parse_image`` does it (``policies/libero_policy.py``).

    Raises:
        Error: ``observation.shape``, ``observation.type``, ``observation.range``.
    """
    pixels = np.asarray(image)
    if pixels.ndim != 3 or 3 not in (pixels.shape[0], pixels.shape[2]):
        raise Error(
            "observation.shape",
            65,
            f"observation[{key!r}]: expected a picture [H, W, 3] or [3, H, W], found "
            f"{list(pixels.shape)}",
            key=key,
        )
    if pixels.dtype.kind == "f":
        # The comparison is false for a NaN, too.
        if not bool(np.all((pixels >= 0) & (pixels <= 1))):
            raise Error(
                "observation.range",
                65,
                f"observation[{key!r}]: expected floats from 0 to 1, found others",
                key=key,
            )
        pixels = (255 * pixels).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        raise Error(
            "observation.type",
            65,
            f"observation[{key!r}]: expected uint8 or floats, found {pixels.dtype}",
            key=key,
        )
    if pixels.shape[0] == 3:
        pixels = np.transpose(pixels, (1, 2, 0))
    return pixels
