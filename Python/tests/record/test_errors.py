"""What cannot be recorded: one line on stderr, the documented exit status, and nothing written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from .support import PICTURES, ByName, Record, arguments
from .tiny_models import FIXTURES

DINOV2 = FIXTURES / "checkpoints/dinov2"
BESIDE = ["--inputs", FIXTURES / "goldens/dinov2_28x70.safetensors"]


#: Runs the recorder on options: (exit status, the line that it says).
Refused = Callable[..., tuple[int, str]]


@pytest.fixture
def refused(record: Record, tmp_path: Path) -> Refused:
    """Runs the recorder, and checks all but status and words."""

    def run(*options: object, output: Path | None = None) -> tuple[int, str]:
        path = tmp_path / "out" / "golden.safetensors"
        path.parent.mkdir(exist_ok=True)
        before = sorted(path.parent.iterdir())
        status, lines = record(*options, "-o", output or path)
        assert len(lines) == 1, lines
        assert lines[0].startswith("depthvla.record: ")
        assert sorted(path.parent.iterdir()) == before
        return status, lines[0]

    return run


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--family", "dinov2"], "--image FILE, or --inputs GOLDEN"),
        (["--family", "depthvla", *BESIDE], "nothing to record from"),
        (["--family", "resnet", *BESIDE], "expected one of paligemma, dinov2"),
        (["--family", "pi0", "--library", "timm", *BESIDE], "timm has no pi0"),
        (["--family", "paligemma", "--image", PICTURES[0]], "expected --prompt TEXT"),
        (["--family", "dinov2", "--image", PICTURES[0], "--prompt", "a"], "expected no --prompt"),
        (["--family", "dinov2", "--image", PICTURES[0], "--noise", "n"], "--noise is for pi0"),
        (["--family", "dinov2", "--image", PICTURES[0], *BESIDE], "expected no --image"),
        (["--family", "dinov2", "--stages", "layer.a*", *BESIDE], "the component 'a*'"),
        (["--family", "dinov2", "--stages", "layer..mlp", *BESIDE], "the component ''"),
        (["--family", "dinov2", "--stages", "siglip.**", *BESIDE], "no stage of dinov2 matches"),
        (["--family", "dinov2", "--seed", "-1", *BESIDE], "--seed -1"),
        (["--family", "dinov2", "--library", "jax", *BESIDE], "invalid choice: 'jax'"),
        (["--family", "dinov2", "--heads", "two"], "invalid int value"),
    ],
)
def test_wrong_usage_is_64(options: list[object], words: str, refused: Refused) -> None:
    status, line = refused("--model", DINOV2 / "hf", *options)
    assert status == 64, line
    assert words in line


def test_a_prompt_that_is_too_long_is_64(refused: Refused, checkpoint: ByName) -> None:
    folder = checkpoint("paligemma")
    options = arguments("paligemma", folder)
    options[-1] = "open the drawer " * 3000
    status, line = refused(*options)
    assert status == 64
    assert "the prompt becomes" in line
    assert "tokens: expected at most 8192" in line


def test_a_model_of_another_family_is_65_and_names_the_key(refused: Refused) -> None:
    status, line = refused("--model", DINOV2 / "hf", "--family", "paligemma", *BESIDE)
    assert status == 65
    assert "config.json: architectures: is of Dinov2Model" in line


def test_paligemma_2_is_65_and_named(refused: Refused) -> None:
    model = FIXTURES / "checkpoints/look-alikes/paligemma2"
    golden = FIXTURES / "goldens/paligemma_pad.safetensors"
    status, line = refused("--model", model, "--family", "paligemma", "--inputs", golden)
    assert status == 65
    assert "gemma2, expected gemma" in line


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("absent.png", 66, "no such file"),
        ("damaged", 74, "directory"),
        ("../MANIFEST.json", 65, ""),
    ],
)
def test_a_picture_that_cannot_be_read(
    name: str, status: int, words: str, refused: Refused, checkpoint: ByName
) -> None:
    picture = FIXTURES / "images" / name
    found, line = refused(*arguments("dinov2", checkpoint("dinov2"))[:4], "--image", picture)
    assert found == status, line
    assert str(picture) in line
    assert words in line


def test_a_picture_that_is_cut_off_is_65(
    refused: Refused, checkpoint: ByName, tmp_path: Path
) -> None:
    picture = tmp_path / "cut.png"
    data = PICTURES[1].read_bytes()
    picture.write_bytes(data[: len(data) // 2])
    status, line = refused(*arguments("dinov2", checkpoint("dinov2"))[:4], "--image", picture)
    assert status == 65
    assert "cannot be read as a picture" in line


def test_pictures_that_become_two_sizes_are_65(
    refused: Refused, checkpoint: ByName, tmp_path: Path
) -> None:
    from PIL import Image

    wide = tmp_path / "wide.png"
    Image.new("RGB", (120, 60)).save(wide)
    status, line = refused(
        *arguments("depth-anything", checkpoint("depth-anything")), "--image", wide
    )
    assert status == 65
    assert "expected pictures of one size" in line


def test_a_folder_without_a_processor_is_66(refused: Refused) -> None:
    options = ("--family", "dinov2", "--image", PICTURES[0])
    status, line = refused("--model", DINOV2 / "hf", *options)
    assert status == 66
    assert "--processor FOLDER" in line


def test_no_such_model_is_66(refused: Refused, tmp_path: Path) -> None:
    status, line = refused("--model", tmp_path / "absent", "--family", "dinov2", *BESIDE)
    assert (status, str(tmp_path / "absent") in line) == (66, True)


def test_weights_that_are_no_safetensors_are_65(refused: Refused, tmp_path: Path) -> None:
    shutil.copytree(DINOV2 / "hf", tmp_path / "model")
    (tmp_path / "model/model.safetensors").write_bytes(
        b"version https://git-lfs.github.com/spec/v1"
    )
    status, line = refused("--model", tmp_path / "model", "--family", "dinov2", *BESIDE)
    assert status == 65
    assert "model.safetensors" in line


@pytest.mark.parametrize("missing", [True, False])
def test_tensors_that_the_library_did_not_load_are_65_and_named(
    missing: bool, refused: Refused, tmp_path: Path
) -> None:
    """transformers draws what is missing at random, and passes over what is not expected."""
    name = "encoder.layer.2.mlp.fc1.weight"
    shutil.copytree(DINOV2 / "hf", tmp_path / "model")
    file = tmp_path / "model/model.safetensors"
    tensors = load_file(file)
    value = tensors.pop(name)
    if not missing:
        tensors |= {name: value, "encoder.layer.2.mlp.fc3.weight": value + 1}
    save_file(tensors, file, metadata={"format": "pt"})
    status, line = refused("--model", tmp_path / "model", "--family", "dinov2", *BESIDE)
    assert status == 65
    assert (name if missing else "encoder.layer.2.mlp.fc3.weight") in line


@pytest.mark.parametrize("naming", ["hf", "timm"])
def test_a_stage_with_an_infinity_is_65_and_named(
    naming: str, refused: Refused, tmp_path: Path
) -> None:
    if naming == "timm":
        pytest.importorskip("timm")
    shutil.copytree(DINOV2 / naming, tmp_path / "model")
    file = tmp_path / "model/model.safetensors"
    tensors = load_file(file)
    name = {"hf": "encoder.layer.1.mlp.fc2.bias", "timm": "blocks.1.mlp.fc2.bias"}[naming]
    tensors[name][0] = float("inf")
    save_file(tensors, file, metadata={"format": "pt"})
    status, line = refused("--model", tmp_path / "model", "--family", "dinov2", *BESIDE)
    assert status == 65
    assert "layer.1.mlp: holds a NaN or an infinity" in line


def test_inputs_that_do_not_fit_are_65(refused: Refused) -> None:
    golden = FIXTURES / "goldens/paligemma_pad.safetensors"
    model = FIXTURES / "checkpoints/pi0/transformers-5.23-fresh-save"
    status, line = refused("--model", model, "--family", "pi0", "--inputs", golden)
    assert status == 65
    assert "has no input in.state" in line


@pytest.mark.parametrize("content", ["[1, 2", '{"state": ["a"]}', "[]", "[1e99]", str([0] * 12)])
def test_a_state_that_is_none_is_65(
    content: str, refused: Refused, checkpoint: ByName, tmp_path: Path
) -> None:
    (tmp_path / "state.json").write_text(content)
    options = arguments("pi0", checkpoint("pi0"))
    status, line = refused(*options, "--state", tmp_path / "state.json")
    assert status == 65
    assert "state.json" in line


def test_an_existing_golden_is_73_and_kept(record: Record, tmp_path: Path) -> None:
    path = tmp_path / "golden.safetensors"
    path.write_text("kept")
    options = ("--model", DINOV2 / "hf", "--family", "dinov2", *BESIDE, "-o", path)
    status, lines = record(*options)
    assert (status, path.read_text()) == (73, "kept")
    assert lines[0].endswith("--force replaces it")
    assert record(*options, "--force") == (0, [])
    assert load_file(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["golden.safetensors"]


def test_an_input_is_not_replaced(record: Record, tmp_path: Path) -> None:
    shutil.copytree(DINOV2 / "hf", tmp_path / "model")
    file = tmp_path / "model/model.safetensors"
    before = file.read_bytes()
    options = ("--family", "dinov2", *BESIDE, "-o", file, "--force")
    status, lines = record("--model", tmp_path / "model", *options)
    assert (status, file.read_bytes() == before) == (73, True), lines


def test_a_folder_that_does_not_exist_is_73(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "absent/golden.safetensors"
    options = ("--model", DINOV2 / "hf", "--family", "dinov2", *BESIDE)
    status, line = refused(*options, output=path)
    assert (status, str(path) in line) == (73, True)


def command_line(model: Path, family: str, output: Path, *program: str) -> list[str]:
    """A recording in a process of its own."""
    options = ["--model", model, "--family", family, *BESIDE, "-o", output]
    return [sys.executable, *(program or ("-m", "depthvla.record")), *map(str, options)]


@pytest.mark.parametrize("module", ["transformers", "torch", "timm", "lerobot", "dinov2"])
def test_a_library_that_is_missing_is_69_and_said(module: str, tmp_path: Path) -> None:
    """A module of that name that cannot be imported takes the place of the library."""
    (tmp_path / f"{module}.py").write_text(f"raise ImportError('no {module} here')\n")
    naming = {"timm": "timm", "dinov2": "original", "lerobot": "lerobot-2025-10"}.get(module, "hf")
    family = "pi0" if module == "lerobot" else "dinov2"
    done = subprocess.run(
        command_line(FIXTURES / "checkpoints" / family / naming, family, tmp_path / "golden"),
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 69
    assert len(done.stderr.splitlines()) == 1
    assert f"{module} cannot be imported (no {module} here)" in done.stderr
    assert done.stdout == ""


def test_a_library_that_is_not_installed_is_69_and_its_extra_is_named(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    status, line = refused("--model", DINOV2 / "timm", "--family", "dinov2", *BESIDE)
    assert status == 69
    assert "timm" in line
    assert "pip install" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_recording_is_130_and_leaves_nothing(
    number: signal.Signals, tmp_path: Path
) -> None:
    """The model waits in its second layer until it is interrupted."""
    waiting = tmp_path / "waiting"
    (tmp_path / "run.py").write_text(f"""
import sys, time
from collections.abc import Callable
from pathlib import Path
from transformers.models.dinov2 import modeling_dinov2
from depthvla.record.command import main

plain = modeling_dinov2.Dinov2Layer.forward
calls = []

def forward(self, *args, **kwargs):
    calls.append(1)
    if len(calls) == 2:
        Path({str(waiting)!r}).touch()
        time.sleep(60)
    return plain(self, *args, **kwargs)

modeling_dinov2.Dinov2Layer.forward = forward
sys.exit(main(sys.argv[1:]))
""")
    out = tmp_path / "out"
    out.mkdir()
    with subprocess.Popen(
        command_line(DINOV2 / "hf", "dinov2", out / "golden", str(tmp_path / "run.py")),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for _ in range(600):
            if waiting.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(number)
        printed, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "depthvla.record: interrupted\n")
    assert printed == ""
    assert list(out.iterdir()) == []


def test_the_command_says_what_it_did_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "golden.safetensors"
    done = subprocess.run(
        command_line(DINOV2 / "hf", "dinov2", path),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    size = path.stat().st_size
    assert done.stdout.startswith(f"{path}: dinov2 by transformers ")
    assert done.stdout.endswith(f"14 stages in float32, 14 of them in float64, {size} bytes\n")
    header = path.read_bytes()[8:]
    metadata = json.JSONDecoder().raw_decode(header.decode("latin-1"))[0]["__metadata__"]
    assert metadata["family"] == "dinov2"
    assert json.loads(metadata["versions"])["python"] == ".".join(map(str, sys.version_info[:3]))
