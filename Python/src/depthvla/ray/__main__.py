"""The command `python -m depthvla.ray`."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from typing import Any, NoReturn

import depthvla
from depthvla.errors import Error
from depthvla.ray.label import LabelReport, Progress, label
from depthvla.ray.pictures import PICTURES

_EXAMPLES = """\
examples:
  python -m depthvla.ray photos -o labels --bundle depth.dvla.safetensors
  python -m depthvla.ray shards -o labels --bundle depth.dvla.safetensors --address auto --kind
  float
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"error: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit status. Errors are one line on stderr."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        # Ray tells about workers that died on stdout.
        with contextlib.redirect_stdout(sys.stderr):
            report = _label(options)
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("error: interrupted; run it again to go on", file=sys.stderr)
        return 130
    print(
        f"{report.pictures} pictures, {report.labels} labels, {report.failures} failures "
        f"in {report.output}, {report.found} of them done before, {report.seconds:.1f} s"
    )
    return 0


def _label(options: Any) -> LabelReport:
    return label(
        options.source,
        options.output,
        bundle=options.bundle,
        trust=_trust(options),
        kind=options.kind,
        input_size=options.input_size,
        actors=options.actors,
        threads_per_actor=options.threads_per_actor,
        source_format=options.format,
        suffixes=tuple(options.suffix or PICTURES),
        picture_column=options.picture_column,
        key_column=options.key_column,
        retry_failures=options.retry_failures,
        address=options.address,
        progress=_progress() if sys.stderr.isatty() else None,
    )


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _trust(options: Any) -> depthvla.Trust | None:
    if options.public_key:
        return depthvla.Trust(options.public_key, options.minimum_release)
    if options.minimum_release is not None:
        raise Error("labels.trust", 64, "--minimum-release needs --public-key")
    return None


def _progress() -> Progress:
    began, last = time.monotonic(), [0.0]

    def show(done: int, total: int) -> None:
        now = time.monotonic()
        if now - last[0] > 0.2 or done == total:
            last[0] = now
            rate = done / (now - began)
            left = (total - done) / rate if rate else 0
            text = f"\r{done} of {total} pictures, {rate:.2f} a second, {left:.0f} s left "
            print(text, end="\n" if done == total else "", file=sys.stderr, flush=True)

    return show


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m depthvla.ray",
        description="Make depth labels of the pictures of a folder, Parquet files or a webdataset.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("source", help="a folder of pictures, or a file or folder of .parquet or .tar")
    add("-o", "--output", required=True, help="the folder to make, or to go on with")
    add("--bundle", required=True, help="a bundle of Depth Anything V2")
    add(
        "--kind", choices=["png16", "float"], default="png16", help="what to write (default: png16)"
    )
    add("--input-size", type=int, help="the size to which pictures are scaled for the model")
    add("--actors", type=int, help="how many (default: as the cluster's processors allow)")
    add("--threads-per-actor", type=int, help="(default: the processors of the smallest node)")
    add("--address", help="of a Ray cluster (default: RAY_ADDRESS, else Ray is started here)")
    add("--retry-failures", action="store_true", help="try the failures of earlier runs again")
    source = parser.add_argument_group("source")
    source.add_argument("--format", choices=["folder", "parquet", "webdataset"])
    source.add_argument(
        "--suffix",
        action="append",
        help="what names of pictures end with (default: .jpg .jpeg .png)",
    )
    source.add_argument("--picture-column", default="image", help="in Parquet (default: image)")
    source.add_argument("--key-column", help="in Parquet: unique names (default: file and row)")
    trust = parser.add_argument_group("trust")
    trust.add_argument(
        "--public-key", action="append", help="accept only bundles signed with it (PEM)"
    )
    trust.add_argument(
        "--minimum-release", type=int, help="accept only this release or a later one"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
