#!/usr/bin/env python3
"""Puts the depth picture of the README together.

    depthvla convert --depth-anything Fixtures/checkpoints/depth-anything-v2/hf -o depth.dvla.safetensors
    depthvla run depth.dvla.safetensors --image Fixtures/scene/kitchen.png -o computed.png
    Fixtures/scene/render.py .
    Fixtures/scene/sheet.py kitchen.png kitchen-depth.npy computed.png depth.png

From left to right: the scene, its inverse depth in the colours of `depthvla run -o`, and what
`depthvla run` computes from the scene. The colours are those of goldens/colourmap.safetensors, red for
near, stretched from the smallest inverse depth to the largest as `depthvla run` does it. Needs numpy.
"""
import json
import pathlib
import struct
import sys
import zlib

import numpy as np

from render import png

GAP = 8


def colours():
    data = (pathlib.Path(__file__).parent / "../goldens/colourmap.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    begin, end = json.loads(data[8:8 + length])["spectral_r"]["data_offsets"]
    return np.frombuffer(data[8 + length + begin:8 + length + end], np.uint8).reshape(256, 3)


def read_png(path):
    """An 8-bit RGB file without interlacing."""
    data, place, body = pathlib.Path(path).read_bytes(), 8, b""
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place:place + 8])
        chunk = data[place + 8:place + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunk)
            assert (depth, colour, interlace) == (8, 2, 0), path
        body += chunk if kind == b"IDAT" else b""
        place += size + 12
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, 1 + width * 3)
    picture = np.zeros((height, width, 3), np.uint8)
    above = np.zeros(width * 3, np.uint8)
    for y in range(height):
        kind, row = rows[y, 0], rows[y, 1:].astype(np.int32)
        if kind == 2:
            row = row + above
        elif kind in (1, 3, 4):
            for x in range(width * 3):
                left, up = (row[x - 3] if x >= 3 else 0), int(above[x])
                corner = int(above[x - 3]) if x >= 3 else 0
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
                row[x] = (row[x] + {1: left, 3: (left + up) // 2, 4: near[2]}[int(kind)]) & 255
        above = (row & 255).astype(np.uint8)
        picture[y] = above.reshape(width, 3)
    return picture


def scaled(picture):
    """The picture at two thirds of its size: each pixel the mean of those it covers."""
    wide = picture.astype(np.float64).repeat(2, 0).repeat(2, 1)
    height, width = wide.shape[0] // 3, wide.shape[1] // 3
    return np.round(wide[:height * 3, :width * 3].reshape(height, 3, width, 3, 3).mean((1, 3))).astype(np.uint8)


if __name__ == "__main__":
    scene, depth, computed, out = sys.argv[1:]
    nearness = 1 / np.load(depth)
    levels = (nearness - nearness.min()) / (nearness.max() - nearness.min()) * 255
    panels = [scaled(panel) for panel in (read_png(scene), colours()[levels.astype(np.uint8)], read_png(computed))]
    gap = np.full((panels[0].shape[0], GAP, 3), 128, np.uint8)
    pathlib.Path(out).write_bytes(png(np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)))
