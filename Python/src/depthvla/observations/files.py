"""One observation as a safetensors file, and back."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations._json import check_document
from depthvla.observations._safetensors import data_bytes, parse, serialize, strict_json
from depthvla.observations.answer import Answer
from depthvla.observations.observation import DepthUnit, Observation

FORMAT = "depthvla-observation"
VERSIONS = ("1", "2")
FILE_LIMIT = 1 << 30

_REQUIRED = {"format", "version", "instruction", "cameras", "source", "versions", "data_sha256"}
_OPTIONAL = {"noise_seed", "depth_unit"}


def observation_bytes(observation: Observation, *, versions: dict[str, str]) -> bytes:
    """The file of an observation: the same observation and versions give the same bytes.

    It is of version 2 with an answer, else of version 1.

    Args:
        observation: what to write.
        versions: of the programs that made it, by name.
    """
    tensors: dict[str, np.ndarray[Any, Any]] = {
        f"picture.{camera}": picture for camera, picture in observation.pictures.items()
    }
    tensors |= {f"depth.{camera}": depth for camera, depth in observation.depth.items()}
    tensors |= {"state": observation.state, "noise": observation.noise}
    if observation.actions is not None:
        tensors["actions"] = observation.actions
    answer = observation.answer
    if answer is not None:
        tensors["answer.actions"] = answer.actions
        tensors["answer.model_actions"] = answer.model_actions
        tensors |= {f"answer.depth.{camera}": depth for camera, depth in answer.depth.items()}
    little = {name: array.astype(array.dtype.newbyteorder("<")) for name, array in tensors.items()}
    metadata = {
        "format": FORMAT,
        "version": "1" if answer is None else "2",
        "instruction": observation.instruction,
        "cameras": _json(list(observation.pictures)),
        "source": _json(dict(observation.source)),
        "versions": _json(versions),
        "data_sha256": hashlib.sha256(data_bytes(little)).hexdigest(),
    }
    if observation.noise_seed is not None:
        metadata["noise_seed"] = str(observation.noise_seed)
    if observation.depth_unit is not None:
        metadata["depth_unit"] = observation.depth_unit
    if answer is not None:
        metadata["answer"] = _json(dict(answer.origin))
    return serialize(little, metadata)


def read_observation(path: str | os.PathLike[str]) -> Observation:
    """Reads one file, with every rule of the format checked.

    Raises:
        Error: `observation.missing` (66); `observation.io` (74); `observation.header`,
            `observation.duplicate`, `observation.format`, `observation.version`,
            `observation.metadata`, `observation.tensor`, `observation.digest` (65), and what
            `Observation` raises.
    """
    return parse_observation(read_bytes(path, FILE_LIMIT), file=os.fspath(path))


def parse_observation(contents: bytes, *, file: str) -> Observation:
    """Reads the bytes of one file; `file` names it in errors."""
    found = parse(contents, file=file)
    metadata, tensors = found.metadata, dict(found.tensors)

    def refuse(code: str, rule: str, *, key: str | None = None, tensor: str | None = None) -> Error:
        return located(f"observation.{code}", 65, rule, file=file, key=key, tensor=tensor)

    if metadata.get("format") != FORMAT:
        raise refuse("format", f"expected {FORMAT}, found {metadata.get('format')!r}", key="format")
    if metadata.get("version") not in VERSIONS:
        raise refuse(
            "version",
            f"expected {' or '.join(VERSIONS)}, found {metadata.get('version')!r}",
            key="version",
        )
    has_answer = metadata["version"] == "2"
    required = _REQUIRED | ({"answer"} if has_answer else set())
    for key in sorted(required - set(metadata)):
        raise refuse("metadata", "expected this key", key=key)
    for key in sorted(set(metadata) - required - _OPTIONAL):
        raise refuse("metadata", "expected no such key", key=key)
    if hashlib.sha256(found.data).hexdigest() != metadata["data_sha256"]:
        raise refuse("digest", "the data are not those that were written", key="data_sha256")

    cameras = strict_json(metadata["cameras"].encode(), file=file, code="observation.metadata")
    if not isinstance(cameras, list) or not all(isinstance(camera, str) for camera in cameras):
        raise refuse("metadata", "expected an array of names", key="cameras")
    if len(set(cameras)) != len(cameras):
        raise refuse("duplicate", "expected every camera once", key="cameras")
    documents = {}
    for key in ("source", "versions", *(["answer"] if has_answer else [])):
        documents[key] = strict_json(metadata[key].encode(), file=file, code="observation.metadata")
        if not isinstance(documents[key], dict):
            raise refuse("metadata", "expected an object", key=key)
        check_document(documents[key], key=key, code="observation.metadata", file=file)
    seed = metadata.get("noise_seed")
    if seed is not None and not (seed.isascii() and seed.isdigit() and str(int(seed[:20])) == seed):
        raise refuse(
            "metadata", f"expected a number from 0 to 2^64 - 1, found {seed!r}", key="noise_seed"
        )
    unit = metadata.get("depth_unit")
    if unit is not None and unit not in get_args(DepthUnit):
        raise refuse(
            "metadata",
            f"expected one of {', '.join(get_args(DepthUnit))}, found {unit!r}",
            key="depth_unit",
        )

    def take(name: str) -> Any:
        if name not in tensors:
            raise refuse("tensor", "expected this tensor", tensor=name)
        return tensors.pop(name)

    pictures = {camera: take(f"picture.{camera}") for camera in cameras}
    state, noise, actions = take("state"), take("noise"), tensors.pop("actions", None)
    depth = {
        camera: tensors.pop(f"depth.{camera}") for camera in cameras if f"depth.{camera}" in tensors
    }
    answered = None
    if has_answer:
        answered = (
            take("answer.actions"),
            take("answer.model_actions"),
            documents["answer"],
            {
                camera: tensors.pop(f"answer.depth.{camera}")
                for camera in cameras
                if f"answer.depth.{camera}" in tensors
            },
        )
    for name in sorted(tensors):
        raise refuse("tensor", "expected no such tensor", tensor=name)
    try:
        return Observation(
            pictures=pictures,
            instruction=metadata["instruction"],
            state=state,
            noise=noise,
            noise_seed=None if seed is None else int(seed),
            actions=actions,
            depth=depth,
            depth_unit=cast("DepthUnit | None", unit),
            source=documents["source"],
            answer=None if answered is None else Answer(*answered),
        )
    except Error as error:
        message = f"{file}: {error.message}"
        raise Error(error.code, error.status, message, file=file, key=error.key) from None


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """A whole file of at most `limit` bytes.

    Raises:
        Error: `observation.missing` (66), `observation.size` (65), `observation.io` (74).
    """
    name = os.fspath(path)
    try:
        with Path(name).open("rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise located("observation.size", 65, f"expected at most {limit} bytes", file=name)
            return file.read()
    except FileNotFoundError:
        raise located("observation.missing", 66, "no such file", file=name) from None
    except OSError as error:
        raise located("observation.io", 74, error.strerror or str(error), file=name) from None


def _json(value: object) -> str:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
