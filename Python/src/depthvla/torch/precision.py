"""Which steps are computed in float32 when the model is in a narrower type.

Norms, rotary embedding, softmax, losses and the integration of actions lose too much in BF16. They
are computed in float32 there, as in transformers and openpi, and in float64 in a float64 model.
"""

from __future__ import annotations

import torch
from torch import Tensor


def wide(dtype: torch.dtype) -> torch.dtype:
    """Float32, or float64 for float64."""
    return torch.promote_types(dtype, torch.float32)


def widened(x: Tensor) -> Tensor:
    """The tensor in float32, or in float64 if it is."""
    return x.to(wide(x.dtype))
