"""The version of this package, which is that of the library."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("depthvla")
except PackageNotFoundError:
    # Imported from a checkout.
    __version__ = "0.0.0"
