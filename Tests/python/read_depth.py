"""Reads a 16-bit depth picture by what it says of itself, and holds it against the depth as floats.

    read_depth.py PICTURE DEPTH.npy

The PNG is read by the format's rules with zlib alone. Says nothing where every value is the depth to half a step.
"""
import struct
import sys
import zlib

import numpy


def read(path):
    """-> (texts by keyword, values [H, W])"""
    data, offset, texts, packed = open(path, "rb").read(), 8, {}, b""
    while offset < len(data):
        (length,), kind = struct.unpack(">I", data[offset:offset + 4]), data[offset + 4:offset + 8]
        body = data[offset + 8:offset + 8 + length]
        assert struct.unpack(">I", data[offset + 8 + length:offset + 12 + length])[0] == zlib.crc32(kind + body), kind
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (16, 0)
        if kind == b"tEXt":
            keyword, text = body.split(b"\0", 1)
            texts[keyword.decode("latin-1")] = text.decode("latin-1")
        if kind == b"IDAT":
            packed += body
        offset += 12 + length
    raw, rows, above = zlib.decompress(packed), [], [0] * 2 * width
    for y in range(height):
        kind, *line = raw[y * (2 * width + 1):(y + 1) * (2 * width + 1)]
        for i in range(2 * width):
            a, b, c = (line[i - 2] if i > 1 else 0), above[i], (above[i - 2] if i > 1 else 0)
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = line[i] + (0, a, b, (a + b) // 2, nearest)[kind] & 255
        rows.append(line)
        above = line
    return texts, numpy.array(rows).reshape(height, width, 2) @ [256, 1]


texts, values = read(sys.argv[1])
depth = numpy.load(sys.argv[2]).astype(numpy.float64)
if "StepsPerMetre" in texts:
    step = 1 / float(texts["StepsPerMetre"])
    found = values * step
else:
    least, greatest = float(texts["DepthMinimum"]), float(texts["DepthMaximum"])
    step = (greatest - least) / 65535
    found = least + values * step
worst = abs(found - depth).max()
if found.shape != depth.shape or not worst <= step * 0.5001:
    sys.exit(f"{texts}: {worst} from the depth, steps of {step}")
