#!/usr/bin/env bash
# Expected: one function of the same numbers on one thread of one machine gives the same bits, wherever the numbers lie.
# Seen: in torch 2.13.0 (CPU, x86-64) the last bits of a small `linear` depend on the address of its input modulo 16. An
# input read by safetensors lies at a multiple of 8, wherever its file has it, and a copy of it lies at a multiple of 64:
# the two give different results. So two runs are to be compared with a tolerance, or on copies.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch
from torch.nn.functional import linear

torch.set_num_threads(1)
torch.manual_seed(0)
weight, bias, x = torch.randn(28, 11), torch.randn(28), torch.randn(2, 11)


def at(offset: int) -> torch.Tensor:
    """The input at an address that is `offset` above a multiple of 64."""
    memory = torch.empty(128 + 4 * x.numel(), dtype=torch.uint8)
    start = -memory.data_ptr() % 64 + offset
    placed = memory[start : start + 4 * x.numel()].view(torch.float32).view(x.shape)
    return placed.copy_(x)


print("torch", torch.__version__)
aligned = linear(at(0), weight, bias)
differing = []
for offset in (0, 4, 8, 16, 32):
    count = int((linear(at(offset), weight, bias) != aligned).sum())
    print(f"address {offset:2} above a multiple of 64: {count} of {aligned.numel()} results differ")
    differing += [offset] if count else []
raise SystemExit(0 if differing == [4, 8] else "the finding no longer holds here")
PYTHON
