"""One observation as a file."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from depthvla.errors import Error
from depthvla.observations import observation_bytes, parse_observation, read_observation

from .support import observation, refused, same

VERSIONS = {"numpy": "2.4.6"}


def contents(**changes: Any) -> Any:
    return observation_bytes(observation(**changes), versions=VERSIONS)


def header_of(data: Any) -> Any:
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def with_header(header: Any, data: Any) -> Any:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_the_safetensors_library_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(contents())
    expected = observation()
    with safetensors.safe_open(path, "np") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in list(file.keys())}
    assert set(tensors) == {
        *("picture.observation/wrist", "picture.observation/base", "depth.observation/base"),
        *("state", "noise", "actions"),
    }
    assert (
        tensors["picture.observation/wrist"].tobytes()
        == expected.pictures["observation/wrist"].tobytes()
    )
    assert tensors["state"].dtype == np.float64 and tensors["actions"].dtype == np.float32
    assert json.loads(metadata["cameras"]) == ["observation/wrist", "observation/base"]
    assert metadata["instruction"] == "öffne die »Schublade«" and metadata["noise_seed"] == str(
        2**64 - 1
    )
    assert (metadata["format"], metadata["version"]) == ("depthvla-observation", "1")


def test_every_tensor_is_aligned_to_its_type() -> None:
    header, _ = header_of(contents())
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["data_offsets"][0] % {"F64": 8, "F32": 4, "U8": 1}[entry["dtype"]] == 0
    assert struct.unpack("<Q", contents()[:8])[0] % 8 == 0


def test_a_file_gives_back_the_observation(tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = [
        {},
        {"actions": None},
        {"depth": {}, "depth_unit": None},
        {"noise_seed": None},
        {"instruction": ""},
    ]
    for number, changes in enumerate(cases):
        path = tmp_path / f"{number}.safetensors"
        path.write_bytes(contents(**changes))
        assert same(read_observation(path), observation(**changes))


def test_the_same_observation_gives_the_same_bytes_whatever_the_layout_in_memory() -> None:
    state = observation().state
    turned = observation(
        pictures={k: np.asfortranarray(v) for k, v in observation().pictures.items()},
        state=state.astype(">f8"),
    )
    assert observation_bytes(turned, versions=VERSIONS) == contents()


def test_the_files_of_the_safetensors_library_are_read() -> None:
    header, _ = header_of(contents())
    tensors = safetensors.numpy.load(contents())
    again = safetensors.numpy.save(tensors, metadata=header["__metadata__"])
    metadata = dict(
        header["__metadata__"], data_sha256=hashlib.sha256(header_of(again)[1]).hexdigest()
    )
    found = parse_observation(safetensors.numpy.save(tensors, metadata=metadata), file="again")
    assert same(found, observation())


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("format", "depthvla-observations", "format"),
        ("version", "3", "version"),
        ("version", "2", "metadata"),
        ("version", None, "version"),
        ("instruction", None, "metadata"),
        ("cameras", None, "metadata"),
        ("cameras", '["observation/wrist"', "metadata"),
        ("cameras", '["observation/wrist"]', "tensor"),
        ("cameras", '["observation/wrist","observation/base","third"]', "tensor"),
        ("cameras", '["observation/wrist","observation/base","observation/base"]', "duplicate"),
        ("source", '{"kind":"a","kind":"b"}', "duplicate"),
        ("source", "[]", "metadata"),
        ("source", '{"x":NaN}', "metadata"),
        ("noise_seed", "-1", "metadata"),
        ("noise_seed", "007", "metadata"),
        ("noise_seed", str(2**64), "noise"),
        ("depth_unit", "miles", "metadata"),
        ("depth_unit", None, "depth"),
        ("data_sha256", "0" * 64, "digest"),
        ("colour", "red", "metadata"),
        ("instruction", "a\0b", "instruction"),
    ],
)
def test_metadata_that_break_a_rule_are_refused(key: Any, value: Any, code: Any) -> None:
    header, data = header_of(contents())
    if value is None:
        del header["__metadata__"][key]
    else:
        header["__metadata__"][key] = value
    with refused(f"observation.{code}", 65) as info:
        parse_observation(with_header(header, data), file="a.safetensors")
    assert info.value.file == "a.safetensors"


def rename(header: Any, old: Any, new: Any) -> None:
    header[new] = header.pop(old)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda h: h["noise"].update(dtype="F16"), "header"),
        (lambda h: h["noise"].update(dtype="U8", shape=[32]), "noise"),
        (lambda h: h["noise"].update(shape=[8]), "noise"),
        (lambda h: h["noise"].update(shape=[2, 5]), "header"),
        (lambda h: h["state"].update(shape=[1, 3]), "state"),
        (lambda h: h["noise"].update(shape=[-2, -4]), "header"),
        (lambda h: h["noise"].update(shape=[True, 8]), "header"),
        (
            lambda h: h.update(x={"dtype": "U8", "shape": [0, 2**70], "data_offsets": [0, 0]}),
            "header",
        ),
        (lambda h: h["noise"].update(data_offsets=[0, 32]), "header"),
        (lambda h: h["noise"].update(extra=1), "header"),
        (lambda h: h.pop("noise"), "header"),
        (lambda h: h.update(noise=[]), "header"),
        (lambda h: rename(h, "state", "states"), "tensor"),
        (lambda h: rename(h, "actions", "action"), "tensor"),
        (lambda h: rename(h, "depth.observation/base", "depth.observation/wrist"), "depth"),
        (lambda h: h["__metadata__"].update(number=1), "header"),
    ],
)
def test_headers_that_break_a_rule_are_refused(change: Any, code: Any) -> None:
    header, data = header_of(contents())
    change(header)
    with refused(f"observation.{code}", 65):
        parse_observation(with_header(header, data), file="a.safetensors")


def test_a_tensor_that_stands_twice_is_refused() -> None:
    header, data = header_of(contents())
    text = json.dumps(header)[:-1] + ', "state": ' + json.dumps(header["state"]) + "}"
    with refused("observation.duplicate", 65) as info:
        parse_observation(with_header(text.encode(), data), file="a")
    assert info.value.key == "state"


def test_a_file_that_is_cut_off_anywhere_is_refused() -> None:
    whole = contents()
    for size in range(0, len(whole), 7):
        with pytest.raises(Error) as info:
            parse_observation(whole[:size], file="a")
        assert info.value.code in ("observation.header", "observation.digest"), size
    with refused("observation.header", 65):
        parse_observation(whole + b"\0", file="a")


def test_a_header_that_is_larger_than_allowed_is_refused_before_it_is_read() -> None:
    with refused("observation.header", 65):
        parse_observation(struct.pack("<Q", 2**63) + b"{}", file="a")


def test_no_file_and_no_file_that_can_be_read(tmp_path: Path) -> None:
    with refused("observation.missing", 66):
        read_observation(tmp_path / "none.safetensors")
    with refused("observation.io", 74):
        read_observation(tmp_path)
