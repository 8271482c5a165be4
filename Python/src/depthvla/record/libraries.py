"""Whose checkpoint it is, and the libraries that read it."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depthvla.errors import Error, MissingExtra

if TYPE_CHECKING:
    # Without torch, this file still says what is missing.
    from depthvla.record.model import UpstreamModel
    from depthvla.record.request import Request

#: The extras of this package that install a library.
_EXTRAS = {
    "torch": "torch",
    "transformers": "transformers",
    "safetensors": "transformers",
    "timm": "timm",
    "lerobot": "lerobot",
}
#: What to do for the others.
_REMEDY = {
    "openpi": "install openpi's checkout, and copy its transformers_replace into transformers",
    "torchvision": "pip install torchvision",
    "pillow": "pip install pillow",
    "sentencepiece": "pip install sentencepiece",
    "dinov2": "put a checkout of facebookresearch/dinov2 on PYTHONPATH",
    "depth_anything_v2": "put a checkout of DepthAnything/Depth-Anything-V2 on PYTHONPATH, or its "
    "folder metric_depth for a metric model",
    "cv2": "pip install opencv-python-headless",
}


def require(module: str, library: str | None = None) -> Any:
    """Imports a module.

    Args:
        module: Its name.
        library: What to name where it is missing; by default the first part of the name.

    Raises:
        Error: ``record.library``, or ``python.extra`` for an extra of this package, with status 69.
    """
    name = library or module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == name and name in _EXTRAS:
            raise MissingExtra(name, _EXTRAS[name]) from error
        # Libraries of versions that do not fit each other fail with anything while they are
        # imported.
        remedy = _REMEDY.get(name, f"pip install {name}")
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Error(
            "record.library", 69, f"{name} cannot be imported ({reason}): {remedy}"
        ) from error


@contextlib.contextmanager
def failures_of(library: str, doing: str, code: str, file: Path | None = None) -> Iterator[None]:
    """Inside, a failure of somebody else's code is an error of this recording, in one line.

    Args:
        library: Whose code it is.
        doing: What it fails to do.
        code: That of the error.
        file: What it fails on.

    Raises:
        Error: With status 65, and with 69 where memory ran out.
    """
    try:
        yield
    except (Error, MemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        name = str(file) if file is not None else None
        if "allocate memory" in reason or "out of memory" in reason:
            raise Error("record.memory", 69, f"memory ran out: {reason}", file=name) from error
        kind = type(error).__name__
        raise Error(code, 65, f"{library} {doing}: {kind}: {reason}", file=name) from error


def document(path: Path, code: str = "record.model") -> dict[str, Any]:
    """A JSON object; empty where there is no such file.

    Raises:
        Error: With status 65 where the file is no JSON object.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Error(code, 65, f"is no JSON: {error}", file=str(path)) from error
    if not isinstance(value, dict):
        raise Error(code, 65, "expected a JSON object", file=str(path))
    return value


def load(request: Request) -> UpstreamModel:
    """Loads the model by the library that it belongs to.

    Raises:
        Error: ``record.library`` where that is not said or not importable; what the library's
            module raises.
    """
    library = request.library or detected(request)
    module = importlib.import_module(f"depthvla.record.{library}_models")
    loaded: UpstreamModel = module.load(request)
    return loaded


def detected(request: Request) -> str:
    """The library, from the config.json beside the weights, or from the names of the tensors.

    Raises:
        Error: ``record.library`` where neither says it.
    """
    from depthvla.record.weights import stored_shapes, weight_files

    files = weight_files(request.model)
    config = document(files[0].parent / "config.json")
    if "model_type" in config:
        return "transformers"
    if "architecture" in config:
        return "timm"
    if config.get("type") == "pi0":
        return "lerobot"
    names = stored_shapes(files)
    if "paligemma_variant" in config or any(n.startswith("paligemma_with_expert.") for n in names):
        return "openpi"
    if any(n.endswith("blocks.0.ls1.gamma") for n in names) and "cls_token" in {
        n.removeprefix("pretrained.") for n in names
    }:
        return "timm" if "mask_token" not in names and "pos_embed" in names else "original"
    raise Error(
        "record.library",
        64,
        "neither config.json nor the names of the tensors say which library it is for: expected "
        "--library",
        file=str(request.model),
    )
