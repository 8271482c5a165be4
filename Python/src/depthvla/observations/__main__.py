"""The command `python -m depthvla.observations`."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any, NoReturn

import depthvla
from depthvla.errors import Error
from depthvla.observations._errors import located
from depthvla.observations.folder import ObservationFolder, ObservationWriter, open_folder
from depthvla.observations.lerobot import decoder_versions, record_lerobot

_EXAMPLES = """\
examples:
  python -m depthvla.observations lerobot ~/datasets/cups -o observations --bundle
  robot.dvla.safetensors \\
    --every 50 --camera observation.images.top --camera observation.images.wrist
  python -m depthvla.observations check observations
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
        options.run(options)
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return 0


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m depthvla.observations",
        description="Write and check folders of observations.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    record = commands.add_parser(
        "lerobot", help="record frames of a LeRobot dataset (version 2.1 or 3.0)"
    )
    record.add_argument("dataset", help="the dataset's folder")
    record.add_argument("-o", "--output", required=True, help="the folder to make")
    noise = record.add_mutually_exclusive_group(required=True)
    noise.add_argument("--bundle", help="the noise gets the horizon and width of this policy")
    noise.add_argument(
        "--noise-shape", type=_shape, help="horizon and the model's width of an action: 50x32"
    )
    record.add_argument(
        "--seed", type=int, default=0, help="of the first noise; the next has the next (default: 0)"
    )
    record.add_argument(
        "--camera",
        action="append",
        metavar="[NAME=]FEATURE",
        help="in the policy's order; repeat it",
    )
    record.add_argument(
        "--state", action="append", metavar="FEATURE", help="repeat it to put features together"
    )
    record.add_argument(
        "--action", default="action", metavar="FEATURE", help="the demonstrated actions"
    )
    record.add_argument(
        "--no-actions", action="store_true", help="leave the demonstrated actions out"
    )
    record.add_argument(
        "--demonstrated", type=int, help="how many actions to keep (default: the horizon)"
    )
    record.add_argument("--episodes", type=_numbers, help="such as 0,2,5-9 (default: all)")
    record.add_argument(
        "--every", type=int, default=1, help="every so many frames of an episode (default: 1)"
    )
    record.add_argument("--limit", type=int, help="at most so many observations")
    record.add_argument("--name", help="of the dataset, for the metadata (default: its folder's)")
    record.set_defaults(run=_record)
    check = commands.add_parser(
        "check", help="read every file of a folder and compare it with the index"
    )
    check.add_argument("folder")
    check.set_defaults(run=_check)
    return parser


def _record(options: Any) -> None:
    if not 0 <= options.seed < 1 << 64:
        raise located(
            "observation.noise", 64, f"expected 0 to 2^64 - 1, found {options.seed}", key="--seed"
        )
    shape = options.noise_shape or _noise_shape(options.bundle)
    cameras = None
    if options.camera:
        pairs = [(camera.partition("=")[0], camera.rpartition("=")[2]) for camera in options.camera]
        cameras = dict(pairs)
        if len(cameras) != len(pairs):
            raise located("observation.duplicate", 64, "expected every camera once", key="--camera")
    with ObservationWriter(
        options.output, noise_shape=shape, seed=options.seed, versions=decoder_versions()
    ) as writer:
        record_lerobot(
            options.dataset,
            writer,
            cameras=cameras,
            state=options.state or ("observation.state",),
            action=None if options.no_actions else options.action,
            demonstrated=options.demonstrated,
            episodes=options.episodes,
            every=options.every,
            limit=options.limit,
            name=options.name,
        )
    _report(open_folder(options.output))


def _check(options: Any) -> None:
    folder = open_folder(options.folder)
    for _ in folder:
        pass
    for name in folder.unlisted:
        print(f"note: {name} is not in the index and takes no part", file=sys.stderr)
    _report(folder)


def _report(folder: ObservationFolder) -> None:
    print(f"{len(folder)} observations in {folder.path}, digest {folder.digest}")


def _noise_shape(bundle: str) -> tuple[int, int]:
    with depthvla.open(bundle) as opened:
        action = opened.configuration.get("action")
        if not isinstance(action, dict) or not {"horizon", "action_dim"} <= set(action):
            raise located(
                "observation.noise", 65, f"expected a policy, found {opened.family}", file=bundle
            )
        return int(action["horizon"]), int(action["action_dim"])


def _shape(text: str) -> tuple[int, int]:
    horizon, _, width = text.partition("x")
    if not (horizon.isdigit() and width.isdigit() and int(horizon) and int(width)):
        raise argparse.ArgumentTypeError(f"expected two numbers such as 50x32, found {text!r}")
    return int(horizon), int(width)


def _numbers(text: str) -> list[int]:
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            raise argparse.ArgumentTypeError(
                f"expected numbers and ranges such as 0,2,5-9, found {text!r}"
            )
        numbers += range(int(first), int(last or first) + 1)
    return numbers


if __name__ == "__main__":
    sys.exit(main())
