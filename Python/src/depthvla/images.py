"""Pictures, as arrays and as C reads them."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import Any

import numpy as np

from . import _structures as c
from ._library import call, encoded, made
from .errors import Error

__all__ = ["decode_image"]

_Image = np.ndarray[Any, np.dtype[np.uint8]]


def decode_image(data: bytes | bytearray | memoryview) -> _Image:
    """Decodes a PNG or JPEG file as the command does: RGB, turned upright as its EXIF says.

    Args:
        data: The bytes of the file.

    Returns:
        uint8 [H, W, 3].

    Raises:
        Error: ``image.*``.
    """
    file = np.frombuffer(data, np.uint8)
    image = made("image", "dvla_image_decode", file.ctypes.data, file.nbytes)
    try:
        picture = c.sized(c.Picture)
        call("dvla_image_picture", image.value, byref(picture))
        pixels = np.empty((picture.height, picture.width, 3), np.uint8)
        ctypes.memmove(pixels.ctypes.data, picture.rgb, pixels.nbytes)
    finally:
        image.close()
    return pixels


def as_picture(image: Any, name: str, label: str | None = None) -> tuple[c.Picture, _Image]:
    """A picture as C reads it, and the array that must be kept meanwhile.

    Args:
        image: uint8 [H, W, 3].
        name: What an error calls it.
        label: What a document of the library calls it.

    Raises:
        TypeError: It is no array.
        Error: ``image.shape`` for another shape or type.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, found {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise Error(
            "image.shape",
            64,
            f"{name}: expected uint8 [H, W, 3], found {image.dtype} {list(image.shape)}",
            key=name,
        )
    pixels = np.ascontiguousarray(image)
    picture = c.sized(
        c.Picture,
        rgb=pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)),
        height=pixels.shape[0],
        width=pixels.shape[1],
        row_stride=0,
        name=encoded(label, "name"),
    )
    return picture, pixels
