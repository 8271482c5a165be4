"""The command line of ``python -m depthvla.record``."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from depthvla.errors import Error
from depthvla.record.patterns import DottedPattern
from depthvla.record.request import FAMILIES, LIBRARIES, Request

_PROGRAM = "depthvla.record"
_DESCRIPTION = """\
Records a golden from a real upstream model: what its own library computes, stage by stage, in
float64 and float32.

    python -m depthvla.record --model dinov2 --family dinov2 --image scene.png -o golden.safetensors
    depthvla parity dinov2.dvla.safetensors --golden golden.safetensors

Nothing is downloaded. Exit status: 0 done; 64 usage; 65 malformed or unsuitable input, or weights
that the library did not load; 66 no such input; 69 a library is missing, or memory; 73 the output
cannot be created; 74 reading or writing failed; 130 interrupted.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Error("record.option", 64, message)


def parser() -> argparse.ArgumentParser:
    """The options."""
    p = _Parser(
        prog=f"python -m {_PROGRAM}",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = p.add_argument
    add("--model", type=Path, required=True, help="the checkpoint: a folder, or a safetensors file")
    add("--family", required=True, help=f"what model it is: {', '.join(FAMILIES)}")
    add(
        "--library",
        choices=sorted(LIBRARIES),
        help="whose code computes; by default as the checkpoint shows",
    )
    add(
        "--image",
        type=Path,
        action="append",
        default=[],
        help="a picture; for pi0 one for each camera, else a batch",
    )
    add("--prompt", help="the text that paligemma and pi0 read")
    add(
        "--processor",
        type=Path,
        help="a folder with the picture processor and tokenizer; by default the model's",
    )
    add(
        "--inputs",
        type=Path,
        help="take the inputs of this golden in place of pictures, prompt, state and noise",
    )
    add(
        "--state",
        type=Path,
        help="a state for pi0 as the model takes it, normalised: JSON or .npy; else drawn",
    )
    add(
        "--noise",
        type=Path,
        help="the noise that pi0 starts from: .npy [H, action_dim]; else drawn",
    )
    add(
        "--actions",
        type=Path,
        help="for loss.flow of pi0: target actions, normalised, .npy [H, action_dim]",
    )
    add("--loss-time", type=float, default=0.5, help="the time of the loss, 0 to 1 (default 0.5)")
    add("--seed", type=int, default=0, help="draws state and noise (default 0)")
    add("--stages", help="keep the stages of this pattern alone, such as layer.{i} or action.**")
    add(
        "--float32-only",
        action="store_true",
        help="leave out the float64 run, which needs twice the memory",
    )
    add(
        "--heads",
        type=int,
        help="attention heads, for original code and sizes that were never published",
    )
    add(
        "--max-depth",
        type=float,
        help="the range in metres of a metric Depth Anything in original code",
    )
    add("--threads", type=int, help="processor threads; by default those of torch")
    add("--force", action="store_true", help="replace an existing golden")
    add("-o", "--output", type=Path, required=True, help="the golden, GOLDEN.safetensors")
    return p


def main(arguments: Sequence[str]) -> int:
    """Runs the command.

    Returns:
        The exit status.
    """
    try:
        with _interruptible():
            return _run(parser().parse_args(arguments))
    except Error as error:
        parts = [error.file, error.tensor, error.key, error.message]
        _say(": ".join(part for part in parts if part is not None))
        return error.status
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except MemoryError as error:
        _say(f"out of memory: {error}" if str(error) else "out of memory")
        return 69


def _run(options: argparse.Namespace) -> int:
    given = vars(options)
    threads = given.pop("threads")
    given["images"] = tuple(given.pop("image"))
    given["stages"] = DottedPattern(options.stages) if options.stages is not None else None
    request = Request(**given)
    if threads is not None and threads < 1:
        raise Error("record.option", 64, f"--threads {threads}: expected 1 or more")
    if request.seed < 0:
        raise Error("record.option", 64, f"--seed {request.seed}: expected 0 or more")
    with _quiet_libraries():
        from depthvla.record.libraries import require

        torch = require("torch")
        require("safetensors")
        if threads is not None:
            torch.set_num_threads(threads)
        from depthvla.record.recorder import record

        done = record(request)
    for note in done.notes:
        _say(note)
    both = len(done.in_float64)
    print(
        f"{done.path}: {request.family} by {done.library}, {len(done.stages)} stages in float32"
        f"{f', {both} of them in float64' if both else ''}, {done.byte_count} bytes"
    )
    return 0


def _say(line: str) -> None:
    print(f"{_PROGRAM}: {' '.join(line.split())}", file=sys.stderr)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Inside, signals that end a run do so as Ctrl-C does, so that cleaning up happens."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Inside, libraries reach no network, and print nothing: all that matters is checked."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        TRANSFORMERS_VERBOSITY="error",
        TQDM_DISABLE="1",
    )
    logging.disable(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
