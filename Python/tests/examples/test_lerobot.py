"""lerobot's PI0Policy made of a bundle, beside the policy that lerobot itself loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import PROJECT, run_command

pytest.importorskip("lerobot.policies.pi0.modeling_pi0", reason="lerobot is not installed")

# Before lerobot builds anything: a tiny policy, which its own sizes do not offer.
SCRIPT = """
import sys
from pathlib import Path

import torch

sys.path[:0] = [sys.argv[2], sys.argv[3]]
import tiny_lerobot

tiny_lerobot.shrink()
import load_into_lerobot
from lerobot.policies.pi0.modeling_pi0 import PI0Policy

folder = Path(sys.argv[1])
theirs = PI0Policy.from_pretrained(folder / "policy", local_files_only=True).eval()
ours = load_into_lerobot.load(str(folder / "policy.dvla.safetensors"))
expected, found = theirs.state_dict(), ours.state_dict()
assert set(found) == set(expected)
assert all(torch.equal(found[name], expected[name]) for name in expected)
generator = torch.Generator().manual_seed(1)
pictures = [torch.randn(1, 3, 42, 42, generator=generator) for _ in range(2)]
there = [torch.ones(1, dtype=torch.bool)] * 2
ids, mask = torch.arange(2, 9)[None], torch.ones(1, 7, dtype=torch.bool)
state, noise = torch.randn(1, 11, generator=generator), torch.randn(1, 8, 7, generator=generator)
with torch.no_grad():
    given = (pictures, there, ids, mask, state)
    a = theirs.model.sample_actions(*given, noise=noise)
    b = ours.model.sample_actions(*given, noise=noise)
assert torch.equal(a, b) and a.abs().max() > 0.1
print("equal")
"""
TINY = PROJECT / "Python/tests/record"


def test_the_policy_acts_as_the_one_that_lerobot_loads(tmp_path: Path) -> None:
    tiny = TINY / "tiny_lerobot.py"
    subprocess.run([sys.executable, tiny, "save", tmp_path / "policy"], check=True)
    run_command(
        *("convert", "--quiet", "--pi0", tmp_path / "policy"),
        *("--set", "vision.num_attention_heads=2", "--set", "text.num_attention_heads=8"),
        *("-o", tmp_path / "policy.dvla.safetensors"),
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, TINY, PROJECT / "Python/examples"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("equal\n"), done.stderr
