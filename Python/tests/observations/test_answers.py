"""What a policy answered, in files of version 2."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors

from depthvla.observations import Answer, observation_bytes, parse_observation, read_observation

from .support import FIXTURES, observation, refused, same

VERSIONS = {"numpy": "2.4.6"}
ORIGIN = {
    "depth_expert": True,
    "family": "depthvla",
    "mask": "block",
    "products": {"bf16": "native", "int8": "exact"},
    "release": 3,
    "robot": {"name": "libero", "ü": [0.1, None]},
    "root": "0f" * 32,
    "steps": 10,
    "time": "2026-11-30T14:05:00.250Z",
    "tool": "depthvla 0.9.0",
}


def answer(**changes: Any) -> Any:
    generator = np.random.default_rng(4)
    values: dict[str, Any] = {
        "actions": generator.normal(size=(2, 3)),
        "model_actions": generator.normal(size=(2, 4)).astype(np.float32),
        "depth": {"observation/wrist": generator.random((3, 5), dtype=np.float32)},
        "origin": ORIGIN,
    }
    return Answer(**{**values, **changes})


def test_a_file_gives_back_the_answer() -> None:
    least = {key: value for key, value in ORIGIN.items() if key not in ("release", "robot")}
    for given in (answer(), answer(depth={}), answer(origin=least)):
        recorded = observation(answer=given)
        contents = observation_bytes(recorded, versions=VERSIONS)
        found = parse_observation(contents, file="a")
        assert same(found, recorded)
        assert not same(found, observation())
        assert observation_bytes(found, versions=VERSIONS) == contents


def test_the_safetensors_library_reads_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(observation_bytes(observation(answer=answer()), versions=VERSIONS))
    with safetensors.safe_open(path, "np") as file:
        metadata = file.metadata()
        actions = file.get_tensor("answer.actions")
        names = set(file.keys())
    assert metadata["version"] == "2" and json.loads(metadata["answer"]) == ORIGIN
    assert actions.dtype == np.float64 and actions.tobytes() == answer().actions.tobytes()
    assert {"answer.model_actions", "answer.depth.observation/wrist"} <= names


def test_a_file_without_an_answer_is_of_version_1() -> None:
    contents = observation_bytes(observation(), versions=VERSIONS)
    size = struct.unpack("<Q", contents[:8])[0]
    metadata = json.loads(contents[8 : 8 + size])["__metadata__"]
    assert metadata["version"] == "1" and "answer" not in metadata


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in ORIGIN.items() if name != key}


@pytest.mark.parametrize("key", sorted(set(ORIGIN) - {"release", "robot"}))
def test_every_key_must_be_there(key: str) -> None:
    with refused("observation.answer", 65) as info:
        answer(origin=without(key))
    assert info.value.key == key


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("colour", "red"),
        ("root", "0F" * 32),
        ("root", 1),
        ("release", 0),
        ("release", 1 << 53),
        ("release", None),
        ("family", ""),
        ("family", "f" * 257),
        ("products", {"bf16": "exact"}),
        ("products", {"bf16": "exact", "int8": "fast"}),
        ("products", "exact"),
        ("steps", 0),
        ("steps", 1001),
        ("steps", True),
        ("steps", 10.0),
        ("mask", "causal"),
        ("mask", []),
        ("depth_expert", 1),
        ("robot", "libero"),
        ("robot", {"a": float("nan")}),
        ("robot", {"a": 1 << 64}),
        ("robot", {"a\0": 1}),
        ("robot", {"a": "\ud800"}),
        ("robot", {"a": {1, 2}}),
        ("tool", 1),
        ("time", "2026-11-30T14:05:00Z"),
        ("time", "2026-11-30T14:05:00.250+01:00"),
    ],
)
def test_a_value_that_no_answer_may_have_is_refused(key: str, value: Any) -> None:
    with refused("observation.answer", 65):
        answer(origin={**ORIGIN, key: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": np.zeros((2, 3), np.float32)},
        {"actions": np.zeros((3, 3))},
        {"actions": np.zeros((2, 0))},
        {"actions": np.full((2, 3), np.nan)},
        {"actions": [[1.0]]},
        {"model_actions": np.zeros((2, 4))},
        {"model_actions": np.zeros((2, 3), np.float32)},
        {"model_actions": np.full((2, 4), np.inf, np.float32)},
        {"depth": {"third": np.zeros((3, 5), np.float32)}},
        {"depth": {"observation/wrist": np.zeros((5, 3), np.float32)}},
        {"depth": {"observation/wrist": np.zeros((3, 5))}},
        {"depth": {"observation/wrist": np.full((3, 5), -1, np.float32)}},
        {"depth": {"observation/wrist": np.full((3, 5), np.nan, np.float32)}},
    ],
)
def test_numbers_that_do_not_fit_are_refused(changes: Any) -> None:
    with refused("observation.answer", 65):
        observation(answer=answer(**changes))


def test_documents_have_limits() -> None:
    deep: Any = None
    for _ in range(63):
        deep = [deep]
    observation(source={"a": deep})
    too_much: list[Any] = [[deep], [{}] * 20_000, [0] * 200_000]
    for value in too_much:
        with refused("observation.metadata", 65):
            observation(source={"a": value})


def test_the_fixtures_are_read_and_refused_as_the_generator_says() -> None:
    folder = FIXTURES / "observations"
    expected = json.loads((folder / "expected.json").read_text())
    for name, content in expected.items():
        path = folder / f"{name}.safetensors"
        found = read_observation(path)
        assert found.instruction == content["instruction"]
        assert ("answer" in content) == (found.answer is not None)
        versions = {"depthvla": "0.9.0", "numpy": "2.4.6"}
        assert observation_bytes(found, versions=versions) == path.read_bytes()
    codes = json.loads((folder / "refused.json").read_text())
    assert set(codes) == {path.name for path in (folder / "refused").iterdir()}
    for name, code in codes.items():
        with refused(code, 65):
            parse_observation((folder / "refused" / name).read_bytes(), file=name)
