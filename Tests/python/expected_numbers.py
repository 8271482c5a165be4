#!/usr/bin/env python3
"""The numbers that Tests/DepthVLAWeightsTests expects, from numpy alone.

    expected_numbers.py [FIXTURES]

What the tests hold as literals: for a few tensors of the PaliGemma fixture the BF16 and INT8 forms
(SHA-256 of the bytes) and what they lose, and the initial values that `--init-missing 7` draws.
"""
import hashlib
import json
import math
import struct
import sys
from pathlib import Path

import numpy as np

FIXTURES = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "Fixtures")
TENSORS = ["language_model.model.layers.1.mlp.down_proj.weight", "language_model.model.embed_tokens.weight",
           "multi_modal_projector.linear.weight"]


def load(folder):
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        raw = path.read_bytes()
        count = struct.unpack("<Q", raw[:8])[0]
        for name, entry in json.loads(raw[8:8 + count]).items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                tensors[name] = np.frombuffer(raw[8 + count + begin:8 + count + end], "<f4").reshape(entry["shape"])
    return tensors


def bf16(x):
    """Bits of the nearest bfloat16, ties to even; finite values only."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def widened(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def losses(x, y):
    x, y = x.astype(np.float64).ravel(), y.astype(np.float64).ravel()
    lost = math.fsum((x - y) ** 2)
    return {"max_abs": float(np.abs(x - y).max()), "rms": math.sqrt(lost / x.size),
            "sqnr_db": round(10 * math.log10(math.fsum(x * x) / lost), 4),
            "cosine": math.fsum(x * y) / math.sqrt(math.fsum(x * x)) / math.sqrt(math.fsum(y * y))}


def report(name, **values):
    print(name)
    for key, value in values.items():
        print(f"  {key}: {value}")


def sha(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def precision():
    tensors = load(FIXTURES / "checkpoints" / "paligemma" / "hf-hub")
    for name in TENSORS:
        x = tensors[name]
        bits = bf16(x)
        report(f"bf16 {name}", sha256=sha(bits), **losses(x, widened(bits)))
        scales = bf16(np.abs(x).max(axis=1, keepdims=True) / np.float32(127))
        steps = x.astype(np.float64) / widened(scales)
        values = np.clip(np.rint(steps), -127, 127).astype(np.int8)
        report(f"int8 {name}", values=sha(values), scales=sha(scales),
               **losses(x, values.astype(np.float32) * widened(scales)))


def split_mix(state):
    mask = (1 << 64) - 1
    z = state & mask
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def normal(seed, name, index, deviation):
    """Irwin-Hall: the sum of twelve 16-bit numbers from three outputs of SplitMix64."""
    key = int.from_bytes(hashlib.sha256(f"depthvla initial 1:{seed}:{name}".encode()).digest()[:8], "little")
    total = 0
    for draw in (1, 2, 3):
        bits = split_mix(key + (3 * index + draw) * 0x9E3779B97F4A7C15)
        total += sum(bits >> 16 * part & 0xFFFF for part in range(4))
    return np.float32((2 * total - 12 * 65535) * 2.0**-17 * deviation)


def initial():
    for name, rows, columns, deviation in [("depth.head.weight", 196, 20, 0.02), ("depth.input_proj.weight", 20, 22, 0.02)]:
        x = np.array([normal(7, name, i, deviation) for i in range(rows * columns)], np.float32)
        report(f"initial {name}", sha256=sha(x), first=x[:4].tolist(), deviation=float(x.astype(np.float64).std()))


if __name__ == "__main__":
    precision()
    initial()
