"""What this subpackage needs beside NumPy, looked for before anything imports it."""

import importlib.util

from depthvla.errors import MissingExtra

for _package in ("torch", "safetensors"):
    if importlib.util.find_spec(_package) is None:
        raise MissingExtra(_package, "torch")
