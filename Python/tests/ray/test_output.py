"""The folder of labels, without Ray: counts, notes and locks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from depthvla.ray import listing
from depthvla.ray.attempts import LIMIT, Attempts
from depthvla.ray.listing import Listing
from depthvla.ray.output import Output, check_counts
from depthvla.ray.pictures import Place

from .support import refused

pytest.importorskip("pyarrow")

KEYS = ["a/1.png", "a/2.png", "b.jpg"]
FAILED = [{"key": "a/2.png", "code": "image.empty", "status": 65, "message": "empty"}]


@pytest.fixture
def output(tmp_path: Path) -> Output:
    found = Output(str(tmp_path / "o"), "png16")
    for key in ("a/1.png", "b.jpg"):
        found.write(found.label(key), b"label")
    return found


def test_pictures_are_labels_and_failures(output: Output) -> None:
    check_counts(output, KEYS, FAILED)


@pytest.mark.parametrize(
    ("keys", "failures"),
    [
        (KEYS, []),
        ([*KEYS, "c.png"], FAILED),
        (KEYS[:2], FAILED),
        (KEYS, [*FAILED, {**FAILED[0], "key": "b.jpg"}]),
        (KEYS, FAILED * 2),
        (KEYS, [*FAILED, {**FAILED[0], "key": "other.png"}]),
    ],
)
def test_a_picture_without_both_or_with_both_is_an_error(
    output: Output, keys: list[str], failures: list[dict[str, Any]]
) -> None:
    with refused("labels.count", 1):
        check_counts(output, keys, failures)


def test_parts_of_labels_do_not_count_and_are_removed(output: Output) -> None:
    part = Path(output.path, "labels/a/.2.png.png.partial-77-0a0b")
    part.write_bytes(b"half")
    check_counts(output, KEYS, FAILED)
    output.remove_partial()
    assert not part.exists() and Path(output.label("a/1.png")).exists()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with refused("labels.exists", 73):
        Output(str(tmp_path), "png16").begin({}, [])
    assert os.listdir(tmp_path) == ["letter.txt"]


def test_two_runs_do_not_write_one_folder(tmp_path: Path) -> None:
    output = Output(str(tmp_path / "o"), "png16")
    script = f"""
from depthvla.errors import Error
from depthvla.ray.output import Output
try:
    with Output({str(tmp_path / "o")!r}, "png16").locked():
        pass
except Error as error:
    raise SystemExit(error.code)
"""
    with output.locked():
        result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert result.stderr.strip() == "labels.busy"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_the_list_gives_back_any_part(tmp_path: Path) -> None:
    places = [Place(f"ä/{n:05}.png", f"{n}.tar", n * 512, n) for n in range(10000)]
    listing.write(places, str(tmp_path))
    found = Listing(str(tmp_path / listing.NAME))
    assert len(found) == 10000
    assert found.places(4090, 4102) == places[4090:4102]
    assert found.places(9999, 10000) == places[9999:]
    assert listing.digest(places) != listing.digest(places[:-1])
    assert listing.contents(places) == listing.contents(list(places))


def test_a_picture_at_which_the_process_dies_again_and_again_is_known(tmp_path: Path) -> None:
    path = str(tmp_path / "notes")
    for attempt in range(LIMIT):
        notes = Attempts(path)
        assert [notes.deaths(n) for n in (6, 7, 8)] == [0, attempt, 0]
        for number in (6, 7):
            notes.note(number)
        # The process is gone here: nothing ends the attempt.
    notes = Attempts(path)
    assert notes.deaths(7) == LIMIT and notes.deaths(6) == 0
    notes.end()
    assert not os.path.exists(path) and Attempts(path).deaths(7) == 0


def test_two_processes_may_do_one_chunk(tmp_path: Path) -> None:
    first, second = (Attempts(str(tmp_path / "notes")) for _ in range(2))
    for notes in (first, second):
        notes.note(3)
        notes.end()


def test_deaths_before_the_first_picture_count_for_none(tmp_path: Path) -> None:
    path = str(tmp_path / "notes")
    for _ in range(5):
        Attempts(path)
    assert Attempts(path).deaths(0) == 0
