"""Libraries that only some users need."""

from __future__ import annotations

import importlib
from typing import Any

from depthvla.errors import MissingExtra


def require(module: str, *, extra: str) -> Any:
    """Imports a library of an optional extra.

    Raises:
        MissingExtra: It is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtra(module.partition(".")[0], extra) from None
