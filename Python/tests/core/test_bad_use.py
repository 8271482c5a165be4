"""Wrong calls and hostile files: exceptions, and never a crash."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import depthvla

from ..conftest import MakeBundle, run_command, with_changed_byte


def test_use_after_close_is_refused(depthvla_bundle: Path, depth_bundle: Path) -> None:
    bundle = depthvla.open(depthvla_bundle)
    weights = bundle.weights()
    policy = depthvla.Policy(bundle)
    bundle.close()
    bundle.close()
    # What was made from it stays usable.
    assert weights.load(framework="numpy")
    assert policy.noise(1).size
    weights.close()
    policy.close()
    estimator = depthvla.DepthEstimator(depth_bundle)
    estimator.close()
    calls: list[Any] = [
        lambda: bundle["vlm.norm.weight"],
        lambda: bundle.state_dict(),
        lambda: bundle.verify(),
        lambda: bundle.provenance,
        lambda: weights.load(),
        lambda: weights.config,
        lambda: policy.noise(1),
        lambda: policy.act([np.zeros((8, 8, 3), np.uint8)], "go", [0.0]),
        lambda: estimator(np.zeros((8, 8, 3), np.uint8)),
    ]
    for call in calls:
        with pytest.raises(depthvla.Error) as found:
            call()
        assert (found.value.code, found.value.status) == ("handle.unknown", 64)
    assert "closed" in repr(bundle)


@pytest.mark.parametrize("value", [None, 7, b"x", [], object()])
def test_objects_of_the_wrong_type_are_type_errors(value: object, depthvla_bundle: Path) -> None:
    unchecked: Any = value
    other: Any = value or 1.5
    with pytest.raises((TypeError, depthvla.Error)):
        depthvla.open(unchecked)
    with depthvla.open(depthvla_bundle) as bundle:
        calls: list[Any] = [
            lambda: bundle.state_dict(unchecked),
            lambda: bundle.state_dict(family=other),
            lambda: bundle.state_dict(threads=0 if isinstance(value, int) else other),
            lambda: depthvla.open(depthvla_bundle, trust=other),
            lambda: depthvla.Policy(bundle, products=other),
            lambda: depthvla.check_parity(bundle, other),
            lambda: depthvla.decode_image(unchecked),
        ]
        for call in calls:
            with pytest.raises((TypeError, ValueError, depthvla.Error)):
                call()


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_texts_that_c_cannot_read_are_refused(name: str, depthvla_bundle: Path) -> None:
    with pytest.raises(depthvla.Error) as found:
        depthvla.open(name)
    assert found.value.code == "argument.text"
    with depthvla.open(depthvla_bundle) as bundle:
        with pytest.raises(depthvla.Error):
            bundle.state_dict(name)
        with pytest.raises(KeyError):
            bundle[name]


def _refusal(path: Path) -> str | None:
    """The code with which a bundle is refused, by opening and verifying it."""
    try:
        with depthvla.open(path) as bundle:
            bundle.verify()
            bundle.state_dict("source", framework="numpy")
    except depthvla.Error as error:
        assert error.status in (1, 64, 65, 69, 74)
        assert "\n" not in error.message
        return error.code
    return None


def test_hostile_bundles_are_refused_as_the_command_refuses_them(tmp_path: Path) -> None:
    corpus = os.environ.get("DEPTHVLA_HOSTILE_CORPUS")
    if corpus is None:
        pytest.skip("set DEPTHVLA_HOSTILE_CORPUS to a folder that depthvla-hostile-corpus wrote")
    files = sorted((Path(corpus) / "bundle").iterdir())
    assert len(files) > 100
    refused = 0
    for file in files:
        found = _refusal(file)
        report = json.loads(run_command("verify", "--quiet", "--json", file, status=None))
        if "error" in report:
            assert found == report["error"]["code"], file.name
            refused += 1
        elif not report.get("intact", True):
            assert found == report["damages"][0]["code"], file.name
            refused += 1
    assert refused > 100


def test_hostile_pictures_raise_and_never_crash() -> None:
    corpus = os.environ.get("DEPTHVLA_HOSTILE_CORPUS")
    if corpus is None:
        pytest.skip("set DEPTHVLA_HOSTILE_CORPUS to a folder that depthvla-hostile-corpus wrote")
    codes = set()
    for file in sorted((Path(corpus) / "image").iterdir()):
        try:
            depthvla.decode_image(file.read_bytes())
        except depthvla.Error as error:
            codes.add(error.code)
    assert len(codes) > 3
    assert all(code.startswith("image.") for code in codes)


@pytest.mark.parametrize("name", ["threads", "steps", "seed", "input_size", "minimum_release"])
def test_whole_numbers_are_whole_and_in_range(
    name: str, depthvla_bundle: Path, depth_bundle: Path
) -> None:
    def give(value: Any) -> None:
        if name == "minimum_release":
            depthvla.Trust(["key.pem"], minimum_release=value)
        elif name == "input_size":
            depthvla.DepthEstimator(depth_bundle, input_size=value)
        elif name == "threads":
            with depthvla.open(depthvla_bundle) as bundle:
                bundle.state_dict(framework="numpy", threads=value)
        elif name == "steps":
            depthvla.Policy(depthvla_bundle, steps=value)
        else:
            depthvla.Policy(depthvla_bundle).noise(value)

    give(np.int64(56))
    for wrong in (True, 2.5, "3"):
        with pytest.raises(TypeError):
            give(wrong)
    for wrong in (-1, 2**64 + 56):
        with pytest.raises(depthvla.Error) as found:
            give(wrong)
        assert found.value.code == "argument.range"


def test_keys_of_trust_are_read_once_and_do_not_change(
    depthvla_bundle: Path, tmp_path: Path
) -> None:
    missing = [tmp_path / "no.pem"]
    trusts = [depthvla.Trust(missing), depthvla.Trust(iter(list(missing)))]  # type: ignore[arg-type]
    missing.clear()
    for trust in trusts:
        for _ in range(2):
            with pytest.raises(depthvla.Error) as found:
                depthvla.open(depthvla_bundle, trust=trust)
            assert found.value.code == "file.not-found"
    with pytest.raises(depthvla.Error):
        depthvla.Trust(tmp_path.glob("*.pem"))  # type: ignore[arg-type]


def test_damage_is_counted_where_it_is_not_all_listed(
    depthvla_bundle: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.dvla.safetensors"
    with depthvla.open(depthvla_bundle) as bundle:
        names = list(bundle)[:60]
    damaged.write_bytes(depthvla_bundle.read_bytes())
    for name in names:
        with_changed_byte(damaged, name, damaged)
    with depthvla.open(damaged) as bundle, pytest.raises(depthvla.Error) as found:
        bundle.verify()
    listed = found.value.details
    assert len(listed) > 3
    assert listed[-1].startswith("… and ")
    assert found.value.message not in listed


def test_what_a_program_writes_to_a_mapped_tensor_stays_its_own(make_bundle: MakeBundle) -> None:
    torch = pytest.importorskip("torch")
    path = make_bundle("--depthvla", "depthvla/plain", "--store")
    before = path.read_bytes()
    with depthvla.open(path, map=True) as bundle:
        tensor = bundle.state_dict()["vlm.norm.weight"]
        expected = tensor.clone() * 2
        tensor.mul_(2)
        assert torch.equal(tensor, expected)
    assert path.read_bytes() == before
