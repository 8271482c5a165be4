"""Libraries that only some users need."""

from __future__ import annotations

import importlib
from typing import Any

from depthvla.errors import Error


def require(module: str, *, extra: str) -> Any:
    """Imports a library of an optional extra.

    Raises:
        Error: `observation.extra` (69): it is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Error(
            "observation.extra",
            69,
            f"this needs {module}: pip install 'depthvla[{extra}]' ({error})",
        ) from None
