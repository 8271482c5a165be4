"""Every stage of every composite golden: what an independent float64 implementation computed."""

from __future__ import annotations

import json

import pytest
import torch

from depthvla.torch import record_stages

from .support import CASES, REPOSITORY, Bundles, Golden, Goldens, of_maximum, relative_rms


def tolerances() -> tuple[float, float]:
    """The limits of float32 that `depthvla parity` goes by."""
    table = json.loads((REPOSITORY / "Manifests/tolerances.json").read_text())
    rule = table["classes"]["f32"][0]
    assert (rule["family"], rule["stage"]) == ("*", "**")
    return rule["of_maximum"], rule["relative_rms"]


def stages_out_of(
    golden: Golden, found: dict[str, torch.Tensor], limits: tuple[float, float]
) -> list[str]:
    expected = golden.stages("f64")
    assert expected
    assert expected.keys() <= found.keys()
    return [
        name
        for name, value in expected.items()
        if of_maximum(found[name], value) > limits[0]
        or relative_rms(found[name], value) > limits[1]
    ]


@pytest.mark.parametrize("name", CASES)
def test_float64_is_the_golden_to_rounding(name: str, bundle: Bundles, golden: Goldens) -> None:
    # The worst of all stages is 1.1e-14 of a maximum; another order of sums costs as much.
    case = golden(name)
    model = case.model(bundle(CASES[name]), torch.float64)
    found = record_stages(model, case.observation, case.targets, mask=case.mask)
    assert stages_out_of(case, found, (1e-13, 1e-13)) == []


@pytest.mark.parametrize("name", CASES)
def test_float32_is_within_the_tolerances_of_parity(
    name: str, bundle: Bundles, golden: Goldens
) -> None:
    case = golden(name)
    model = case.model(bundle(CASES[name]), torch.float32)
    found = record_stages(model, case.observation, case.targets, mask=case.mask)
    assert all(value.dtype == torch.float32 for value in found.values())
    assert stages_out_of(case, found, tolerances()) == []


@pytest.mark.parametrize(
    ("tensor", "first"),
    [
        ("vlm.vision_tower.encoder.layers.1.self_attn.q_proj.bias", "vision.layer.1.attention"),
        ("depth.encoder.encoder.layer.2.mlp.fc1.weight", "depth.encoder.layer.2.mlp"),
        ("depth.layers.1.self_attn.k_proj.weight", "depth.layer.1.attention"),
        ("vlm.layers.0.post_attention_layernorm.weight", "vlm.layer.0.mlp"),
        ("action.action_time_mlp_in.bias", "action.embed"),
        ("depth.head.bias", "log_depth"),
    ],
)
def test_a_weight_that_is_one_percent_off_is_found_at_its_stage(
    tensor: str, first: str, bundle: Bundles, golden: Goldens
) -> None:
    case = golden("depthvla_block_2cam_pad")
    model = case.model(bundle("plain"), torch.float32)
    with torch.no_grad():
        model.get_parameter(tensor).mul_(1.01)
    found = record_stages(model, case.observation, case.targets)
    wrong = stages_out_of(case, found, tolerances())
    # The stages of the golden are in the order of names; ours are in the order of computation.
    assert min(wrong, key=list(found).index) == first
