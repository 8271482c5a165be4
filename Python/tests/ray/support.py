"""What the tests of labels share: pictures, bundles, the command, and clusters on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from depthvla.errors import Error

# Before Ray is imported: loopback addresses alone, and nothing is reported to its makers.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

ROOT = Path(__file__).parents[3]
COMMAND = os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla") or ""
STORE = 100 << 20


def make_bundle(folder: Path, name: str) -> Path:
    """A bundle of one of the tiny checkpoints."""
    checkpoint = ROOT / "Fixtures/checkpoints" / name / "hf"
    path = folder / f"{name}.dvla.safetensors"
    arguments = ["convert", "--depth-anything", checkpoint, "-o", path, "--quiet"]
    subprocess.run([COMMAND, *map(str, arguments)], check=True, capture_output=True)
    return path


def make_pictures(folder: Path, count: int, size: tuple[int, int] = (48, 36)) -> Path:
    """A flat folder of PNG and JPEG files whose names differ without their endings, too."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(count)
    for number in range(count):
        small = Image.fromarray(generator.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        small.resize(size).save(folder / f"{number:03}.{'png' if number % 3 == 0 else 'jpg'}")
    return folder


def damage(folder: Path) -> set[str]:
    """Adds pictures that cannot be read; returns their names."""
    whole = (folder / "000.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_bytes(b"no picture")
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(folder / "grey16.png")
    return {"cut.png", "empty.jpg", "text.jpg", "grey16.png"}


def of_command(
    bundle: Path, folder: Path, out: Path, *options: str
) -> dict[str, tuple[bytes, bytes]]:
    """What `depthvla run` writes for a folder, by picture: the 16-bit PNG and the floats."""
    arguments = ["run", bundle, "--image", folder, "--png16", out / "png", "--raw", out / "raw"]
    arguments += ["--skip-damaged", "--quiet", "--threads", "1", *options]
    out.mkdir()
    subprocess.run([COMMAND, *map(str, arguments)], check=True, capture_output=True)
    return {
        path.name: (
            (out / "png" / f"{path.stem}.png").read_bytes(),
            (out / "raw" / f"{path.stem}.npy").read_bytes(),
        )
        for path in folder.iterdir()
        if (out / "png" / f"{path.stem}.png").exists()
    }


def labels_of(output: Path) -> dict[str, bytes]:
    """All files below `labels`, by their name without the ending."""
    folder = output / "labels"
    return {
        str(path.relative_to(folder).with_suffix("")): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@contextlib.contextmanager
def cluster(workers: int, processors: int) -> Iterator[Any]:
    """A Ray cluster on this machine that this process joins: an idle head, and workers."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "object_store_memory": STORE,
            "node_ip_address": "127.0.0.1",
            "include_dashboard": False,
        },
    )
    try:
        nodes = [
            made.add_node(
                num_cpus=processors, object_store_memory=STORE, node_ip_address="127.0.0.1"
            )
            for _ in range(workers)
        ]
        ray.init(address=made.address, logging_level="error", log_to_driver=False)
        made.wait_for_nodes()
        yield made, nodes
    finally:
        ray.shutdown()
        made.shutdown()


@contextlib.contextmanager
def refused(code: str, status: int) -> Iterator[Any]:
    """Expects an error of a code and a status, of one line."""
    with pytest.raises(Error) as info:
        yield info
    assert (info.value.code, info.value.status) == (code, status), str(info.value)
    assert "\n" not in str(info.value)
