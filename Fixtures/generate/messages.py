"""Writes Fixtures/messages/: what openpi-client packs, and messages that must be refused.

    python messages.py    (needs openpi-client 0.1.2, typing_extensions, msgpack 1.2.4, numpy 1.26.4)

A message, and bytes in a value, are a list of hexadecimal bytes and how often they are repeated.

packed.json: each case is a value of Python, as openpi-client's packb writes it ("message") and as
NumPy then has it ("value"). "again" is false where a NumPy scalar, written by
us as an array without extents, does not give the same bytes. What is unpacked is held against what
was packed.

other.json: messages that openpi-client does not write and its unpackb takes, from programs without
NumPy or with other packers, with the value it gives.

refused.json: messages with the code of our error, and whether openpi's unpackb takes them.
"""
import json
import math
import pathlib
import struct

import msgpack
import numpy
from openpi_client import msgpack_numpy

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "messages"


def parts(data):
    """Runs of one byte are folded."""
    result, start = [], 0
    while start < len(data):
        end = start
        while end < len(data) and data[end] == data[start]:
            end += 1
        if end - start >= 16 or not result or result[-1][1] > 1:
            result.append([data[start:start + 1].hex(), end - start])
        else:
            result[-1][0] += data[start:end].hex()
        start = end
    return result


def number(value):
    """A float as JSON has it, or the name of one that JSON has not."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def described(value):
    """The value as the tests read it: one key, which says what it is."""
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        array = numpy.asarray(value)
        result = {"dtype": array.dtype.str, "shape": list(array.shape), "bytes": parts(array.tobytes())}
        if array.dtype.kind == "U" and array.ndim == 0:
            result["text"] = array.item()
        elif array.dtype.kind in "iuf" and (array.dtype.kind == "f" or (numpy.abs(array.astype(float)) < 2**53).all()):
            result["doubles"] = [number(x) for x in array.astype(numpy.float64).ravel()]
        return {"array": result}
    if value is None:
        return {"null": True}
    if isinstance(value, bool):
        return {"bool": value}
    if isinstance(value, int):
        return {"integer": str(value)}
    if isinstance(value, float):
        return {"bits": struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"text": value} if len(value) < 1000 else {"repeated": [value[0], len(value)]}
    if isinstance(value, bytes):
        return {"bytes": parts(value)}
    if isinstance(value, (list, tuple)):
        return {"list": [described(x) for x in value]}
    return {"map": [[key, described(x)] for key, x in value.items()]}


def has_scalar(value):
    if isinstance(value, dict):
        return any(has_scalar(x) for x in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_scalar(x) for x in value)
    return isinstance(value, numpy.generic) and not isinstance(value, (float, str, bytes))


def packed_values():
    generator = numpy.random.default_rng(16)
    yield "nothing", None
    yield "booleans", [True, False]
    for bits in [0, 5, 7, 8, 15, 16, 31, 32, 63]:
        yield f"integers about 2^{bits}", [
            x for n in (-1, 0, 1) for x in (2**bits + n, -(2**bits) + n) if -(2**63) <= x < 2**64]
    yield "the greatest integer", 2**64 - 1
    yield "floats", [0.0, -0.0, 1.0, -1.0, 0.1, 1e308, 5e-324, math.inf, -math.inf, math.nan, float(2**53)]
    for count in [0, 1, 31, 32, 255, 256, 65535]:
        yield f"text of {count} bytes", "a" * count
    yield "text of many scripts", "e\u0301 \u00e9 \u4e2d\u6587 \U0001f916 \u0000 \u202e"
    for count in [0, 1, 255, 256, 65535, 65536]:
        yield f"{count} bytes", bytes(count)
    for count in [0, 1, 15, 16, 300]:
        yield f"a list of {count}", [0] * count
        yield f"a map of {count}", {f"k{i}": None for i in range(count)}
    yield "keys that Unicode calls equal", {"\u00e9": 1, "e\u0301": 2}
    yield "maps in lists in maps", {"a": [{"b": {"c": [[], {}, [1]]}}, "d"], "": (1, 2)}

    for name in ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
                 "float16", "float32", "float64"]:
        dtype = numpy.dtype(name)
        if dtype.kind == "f":
            special = [0.0, -0.0, 1.5, math.inf, -math.inf, math.nan, numpy.finfo(dtype).max, numpy.finfo(dtype).smallest_subnormal]
            values = numpy.array(special + list(generator.standard_normal(4)), dtype)
        elif dtype.kind == "b":
            values = numpy.array([True, False, True], dtype)
        else:
            limits = numpy.iinfo(dtype)
            values = numpy.array([limits.min, limits.max, 0, 1, 100], dtype)
        for order in "<>" if dtype.itemsize > 1 else "=":
            ordered = values.astype(dtype.newbyteorder(order))
            yield f"an array of {ordered.dtype.str}", ordered
            yield f"an array of {ordered.dtype.str} without extents", ordered[1:2].reshape(())
            yield f"an empty array of {ordered.dtype.str}", ordered[:0].reshape(3, 0, 2)
        for value in values[:6]:
            yield f"a scalar of {name}: {value}", value
    for text in ["", "a", "pick up the red cup", "\u4e2d\U0001f916"]:
        yield f"text of numpy: {text}", numpy.array(text)
        yield f"text of numpy, big-endian: {text}", numpy.array(text).astype(">U40")
        yield f"a str_: {text}", numpy.str_(text)
    yield "texts of numpy", numpy.array([["a", "bc"], ["", "d"]])
    yield "a transposed array", numpy.arange(6, dtype=numpy.int16).reshape(2, 3).T
    yield "every second element", numpy.arange(10, dtype=numpy.float32)[::2]
    yield "eight extents", numpy.zeros((1, 2, 1, 2, 1, 2, 1, 2), numpy.uint8)
    yield "an observation of LIBERO", {
        "observation/image": generator.integers(0, 256, (8, 8, 3), numpy.uint8),
        "observation/wrist_image": generator.integers(0, 256, (8, 8, 3), numpy.uint8),
        "observation/state": generator.standard_normal(8),
        "prompt": "pick up the black bowl",
    }
    yield "an observation of ALOHA", {
        "state": numpy.ones(14, numpy.float32),
        "images": {name: generator.integers(0, 256, (3, 4, 4), numpy.uint8) for name in ["cam_high", "cam_left_wrist"]},
        "prompt": numpy.array("fold the towel"),
    }
    yield "an answer", {
        "actions": generator.standard_normal((10, 7)), "policy_timing": {"infer_ms": 12.5},
        "server_timing": {"infer_ms": 13.0, "prev_total_ms": 14.25},
    }


def text(value):
    data = value.encode()
    return bytes([0xD9, len(data)]) + data


def binary(value):
    return bytes([0xC4, len(value)]) + value


def array(data=b"\0\0\0\0", dtype="<f4", shape=b"\x91\x01", marker=b"\xc3"):
    """An array by hand; what is no bytes of content is packed."""
    data = data if isinstance(data, tuple) else (binary(data),)
    dtype = dtype if isinstance(dtype, tuple) else (text(dtype),)
    return (b"\x84" + binary(b"__ndarray__") + marker + binary(b"data") + data[0]
            + binary(b"dtype") + dtype[0] + binary(b"shape") + shape)


def scalar(data, dtype, marker=b"\xc3"):
    return b"\x83" + binary(b"__npgeneric__") + marker + binary(b"data") + data + binary(b"dtype") + text(dtype)


def other_messages():
    f32 = struct.pack("<f", 1.5)
    for dtype in ["f4", "=f4", "|f4", "float32", "<f4"]:
        yield f"the dtype {dtype}", array(f32, dtype)
    for dtype in ["u1", "|u1", "<u1", ">u1", "=u1", "uint8"]:
        yield f"the dtype {dtype}", array(b"\x80", dtype)
    for dtype in ["?", "|?", "|b1", "bool", "b1"]:
        yield f"the dtype {dtype}", array(b"\x01", dtype)
    yield "the dtype U1", array("a".encode("utf-32-le"), "U1")
    yield "the keys in another order", (
        b"\x84" + binary(b"shape") + b"\x91\x01" + binary(b"dtype") + text("<f4") + binary(b"data") + binary(f32)
        + binary(b"__ndarray__") + b"\xc3")
    wide = b"\xdf" + struct.pack(">I", 1) + b"\xdb" + struct.pack(">I", 1) + b"a"
    yield "long forms of everything", wide + b"\xdd" + struct.pack(">I", 12) + (
        b"\xcc\x01" + b"\xcd\0\x01" + b"\xce\0\0\0\x01" + b"\xcf" + bytes(7) + b"\x01"
        + b"\xd0\x01" + b"\xd1\0\x01" + b"\xd2\0\0\0\x01" + b"\xd3" + bytes(7) + b"\x01"
        + b"\xda\0\0" + b"\xc5\0\x01\xff" + b"\xdc\0\0" + b"\xde\0\0")
    yield "negative integers in long forms", b"\x94\xd0\xff\xd1\xff\xff\xd2" + b"\xff" * 4 + b"\xd3" + b"\xff" * 8
    yield "float 32", b"\x93\xca" + struct.pack(">f", 0.1) + b"\xca\x7f\x80\0\0\xca\x80\0\0\0"
    yield "a float scalar whose value is an integer", scalar(b"\x01", "<f8")
    yield "a float32 scalar whose value is a float 32", scalar(b"\xca" + struct.pack(">f", 0.1), "<f4")
    yield "a float32 scalar that is rounded", scalar(b"\xcb" + struct.pack(">d", 0.1), "<f4")
    yield "a float16 scalar that is rounded", scalar(b"\xcb" + struct.pack(">d", 0.1), "<f2")
    yield "extents in long forms", array(f32, shape=b"\xdc\0\x02\xd3" + bytes(7) + b"\x01\xcc\x01")


def nested(depth, leaf=b"\xc0"):
    return b"\x91" * depth + leaf


def refused_messages():
    f32 = struct.pack("<f", 1.5)
    yield "nothing", b"", "message.truncated"
    yield "a byte that begins nothing", b"\xc1", "message.format"
    yield "a byte that begins nothing, in a map", b"\x81\xa1a\xc1", "message.format"
    yield "a pickle", b"\x80\x04\x95\x05\x00\x00\x00", "message.trailing"
    yield "JSON", b'{"prompt": "x"}', "message.trailing"
    yield "two values", b"\x80\x80", "message.trailing"
    yield "17 lists in each other", nested(17), "message.depth"
    yield "a million lists in each other", nested(1_000_000), "message.depth"
    yield "a list that lies", b"\xdd\xff\xff\xff\xff\xc0", "message.count"
    yield "a map that lies", b"\xdf\xff\xff\xff\xff\xc0", "message.count"
    yield "a map of one value", b"\x82\xa1a\xc0", "message.count"
    yield "a list within a list that lies", b"\x92\x92\xc0", "message.count"
    yield "bytes that lie", b"\xc6\xff\xff\xff\xff\0", "message.truncated"
    yield "text that lies", b"\xdb\xff\xff\xff\xff\0", "message.truncated"
    yield "4097 elements", b"\xdc\x10\x01" + b"\xc0" * 4097, "message.too-many-entries"
    yield "69138 elements in all", b"\xdc\x00\x12" + (b"\xdc\x0f\x00" + b"\xc0" * 3840) * 18, "message.too-many-entries"
    yield "text of 65537 bytes", b"\xdb\x00\x01\x00\x01" + b"a" * 65537, "message.text-too-long"
    yield "a key of 65537 bytes", b"\x81\xdb\x00\x01\x00\x01" + b"a" * 65537 + b"\xc0", "message.text-too-long"
    yield "a byte that no UTF-8 has", b"\xa1\xff", "message.utf8"
    yield "a surrogate", b"\xa3\xed\xa0\x80", "message.utf8"
    yield "an overlong slash", b"\xa2\xc0\xaf", "message.utf8"
    yield "a key that is no UTF-8", b"\x81\xa1\xff\xc0", "message.utf8"
    yield "an integer as a key", b"\x81\x01\xc0", "message.key"
    yield "nil as a key", b"\x81\xc0\xc0", "message.key"
    yield "a list as a key", b"\x81\x90\xc0", "message.key"
    yield "a map as a key", b"\x81\x80\xc0", "message.key"
    yield "bytes as a key", b"\x81\xc4\x01a\xc0", "message.key"
    yield "a key twice", b"\x82\xa1a\xc0\xa1a\xc0", "message.duplicate-key"
    yield "a key twice, in two forms", b"\x82\xa1a\xc0\xd9\x01a\xc0", "message.duplicate-key"
    yield "a key of many twice", b"\xde\x00\x14" + b"".join(b"\xa1" + bytes([97 + i]) + b"\xc0" for i in range(19)) + b"\xa1a\xc0", "message.duplicate-key"
    yield "an extension", b"\xd4\x05\x00", "message.extension"
    yield "a timestamp", b"\xd6\xff\0\0\0\0", "message.extension"
    yield "an extension of no bytes", b"\xc7\x00\x05", "message.extension"
    yield "an extension as a key", b"\x81\xd4\x05\x00\xc0", "message.key"
    for marker in ["__ndarray__", "__npgeneric__"]:
        yield f"{marker} as text", b"\x81" + text(marker) + b"\xc3", "message.array"
        yield f"{marker} alone", b"\x81" + binary(marker.encode()) + b"\xc3", "message.array"
    yield "an array whose marker is false", array(f32, marker=b"\xc2"), "message.array"
    yield "an array whose marker is 1", array(f32, marker=b"\x01"), "message.array"
    yield "an array with one key more", b"\x85" + array(f32)[1:] + text("order") + text("C"), "message.array"
    yield "an array with both markers", b"\x85" + array(f32)[1:] + binary(b"__npgeneric__") + b"\xc3", "message.array"
    yield "an array whose data is text", array((text("abcd"),)), "message.array"
    yield "an array whose data is a list", array((b"\x91\x01",), "|u1"), "message.array"
    yield "an array whose dtype is nil", array(f32, (b"\xc0",)), "message.array"
    yield "an array whose dtype is bytes", array(f32, (binary(b"<f4"),)), "message.array"
    yield "an array whose shape is an integer", array(f32, shape=b"\x01"), "message.shape"
    yield "an array of too few bytes", array(f32[:3]), "message.array-size"
    yield "an array of too many bytes", array(f32 + b"\0"), "message.array-size"
    yield "an array of one byte without extents", array(b"\0", shape=b"\x90"), "message.array-size"
    yield "an empty array with a byte", array(b"\0", shape=b"\x91\x00"), "message.array-size"
    yield "an array of 2^62 bytes", array(b"", "|u1", b"\x91\xcf\x40" + bytes(7)), "message.array-size"
    yield "a negative extent", array(b"", shape=b"\x91\xff"), "message.shape"
    yield "two negative extents", array(f32, shape=b"\x92\xff\xff"), "message.shape"
    yield "a fraction as an extent", array(f32, shape=b"\x91\xcb\x3f\xf0" + bytes(6)), "message.shape"
    yield "true as an extent", array(f32, shape=b"\x91\xc3"), "message.shape"
    yield "an extent of 2^64 - 1", array(b"", shape=b"\x91\xcf" + b"\xff" * 8), "message.shape"
    yield "extents that overflow", array(b"", "|u1", b"\x92\xcf\x40" + bytes(7) + b"\x02"), "message.shape"
    yield "extents that overflow to 0", array(b"", "|u1", b"\x93\xce\x80\0\0\0\xce\x80\0\0\0\x04"), "message.shape"
    yield "extents that overflow beside a 0", array(b"", "|u1", b"\x93\x00\xcf\x40" + bytes(7) + b"\x04"), "message.shape"
    yield "extents that overflow with the size", array(b"", "<f8", b"\x91\xcf\x10" + bytes(7)), "message.shape"
    yield "nine extents", array(b"\0", "|u1", b"\x99" + b"\x01" * 9), "message.shape"
    for dtype, size in [("|O", 8), ("O", 8), ("<c8", 8), ("<c16", 16), ("|V4", 4), ("<M8[ns]", 8), ("<m8", 8),
                        ("|S4", 4), ("<f16", 16), ("<f1", 1), ("<f3", 3), ("<i3", 3), ("<u16", 16), ("|b2", 2),
                        ("", 4), ("<", 4), ("f", 4), ("<<f4", 4), ("<f04", 4), ("<f+4", 4), ("<f4 ", 4),
                        ("float", 8), ("i4,i4", 8), ("(2,)i4", 8), ("<f4[", 4), ("bfloat16", 2), ("<U0", 4), ("<U-1", 4),
                        ("<U99999999999999999999", 4), ("<U2147483648", 4), ("\u0661", 4)]:
        yield f"the dtype {dtype!r}", array(bytes(size), dtype), "message.dtype"
    yield "text of 65537 characters", array(b"\0", "<U65537"), "message.text-too-long"
    yield "a uint8 of 256", scalar(b"\xcd\x01\x00", "|u1"), "message.scalar"
    yield "a uint8 of -1", scalar(b"\xff", "|u1"), "message.scalar"
    yield "an int8 of 128", scalar(b"\xcc\x80", "|i1"), "message.scalar"
    yield "an int8 of -129", scalar(b"\xd1\xff\x7f", "|i1"), "message.scalar"
    yield "an int64 of 2^63", scalar(b"\xcf\x80" + bytes(7), "<i8"), "message.scalar"
    yield "an integer of 1.5", scalar(b"\xcb\x3f\xf8" + bytes(6), "<i4"), "message.scalar"
    yield "a boolean of 1", scalar(b"\x01", "|b1"), "message.scalar"
    yield "a float of true", scalar(b"\xc3", "<f4"), "message.scalar"
    yield "a float of text", scalar(text("1.5"), "<f4"), "message.scalar"
    yield "a float of nil", scalar(b"\xc0", "<f4"), "message.scalar"
    yield "a float of bytes", scalar(binary(f32), "<f4"), "message.scalar"
    yield "a float of a list", scalar(b"\x91\x01", "<f4"), "message.scalar"
    yield "text longer than its type", scalar(text("abc"), "<U2"), "message.scalar"
    yield "a scalar of objects", scalar(b"\x01", "|O"), "message.dtype"
    yield "a scalar with a shape", b"\x84" + scalar(b"\x01", "|u1")[1:] + binary(b"shape") + b"\x90", "message.array"
    yield "a scalar whose marker is nil", scalar(b"\x01", "|u1", b"\xc0"), "message.array"


def takes(message):
    try:
        msgpack_numpy.unpackb(message)
        return True
    except Exception:
        return False


def same(a, b):
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, str):
        return isinstance(b, str) and str(a) == str(b)
    if isinstance(a, (numpy.ndarray, numpy.generic)) and isinstance(b, (numpy.ndarray, numpy.generic)):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return struct.pack("d", a) == struct.pack("d", b) if isinstance(a, float) else a == b


def write(name, cases):
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / name).write_text(f"[\n{lines}\n]\n", encoding="ascii")


def main():
    FOLDER.mkdir(exist_ok=True)
    packed = []
    for name, value in packed_values():
        message = msgpack_numpy.packb(value)
        unpacked = msgpack_numpy.unpackb(message)
        assert same(value, unpacked), name
        packed.append({"name": name, "message": parts(message), "value": described(unpacked), "again": not has_scalar(value)})
    write("packed.json", packed)

    other = []
    for name, message in other_messages():
        other.append({"name": name, "message": parts(message), "value": described(msgpack_numpy.unpackb(message))})
    write("other.json", other)

    refused = []
    for name, message, code in refused_messages():
        refused.append(
            {"name": name, "message": parts(message), "code": code, "openpi": takes(message)})
    write("refused.json", refused)
    print(msgpack.version, numpy.__version__, len(packed), len(other), len(refused))


if __name__ == "__main__":
    main()
