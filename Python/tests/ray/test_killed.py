"""A cluster of two workers, one of which is killed while it works."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .support import cluster, damage, labels_of, make_pictures, of_command

pytest.importorskip("ray")
psutil = pytest.importorskip("psutil")

from depthvla.ray import label  # noqa: E402

COUNT = 30


class InTheMiddle(threading.Thread):
    """Does something once a third of the labels are there, and notes how many there were."""

    def __init__(self, output: Path, do: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.output, self.do, self.seen = output, do, 0
        self.start()

    def run(self) -> None:
        while self.seen < COUNT // 3:
            time.sleep(0.005)
            self.seen = len(list((self.output / "labels").glob("*.png")))
        self.do()


def check(output: Path, expected: dict[str, tuple[bytes, bytes]], failed: set[str]) -> None:
    found = labels_of(output)
    assert set(found) == set(expected) and len(found) == COUNT
    assert all(found[name] == expected[name][0] for name in found)
    lines = (output / "failures.jsonl").read_text().splitlines()
    assert len(lines) == len(failed)
    # Nothing else is left: no part of a label, no notes.
    assert sum(len(files) for _, _, files in os.walk(output / "labels")) == COUNT
    assert not (output / "attempts").exists()


@pytest.mark.parametrize("meaning", ["relative", "metric"])
def test_a_node_is_killed(tmp_path: Path, bundles: dict[str, Path], meaning: str) -> None:
    pictures = make_pictures(tmp_path / "pictures", COUNT, (160, 120))
    failed = damage(pictures)
    expected = of_command(bundles[meaning], pictures, tmp_path / "c", "--input-size", "518")
    with cluster(workers=2, processors=1) as (made, nodes):
        # SIGKILL for the node's raylet; its processes die with it.
        thread = InTheMiddle(
            tmp_path / "o", lambda: made.remove_node(nodes[0], allow_graceful=False)
        )
        report = label(pictures, tmp_path / "o", bundle=bundles[meaning], input_size=518)
        thread.join(timeout=10)
        assert not thread.is_alive() and thread.seen < COUNT
    assert (report.actors, report.threads, report.found) == (2, 1, 0)
    assert (report.pictures, report.labels, report.failures) == (COUNT + 4, COUNT, 4)
    check(tmp_path / "o", expected, failed)


def test_the_process_of_an_actor_is_killed(tmp_path: Path, bundles: dict[str, Path]) -> None:
    pictures = make_pictures(tmp_path / "pictures", COUNT, (160, 120))
    bundle = bundles["relative"]
    expected = of_command(bundle, pictures, tmp_path / "c", "--input-size", "518")
    killed: list[int] = []

    def kill_one() -> None:
        mine = psutil.Process().children(recursive=True)
        actors = [process for process in mine if "MapWorker" in " ".join(process.cmdline())]
        actors[0].send_signal(signal.SIGKILL)
        killed.append(len(actors))

    with cluster(workers=2, processors=1):
        thread = InTheMiddle(tmp_path / "o", kill_one)
        report = label(pictures, tmp_path / "o", bundle=bundle, input_size=518)
        thread.join(timeout=10)
    assert killed == [2]
    assert (report.pictures, report.labels, report.failures) == (COUNT, COUNT, 0)
    check(tmp_path / "o", expected, set())
