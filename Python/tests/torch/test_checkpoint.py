"""From a trained module back to a bundle, with the command as the judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import depthvla
from depthvla.errors import Error
from depthvla.torch import Configuration, DepthVLA, Targets, save_checkpoint, save_golden
from depthvla.torch.checkpoint import checkpoint_configuration

from .support import CHECKPOINTS, FIXTURES, SOURCES, Bundles, Golden, Goldens, command, command_path

EXAMPLE = Path(__file__).parents[2] / "examples/finetune_depthvla.py"


def trained(bundle: Path, dtype: torch.dtype | None = None) -> DepthVLA:
    """A model of which every tensor has moved."""
    model = DepthVLA.from_bundle(bundle, dtype=dtype)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator).to(parameter))
    return model


@pytest.mark.parametrize("name", ["plain", "registers", "bf16", "pi0", "pi0-lerobot"])
def test_a_trained_model_becomes_a_bundle_with_its_very_bits(
    name: str, bundle: Bundles, tmp_path: Path
) -> None:
    model = trained(bundle(name))
    folder, path = tmp_path / "checkpoint", tmp_path / "trained.dvla.safetensors"
    save_checkpoint(model, folder)
    family = model.configuration.family
    command("convert", "--depthvla", folder, "--as", family, "-o", path, "--quiet")
    command("verify", path, "--against", folder, "--quiet")
    again = DepthVLA.from_bundle(path)
    assert again.configuration.family == family
    state = model.state_dict()
    assert state.keys() == again.state_dict().keys()
    assert all(torch.equal(value, state[key]) for key, value in again.state_dict().items())


def test_an_untrained_model_gives_the_tensors_of_its_source(
    bundle: Bundles, tmp_path: Path
) -> None:
    save_checkpoint(DepthVLA.from_bundle(bundle("plain")), tmp_path / "checkpoint")
    saved = load_file(tmp_path / "checkpoint/model.safetensors")
    source = load_file(FIXTURES / "checkpoints/depthvla/plain/model.safetensors")
    assert saved.keys() == source.keys()
    assert all(torch.equal(saved[name], source[name]) for name in source)


@pytest.mark.parametrize(
    "settings",
    [
        (),
        (
            *("--set", "depth.frozen=true", "--set", "depth.loss_weight=0.5"),
            *("--set", "encoder.position_resampling=bicubic-offset", "--set", "image_fit=pad"),
            *("--set", "attention_mask=full", "--set", "depth.loss_lambda=0.25"),
            *("--set", "normalization=quantile", "--set", "processing.cut_prompts=true"),
        ),
    ],
)
def test_config_json_is_what_the_command_exports(settings: tuple[str, ...], tmp_path: Path) -> None:
    path, folder = tmp_path / "set.dvla.safetensors", tmp_path / "exported"
    command("convert", *SOURCES["plain"], *settings, "-o", path, "--quiet")
    command("export", path, "--naming", "layout", "-o", folder, "--quiet")
    expected = json.loads((folder / "config.json").read_text())
    assert checkpoint_configuration(DepthVLA.from_bundle(path)) == expected


def test_settings_and_files_of_the_bundle_survive_training(tmp_path: Path) -> None:
    source, settings = tmp_path / "source.dvla.safetensors", ("--set", "depth.frozen=true")
    assets = FIXTURES / "assets"
    files = ["--tokenizer", f"{assets}/paligemma/tokenizer.model"]
    files += ["--statistics", f"{assets}/pi0-openpi/assets/org/robot/norm_stats.json"]
    command("convert", *SOURCES["plain"], *settings, *files, "-o", source, "--quiet")
    folder, path = tmp_path / "checkpoint", tmp_path / "trained.dvla.safetensors"
    with depthvla.open(source) as opened:
        configuration = opened.configuration
        hashes = {name: asset.sha256 for name, asset in opened.assets.items()}
        save_checkpoint(DepthVLA.from_bundle(source), folder, assets=opened.assets.values())
    assert len(hashes) == 2
    command("convert", "--depthvla", folder, "-o", path, "--quiet")
    with depthvla.open(path) as opened:
        assert opened.configuration == configuration
        assert {name: asset.sha256 for name, asset in opened.assets.items()} == hashes


def test_files_of_other_families_keep_them_in_their_names(tmp_path: Path) -> None:
    # A composite of a VLM and a depth model has a preprocessor of each, of one name.
    source = tmp_path / "source.dvla.safetensors"
    sizes = {"depth.hidden_size": 20, "depth.intermediate_size": 52, "action.hidden_size": 28}
    sizes |= {"action.intermediate_size": 36, "action.state_dim": 11, "action.action_dim": 7}
    settings = [word for key, value in sizes.items() for word in ("--set", f"{key}={value}")]
    text = (FIXTURES / "assets/paligemma/preprocessor_config.json").read_text()
    (tmp_path / "siglip.json").write_text(text.replace("28", "42"))
    depth = FIXTURES / "assets/depth-anything-v2/preprocessor_config.json"
    settings += ["--preprocessor", f"paligemma={tmp_path}/siglip.json"]
    settings += ["--preprocessor", f"depth-anything-v2={depth}", "--init-missing", "1"]
    vlm, backbone = CHECKPOINTS / "paligemma/hf-hub", CHECKPOINTS / "depth-anything-v2/hf"
    sources = ("--paligemma", vlm, "--depth-anything", backbone)
    command("convert", *sources, *settings, "-o", source, "--quiet")
    folder, path = tmp_path / "checkpoint", tmp_path / "trained.dvla.safetensors"
    with depthvla.open(source) as opened:
        names = set(opened.assets)
        save_checkpoint(DepthVLA.from_bundle(source), folder, assets=opened.assets.values())
    assert {name.split(".")[0] for name in names} == {"paligemma", "depth-anything-v2"}
    command("convert", "--depthvla", folder, "-o", path, "--quiet")
    with depthvla.open(path) as opened:
        assert set(opened.assets) == names


def test_an_untied_head_comes_back_with_the_setting_that_the_documentation_names(
    bundle: Bundles, tmp_path: Path
) -> None:
    with depthvla.open(bundle("plain")) as opened:
        source: dict[str, Any] = opened.configuration
    source["text"]["tie_word_embeddings"] = False
    model = DepthVLA(Configuration.from_bundle("depthvla", source))
    folder, path = tmp_path / "checkpoint", tmp_path / "untied.dvla.safetensors"
    save_checkpoint(model, folder)
    setting = ("--set", "text.tie_word_embeddings=false")
    command("convert", "--depthvla", folder, *setting, "-o", path, "--quiet")
    again = DepthVLA.from_bundle(path).state_dict()
    assert torch.equal(again["vlm.lm_head.weight"], model.state_dict()["vlm.lm_head.weight"])


def test_a_folder_that_exists_is_left_alone(bundle: Bundles, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(Error) as caught:
        save_checkpoint(DepthVLA.from_bundle(bundle("plain")), tmp_path / "checkpoint")
    assert (caught.value.code, caught.value.status) == ("file.exists", 73)
    assert list((tmp_path / "checkpoint").iterdir()) == []


def test_a_folder_appears_whole_or_not_at_all(bundle: Bundles, tmp_path: Path) -> None:
    class Broken:
        family, file_name, name = "depthvla", "tokenizer.model", "depthvla.tokenizer.model"

        def read(self) -> bytes:
            raise Error("bundle.chunk-hash", 65, "damaged")

    broken: Any = [Broken()]
    with pytest.raises(Error, match="damaged"):
        save_checkpoint(DepthVLA.from_bundle(bundle("plain")), tmp_path / "new", assets=broken)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", ["depthvla_full_2cam_pad", "pi0_2cam_missing"])
def test_a_golden_of_the_trained_model_passes_and_of_another_fails(
    name: str, dtype: torch.dtype, golden: Goldens, bundle: Bundles, tmp_path: Path
) -> None:
    case, family = golden(name), name.split("_")[0]
    model = trained(bundle("plain" if family == "depthvla" else "pi0"), torch.float32)
    folder, path = tmp_path / "checkpoint", tmp_path / "trained.dvla.safetensors"
    save_checkpoint(model, folder)
    command("convert", "--depthvla", folder, "--as", family, "-o", path, "--quiet")
    recorded = tmp_path / "golden.safetensors"
    save_golden(recorded, model.to(dtype), case.observation, case.targets, mask=case.mask)
    command("parity", path, "--golden", recorded)
    with torch.no_grad():
        model.get_parameter("action.layers.1.mlp.up_proj.weight").mul_(1.01)
    save_golden(recorded, model, case.observation, case.targets, mask=case.mask)
    assert "action.layer.1.mlp" in command("parity", path, "--golden", recorded, status=1).stdout


def test_a_golden_has_the_stages_of_the_repositorys(
    golden: Goldens, bundle: Bundles, tmp_path: Path
) -> None:
    case = golden("depthvla_block_2cam_pad")
    model, path = case.model(bundle("plain"), torch.float64), tmp_path / "golden.safetensors"
    save_golden(path, model, case.observation, case.targets)
    ours = Golden(path)
    assert ours.stages("f64").keys() == case.stages("f64").keys()
    assert ours.mask == case.mask
    for name, tensor in case.tensors.items():
        if name.startswith("in."):
            assert torch.equal(ours.tensors[name].double(), tensor.double()), name


def test_what_a_golden_cannot_hold_is_refused(
    golden: Goldens, bundle: Bundles, tmp_path: Path
) -> None:
    case = golden("depthvla_batch2_missing")
    path = tmp_path / "golden.safetensors"
    narrow = case.model(bundle("plain"), torch.bfloat16)
    with pytest.raises(Error) as caught:
        save_golden(path, narrow, case.observation, case.targets)
    assert caught.value.code == "golden.type"
    two = Targets(case.targets.actions, case.targets.noise, torch.tensor([0.1, 0.2]).double())
    with pytest.raises(Error) as caught:
        save_golden(path, case.model(bundle("plain"), torch.float32), case.observation, two)
    assert (caught.value.code, caught.value.tensor) == ("golden.time", "time")
    assert not path.exists()


def test_the_example_lowers_the_loss_and_changes_the_root(bundle: Bundles, tmp_path: Path) -> None:
    path = tmp_path / "tuned.dvla.safetensors"
    words = (str(bundle("plain")), "-o", str(path), "--command", command_path())
    done = subprocess.run(
        [sys.executable, EXAMPLE, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines if "step " in line[:5]]
    assert len(losses) == 4
    assert losses == sorted(losses, reverse=True)
    assert any(line.startswith("PASS: ") for line in lines)
    before, after = (line.split()[-1] for line in lines[-2:])
    with depthvla.open(bundle("plain")) as old, depthvla.open(path) as new:
        assert (before, after) == (old.root, new.root)
    assert before != after
