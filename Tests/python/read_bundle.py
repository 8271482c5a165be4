#!/usr/bin/env python3
"""Reads a DepthVLA bundle by its specification alone (BundleFormat.md), sharing no code with it.

    read_bundle.py BUNDLE [--dump DIR]

Checks the header and its root hash, every chunk, every frame and all filler; prints for each
tensor the SHA-256 of its bytes, its type, shape and name, and last the root hash. Exit status 1
on damage. Needs numpy and zstandard.
"""
import hashlib
import json
import os
import sys

import numpy
import zstandard

CHUNK, ALIGNMENT, OVERHEAD = 262144, 64, 64
KEYS = ["format", "format_version", "family", "configuration", "recipe", "provenance", "ledger",
        "tensors", "root"]
BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16,
        "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "U16": 16, "F16": 16, "BF16": 16, "I32": 32,
        "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64, "F4": 4,
        "F6_E2M3": 6, "F6_E3M2": 6}
PLANES = {"rotl1-planes2": ("<u2", ("BF16", "F16")), "rotl1-planes4": ("<u4", ("F32",))}


class Damage(Exception):
    pass


def expect(condition, message):
    if not condition:
        raise Damage(message)


def unique(pairs):
    expect(len({key for key, _ in pairs}) == len(pairs), "a key twice in one object")
    return dict(pairs)


def read_header(file, size):
    """The root hash, the tensor table, the entries, and where the data start."""
    expect(size >= 8, "shorter than a length")
    prefix = file.read(8)
    start = 8 + int.from_bytes(prefix, "little")
    expect(start <= size and start - 8 <= 100_000_000, "header longer than the file or 100 MB")
    expect(start % ALIGNMENT == 0, "data do not start on a multiple of 64")
    raw = prefix + file.read(start - 8)
    header = json.loads(raw[8:].decode("utf-8"), object_pairs_hook=unique)
    metadata = header.pop("__metadata__", {})
    expect(metadata.get("format") == "depthvla-bundle", "not a bundle")
    expect(metadata.get("format_version") == "1", "unknown format version")
    expect(list(metadata) == KEYS, "metadata keys")
    marker = b'"root":"'
    expect(raw.count(marker) == 1, "no single root hash")
    digits = raw.index(marker) + len(marker)
    root = hashlib.sha256(raw[:digits] + b"0" * 64 + raw[digits + 64:]).hexdigest()
    expect(raw[digits:digits + 65] == root.encode() + b'"', "root hash")
    return root, json.loads(metadata["tensors"], object_pairs_hook=unique), header, start


def decode(stored, count, planes):
    """The bytes of one chunk from its frame."""
    expect(stored[:4] == b"\x28\xb5\x2f\xfd", "no zstd frame")
    width = 0 if count < 256 else 1 if count < 65792 else 2
    expect(stored[4] == 0x24 | width << 6, "frame header")
    declared = int.from_bytes(stored[5:5 + (1 << width)], "little") + (256 if width == 1 else 0)
    expect(declared == count, "content size of a frame")
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    data = decompressor.decompress(stored)
    expect(decompressor.eof and not decompressor.unused_data, "not exactly one frame")
    expect(len(data) == count, "bytes of a chunk")
    if planes == "none":
        return data
    dtype = numpy.dtype(PLANES[planes][0])
    parts = numpy.frombuffer(data, numpy.uint8).reshape(dtype.itemsize, -1)
    words = numpy.zeros(parts.shape[1], dtype)
    for part in parts:
        words = words << dtype.type(8) | part
    return (words >> dtype.type(1) | words << dtype.type(8 * dtype.itemsize - 1)).tobytes()


def read_tensor(file, item, header, start, position, pads):
    """The bytes of a tensor, and where the next one starts."""
    name, encoding, planes = item["name"], item["encoding"], item["planes"]
    expect(not name.startswith("__"), "reserved name")
    expect(encoding in ("zstd", "plain"), "encoding")
    expect(planes == "none" or encoding == "zstd" and item["dtype"] in PLANES[planes][1], "planes")
    bits = BITS[item["dtype"]]
    for extent in item["shape"]:
        bits *= extent
    count, sizes, hashes = bits // 8, item["stored"], item["sha256"]
    expect(bits % 8 == 0 and len(sizes) == -(-count // CHUNK), "chunk count")
    expect(len(hashes) == 64 * len(sizes), "hash digits")
    file.seek(start + position)
    data = bytearray()
    for index, size in enumerate(sizes):
        length = min(CHUNK, count - index * CHUNK)
        expect(size == length if encoding == "plain" else 0 < size <= length + OVERHEAD, "size")
        stored = file.read(size)
        digest = hashlib.sha256(stored).hexdigest()
        expect(digest == hashes[64 * index:64 * index + 64], f"SHA-256 of chunk {index}")
        data += stored if encoding == "plain" else decode(stored, length, planes)
    end = position + sum(sizes)
    gap = -end % ALIGNMENT
    if encoding == "zstd":
        gap += ALIGNMENT if 0 < gap < 8 else 0
        filler = b"\x50\x2a\x4d\x18" + (gap - 8).to_bytes(4, "little") + bytes(gap - 8) if gap else b""
        entry = {"dtype": "U8", "shape": [end + gap - position], "data_offsets": [position, end + gap]}
    else:
        filler = bytes(gap)
        entry = {"dtype": item["dtype"], "shape": item["shape"], "data_offsets": [position, end]}
        if gap:
            pad = {"dtype": "U8", "shape": [gap], "data_offsets": [end, end + gap]}
            expect(header.pop(f"__pad.{pads[0]}", None) == pad, "filler entry")
            pads[0] += 1
    expect(header.pop(name, None) == entry, "entry in the safetensors header")
    expect(file.read(gap) == filler, "filler")
    return bytes(data), end + gap


def main(path, dump=None):
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        root, table, header, start = read_header(file, size)
        position, pads = 0, [0]
        for number, item in enumerate(table):
            try:
                data, position = read_tensor(file, item, header, start, position, pads)
            except (Damage, zstandard.ZstdError) as error:
                raise Damage(f'tensor "{item["name"]}": {error}') from None
            print(hashlib.sha256(data).hexdigest(), item["dtype"], item["shape"], item["name"])
            if dump:
                with open(os.path.join(dump, f"{number:05}.bin"), "wb") as output:
                    output.write(data)
        expect(not header, "entries that the table does not list")
        expect(start + position == size, "bytes behind the last tensor")
    print("root", root)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[3] if sys.argv[2:3] == ["--dump"] else None)
    except (Damage, ValueError, KeyError, TypeError, IndexError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
