"""What a golden says of its origin. Nothing of it depends on when or where it was recorded."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path

from depthvla.record.model import UpstreamModel
from depthvla.record.request import Request
from depthvla.record.weights import digest, weight_files
from depthvla.version import __version__

_ALWAYS = ("torch", "numpy", "safetensors", "pillow", "torchvision")
#: Documents beside the weights that decide what a library computes.
_DOCUMENTS = ("config.json",)
#: Files of a processor that decide what becomes of pictures and text.
_PROCESSOR = (
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
)


def describe(request: Request, model: UpstreamModel) -> dict[str, str]:
    """The metadata of a golden, all strings.

    ``family`` is read by ``parity``; ``tool``, ``library`` and ``versions`` say what computed;
    ``files``, ``processor`` and ``pictures`` have the SHA-256 of what was read, by name.
    """
    found = {
        "family": model.family,
        "tool": f"depthvla.record {__version__}",
        "library": " ".join([model.library, *_version(model.library)]),
        "versions": _json(versions(model)),
        "model": request.model.resolve().name,
        "files": _json({path.name: digest(path) for path in _files(request)}),
        **model.notes,
    }
    if request.inputs is not None:
        found["inputs"] = _json({request.inputs.name: digest(request.inputs)})
    else:
        folder = request.processor or request.model
        found["processor"] = _json(
            {name: digest(folder / name) for name in _PROCESSOR if (folder / name).is_file()}
        )
        found["pictures"] = _json([[path.name, digest(path)] for path in request.images])
        if request.prompt is not None:
            found["prompt"] = request.prompt
    if model.family == "pi0" and request.inputs is None:
        if request.actions is not None:
            found["actions"] = digest(request.actions)
        for key, path in (("state", request.state), ("noise", request.noise)):
            found[key] = f"seed {request.seed}" if path is None else digest(path)
    if request.stages is not None:
        found["stages"] = request.stages.text
    return found


def versions(model: UpstreamModel) -> dict[str, str]:
    """The versions of Python and of the distributions that take part, if they are installed."""
    found = {"python": platform.python_version()}
    for name in (*_ALWAYS, model.library, *model.distributions):
        for version in _version(name):
            found[name] = version
    return dict(sorted(found.items()))


def _version(name: str) -> list[str]:
    try:
        return [metadata.version(name)]
    except metadata.PackageNotFoundError:
        return []


def _files(request: Request) -> list[Path]:
    files = weight_files(request.model)
    folder = files[0].parent
    beside = [folder / name for name in _DOCUMENTS if (folder / name).is_file()]
    return sorted(files + beside if request.model.is_dir() else files)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
