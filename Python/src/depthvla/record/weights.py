"""Whether a library loaded the checkpoint that it was given: every tensor, and nothing but these.

Loaders fill in what a file lacks, skip what they do not know, and some return random weights with
one printed line. So every tensor of the files is looked for among the loaded ones by its content,
which needs no knowledge of how a library renames. Equal tensors under swapped names are not told
apart here; the golden would be wrong, and parity fails.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from depthvla.errors import Error

_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"
#: A loader may join or divide the rows of this many tensors: query, key and value; gate and up.
_PARTS = (2, 3)


def weight_files(model: Path) -> list[Path]:
    """The safetensors files of a checkpoint, sorted by name.

    Raises:
        Error: ``record.model``, with status 66 where there is none.
    """
    if model.is_file():
        return [model]
    if not model.is_dir():
        raise Error("record.model", 66, "no such file or folder", file=str(model))
    index = model / _INDEX
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
            files = [model / name for name in names]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Error(
                "record.model", 65, "is no index of shards: expected a weight_map", file=str(index)
            ) from error
    elif (model / _SINGLE).is_file():
        files = [model / _SINGLE]
    else:
        # lerobot keeps statistics in files of their own.
        files = [file for file in sorted(model.glob("*.safetensors")) if not _is_state(file)]
    if not files:
        raise Error("record.model", 66, "holds no .safetensors file", file=str(model))
    for file in files:
        if not file.is_file():
            raise Error("record.model", 66, "no such file", file=str(file))
    return files


def _is_state(file: Path) -> bool:
    return file.name.startswith(("policy_preprocessor", "policy_postprocessor"))


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def stored_shapes(files: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors, by name, without reading them.

    Raises:
        Error: ``record.model`` for a file that is no safetensors file.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        with _opened(file) as opened:
            for key in opened.keys():  # noqa: SIM118 - no mapping
                shapes[key] = tuple(opened.get_slice(key).get_shape())
    return shapes


def load(files: Iterable[Path]) -> dict[str, torch.Tensor]:
    """All tensors, floating types widened to float32."""
    return {key: _wide(value) for file in files for key, value in _tensors(file)}


def check_loaded(network: Any, files: Iterable[Path]) -> None:
    """Checks that a network with float32 weights holds what the files hold.

    Raises:
        Error: ``record.weights``, naming the tensor that is missing on one side.
    """
    loaded: dict[bytes, list[str]] = {}
    state = network.state_dict()
    for key, value in state.items():
        loaded.setdefault(_fingerprint(value), []).append(key)
    unseen = {key for keys in loaded.values() for key in keys}
    unfound: dict[str, Path] = {}
    for file in files:
        for key, value in _tensors(file):
            found = loaded.get(_fingerprint(value))
            if found:
                unseen.difference_update(found)
            else:
                unfound[key] = file
    _match_divided(unfound, unseen, loaded)
    _match_joined(unfound, unseen, state)
    for key, file in sorted(unfound.items()):
        raise Error(
            "record.weights", 65, "the library did not load this tensor", file=str(file), tensor=key
        )
    for key in sorted(unseen):
        raise Error(
            "record.weights",
            65,
            "the library filled in this tensor, which no file holds",
            file=str(next(iter(files)).parent),
            tensor=key,
        )


def _match_divided(
    unfound: dict[str, Path], unseen: set[str], loaded: dict[bytes, list[str]]
) -> None:
    """Takes out the tensors whose rows the library divided among several."""
    for key, file in list(unfound.items()):
        value = _tensor(file, key)
        for count in _PARTS:
            if value.dim() == 0 or value.shape[0] % count:
                continue
            parts = [loaded.get(_fingerprint(part)) for part in value.chunk(count)]
            if all(parts):
                unseen.difference_update(key for part in parts for key in part or ())
                del unfound[key]
                break


def _match_joined(
    unfound: dict[str, Path], unseen: set[str], state: dict[str, torch.Tensor]
) -> None:
    """Takes out the tensors whose rows the library joined to one."""
    stored: dict[bytes, list[str]] = {}
    for key, file in unfound.items():
        stored.setdefault(_fingerprint(_tensor(file, key)), []).append(key)
    for name in sorted(unseen):
        value = state[name]
        for count in _PARTS:
            if value.dim() == 0 or value.shape[0] % count:
                continue
            parts = [stored.get(_fingerprint(part)) for part in value.chunk(count)]
            if all(parts):
                unseen.discard(name)
                for key in [key for part in parts for key in part or ()]:
                    unfound.pop(key, None)
                break


def _fingerprint(value: torch.Tensor) -> bytes:
    wide = _wide(value.detach()).contiguous().cpu()
    found = hashlib.sha256(f"{wide.dtype}{list(wide.shape)}".encode())
    found.update(wide.reshape(-1).view(torch.uint8).numpy().data)
    return found.digest()


def _wide(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value


def _tensors(file: Path) -> Iterator[tuple[str, torch.Tensor]]:
    with _opened(file) as opened:
        for key in opened.keys():  # noqa: SIM118 - no mapping
            yield key, opened.get_tensor(key)


def _tensor(file: Path, key: str) -> torch.Tensor:
    with _opened(file) as opened:
        value = opened.get_tensor(key)
    assert isinstance(value, torch.Tensor)
    return value


def _opened(file: Path) -> Any:
    try:
        return safe_open(str(file), "pt")
    except Exception as error:
        raise Error(
            "record.model", 65, f"is no safetensors file: {error}", file=str(file)
        ) from error
