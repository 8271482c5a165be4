#!/usr/bin/env bash
# Expected: sums of the same float32 products are about as exact by `conv2d` as by `linear` on the unfolded picture, since
# both come from libraries that add up in blocks.
# Seen: in torch 2.13.0 (CPU, x86-64) a 3 x 3 convolution (oneDNN) loses 6 decibels with every fourfold number of channels,
# as one long sum does, and `linear` (MKL) hardly any: 5 dB apart with 64 channels, 16 with 1024, 18 with 2048, which is
# eight times the error. So a tolerance for stages of convolutions cannot be that of layers with as many terms, and PyTorch's
# float32 is no measure of what float32 can do there. The instructions are limited to AVX2, so that wider processors show
# the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 "$folder/venv/bin/python" - <<'PYTHON'
import math

import torch
from torch.nn.functional import conv2d, linear, unfold

torch.set_num_threads(1)
torch.manual_seed(0)


def decibels(found: torch.Tensor, exact: torch.Tensor) -> float:
    """Signal to error."""
    return 10 * math.log10(float((exact**2).sum() / ((found.double() - exact) ** 2).sum()))


print("torch", torch.__version__)
apart = {}
for channels in (64, 256, 1024, 2048):
    x = torch.randn(1, channels, 24, 24)
    weight = torch.randn(64, channels, 3, 3) / math.sqrt(9 * channels)
    exact = conv2d(x.double(), weight.double(), padding=1)
    neighbourhoods = unfold(x, 3, padding=1).transpose(1, 2).contiguous()
    product = linear(neighbourhoods, weight.flatten(1)).transpose(1, 2).reshape(exact.shape)
    by_conv2d, by_linear = decibels(conv2d(x, weight, padding=1), exact), decibels(product, exact)
    print(f"{channels:4} channels: conv2d {by_conv2d:.1f} dB, linear {by_linear:.1f} dB")
    apart[channels] = by_linear - by_conv2d
holds = apart[64] < 8 and apart[1024] > 12 and apart[2048] > 15
raise SystemExit(0 if holds else "the finding no longer holds here")
PYTHON
