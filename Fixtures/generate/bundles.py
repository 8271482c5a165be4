"""Writes Fixtures/bundles/independent.*: a bundle made without any of our code.

    python bundles.py    (needs numpy, xxhash and zstandard; libzstd at its level 19, which searches matches)

The reader must take any sound frame, not only those our own writer makes.
"""
import hashlib
import json
import pathlib

import numpy
import xxhash
import zstandard

FOLDER = pathlib.Path(__file__).parent.parent / "bundles"
CHUNK = 262144


def words(count, dtype, step):
    """Repeating, so that the file stays small, and the same on every machine."""
    values = (numpy.arange(count, dtype=numpy.uint64) % 5003 * step) >> numpy.uint64(3)
    return values.astype(dtype)


TENSORS = [
    ("two.chunks", "BF16", [500, 300], words(150_000, "<u2", 52_711), "zstd", "rotl1-planes2"),
    ("half", "F16", [7], words(7, "<u2", 9_001), "zstd", "rotl1-planes2"),
    ("single", "F32", [33, 3], words(99, "<u4", 0x9E3779B9), "zstd", "rotl1-planes4"),
    ("scalar", "F32", [], words(1, "<u4", 0xFFFFFFF), "zstd", "none"),
    ("nothing", "BF16", [0, 4], words(0, "<u2", 1), "zstd", "rotl1-planes2"),
    ("codes", "I8", [257], words(257, "<u1", 131), "zstd", "none"),
    ("plain.odd", "I8", [5], words(5, "<u1", 77), "plain", "none"),
    ("plain.full", "F32", [16], words(16, "<u4", 0x12345679), "plain", "none"),
    ("plain.nothing", "F32", [0], words(0, "<u4", 1), "plain", "none"),
    ("plain.wide", "I64", [3], words(3, "<u8", 0x123456789ABCDEF), "plain", "none"),
]

# Held by name, as the format wants: family, file, role, bytes.
ASSETS = [
    ("depth-anything-v2", "preprocessor_config.json", "preprocessor", b'{"size":{"height":518}}\n'),
    ("paligemma", "tokenizer.model", "tokenizer", words(270_000, "<u1", 4_099).tobytes()),
]
TENSORS = [
    (f"__asset.{family}.{file}", "U8", [len(data)], numpy.frombuffer(data, "u1"), encoding, "none")
    for (family, file, _, data), encoding in zip(ASSETS, ("plain", "zstd"))] + TENSORS


def planes(data, width):
    word = numpy.frombuffer(data, f"<u{width}")
    rotated = (word << type(word[0])(1)) | (word >> type(word[0])(8 * width - 1))
    return rotated.astype(f">u{width}").view(numpy.uint8).reshape(-1, width).T.tobytes()


def main():
    compressor = zstandard.ZstdCompressor(level=19, write_checksum=True, write_content_size=True)
    table, entries, body, pads, expected = [], {}, b"", 0, {"assets": {}, "tensors": {}}
    for name, dtype, shape, values, encoding, order in TENSORS:
        data = values.tobytes()
        kind, short = ("assets", name[8:]) if name.startswith("__") else ("tensors", name)
        expected[kind][short] = hashlib.sha256(data).hexdigest()
        stored = []
        for start in range(0, len(data), CHUNK):
            chunk = data[start:start + CHUNK]
            if encoding == "zstd":
                if order != "none":
                    chunk = planes(chunk, int(order[-1]))
                chunk = compressor.compress(chunk)
            stored.append(chunk)
        row = {
            "name": name, "dtype": dtype, "shape": shape, "encoding": encoding, "planes": order,
            "stored": [len(chunk) for chunk in stored],
            "sha256": "".join(hashlib.sha256(chunk).hexdigest() for chunk in stored),
            "xxh3": "".join(xxhash.xxh3_64_hexdigest(chunk) for chunk in stored),
            "source": {"file": "bundles.py", "tensor": name}}
        if kind == "assets":
            del row["source"]
        table.append(row)
        begin = len(body)
        body += b"".join(stored)
        gap = -len(body) % 64
        if encoding == "zstd":
            if 0 < gap < 8:
                gap += 64
            if gap:
                body += (0x184D2A50).to_bytes(4, "little") + (gap - 8).to_bytes(4, "little")
                body += bytes(gap - 8)
            entries[name] = {"dtype": "U8", "shape": [len(body) - begin], "data_offsets": [begin, len(body)]}
        else:
            entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, len(body)]}
            if gap:
                entries[f"__pad.{pads}"] = {
                    "dtype": "U8", "shape": [gap], "data_offsets": [len(body), len(body) + gap]}
                body += bytes(gap)
                pads += 1
    metadata = {
        "format": "depthvla-bundle", "format_version": "1", "family": "dinov2",
        "configuration": '{"hidden_size":8}', "recipe": '{"rules":[]}',
        "provenance": '{"tool":"bundles.py"}', "ledger": "[]",
        "assets": json.dumps([
            {"family": family, "file": file, "role": role, "bytes": len(data),
             "sha256": hashlib.sha256(data).hexdigest(), "source": file}
            for family, file, role, data in ASSETS]),
        "tensors": json.dumps(table), "root": "0" * 64}
    text = json.dumps({"__metadata__": metadata, **entries}, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    header = len(text).to_bytes(8, "little") + text
    root = hashlib.sha256(header).hexdigest()
    header = header.replace(b'"root":"' + b"0" * 64, b'"root":"' + root.encode())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "independent.dvla.safetensors").write_bytes(header + body)
    (FOLDER / "independent.json").write_text(
        json.dumps({"root": root, **expected}, indent=2) + "\n")


main()
