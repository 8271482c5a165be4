"""State dicts, beside folders that the command exports, as the safetensors library reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import depthvla

from ..conftest import MakeBundle, run_command, with_changed_byte

torch: Any = pytest.importorskip("torch")

NAMINGS = [
    ("--paligemma", "paligemma/hf-hub", naming)
    for naming in ("hub", "save-5.4", "save-5.6", "state-dict-4.52", "state-dict-5.6", "source")
]
NAMINGS += [
    ("--pi0", "pi0/openpi", naming)
    for naming in (
        "openpi",
        "lerobot-2025-02",
        "lerobot-2025-10",
        "lerobot-save-5.4",
        "lerobot-save-5.6",
        "transformers-save",
        "transformers-state-dict",
    )
]
NAMINGS += [("--dinov2", "dinov2/hf", naming) for naming in ("hub", "original", "timm")]
NAMINGS += [("--dinov2", "dinov2-swiglu/hf", naming) for naming in ("hub", "original", "timm")]
NAMINGS += [("--depth-anything", "depth-anything-v2/hf", naming) for naming in ("hub", "original")]
NAMINGS += [("--depthvla", "depthvla/plain", naming) for naming in ("layout", "source")]


def exported(bundle: Path, folder: Path, naming: str, *options: str) -> dict[str, Any]:
    """The tensors of a folder that the command exports."""
    from safetensors.torch import load_file

    run_command("export", "--quiet", bundle, "--naming", naming, *options, "-o", folder)
    tensors: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(file)
    return tensors


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Names, types, shapes and bits."""
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert found[name].shape == tensor.shape, name
        assert torch.equal(found[name].view(torch.uint8), tensor.view(torch.uint8)), name


@pytest.mark.parametrize(("option", "source", "naming"), NAMINGS)
def test_a_state_dict_is_what_export_writes(
    make_bundle: MakeBundle, tmp_path: Path, option: str, source: str, naming: str
) -> None:
    path = make_bundle(option, source)
    expected = exported(path, tmp_path / "out", naming)
    with depthvla.open(path) as bundle, bundle.weights(naming, ties="file") as weights:
        assert_equal(weights.load(), expected)
        config = tmp_path / "out/config.json"
        assert weights.config == (json.loads(config.read_text()) if config.exists() else None)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", torch.bfloat16])
def test_floats_become_the_type_that_is_asked_for(
    depthvla_bundle: Path, tmp_path: Path, dtype: object
) -> None:
    word = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}[
        str(dtype).removeprefix("torch.")
    ]
    expected = exported(depthvla_bundle, tmp_path / "out", "layout", "--dtype", word)
    with depthvla.open(depthvla_bundle) as bundle:
        assert_equal(bundle.state_dict(dtype=dtype), expected)


def test_int8_is_dequantized_or_kept_with_its_scales(int8_bundle: Path, tmp_path: Path) -> None:
    expected = exported(int8_bundle, tmp_path / "out", "layout", "--dequantize")
    with depthvla.open(int8_bundle) as bundle:
        assert_equal(bundle.state_dict(), expected)
        kept = bundle.state_dict(quantized="int8")
        name = "vlm.layers.0.mlp.up_proj.weight"
        assert kept[name].dtype == torch.int8
        product = kept[name].float() * kept[name + "_scale"].float()
        assert torch.equal(product, bundle.state_dict(dtype="float32")[name])


def test_a_model_is_taken_out_of_a_composite(depthvla_bundle: Path, tmp_path: Path) -> None:
    expected = exported(depthvla_bundle, tmp_path / "out", "hub", "--family", "paligemma")
    with depthvla.open(depthvla_bundle) as bundle:
        assert_equal(bundle.state_dict("hub", family="paligemma", ties="file"), expected)


def test_openpis_class_has_both_names_of_what_its_files_have_once(make_bundle: MakeBundle) -> None:
    prefix = "paligemma_with_expert.paligemma."
    names = {prefix + "lm_head.weight", prefix + "model.language_model.embed_tokens.weight"}
    with depthvla.open(make_bundle("--pi0", "pi0/openpi")) as bundle:
        of_class = bundle.state_dict("openpi")
        of_file = bundle.state_dict("openpi", ties="file")
    assert set(of_class) - set(of_file) < names < set(of_class)
    assert len({of_class[name].data_ptr() for name in names}) == 1


def test_tied_names_share_memory_where_the_library_ties_them(make_bundle: MakeBundle) -> None:
    with depthvla.open(make_bundle("--paligemma", "paligemma/hf-hub")) as bundle:
        tied = bundle.state_dict("state-dict-5.6")
        head, table = tied["lm_head.weight"], tied["model.language_model.embed_tokens.weight"]
        assert head.data_ptr() == table.data_ptr()
    with depthvla.open(make_bundle("--pi0", "pi0/openpi")) as bundle:
        prefix = "model.paligemma_with_expert.paligemma."
        copies = bundle.state_dict("lerobot-save-5.4")
        head = copies[prefix + "lm_head.weight"]
        table = copies[prefix + "model.language_model.embed_tokens.weight"]
        # lerobot's class has two parameters, which training moves apart.
        assert torch.equal(head, table)
        assert head.data_ptr() != table.data_ptr()


@pytest.mark.parametrize("is_mapped", [False, True])
def test_a_stored_bundle_gives_the_same_tensors_mapped_or_not(
    make_bundle: MakeBundle, depthvla_bundle: Path, is_mapped: bool
) -> None:
    path = make_bundle("--depthvla", "depthvla/plain", "--store")
    with depthvla.open(depthvla_bundle) as packed:
        expected = packed.state_dict()
    with depthvla.open(path, map=is_mapped) as bundle:
        found = bundle.state_dict()
    del bundle
    assert_equal(found, expected)


def test_damage_of_a_mapped_tensor_is_found_in_place(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    path = make_bundle("--depthvla", "depthvla/plain", "--store")
    name = "action.layers.1.mlp.up_proj.weight"
    damaged = with_changed_byte(path, name, tmp_path / "damaged.dvla.safetensors")
    with depthvla.open(damaged, map=True) as bundle:
        with pytest.raises(depthvla.Error) as found:
            bundle.state_dict()
        assert found.value.code == "bundle.chunk-checksum"


def test_numpy_arrays_are_the_same_values(depthvla_bundle: Path) -> None:
    with depthvla.open(depthvla_bundle) as bundle:
        arrays = bundle.state_dict(framework="numpy")
        for name, tensor in bundle.state_dict().items():
            np.testing.assert_array_equal(arrays[name], tensor.numpy())


def test_jax_arrays_are_the_same_values(depthvla_bundle: Path, int8_bundle: Path) -> None:
    pytest.importorskip("jax")
    with depthvla.open(depthvla_bundle) as bundle:
        arrays = bundle.state_dict(framework="jax")
        for name, expected in bundle.state_dict(framework="numpy").items():
            np.testing.assert_array_equal(np.asarray(arrays[name]), expected)
        assert bundle.state_dict(framework="jax", dtype="bfloat16")["vlm.norm.weight"].dtype == (
            "bfloat16"
        )
        for device in ("nonsense", "cpu:99"):
            with pytest.raises(depthvla.Error) as found:
                bundle.state_dict(framework="jax", device=device)
            assert found.value.code == "argument.range"
    with depthvla.open(int8_bundle) as bundle:
        kept = bundle.state_dict(framework="jax", quantized="int8")
        assert kept["vlm.layers.0.mlp.up_proj.weight"].dtype == np.int8


def test_tensors_outlive_the_bundle_and_can_be_trained(depthvla_bundle: Path) -> None:
    bundle = depthvla.open(depthvla_bundle)
    tensors = bundle.state_dict()
    bundle.close()
    name = "vlm.norm.weight"
    before = tensors[name].clone()
    tensors[name] += 1
    assert torch.equal(tensors[name], before + 1)


def test_stages_for_another_device_give_the_same_tensors(
    make_bundle: MakeBundle, depthvla_bundle: Path
) -> None:
    # The path of a GPU without one: small stages on the CPU, so that there are many groups.
    from depthvla.staging import StagedTorch

    for path, naming in [
        (depthvla_bundle, "layout"),
        (make_bundle("--paligemma", "paligemma/hf-hub"), "state-dict-5.6"),
    ]:
        with depthvla.open(path) as bundle, bundle.weights(naming) as weights:
            seen: list[Any] = []
            staged = StagedTorch("cpu", stage_bytes=20_000).load(
                weights, 1, lambda *at, seen=seen: seen.append(at)
            )
            assert_equal(staged, weights.load())
            assert list(staged) == [tensor.name for tensor in weights.tensors]
            assert seen[-1][0] == seen[-1][1]


def test_a_device_that_is_not_there_is_refused(depthvla_bundle: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with depthvla.open(depthvla_bundle) as bundle:
        for device in ("cuda", "cuda:7", "nonsense"):
            with pytest.raises(depthvla.Error) as found:
                bundle.state_dict(device=device)
            assert found.value.status == 64


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"naming": "nope"}, "manifest.unknown"),
        ({"naming": "hub"}, "manifest.unknown"),
        ({"naming": "hub", "family": "pi0"}, "manifest.unknown"),
        ({"dtype": "int8"}, "argument.range"),
        ({"quantized": "maybe"}, "argument.range"),
        ({"framework": "tensorflow"}, "argument.range"),
        ({"threads": 0}, "argument.range"),
        ({"threads": 257}, "argument.range"),
    ],
)
def test_what_cannot_be_given_is_refused_by_name(
    depthvla_bundle: Path, arguments: dict[str, object], code: str
) -> None:
    with depthvla.open(depthvla_bundle) as bundle:
        with pytest.raises(depthvla.Error) as found:
            bundle.state_dict(**arguments)  # type: ignore[arg-type]
        assert found.value.code == code
        assert found.value.status == 64


def test_int8_is_not_given_to_a_library_that_reads_none(make_bundle: MakeBundle) -> None:
    path = make_bundle("--dinov2", "dinov2/hf", "--precision", "int8")
    with depthvla.open(path) as bundle:
        with pytest.raises(depthvla.Error) as found:
            bundle.weights("hub", quantized="int8")
        assert found.value.code == "export.int8"


def test_nothing_is_written_to_stdout(depthvla_bundle: Path) -> None:
    script = (
        "import sys, depthvla\n"
        "bundle = depthvla.open(sys.argv[1])\n"
        "bundle.state_dict(); bundle.verify(); depthvla.Policy(bundle).noise(1)\n"
        "try: bundle.state_dict('nope')\n"
        "except depthvla.Error: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(depthvla_bundle)], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
