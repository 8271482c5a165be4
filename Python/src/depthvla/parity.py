"""Parity: a bundle's model on the CPU, compared with goldens, and goldens of its own."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Callable, Sequence
from ctypes import byref
from typing import Any, Literal

from . import _structures as c
from ._library import Handle, Watch, call, encoded, text
from .bundle import Bundle
from .errors import Error
from .tensors import thread_count

__all__ = ["check_parity", "record_golden"]

_Path = str | os.PathLike[str]


def _options(
    *,
    threads: int | None,
    products: str | None,
    tolerances: _Path | None = None,
    precision_class: str | None = None,
    mask: str | None,
    depth: bool,
) -> c.ParityOptions:
    return c.sized(
        c.ParityOptions,
        threads=thread_count(threads),
        products=encoded(products, "products"),
        tolerances=encoded(tolerances, "tolerances"),
        precision_class=encoded(precision_class, "precision_class"),
        mask=encoded(mask, "mask"),
        without_depth=not depth,
    )


def _check(bundle: object) -> None:
    if not isinstance(bundle, Bundle):
        raise TypeError(f"bundle: expected depthvla.Bundle, found {type(bundle).__name__}")


def check_parity(
    bundle: Bundle,
    goldens: _Path | Sequence[_Path],
    *,
    tolerances: _Path | None = None,
    precision_class: Literal["f32", "bf16", "int8"] | None = None,
    products: Literal["exact", "native"] | None = None,
    mask: Literal["block", "full"] | None = None,
    depth: bool = True,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, Any]:
    """Runs the bundle's model on the inputs of goldens and compares every recorded stage.

    Args:
        bundle: An open bundle.
        goldens: Files, or folders of them.
        tolerances: A file; by default those built in.
        precision_class: Whose tolerances apply; by default the bundle's own.
        products: How products with the weights are computed; by default as the class suggests.
        mask: For DepthVLA; by default as each golden was recorded.
        depth: False runs DepthVLA without its depth expert.
        threads: To compute on; one for each processor by default.
        progress: Called with the recorded bytes that are compared, and of how many.

    Returns:
        The document of ``depthvla parity --json``: ``passed`` says whether all stages are within
        tolerance.

    Raises:
        Error: ``golden.*``, ``tolerance.*``, ``model.*``; a stage out of tolerance is no error.
    """
    _check(bundle)
    paths = [goldens] if isinstance(goldens, (str, os.PathLike)) else list(goldens)
    texts = [encoded(path, "goldens") for path in paths]
    options = _options(
        threads=threads,
        products=products,
        tolerances=tolerances,
        precision_class=precision_class,
        mask=mask,
        depth=depth,
    )
    watch = Watch(progress)
    output = ctypes.c_void_p()
    try:
        watch.call(
            "dvla_parity_check",
            bundle._handle.value,
            (ctypes.c_char_p * max(1, len(texts)))(*texts),
            len(texts),
            byref(options),
            watch.callback,
            None,
            byref(output),
        )
    except Error as error:
        if error.code != "parity.exceeded":
            raise
    report = Handle(output.value or 0, "report")
    try:
        result: dict[str, Any] = json.loads(text("dvla_report_document", report.value))
    finally:
        report.close()
    return result


def record_golden(
    bundle: Bundle,
    inputs: _Path,
    output: _Path,
    *,
    stages: str | None = None,
    overwrite: bool = False,
    products: Literal["exact", "native"] | None = None,
    mask: Literal["block", "full"] | None = None,
    depth: bool = True,
    threads: int | None = None,
) -> None:
    """Writes a golden: the inputs of another, and every stage that this package's CPU computes.

    Args:
        bundle: An open bundle.
        inputs: A golden of which the inputs alone are read.
        output: The file that is written.
        stages: A pattern of the stages that are kept; all by default.
        overwrite: Whether a file that exists is replaced.
        products: As `check_parity`.
        mask: As `check_parity`.
        depth: As `check_parity`.
        threads: As `check_parity`.

    Raises:
        Error: ``golden.*``, ``output.*``, ``file.*``.
    """
    _check(bundle)
    options = _options(threads=threads, products=products, mask=mask, depth=depth)
    call(
        "dvla_golden_record",
        bundle._handle.value,
        encoded(inputs, "inputs"),
        encoded(output, "output"),
        encoded(stages, "stages"),
        overwrite,
        byref(options),
    )
