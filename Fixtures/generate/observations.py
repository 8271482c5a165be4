"""Writes Fixtures/observations/: files of observations as the Python package writes them, and files
that break one rule of Observations.md each, with the code of the error that must come of them.

    PYTHONPATH=Python/src python -P Fixtures/generate/observations.py    (needs numpy)

`expected.json` has the content of the files in plain numbers; `refused.json` has the codes, which are
written down here, not taken from a reader; that the Python package gives them too is asserted.
"""
import hashlib
import json
import pathlib
import shutil
import struct
import sys

import numpy as np

from depthvla.errors import Error
from depthvla.observations import Answer, Observation, observation_bytes, parse_observation

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "observations"
VERSIONS = {"depthvla": "0.9.0", "numpy": "2.4.6"}
WRIST, BASE = "observation/wrist_image", "observation/image"
ORIGIN = {
    "depth_expert": True, "family": "depthvla", "mask": "block",
    "products": {"bf16": "native", "int8": "exact"}, "release": 3,
    "robot": {"name": "libero", "cameras": [{"key": "observation/image"}], "scale": 0.1, "small": 1e-07},
    "root": "0f" * 32, "steps": 10, "time": "2026-11-30T14:05:00.250Z", "tool": "depthvla 0.9.0",
}


def numbers(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def pictures():
    random = np.random.default_rng(1)
    return {name: random.integers(0, 256, size, np.uint8) for name, size in ((WRIST, (3, 5, 3)), (BASE, (4, 2, 3)))}


def observation(**changes):
    values = {
        "pictures": pictures(), "instruction": "öffne die »Schublade«\n\t\"\\/\x7f", "state": numbers(2, 3),
        "noise": numbers(3, 2, 4).astype("f4"), "source": {"kind": "test"},
    }
    return Observation(**{**values, **changes})


def answer(**changes):
    values = {"actions": numbers(4, 2, 3), "model_actions": numbers(5, 2, 4).astype("f4"), "origin": ORIGIN}
    return Answer(**{**values, **changes})


def cases():
    depth = {BASE: np.abs(numbers(6, 4, 2)).astype("f4")}
    return {
        "plain": observation(),
        "everything": observation(
            state=numbers(7, 5).astype("f4"), noise_seed=2**64 - 1, actions=numbers(8, 1, 3).astype("f4"),
            depth=depth, depth_unit="metres",
            source={"z": [1, -2, 2**63, 0.5, 1e-05, 1e+22, -0.0, True, None, {"b": "ä\x01", "a": []}], "kind": "test", "": {}}),
        "relative": observation(
            depth={WRIST: numbers(9, 3, 5).astype("f4")}, depth_unit="relative", actions=numbers(10, 2, 7),
            instruction="", noise_seed=0),
        "answered": observation(answer=answer()),
        "answered-depth": observation(
            noise_seed=7, depth=depth, depth_unit="metres",
            answer=answer(
                depth={name: np.abs(numbers(11, *picture.shape[:2])).astype("f4") for name, picture in pictures().items()},
                origin={k: v for k, v in ORIGIN.items() if k not in ("release", "robot")})),
    }


def plain(o):
    listed = lambda a: None if a is None else {"shape": list(a.shape), "dtype": a.dtype.str, "values": a.ravel().tolist()}
    document = {
        "cameras": [{"name": n, "picture": listed(p), "depth": listed(o.depth.get(n))} for n, p in o.pictures.items()],
        "instruction": o.instruction, "state": listed(o.state), "noise": listed(o.noise),
        "noise_seed": None if o.noise_seed is None else str(o.noise_seed), "actions": listed(o.actions),
        "depth_unit": o.depth_unit, "source": json.loads(json.dumps(dict(o.source), sort_keys=True)),
    }
    if o.answer is not None:
        document["answer"] = {
            "actions": listed(o.answer.actions), "model_actions": listed(o.answer.model_actions),
            "depth": {n: listed(d) for n, d in o.answer.depth.items()}, "origin": dict(o.answer.origin)}
    return document


def split(contents):
    size = struct.unpack("<Q", contents[:8])[0]
    return json.loads(contents[8:8 + size]), contents[8 + size:]


def joined(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<Q", len(text)) + text + data


def broken(contents, change, *, data=None, rehash=True):
    """A file whose header was changed, or in whose data bytes were changed."""
    header, bytes_ = split(contents)
    bytes_ = bytearray(bytes_)
    change(header, bytes_)
    if rehash:
        header["__metadata__"]["data_sha256"] = hashlib.sha256(bytes_).hexdigest()
    return joined(header, bytes(bytes_))


def meta(key, value):
    def change(header, data):
        if value is None:
            del header["__metadata__"][key]
        else:
            header["__metadata__"][key] = value
    return change


def entry(name, **values):
    return lambda header, data: header[name].update(values)


def renamed(old, new):
    def change(header, data):
        header[new] = header.pop(old)
    return change


def poke(name, value, kind):
    """Another number at the beginning of a tensor."""
    def change(header, data):
        start = header[name]["data_offsets"][0]
        struct.pack_into(kind, data, start, value)
    return change


def origin(**values):
    changed = {k: v for k, v in {**ORIGIN, **values}.items() if v is not None}
    return meta("answer", json.dumps(changed))


def refused(files):
    one, two, full = files["plain"], files["answered-depth"], files["everything"]
    nan = float("nan")
    header, data = split(one)
    twice = json.dumps(header)[:-1] + ', "state": ' + json.dumps(header["state"]) + "}"
    key_twice = json.dumps(header).replace('"format"', '"format": "x", "format"', 1)
    cases = {
        "empty": (b"", "header"),
        "cut-in-header": (one[:100], "header"),
        "cut-in-data": (one[:-1], "header"),
        "byte-too-many": (one + b"\0", "header"),
        "no-json": (joined(b"{]", b""), "header"),
        "no-metadata": (joined({k: v for k, v in header.items() if k != "__metadata__"}, data), "format"),
        "huge-header": (struct.pack("<Q", 2**63) + b"{}", "header"),
        "tensor-twice": (joined(twice.encode(), data), "duplicate"),
        "key-twice": (joined(key_twice.encode(), data), "duplicate"),
        "number-in-metadata": (broken(one, meta("x", 1)), "header"),
        "format": (broken(one, meta("format", "depthvla-observations")), "format"),
        "version-3": (broken(one, meta("version", "3")), "version"),
        "no-version": (broken(one, meta("version", None)), "version"),
        "no-instruction": (broken(one, meta("instruction", None)), "metadata"),
        "unknown-key": (broken(one, meta("colour", "red")), "metadata"),
        "cameras-no-json": (broken(one, meta("cameras", "[")), "metadata"),
        "cameras-no-names": (broken(one, meta("cameras", "[1]")), "metadata"),
        "no-cameras": (broken(one, meta("cameras", "[]")), "tensor"),
        "camera-missing": (broken(one, meta("cameras", json.dumps([WRIST]))), "tensor"),
        "camera-too-many": (broken(one, meta("cameras", json.dumps([WRIST, BASE, "third"]))), "tensor"),
        "camera-twice": (broken(one, meta("cameras", json.dumps([WRIST, BASE, BASE]))), "duplicate"),
        "source-no-object": (broken(one, meta("source", "[]")), "metadata"),
        "source-key-twice": (broken(one, meta("source", '{"a":1,"a":2}')), "duplicate"),
        "source-nan": (broken(one, meta("source", '{"a":NaN}')), "metadata"),
        "source-beyond-doubles": (broken(one, meta("source", '{"a":1e999}')), "metadata"),
        "source-beyond-64-bits": (broken(one, meta("source", '{"a":18446744073709551616}')), "metadata"),
        "source-half-pair": (broken(one, meta("source", '{"a":"\\ud800"}')), "metadata"),
        "source-nul-key": (broken(one, meta("source", '{"a\\u0000":1}')), "metadata"),
        "source-deep": (broken(one, meta("source", '{"a":' + "[" * 64 + "]" * 64 + "}")), "metadata"),
        "versions-no-object": (broken(one, meta("versions", '"1"')), "metadata"),
        "seed-negative": (broken(one, meta("noise_seed", "-1")), "metadata"),
        "seed-plus": (broken(one, meta("noise_seed", "+1")), "metadata"),
        "seed-zeros": (broken(one, meta("noise_seed", "007")), "metadata"),
        "seed-arabic": (broken(one, meta("noise_seed", "\u0663")), "metadata"),
        "seed-too-large": (broken(one, meta("noise_seed", str(2**64))), "noise"),
        "unit-unknown": (broken(full, meta("depth_unit", "miles")), "metadata"),
        "unit-missing": (broken(full, meta("depth_unit", None)), "depth"),
        "unit-without-depth": (broken(one, meta("depth_unit", "metres")), "depth"),
        "digest": (broken(one, meta("data_sha256", "0" * 64), rehash=False), "digest"),
        "digest-upper-case": (broken(one, meta("data_sha256", header["__metadata__"]["data_sha256"].upper()), rehash=False), "digest"),
        "changed-pixel": (broken(one, poke("picture." + BASE, 1, "B"), rehash=False), "digest"),
        "instruction-nul": (broken(one, meta("instruction", "a\0b")), "instruction"),
        "instruction-long": (broken(one, meta("instruction", "ä" * 32769)), "instruction"),
        "noise-f64": (broken(one, entry("noise", dtype="F64", shape=[2, 2])), "noise"),
        "noise-rank": (broken(one, entry("noise", shape=[8])), "noise"),
        "noise-rank-3": (broken(one, entry("noise", shape=[1, 2, 4])), "noise"),
        "noise-wide": (wide(one, "noise", [1, 4097]), "noise"),
        "noise-nan": (broken(one, poke("noise", nan, "<f")), "noise"),
        "state-rank": (broken(one, entry("state", shape=[1, 3])), "state"),
        "state-u8": (broken(one, entry("state", dtype="U8", shape=[24])), "state"),
        "state-infinite": (broken(one, poke("state", float("inf"), "<d")), "state"),
        "state-wide": (wide(one, "state", [4097]), "state"),
        "actions-nan": (broken(full, poke("actions", nan, "<f")), "actions"),
        "actions-rank": (broken(full, entry("actions", shape=[3])), "actions"),
        "picture-f32": (broken(one, entry("picture." + BASE, dtype="F32", shape=[2, 1, 3])), "picture"),
        "picture-channels": (broken(one, entry("picture." + BASE, shape=[4, 3, 2])), "picture"),
        "picture-rank": (broken(one, entry("picture." + BASE, shape=[24])), "picture"),
        "rank-4": (broken(one, entry("picture." + BASE, shape=[1, 4, 2, 3])), "header"),
        "depth-size": (broken(full, entry("depth." + BASE, shape=[2, 4])), "depth"),
        "depth-negative": (broken(full, poke("depth." + BASE, -1, "<f")), "depth"),
        "depth-f64": (broken(full, entry("depth." + BASE, dtype="F64", shape=[2, 2])), "depth"),
        "dtype": (broken(one, entry("noise", dtype="I32")), "header"),
        "shape-and-offsets": (broken(one, entry("noise", shape=[2, 5])), "header"),
        "negative-extent": (broken(one, entry("noise", shape=[-2, -4])), "header"),
        "no-elements": (broken(one, lambda h, d: h.update(x={"dtype": "U8", "shape": [0], "data_offsets": [0, 0]})), "header"),
        "field-too-many": (broken(one, entry("noise", x=1)), "header"),
        "hole": (broken(one, lambda h, d: h.pop("noise")), "header"),
        "overlap": (broken(one, entry("noise", data_offsets=[0, 32])), "header"),
        "no-state": (broken(one, renamed("state", "states")), "tensor"),
        "unknown-tensor": (broken(full, renamed("actions", "action")), "tensor"),
        "answer-in-version-1": (broken(files["answered"], meta("version", "1")), "metadata"),
        "version-2-without-answer": (broken(one, meta("version", "2")), "metadata"),
        "answer-tensor-in-version-1": (broken(files["answered"], lambda h, d: (meta("version", "1")(h, d), meta("answer", None)(h, d))), "tensor"),
        "answer-no-object": (broken(two, meta("answer", "[]")), "metadata"),
        "answer-key-twice": (broken(two, meta("answer", '{"root":"a","root":"b"}')), "duplicate"),
        "answer-key-missing": (broken(two, origin(steps=None)), "answer"),
        "answer-key-unknown": (broken(two, origin(colour="red")), "answer"),
        "answer-root": (broken(two, origin(root="0F" * 32)), "answer"),
        "answer-steps": (broken(two, origin(steps=0)), "answer"),
        "answer-steps-many": (broken(two, origin(steps=1001)), "answer"),
        "answer-steps-fraction": (broken(two, origin(steps=10.0)), "answer"),
        "answer-mask": (broken(two, origin(mask="causal")), "answer"),
        "answer-products": (broken(two, origin(products={"bf16": "native"})), "answer"),
        "answer-product": (broken(two, origin(products={"bf16": "native", "int8": "fast"})), "answer"),
        "answer-depth-expert": (broken(two, origin(depth_expert=1)), "answer"),
        "answer-release": (broken(two, origin(release=2**53)), "answer"),
        "answer-robot": (broken(two, origin(robot="libero")), "answer"),
        "answer-time": (broken(two, origin(time="2026-11-30T14:05:00Z")), "answer"),
        "answer-time-zone": (broken(two, origin(time="2026-11-30T14:05:00.250+")), "answer"),
        "answer-tool": (broken(two, origin(tool="")), "answer"),
        "answer-family": (broken(two, origin(family="f" * 257)), "answer"),
        "no-answer-actions": (broken(two, renamed("answer.actions", "answer.action")), "tensor"),
        "no-model-actions": (broken(two, renamed("answer.model_actions", "answer.model")), "tensor"),
        "answer-actions-f32": (broken(two, entry("answer.actions", dtype="F32", shape=[2, 6])), "answer"),
        "answer-actions-nan": (broken(two, poke("answer.actions", nan, "<d")), "answer"),
        "answer-actions-rows": (broken(two, entry("answer.actions", shape=[3, 2])), "answer"),
        "answer-actions-rank": (broken(two, entry("answer.actions", shape=[6])), "answer"),
        "model-actions-shape": (broken(two, lambda h, d: (entry("answer.model_actions", shape=[1, 8])(h, d), entry("answer.actions", shape=[1, 6])(h, d))), "answer"),
        "model-actions-infinite": (broken(two, poke("answer.model_actions", float("inf"), "<f")), "answer"),
        "answer-depth-camera": (broken(two, renamed("answer.depth." + BASE, "answer.depth.third")), "tensor"),
        "answer-depth-size": (broken(two, entry("answer.depth." + BASE, shape=[2, 4])), "answer"),
        "answer-depth-negative": (broken(two, poke("answer.depth." + BASE, -1, "<f")), "answer"),
        "answer-depth-nan": (broken(two, poke("answer.depth." + BASE, nan, "<f")), "answer"),
        "answer-depth-u8": (broken(two, entry("answer.depth." + BASE, dtype="U8", shape=[4, 8])), "answer"),
    }
    return cases


def wide(contents, name, shape):
    """A file in which one tensor was replaced by zeros of another shape."""
    header, data = split(contents)
    width = {"F64": 8, "F32": 4}[header[name]["dtype"]]
    new, parts = {"__metadata__": header["__metadata__"]}, []
    end = 0
    for key, item in sorted((k, v) for k, v in header.items() if k != "__metadata__"):
        start, stop = item["data_offsets"]
        part = bytes(width * int(np.prod(shape))) if key == name else data[start:stop]
        new[key] = {"dtype": item["dtype"], "shape": shape if key == name else item["shape"],
                    "data_offsets": [end, end + len(part)]}
        end += len(part)
        parts.append(part)
    data = b"".join(parts)
    new["__metadata__"]["data_sha256"] = hashlib.sha256(data).hexdigest()
    return joined(new, data)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "refused").mkdir(parents=True)
    files = {name: observation_bytes(o, versions=VERSIONS) for name, o in cases().items()}
    for name, contents in files.items():
        (FOLDER / f"{name}.safetensors").write_bytes(contents)
    expected = {name: plain(o) for name, o in cases().items()}
    (FOLDER / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")
    wrong = []
    codes = {}
    for name, (contents, code) in refused(files).items():
        codes[name] = "observation." + code
        (FOLDER / "refused" / name).write_bytes(contents)
        try:
            parse_observation(contents, file=name)
            found = None
        except Error as error:
            found = error.code
        if found != codes[name]:
            wrong.append(f"{name}: expected {codes[name]}, the package gives {found}")
    (FOLDER / "refused.json").write_text(json.dumps(codes, indent=1) + "\n")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
