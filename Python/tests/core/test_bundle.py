"""What a bundle says, and what its tensors are, beside the files that it was made from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import depthvla

from ..conftest import CHECKPOINTS, FIXTURES, MakeBundle, run_command, with_changed_byte

PLAIN = CHECKPOINTS / "depthvla/plain"


def source_tensors(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a checkpoint, read by the safetensors library."""
    tensors: dict[str, np.ndarray] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(file)
    return tensors


def test_tensors_are_those_of_the_checkpoint_bit_for_bit(depthvla_bundle: Path) -> None:
    expected = source_tensors(PLAIN)
    with depthvla.open(depthvla_bundle) as bundle:
        assert set(bundle) == set(expected)
        assert len(bundle) == len(expected)
        for name, tensor in expected.items():
            found = bundle[name]
            assert found.dtype == tensor.dtype
            assert found.shape == tensor.shape == bundle.info(name).shape
            assert found.tobytes() == tensor.tobytes(), name


def test_root_family_and_provenance_are_those_that_the_command_prints(
    depthvla_bundle: Path,
) -> None:
    inspected = json.loads(run_command("inspect", "--json", depthvla_bundle))
    with depthvla.open(depthvla_bundle) as bundle:
        assert bundle.root == inspected["root"]
        assert bundle.family == inspected["family"] == "depthvla"
        assert bundle.nbytes == depthvla_bundle.stat().st_size
        sources = json.dumps(bundle.provenance)
        for file in PLAIN.glob("*.safetensors"):
            assert hashlib.sha256(file.read_bytes()).hexdigest() in sources
        assert bundle.configuration["action"]["action_dim"] == 7
        assert bundle.signature is None


def test_a_document_that_a_caller_changes_is_not_changed_for_the_next(
    depthvla_bundle: Path,
) -> None:
    with depthvla.open(depthvla_bundle) as bundle:
        bundle.configuration.clear()
        assert bundle.configuration


def test_bf16_is_ml_dtypes_bfloat16_and_without_it_the_same_values_as_float32(
    make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    path = make_bundle("--depthvla", "depthvla/plain", "--precision", "bf16")
    name = "vlm.layers.0.self_attn.q_proj.weight"
    source = source_tensors(PLAIN)[name]
    with depthvla.open(path) as bundle:
        found = bundle[name]
        assert found.dtype == ml_dtypes.bfloat16
        np.testing.assert_array_equal(
            found.view(np.uint16), source.astype(ml_dtypes.bfloat16).view(np.uint16)
        )
        monkeypatch.setitem(__import__("sys").modules, "ml_dtypes", None)
        widened = bundle[name]
        assert widened.dtype == np.float32
        np.testing.assert_array_equal(widened, found.astype(np.float32))


def test_assets_are_the_files_that_were_given(make_bundle: MakeBundle) -> None:
    tokenizer = FIXTURES / "tokenizers/tiny/tokenizer.model"
    path = make_bundle("--depthvla", "depthvla/plain", "--tokenizer", tokenizer)
    with depthvla.open(path) as bundle:
        (asset,) = bundle.assets.values()
        assert asset.role == "tokenizer"
        assert asset.read() == tokenizer.read_bytes()
        assert asset.sha256 == hashlib.sha256(tokenizer.read_bytes()).hexdigest()


def test_a_mapped_bundle_gives_arrays_in_place_that_outlive_it(make_bundle: MakeBundle) -> None:
    path = make_bundle("--depthvla", "depthvla/plain", "--store")
    expected = source_tensors(PLAIN)
    bundle = depthvla.open(path, map=True)
    arrays = {name: bundle[name] for name in bundle}
    bundle.close()
    for name, tensor in expected.items():
        assert not arrays[name].flags.writeable
        np.testing.assert_array_equal(arrays[name], tensor)


def test_a_changed_byte_is_found_by_the_tensor_that_it_touches_and_by_verify(
    depthvla_bundle: Path, tmp_path: Path
) -> None:
    last = "action.layers.1.mlp.up_proj.weight"
    damaged = with_changed_byte(depthvla_bundle, last, tmp_path / "damaged.dvla.safetensors")
    with depthvla.open(damaged) as bundle:
        with pytest.raises(depthvla.Error) as found:
            bundle[last]
        assert found.value.code == "bundle.chunk-checksum"
        assert found.value.status == 65
        assert found.value.tensor == last
        assert found.value.file == str(damaged)
        with pytest.raises(depthvla.Error) as failed:
            bundle.verify()
        assert failed.value.tensor == last
        with pytest.raises(depthvla.Error, match="chunk"):
            bundle.state_dict(framework="numpy")


def test_verify_tells_how_far_it_is(depthvla_bundle: Path) -> None:
    seen: list[tuple[int, int]] = []
    with depthvla.open(depthvla_bundle) as bundle:
        bundle.verify(progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (depthvla_bundle.stat().st_size,) * 2
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


class TestTrust:
    """Signed bundles."""

    KEY = FIXTURES / "signing/p256.pem"
    PUBLIC = FIXTURES / "signing/p256.pub.pem"
    OTHER = FIXTURES / "signing/other-p256.pub.pem"

    @pytest.fixture
    def signed(self, depthvla_bundle: Path, tmp_path: Path) -> Path:
        """A bundle signed as release 3."""
        path = tmp_path / "signed.dvla.safetensors"
        path.write_bytes(depthvla_bundle.read_bytes())
        run_command("sign", path, "--key", self.KEY, "--release", "3")
        return path

    def test_the_right_key_opens_it_by_path_and_by_text(self, signed: Path) -> None:
        for key in (self.PUBLIC, str(self.PUBLIC), self.PUBLIC.read_bytes()):
            with depthvla.open(signed, trust=depthvla.Trust([key], minimum_release=3)) as bundle:
                assert bundle.release == 3
                assert bundle.signature is not None
                assert bundle.signature["root"] == bundle.root
                assert bundle.state_dict(framework="numpy")

    @pytest.mark.parametrize(
        ("trust", "code"),
        [
            (depthvla.Trust([OTHER]), "signature.key"),
            (depthvla.Trust([PUBLIC], minimum_release=4), "signature.release"),
        ],
    )
    def test_another_key_or_an_older_release_is_refused(
        self, signed: Path, trust: depthvla.Trust, code: str
    ) -> None:
        with pytest.raises(depthvla.Error) as found:
            depthvla.open(signed, trust=trust)
        assert (found.value.code, found.value.status) == (code, 1)

    def test_an_unsigned_bundle_is_refused(self, depthvla_bundle: Path) -> None:
        with pytest.raises(depthvla.Error) as found:
            depthvla.open(depthvla_bundle, trust=depthvla.Trust([self.PUBLIC]))
        assert found.value.code == "signature.missing"

    @pytest.fixture
    def gated(self, make_bundle: MakeBundle, tmp_path: Path) -> Path:
        """A bundle that passed a gate."""
        trained = FIXTURES / "trained"
        path = tmp_path / "gated.dvla.safetensors"
        path.write_bytes(
            make_bundle("--depthvla", trained / "depthvla", "--precision", "int8").read_bytes()
        )
        (tmp_path / "budget.json").write_text(self.budget(0.5))
        run_command(
            *("gate", path, "--against", make_bundle("--depthvla", trained / "depthvla")),
            *("--observations", trained / "observations", "--budget", tmp_path / "budget.json"),
            *("--seeds", "1", "--work", tmp_path, "--sign", self.KEY),
        )
        return path

    @staticmethod
    def budget(limit: float) -> str:
        """The largest drift of an action, as a share of the standard deviation."""
        worst = {"measure": "action.max_of_std", "statistic": "worst", "at_most": limit}
        return json.dumps({"schema": 1, "observations": {"at_least": 8}, "limits": [worst]})

    def test_a_passed_gate_can_be_demanded(
        self, gated: Path, depthvla_bundle: Path, tmp_path: Path
    ) -> None:
        gate = depthvla.GateRequirement([self.PUBLIC], budget=tmp_path / "budget.json")
        with depthvla.open(gated, trust=depthvla.Trust(gate=gate)) as bundle:
            assert bundle.signature is None
            assert bundle.gate is not None
            assert (bundle.gate["passed"], bundle.gate["root"]) == (True, bundle.root)
            assert bundle.state_dict(framework="numpy")
        (tmp_path / "strict.json").write_text(self.budget(1e-6))
        statement = f"{gated}.gate"
        for path, demand, code in (
            (gated, depthvla.GateRequirement([self.OTHER]), "signature.key"),
            (
                gated,
                depthvla.GateRequirement([self.PUBLIC], budget=tmp_path / "strict.json"),
                "gate.weaker-budget",
            ),
            (depthvla_bundle, depthvla.GateRequirement([self.PUBLIC]), "gate.missing"),
            (
                depthvla_bundle,
                depthvla.GateRequirement([self.PUBLIC.read_bytes()], statement=statement),
                "gate.other-bundle",
            ),
        ):
            with pytest.raises(depthvla.Error) as found:
                depthvla.open(path, trust=depthvla.Trust(gate=demand))
            assert (found.value.code, found.value.status) == (code, 1)
        with pytest.raises(depthvla.Error) as found:
            depthvla.Policy(gated, trust=depthvla.Trust([self.PUBLIC], gate=gate))
        assert found.value.code == "signature.missing"

    def test_half_a_demand_is_refused(self) -> None:
        for make in (
            lambda: depthvla.Trust(),
            lambda: depthvla.Trust([], gate=depthvla.GateRequirement([self.PUBLIC])),
            lambda: depthvla.Trust(minimum_release=3, gate=depthvla.GateRequirement([self.PUBLIC])),
            lambda: depthvla.GateRequirement([]),
        ):
            with pytest.raises(depthvla.Error) as found:
                make()
            assert found.value.code == "argument.range"
        with pytest.raises(TypeError):
            depthvla.GateRequirement("key.pem")
        with pytest.raises(TypeError):
            depthvla.Trust(gate=self.PUBLIC)  # type: ignore[arg-type]

    def test_no_key_is_no_trust(self) -> None:
        with pytest.raises(depthvla.Error):
            depthvla.Trust([])
        with pytest.raises(TypeError):
            depthvla.Trust("key.pem")
