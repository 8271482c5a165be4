"""Depth labels for the pictures of a folder, and what to do with them.

    python label_pictures.py PICTURES OUTPUT BUNDLE [ADDRESS]

Without an address Ray is started on this machine and stopped again. Stop it as you like and run it
again: it goes on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import depthvla.ray


def main(pictures: str, output: str, bundle: str, address: str | None = None) -> None:
    report = depthvla.ray.label(pictures, output, bundle=bundle, kind="float", address=address)
    print(f"{report.labels} labels, {report.failures} failures, {report.seconds:.1f} s")
    for line in (Path(output) / "failures.jsonl").read_text().splitlines():
        failure = json.loads(line)
        print(f"no label: {failure['key']}: {failure['message']}")
    for path in sorted((Path(output) / "labels").rglob("*.npy"))[:3]:
        depth = np.load(path)
        print(f"{path.name}: {depth.shape}, {depth.min():.3f} to {depth.max():.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
