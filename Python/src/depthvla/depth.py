"""Depth of single pictures, and depth maps."""

from __future__ import annotations

import os
from ctypes import POINTER, byref, c_float, c_uint16
from typing import Any, Literal

import numpy as np

from . import _structures as c
from ._library import Handle, call, encoded, made, text
from .bundle import Bundle, open
from .images import as_picture, decode_image
from .numbers import whole_number
from .tensors import thread_count
from .trust import Trust

__all__ = ["DepthEstimator", "DepthMap"]


class DepthMap:
    """A depth for every pixel of a picture."""

    height: int
    width: int
    model_size: tuple[int, int]
    """The height and width at which the model saw the picture."""
    meaning: Literal["relative", "metres", "unscaled"]
    """Relative: larger is nearer, without a unit. Unscaled: larger is further, up to a factor."""
    maximum: float | None
    """The furthest that a metric model sees, in metres."""
    steps_per_metre: float | None
    """Of the 16-bit values of metric depth; None where least to greatest is stretched."""
    least: float
    greatest: float

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        info = c.sized(c.DepthInfo)
        call("dvla_depth_map_describe", handle.value, byref(info))
        self.height, self.width = info.height, info.width
        self.model_size = (info.model_height, info.model_width)
        self.meaning = info.meaning.decode()
        self.maximum = info.maximum_metres or None
        self.steps_per_metre = info.steps_per_metre or None
        self.least, self.greatest = info.least, info.greatest

    @property
    def values(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """float32 [H, W]."""
        values = np.empty((self.height, self.width), np.float32)
        target = values.ctypes.data_as(POINTER(c_float))
        call("dvla_depth_map_values", self._handle.value, target, values.size)
        return values

    @property
    def grey16(self) -> np.ndarray[Any, np.dtype[np.uint16]]:
        """uint16 [H, W]: the values of the 16-bit PNG."""
        values = np.empty((self.height, self.width), np.uint16)
        target = values.ctypes.data_as(POINTER(c_uint16))
        call("dvla_depth_map_grey16", self._handle.value, target, values.size)
        return values

    @property
    def png16(self) -> bytes:
        """What ``depthvla run --png16`` writes."""
        return text("dvla_depth_map_file", self._handle.value, b"png16")

    @property
    def png(self) -> bytes:
        """What ``depthvla run -o`` writes: 8-bit colours."""
        return text("dvla_depth_map_file", self._handle.value, b"png")

    @property
    def npy(self) -> bytes:
        """What ``depthvla run --raw`` writes."""
        return text("dvla_depth_map_file", self._handle.value, b"npy")

    def __repr__(self) -> str:
        return (
            f"<depthvla.DepthMap: {self.height} x {self.width}, {self.meaning}, "
            f"{self.least:.4g} to {self.greatest:.4g}>"
        )


class DepthEstimator:
    """Depth Anything V2 on the CPU, with the processing around it.

    It does one thing at a time: a second thread that uses it meanwhile gets ``handle.busy``.
    """

    root: str
    """The identity of the bundle."""

    def __init__(
        self,
        bundle: Bundle | str | os.PathLike[str],
        *,
        trust: Trust | None = None,
        threads: int | None = None,
        input_size: int | None = None,
        products: Literal["exact", "native"] | None = None,
    ) -> None:
        """Reads a bundle.

        Args:
            bundle: Of the family depth-anything-v2: open, or its path.
            trust: Which bundles are accepted, where a path is given.
            threads: To compute on; one for each processor by default.
            input_size: The side that pictures are scaled to; by default as the bundle says.
            products: How products with the weights are computed; by default as its precision
                suggests.

        Raises:
            Error: ``depth.family``, ``model.*``, ``preprocessor.*``; what opening and reading
                raise.
        """
        opened = bundle if isinstance(bundle, Bundle) else open(bundle, trust=trust)
        if isinstance(bundle, Bundle) and trust is not None:
            raise TypeError("trust goes with a path; an open bundle was opened under its own")
        options = c.sized(
            c.DepthOptions,
            threads=thread_count(threads),
            products=encoded(products, "products"),
            input_size=(
                0 if input_size is None else whole_number(input_size, "input_size", 1, 16384)
            ),
        )
        self.root = opened.root
        self._handle = made(
            "depth_estimator", "dvla_depth_estimator_create", opened._handle.value, byref(options)
        )
        if opened is not bundle:
            opened.close()

    def __call__(self, image: np.ndarray[Any, np.dtype[np.uint8]]) -> DepthMap:
        """The depth of a picture, uint8 [H, W, 3], at its size.

        Raises:
            Error: ``image.*``, ``depth.not-finite``, ``handle.busy``.
        """
        picture, kept = as_picture(image, "image")
        depth = made("depth_map", "dvla_depth_estimate", self._handle.value, byref(picture))
        del kept
        return DepthMap(depth)

    @staticmethod
    def read(data: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Decodes a PNG or JPEG file: `depthvla.decode_image`."""
        return decode_image(data)

    def close(self) -> None:
        """Frees the weights."""
        self._handle.close()

    def __enter__(self) -> DepthEstimator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
