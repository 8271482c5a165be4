"""The inputs of a golden: pictures, states and noise from files, or those of another golden."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from depthvla.errors import Error
from depthvla.record.libraries import require
from depthvla.record.model import Tensors


def read_bytes(path: Path, code: str) -> bytes:
    """A whole file.

    Raises:
        Error: With status 66 where there is none, 74 where reading fails.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Error(code, 66, "no such file", file=str(path)) from error
    except OSError as error:
        raise Error(code, 74, error.strerror or str(error), file=str(path)) from error


def pictures(paths: Sequence[Path]) -> list[Any]:
    """Pictures by Pillow, upright and RGB, as transformers' ``load_image`` gives them.

    Raises:
        Error: ``record.picture``, with status 66 where there is no file, 65 where it is no picture.
    """
    image, ops = require("PIL.Image", "pillow"), require("PIL.ImageOps", "pillow")
    found = []
    for path in paths:
        data = read_bytes(path, "record.picture")
        try:
            with image.open(io.BytesIO(data)) as opened:
                opened.load()
                found.append(ops.exif_transpose(opened).convert("RGB"))
        except Exception as error:
            raise Error(
                "record.picture", 65, f"cannot be read as a picture: {error}", file=str(path)
            ) from error
    return found


def one_size(pixels: Sequence[torch.Tensor], paths: Sequence[Path]) -> torch.Tensor:
    """Pictures [3, H, W] as a batch [B, 3, H, W].

    Raises:
        Error: ``record.picture`` where a processor that keeps proportions made different sizes of
            them.
    """
    for path, one in zip(paths, pixels, strict=True):
        if one.shape != pixels[0].shape:
            raise Error(
                "record.picture",
                65,
                f"becomes {list(one.shape)}, and {paths[0]} {list(pixels[0].shape)}: expected "
                "pictures of one size, or one picture for each golden",
                file=str(path),
            )
    return torch.stack(list(pixels))


def vector(path: Path | None, size: int, seed: int) -> torch.Tensor:
    """A state [1, size] in float32: from a file, filled up with zeros, or standard normal.

    The file is a JSON array, an object ``{"state": [...]}``, or an array of NumPy of shape [n] or
    [1, n].

    Raises:
        Error: ``record.state``.
    """
    if path is None:
        return _drawn(seed, "state", (1, size))
    data = read_bytes(path, "record.state")
    try:
        if data.startswith(b"\x93NUMPY"):
            values = np.load(io.BytesIO(data), allow_pickle=False)
        else:
            document = json.loads(data)
            values = np.array(document["state"] if isinstance(document, dict) else document, "f8")
        values = values.astype(np.float32)
    except (ValueError, KeyError, TypeError) as error:
        raise Error("record.state", 65, "holds no array of numbers", file=str(path)) from error
    values = values[0] if values.ndim == 2 and len(values) == 1 else values
    if values.ndim != 1 or not 1 <= len(values) <= size or not np.isfinite(values).all():
        raise Error(
            "record.state",
            65,
            f"expected 1 to {size} finite numbers, found an array {list(values.shape)}",
            file=str(path),
        )
    return torch.from_numpy(np.pad(values, (0, size - len(values))))[None]


def noise(path: Path | None, shape: tuple[int, int], seed: int) -> torch.Tensor:
    """What sampling starts from, [1, H, action_dim]: from an array of NumPy, or standard normal.

    Raises:
        Error: ``record.chunk``.
    """
    return _drawn(seed, "noise", (1, *shape)) if path is None else chunk(path, shape)


def chunk(path: Path, shape: tuple[int, int]) -> torch.Tensor:
    """A chunk [1, H, action_dim] in float32 from an array of NumPy.

    Raises:
        Error: ``record.chunk``.
    """
    data = read_bytes(path, "record.chunk")
    try:
        values = np.load(io.BytesIO(data), allow_pickle=False).astype(np.float32)
    except (ValueError, TypeError, EOFError) as error:
        raise Error("record.chunk", 65, "is no array of NumPy", file=str(path)) from error
    values = values[0] if values.ndim == 3 and len(values) == 1 else values
    if values.shape != shape or not np.isfinite(values).all():
        raise Error(
            "record.chunk",
            65,
            f"expected finite numbers {list(shape)}, found an array {list(values.shape)}",
            file=str(path),
        )
    return torch.from_numpy(values)[None]


def _drawn(seed: int, what: str, shape: tuple[int, ...]) -> torch.Tensor:
    generator = np.random.default_rng([seed, *what.encode()])
    return torch.from_numpy(generator.standard_normal(shape, dtype=np.float32))


def given(path: Path, names: Sequence[str], optional: Sequence[str] = ()) -> Tensors:
    """The inputs of another golden.

    Raises:
        Error: ``record.inputs`` where it is no golden or has other inputs than these.
    """
    if not path.is_file():
        raise Error("record.inputs", 66, "no such file", file=str(path))
    try:
        with safe_open(str(path), "pt") as opened:
            found = {
                key.removeprefix("in."): opened.get_tensor(key)
                for key in opened.keys()  # noqa: SIM118 - no mapping
                if key.startswith("in.")
            }
    except Exception as error:
        raise Error(
            "record.inputs", 65, f"is no safetensors file: {error}", file=str(path)
        ) from error
    for name in names:
        if name not in found:
            raise Error("record.inputs", 65, f"has no input in.{name}", file=str(path))
    # Targets of losses, which no library computes as parity does, and pictures of other models are
    # left out.
    return {name: value for name, value in found.items() if name in (*names, *optional)}


def check_tokens(ids: torch.Tensor, vocabulary: int, limit: int, image: int | None = None) -> None:
    """Checks token ids [B, S] against the model.

    Raises:
        Error: ``record.prompt`` for more tokens than the model has places, ``record.tokenizer`` for
            ids beyond its vocabulary.
    """
    if ids.shape[-1] > limit:
        raise Error(
            "record.prompt",
            64,
            f"the prompt becomes {ids.shape[-1]} tokens: expected at most {limit}",
        )
    text = ids if image is None else ids[ids != image]
    if text.numel() and int(text.max()) >= vocabulary:
        raise Error(
            "record.tokenizer",
            65,
            f"the tokenizer gives the id {int(text.max())}, but the model has {vocabulary} "
            "tokens: expected the tokenizer that the model was trained with",
        )
