"""`python -m depthvla.ray`, as a user runs it: Ray is started and stopped by it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .support import damage, labels_of, make_pictures, of_command

pytest.importorskip("ray")


def command(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", "depthvla.ray", *map(str, arguments)]


def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=240)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on(
    tmp_path: Path, bundles: dict[str, Path], number: signal.Signals
) -> None:
    pictures = make_pictures(tmp_path / "pictures", 16, (160, 120))
    damage(pictures)
    output, bundle = tmp_path / "o", bundles["metric"]
    arguments = [pictures, "-o", output, "--bundle", bundle, "--input-size", "518"]
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not output.exists() or len(list((output / "labels").glob("*"))) < 4:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "error: interrupted" in errors and "Traceback" not in errors
    assert not (output / "report.json").exists()
    before = labels_of(output)
    assert 4 <= len(before) < 16

    result = run(*arguments)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"20 pictures, 16 labels, 4 failures in {output}, ")
    report = json.loads((output / "report.json").read_text())
    assert report["found"] >= 4
    expected = of_command(bundle, pictures, tmp_path / "c", "--input-size", "518")
    assert labels_of(output) == {name: files[0] for name, files in expected.items()}
    assert not sum(
        name.startswith(".") for _, _, names in os.walk(output / "labels") for name in names
    )


def test_exit_statuses(tmp_path: Path, bundles: dict[str, Path]) -> None:
    pictures = make_pictures(tmp_path / "pictures", 1)
    good = [pictures, "-o", tmp_path / "o", "--bundle", bundles["relative"]]
    key = ["--minimum-release", "3"]
    for status, arguments in [
        (64, []),
        (64, [*good, "--kind", "tiff"]),
        (64, [*good, *key]),
        (66, [tmp_path / "none", *good[1:]]),
        (66, [*good[:-1], tmp_path / "none"]),
        (73, [*good, "-o", pictures]),
        (69, [*good, "--address", "127.0.0.1:1"]),
    ]:
        result = run(*arguments)
        assert (result.returncode, result.stdout) == (status, ""), result.stderr
        assert result.stderr.splitlines()[-1].startswith("error: ")
