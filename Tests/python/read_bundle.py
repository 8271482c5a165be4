#!/usr/bin/env python3
"""Reads a DepthVLA bundle by its specification alone (BundleFormat.md), sharing no code with it.

    read_bundle.py BUNDLE [--dump DIR]

Checks every byte; prints for each asset (as __asset.NAME) and tensor the SHA-256 of its bytes, its
type, shape and name, and last the root hash. Exit status 1 on damage. Needs numpy, xxhash and zstandard.
"""
import hashlib, json, math, pathlib, re, sys, unicodedata  # noqa: E401
import numpy, xxhash, zstandard  # noqa: E401

CHUNK, ALIGNMENT, OVERHEAD = 262144, 64, 64
KEYS = "format format_version family configuration recipe provenance ledger assets tensors root".split()
ROLES = ("tokenizer", "tokenizer-configuration", "preprocessor", "statistics", "generation", "robot")
BITS = {name: bits for bits, names in {
    4: "F4", 6: "F6_E2M3 F6_E3M2", 8: "BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ",
    16: "I16 U16 F16 BF16", 32: "I32 U32 F32", 64: "C64 F64 I64 U64"}.items() for name in names.split()}
PLANES = {"rotl1-planes2": ("<u2", ("BF16", "F16")), "rotl1-planes4": ("<u4", ("F32",)),
          "window6-planes2": ("<u2", ("BF16",)), "window6-planes4": ("<u4", ("F32",))}
Damage = type("Damage", (Exception,), {})


def expect(condition, message):
    if not condition:
        raise Damage(message)


def unique(pairs):
    result = dict(pairs)
    expect(len(result) == len(pairs), "a key twice in one object")
    return result


def read_header(file, size):
    """The root hash, the assets, the tensor table, the entries, and where the data start."""
    prefix = file.read(8)
    start = 8 + int.from_bytes(prefix, "little")
    expect(start <= min(size, 100_000_008) and start % ALIGNMENT == 0, "length of the header")
    raw = prefix + file.read(start - 8)
    header = json.loads(raw[8:].decode("utf-8"), object_pairs_hook=unique)
    metadata = header.pop("__metadata__", {})
    expect((metadata.get("format"), metadata.get("format_version")) == ("depthvla-bundle", "1"), "version")
    expect(list(metadata) == KEYS, "metadata keys")
    expect(raw.count(b'"root":"') == 1, "no single root hash")
    digits = raw.index(b'"root":"') + 8
    root = hashlib.sha256(raw[:digits] + b"0" * 64 + raw[digits + 64:]).hexdigest()
    expect(raw[digits:digits + 65] == root.encode() + b'"', "root hash")
    assets, table = (json.loads(metadata[key], object_pairs_hook=unique) for key in ("assets", "tensors"))
    return root, assets, table, header, start


def check_asset(asset, item, last):
    """Holds an asset against the rules and its row of the table; its name."""
    expect(sorted(asset) == "bytes family file role sha256 source".split(), "keys of an asset")
    for part in (asset["family"], asset["file"]):
        is_plain = re.fullmatch(r"(?!\.\.?$)[^/]+", part, re.DOTALL)
        is_plain = is_plain and not {unicodedata.category(c) for c in part} & {"Cc", "Cf", "Zl", "Zp"}
        expect(is_plain and len(part.encode()) <= 120, "name of an asset")
    name, size, role = asset["family"] + "." + asset["file"], asset["bytes"], asset["role"]
    expect(type(asset["source"]) is str, "source of an asset")
    expect(last < name.encode() and role in ROLES and 0 < size <= 1 << 28, "order, role or size of an asset")
    row = {"name": "__asset." + name, "dtype": "U8", "shape": [size], "planes": "none"}
    expect(item == item | row and not {"source", "quantization"} & set(item), "row of an asset")
    return name.encode()


def decode(stored, count, planes):
    """The bytes of one chunk from its frame."""
    expect(stored[:4] == b"\x28\xb5\x2f\xfd", "no zstd frame")
    width = 0 if count < 256 else 1 if count < 65792 else 2
    expect(stored[4] == 0x24 | width << 6, "frame header")
    declared = int.from_bytes(stored[5:5 + (1 << width)], "little") + (256 if width == 1 else 0)
    expect(declared == count, "content size of a frame")
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    data = decompressor.decompress(stored)
    expect(decompressor.eof and not decompressor.unused_data and len(data) == count, "not exactly one frame")
    if planes == "none":
        return data
    dtype = numpy.dtype(PLANES[planes][0])
    parts = numpy.frombuffer(data, numpy.uint8).reshape(dtype.itemsize, -1).copy()
    one, bits, is_marked = dtype.type(1), 8 * dtype.itemsize, stored[5 + (1 << width):][:3] == bytes(3)
    if has_window := is_marked and planes.startswith("window6"):
        low = parts[-1, :parts.shape[1] // 4 * 4]
        pairs = low.reshape(4, -1, 1) >> numpy.array([0, 2, 4, 6], "u1") & 3
        low[:] = (pairs[0] << 6 | pairs[1] << 4 | pairs[2] << 2 | pairs[3]).ravel()
    words = numpy.ascontiguousarray(parts[::-1].T).view(dtype)[:, 0]
    if has_window:
        words = (words >> 2 * one | words << (bits - 2) * one) + dtype.type(80 << bits - 8)
    return (words >> one | words << (bits - 1) * one).tobytes()


def read_tensor(file, item, header, start, position, pads):
    """The bytes of a tensor, and where the next one starts."""
    name, encoding, planes = item["name"], item["encoding"], item["planes"]
    expect(encoding in ("zstd", "plain"), "encoding")
    expect(planes == "none" or encoding == "zstd" and item["dtype"] in PLANES[planes][1], "planes")
    bits = math.prod(item["shape"]) * BITS[item["dtype"]]
    count, sizes, hashes, sums = bits // 8, item["stored"], item["sha256"], item["xxh3"]
    expect(bits % 8 == 0 and len(sizes) == len(hashes) / 64 == len(sums) / 16 == -(-count // CHUNK), "chunk count")
    file.seek(start + position)
    data = bytearray()
    for index, size in enumerate(sizes):
        length = min(CHUNK, count - index * CHUNK)
        expect(size == length if encoding == "plain" else 0 < size <= length + OVERHEAD, "size")
        stored = file.read(size)
        expect(hashlib.sha256(stored).hexdigest() == hashes[64 * index:][:64], f"SHA-256 of chunk {index}")
        expect(xxhash.xxh3_64_hexdigest(stored) == sums[16 * index:][:16], f"XXH3 of chunk {index}")
        data += stored if encoding == "plain" else decode(stored, length, planes)
    end = position + sum(sizes)
    gap = -end % ALIGNMENT
    if encoding == "zstd":
        gap += ALIGNMENT if 0 < gap < 8 else 0
        filler = b"\x50\x2a\x4d\x18" + (gap - 8).to_bytes(4, "little") + bytes(gap - 8) if gap else b""
        entry = {"dtype": "U8", "shape": [end + gap - position], "data_offsets": [position, end + gap]}
    else:
        filler, pad = bytes(gap), {"dtype": "U8", "shape": [gap], "data_offsets": [end, end + gap]}
        entry = {"dtype": item["dtype"], "shape": item["shape"], "data_offsets": [position, end]}
        expect(not gap or header.pop(f"__pad.{pads.pop()}", None) == pad, "filler entry")
    expect(header.pop(name, None) == entry and file.read(gap) == filler, "entry or filler")
    return bytes(data), end + gap


def main(path, dump=None):
    size = pathlib.Path(path).stat().st_size
    with open(path, "rb") as file:
        root, assets, table, header, start = read_header(file, size)
        position, pads, last = 0, list(range(len(header)))[::-1], b""
        expect(len(assets) <= min(64, len(table)), "count of the assets")
        for number, item in enumerate(table):
            asset = assets[number] if number < len(assets) else None
            try:
                last = check_asset(asset, item, last) if asset else b""
                expect(asset or not item["name"].startswith("__"), "reserved name")
                data, position = read_tensor(file, item, header, start, position, pads)
            except (Damage, zstandard.ZstdError) as error:
                raise Damage(f'tensor "{item["name"]}": {error}') from None
            digest = hashlib.sha256(data).hexdigest()
            expect(not asset or digest == asset["sha256"], f"SHA-256 of {item['name']}")
            print(digest, item["dtype"], item["shape"], item["name"])
            if dump:
                pathlib.Path(dump, f"{number:05}.bin").write_bytes(data)
        expect(not header and start + position == size, "entries or bytes that the table does not list")
    print("root", root)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[3] if sys.argv[2:3] == ["--dump"] else None)
    except (Damage, ValueError, KeyError, TypeError, IndexError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
