"""`python -m depthvla.observations`, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import depthvla
from depthvla.observations import open_folder

from .support import DATA, command


def test_records_a_dataset_and_checks_it(tmp_path: Path) -> None:
    out = tmp_path / "o"
    options = [
        "--noise-shape",
        "5x8",
        "--episodes",
        "0,2",
        "--every",
        "3",
        "--limit",
        "4",
        "--seed",
        "7",
    ]
    cameras = ["--camera", "base=observation.images.top", "--camera", "observation.images.wrist"]
    result = command("lerobot", DATA / "v3.0", "-o", out, *options, *cameras)
    assert (result.returncode, result.stderr) == (0, "")
    folder = open_folder(out)
    assert result.stdout == f"4 observations in {out}, digest {folder.digest}\n"
    assert list(folder[0].pictures) == ["base", "observation.images.wrist"]
    assert [o.source["frame"] for o in folder] == [0, 3, 6, 9] and folder[0].noise.shape == (5, 8)
    assert [o.noise_seed for o in folder] == [7, 8, 9, 10]
    checked = command("check", out)
    assert (checked.returncode, checked.stdout) == (0, result.stdout)


def test_check_finds_damage(tmp_path: Path) -> None:
    out = tmp_path / "o"
    assert (
        command(
            "lerobot", DATA / "v2.1", "-o", out, "--noise-shape", "5x8", "--limit", "2"
        ).returncode
        == 0
    )
    file = out / "000001.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\1")
    result = command("check", out)
    assert result.returncode == 65 and result.stdout == "" and "000001.safetensors" in result.stderr
    assert result.stderr.count("\n") == 1


def test_exit_statuses(tmp_path: Path) -> None:
    base = ["lerobot", DATA / "v2.1", "-o", tmp_path / "o"]
    assert command().returncode == 64
    assert command(*base).returncode == 64
    assert command(*base, "--noise-shape", "5").returncode == 64
    assert command(*base, "--noise-shape", "5x8", "--episodes", "1-").returncode == 0
    assert command(*base, "--noise-shape", "5x8").returncode == 73
    assert (
        command(
            "lerobot", tmp_path / "none", "-o", tmp_path / "p", "--noise-shape", "5x8"
        ).returncode
        == 66
    )
    assert command("check", tmp_path / "none").returncode == 66


def test_without_pyarrow_the_message_says_what_to_install(tmp_path: Path) -> None:
    # A module of this name that cannot be imported hides the real one, as where it is not
    # installed.
    (tmp_path / "pyarrow").mkdir()
    (tmp_path / "pyarrow/__init__.py").write_text("raise ImportError('not here')")
    package = str(Path(depthvla.__file__).parents[1])
    path = os.pathsep.join([str(tmp_path), package])
    base = ["lerobot", DATA / "v2.1", "-o", tmp_path / "o", "--noise-shape", "5x8"]
    result = command(*base, env={"PYTHONPATH": path})
    assert result.returncode == 69 and "pip install 'depthvla[datasets]'" in result.stderr


def test_sigterm_leaves_nothing(tmp_path: Path) -> None:
    arguments = [
        "lerobot",
        str(DATA / "v3.0"),
        "-o",
        str(tmp_path / "o"),
        "--noise-shape",
        "2000x2000",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "depthvla.observations", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "o/000000.safetensors").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1] == "error: interrupted\n"
    assert process.returncode == 130 and not (tmp_path / "o").exists()


def test_the_index_is_json_that_people_can_read(tmp_path: Path) -> None:
    out = tmp_path / "o"
    command("lerobot", DATA / "v2.1", "-o", out, "--noise-shape", "5x8", "--limit", "1")
    assert (
        json.loads((out / "observations.json").read_text())["observations"][0]["file"]
        == "000000.safetensors"
    )
