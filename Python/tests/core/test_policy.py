"""Policies and depth, beside upstream's results and what the command writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import depthvla

from ..conftest import CHECKPOINTS, FIXTURES, MakeBundle, run_command

CASES: list[dict[str, Any]] = json.loads((FIXTURES / "policies/expected.json").read_text())
TOKENIZER = FIXTURES / "tokenizers/tiny/tokenizer.model"
OPTIONS = {"depthvla": "--depthvla", "pi0": "--pi0"}


def case_bundle(case: dict[str, Any], make_bundle: MakeBundle) -> Path:
    """The bundle of a case, as the tests of the command make it."""
    options: list[str | Path] = ["--tokenizer", TOKENIZER, "--set", "image_backend=pil"]
    for key, value in case["settings"].items():
        options += ["--set", f"{key}={value}"]
    if case["statistics"]:
        options += ["--statistics", FIXTURES / "statistics" / case["statistics"]]
    if case["preprocessor"]:
        options += ["--preprocessor", FIXTURES / "statistics" / case["preprocessor"]]
    family = case["checkpoint"].split("/")[0]
    path: Path = make_bundle(OPTIONS[family], case["checkpoint"], *options)
    return path


def pictures(case: dict[str, Any]) -> list[np.ndarray]:
    """The pictures of a case, decoded by the library."""
    return [
        depthvla.decode_image((FIXTURES / "images" / name).read_bytes())
        for name in case["pictures"]
    ]


def policy_arguments(case: dict[str, Any]) -> dict[str, Any]:
    """What the options of `run` are here."""
    words: list[str] = case["options"]
    arguments: dict[str, Any] = {"depth": "--no-depth" not in words}
    if "--steps" in words:
        arguments["steps"] = int(words[words.index("--steps") + 1])
    if "--mask" in words:
        arguments["mask"] = words[words.index("--mask") + 1]
    return arguments


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_actions_are_those_that_upstreams_pieces_compute(
    case: dict[str, Any], make_bundle: MakeBundle
) -> None:
    policy = depthvla.Policy(case_bundle(case, make_bundle), threads=1, **policy_arguments(case))
    noise = None if case["seed"] else np.load(FIXTURES / "policies/noise.npy")
    state = case["state"]["state"] if isinstance(case["state"], dict) else case["state"]
    chunk = policy.act(
        pictures(case), case["instruction"], state, noise=noise, seed=int(case["seed"] or 0)
    )
    expected = np.array(case["model_actions"])
    # As the tests of the command have it: see Fixtures/generate/policy_runs.py.
    np.testing.assert_allclose(
        chunk.model_actions, expected, atol=5e-5 * np.abs(expected).max(), rtol=0
    )
    assert chunk.token_count == case["prompt_tokens"]
    own = np.array(case["actions"])
    np.testing.assert_allclose(chunk.actions, own, atol=5e-5 * np.abs(own).max(), rtol=0)


def test_a_chunk_is_the_document_of_run_byte_for_byte(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    case = CASES[0]
    bundle = case_bundle(case, make_bundle)
    state = tmp_path / "state.json"
    state.write_text(json.dumps(case["state"]))
    picture = FIXTURES / "images" / case["pictures"][0]
    run_command(
        *("run", bundle, "--image", picture, "--instruction", case["instruction"]),
        *("--state", state, "--seed", "7", "--actions", tmp_path / "chunk.json"),
    )
    policy = depthvla.Policy(bundle)
    chunk = policy.act(
        pictures(case)[:1], case["instruction"], case["state"], names=[str(picture)], seed=7
    )
    written = json.loads((tmp_path / "chunk.json").read_bytes())
    assert chunk.document == (tmp_path / "chunk.json").read_bytes()
    assert written["actions"] == chunk.actions.tolist()


def test_infer_takes_observations_as_openpis_policies_do(make_bundle: MakeBundle) -> None:
    case = next(case for case in CASES if len(case["pictures"]) > 1)
    bundle = case_bundle(case, make_bundle)
    images = pictures(case)[:2]
    names = ["observation/image", "observation/wrist_image"]
    policy = depthvla.Policy(bundle, cameras=names, state="observation/state")
    state = case["state"]["state"] if isinstance(case["state"], dict) else case["state"]
    observation = {
        names[0]: images[0],
        names[1]: np.transpose(images[1], (2, 0, 1)),
        "observation/state": np.array(state, np.float64),
        "prompt": np.array(case["instruction"]),
    }
    result = policy.infer(observation, seed=3)
    expected = policy.act(images, case["instruction"], state, seed=3, depth=False)
    np.testing.assert_array_equal(result["actions"], expected.actions)
    assert result["actions"].dtype == np.float64
    assert result["policy_timing"]["infer_ms"] > 0
    policy.reset()
    # A camera that is missing is None.
    alone = policy.infer(observation | {names[1]: None}, seed=3)
    first = policy.act(images[:1], case["instruction"], state, seed=3, depth=False)
    np.testing.assert_array_equal(alone["actions"], first.actions)


def test_an_observation_that_does_not_fit_is_refused_with_its_key(
    make_bundle: MakeBundle,
) -> None:
    policy = depthvla.Policy(case_bundle(CASES[0], make_bundle))
    image = np.zeros((8, 8, 3), np.uint8)
    good: dict[str, Any] = {"images": [image], "state": CASES[0]["state"], "prompt": "go"}
    policy.infer(good)
    changes: list[tuple[dict[str, Any], str, str]] = [
        ({"extra": 1}, "observation.key", "extra"),
        ({"state": "none"}, "observation.type", "state"),
        ({"state": [[1.0]]}, "observation.shape", "state"),
        ({"prompt": 7}, "observation.type", "prompt"),
        ({"images": [image[:, :, :2]]}, "observation.shape", "images[0]"),
        ({"images": [image.astype(np.int64)]}, "observation.type", "images[0]"),
        ({"images": [image + np.float32(np.nan)]}, "observation.range", "images[0]"),
    ]
    for change, code, key in changes:
        with pytest.raises(depthvla.Error) as found:
            policy.infer(good | change)
        assert (found.value.code, found.value.key) == (code, key)
        assert found.value.status == 65
    for missing in ("images", "state", "prompt"):
        with pytest.raises(depthvla.Error) as found:
            policy.infer({key: value for key, value in good.items() if key != missing})
        assert (found.value.code, found.value.key) == ("observation.key", missing)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"state": [1.0]}, "policy.state-width"),
        ({"state": [float("nan")] * len(CASES[0]["state"])}, "policy.not-finite"),
        ({"images": []}, "policy.no-image"),
        ({"prompt": "red " * 500}, "prompt.too-long"),
    ]
    for change, code in refused:
        with pytest.raises(depthvla.Error) as found:
            policy.infer(good | change)
        assert found.value.code == code
    for noise in (np.zeros((1, 1), np.float32), np.zeros((8, 7), np.int64)):
        with pytest.raises(depthvla.Error) as found:
            policy.infer(good, noise=noise)
        assert found.value.code == "noise.shape"
    with pytest.raises(depthvla.Error) as found:
        policy.infer(good, noise=np.full((8, 7), np.inf))
    assert found.value.code == "noise.not-finite"


def test_noise_and_tokens_are_those_of_the_fixtures(make_bundle: MakeBundle) -> None:
    expected = json.loads((FIXTURES / "statistics/noise.json").read_text())
    policy = depthvla.Policy(case_bundle(CASES[0], make_bundle))
    assert expected
    assert policy.noise(7).shape == (policy.horizon, policy.model_action_width)
    assert policy.noise(7).tobytes() == policy.noise(7).tobytes() != policy.noise(8).tobytes()
    samples = json.loads((FIXTURES / "tokenizers/tiny/samples.json").read_text())
    assert samples
    assert len(policy.tokens(CASES[0]["instruction"])) == CASES[0]["prompt_tokens"]


@pytest.mark.parametrize("source", ["depth-anything-v2/hf", "depth-anything-v2-metric/hf"])
def test_depth_is_what_run_writes_byte_for_byte(
    source: str, make_bundle: MakeBundle, tmp_path: Path
) -> None:
    bundle = make_bundle("--depth-anything", source)
    picture = FIXTURES / "scene/kitchen.png"
    outputs = [tmp_path / name for name in ("a.png", "a16.png", "a.npy")]
    run_command(
        *("run", bundle, "--image", picture),
        *("-o", outputs[0], "--png16", outputs[1], "--raw", outputs[2]),
    )
    estimator = depthvla.DepthEstimator(bundle, threads=1)
    depth = estimator(estimator.read(picture.read_bytes()))
    assert depth.png == outputs[0].read_bytes()
    assert depth.png16 == outputs[1].read_bytes()
    assert depth.npy == outputs[2].read_bytes()
    np.testing.assert_array_equal(depth.values, np.load(outputs[2]))
    is_metric = "metric" in source
    assert depth.meaning == ("metres" if is_metric else "relative")
    assert (depth.maximum is not None) == is_metric
    assert (depth.steps_per_metre is not None) == is_metric


def test_pictures_are_decoded_as_pillow_does(make_bundle: MakeBundle) -> None:
    image = pytest.importorskip("PIL.Image")
    operations = pytest.importorskip("PIL.ImageOps")
    for name in ("rgb8.png", "palette8.png", "rgb.jpg", "orientation6.jpg", "rgba16.png"):
        path = FIXTURES / "images" / name
        expected = operations.exif_transpose(image.open(path)).convert("RGB")
        found = depthvla.decode_image(path.read_bytes())
        np.testing.assert_array_equal(found, np.asarray(expected))


def test_a_bundle_of_another_family_is_refused(depth_bundle: Path, depthvla_bundle: Path) -> None:
    for make, bundle, code in [
        (depthvla.Policy, depth_bundle, "policy.family"),
        (depthvla.DepthEstimator, depthvla_bundle, "depth.family"),
    ]:
        with pytest.raises(depthvla.Error) as found:
            make(bundle)
        assert (found.value.code, found.value.status) == (code, 64)


def test_parity_passes_and_fails_as_the_command_does(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    golden = FIXTURES / "goldens/dinov2_70x70.safetensors"
    path = make_bundle("--dinov2", "dinov2/hf")
    with depthvla.open(path) as bundle:
        found = depthvla.check_parity(bundle, golden, threads=1)
        expected = json.loads(run_command("parity", "--json", path, "--golden", golden))
        assert found["passed"] is True
        assert found["goldens"][0]["stages"] == expected["goldens"][0]["stages"]
        own = tmp_path / "own.safetensors"
        depthvla.record_golden(bundle, golden, own, stages="layer.{i}")
        assert depthvla.check_parity(bundle, own)["passed"] is True
        with pytest.raises(depthvla.Error) as refused:
            depthvla.record_golden(bundle, golden, own)
        assert refused.value.status == 73
    other = make_bundle("--dinov2", "dinov2/hf", "--precision", "int8")
    with depthvla.open(other) as bundle:
        failed = depthvla.check_parity(bundle, golden, precision_class="f32")
        assert failed["passed"] is False
        assert failed["goldens"][0]["first_failure"] == "embeddings"
        assert depthvla.check_parity(bundle, golden)["passed"] is True
    assert CHECKPOINTS.exists()
