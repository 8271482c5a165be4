"""`serve --record` keeps what came and what was answered, and `run --replay` computes it again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import harness

LIBRARY = os.environ.get("DEPTHVLA_LIBRARY")


def recorded(server: harness.Server, folder: Path, count: int = 3) -> list[Path]:
    client = server.client()
    for number in range(count):
        client.infer(server.observation(number) | {"depthvla": {"seed": number, "depth": number == 1}})
    assert server.stop() == 0, server.log
    return sorted(folder.glob("*.safetensors"))


@pytest.mark.parametrize(("bundle", "robot"), [("depthvla", "libero"), ("pi0-aloha", "aloha")])
def test_a_recording_replays_bit_for_bit(serve, bundles, tmp_path, bundle, robot):
    server = serve(bundle, "--record", tmp_path / "recorded", robot=robot)
    client = server.client()
    for number in range(3):
        client.infer(server.observation(number) | {"depthvla": {"seed": number}})
    assert server.stop() == 0, server.log
    assert len(list((tmp_path / "recorded").glob("*.safetensors"))) == 3
    harness.run_command("run", bundles[bundle], "--replay", tmp_path / "recorded")


def test_another_bundle_is_told_by_its_answers(serve, bundles, tmp_path):
    recorded(serve("depthvla", "--record", tmp_path / "recorded"), tmp_path / "recorded")
    harness.run_command("run", bundles["other"], "--replay", tmp_path / "recorded", status=1)


def test_what_has_no_seed_of_its_own_is_recorded_with_its_noise(serve, bundles, tmp_path):
    server = serve("depthvla", "--record", tmp_path / "recorded")
    client = server.client()
    noise = np.random.default_rng(1).normal(size=(8, 16)).astype(np.float32)
    client.infer(harness.libero() | {"depthvla": {"noise": noise}})
    client.infer(harness.libero())
    assert server.stop() == 0
    harness.run_command("run", bundles["depthvla"], "--replay", tmp_path / "recorded")


def test_a_server_that_starts_again_goes_on_in_the_same_folder(serve, bundles, tmp_path):
    for count in (3, 6):
        server = serve("depthvla", "--record", tmp_path / "recorded")
        assert len(recorded(server, tmp_path / "recorded")) == count
    harness.run_command("run", bundles["depthvla"], "--replay", tmp_path / "recorded")


def test_refused_observations_are_not_recorded(serve, tmp_path):
    server = serve("depthvla", "--record", tmp_path / "recorded")
    with pytest.raises(RuntimeError):
        server.client().infer({"prompt": "open"})
    assert len(recorded(server, tmp_path / "recorded")) == 3


def test_the_limit_keeps_the_latest(serve, bundles, tmp_path):
    """An observation of two pictures is 0.3 MB."""
    server = serve("depthvla", "--record", tmp_path / "recorded", "--record-limit", 1)
    kept = recorded(server, tmp_path / "recorded", 9)
    assert 2 <= len(kept) <= 3
    assert sum(file.stat().st_size for file in (tmp_path / "recorded").iterdir()) <= 1 << 20
    harness.run_command("run", bundles["depthvla"], "--replay", tmp_path / "recorded")


@pytest.mark.skipif(not LIBRARY, reason="the Python package needs DEPTHVLA_LIBRARY")
def test_the_python_package_reads_a_recording(serve, tmp_path):
    recorded(serve("depthvla", "--record", tmp_path / "recorded"), tmp_path / "recorded")
    done = subprocess.run(
        [sys.executable, "-m", "depthvla.observations", "check", tmp_path / "recorded"],
        env=os.environ | {"PYTHONPATH": str(harness.PROJECT / "Python/src")}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "3" in done.stdout
