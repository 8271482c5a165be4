"""One layer of a Gemma 1 decoder, cut in two around attention, so that experts can share it.

Source: transformers `models/gemma/modeling_gemma.py`; openpi `models_pytorch/gemma_pytorch.py`.
Names of submodules are those of the layout.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .configuration import GemmaConfiguration
from .precision import widened
from .trace import NO_TRACE, Trace
from .vision_layers import split_heads


class RMSNorm(nn.Module):
    """x / rms(x) * (1 + weight): the stored weight is an offset from one."""

    def __init__(self, width: int, epsilon: float) -> None:
        """Makes the offsets."""
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, N, D] in the type of x, computed in float32 at least."""
        y = widened(x)
        y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + self.epsilon)
        return (y * (1 + widened(self.weight))).to(x.dtype)


class Rotary(NamedTuple):
    """Cosines and sines of the angles of tokens at their positions, [B, 1, N, d / 2] each."""

    cos: Tensor
    sin: Tensor

    @classmethod
    def at(cls, positions: Tensor, c: GemmaConfiguration, dtype: torch.dtype) -> Rotary:
        """Of positions, whole numbers [B, N].

        The angles are computed in float64, as a position of a thousand leaves float32 too few
        digits behind the point.
        """
        half = c.head_dim // 2
        exponents = torch.arange(half, dtype=torch.float64, device=positions.device) / half
        frequencies = c.rope_theta**-exponents  # [d / 2]
        angles = positions[:, None, :, None] * frequencies  # [B, 1, N, d / 2]
        return cls(angles.cos().to(dtype), angles.sin().to(dtype))

    def rotate(self, x: Tensor) -> Tensor:
        """Queries or keys [B, heads, N, d]; channel i is paired with channel i + d / 2.

        The products have the type of the cosines, float32 at least.
        """
        left, right = x.chunk(2, dim=-1)
        rotated = [left * self.cos - right * self.sin, right * self.cos + left * self.sin]
        return torch.cat(rotated, dim=-1).to(x.dtype)


class Projections(NamedTuple):
    """What the tokens of one expert bring to attention, rotated to their positions."""

    query: Tensor
    """[B, Q, N, d]."""
    key: Tensor
    """[B, K, N, d]."""
    value: Tensor
    """[B, K, N, d]."""


class GemmaAttention(nn.Module):
    """The projections into and out of attention."""

    def __init__(self, c: GemmaConfiguration) -> None:
        """Makes the projections; none has a bias."""
        super().__init__()
        self.configuration = c
        self.q_proj = nn.Linear(c.width, c.heads * c.head_dim, bias=False)
        self.k_proj = nn.Linear(c.width, c.key_value_heads * c.head_dim, bias=False)
        self.v_proj = nn.Linear(c.width, c.key_value_heads * c.head_dim, bias=False)
        self.o_proj = nn.Linear(c.heads * c.head_dim, c.width, bias=False)

    def project(self, x: Tensor, rotary: Rotary) -> Projections:
        """Normed tokens [B, N, D] -> queries, keys and values."""
        c = self.configuration
        return Projections(
            query=rotary.rotate(split_heads(self.q_proj(x), c.heads)),
            key=rotary.rotate(split_heads(self.k_proj(x), c.key_value_heads)),
            value=split_heads(self.v_proj(x), c.key_value_heads),
        )


class GemmaMLP(nn.Module):
    """down(gelu(gate(x)) * up(x))."""

    def __init__(self, c: GemmaConfiguration) -> None:
        """Makes the three layers; none has a bias."""
        super().__init__()
        self.gelu = c.gelu
        self.gate_proj = nn.Linear(c.width, c.mlp_width, bias=False)
        self.up_proj = nn.Linear(c.width, c.mlp_width, bias=False)
        self.down_proj = nn.Linear(c.mlp_width, c.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, N, D]."""
        gate = F.gelu(self.gate_proj(x), approximate=self.gelu)
        expanded: Tensor = self.down_proj(gate * self.up_proj(x))
        return expanded


class GemmaLayer(nn.Module):
    """x += attention(norm(x)); x += mlp(norm(x))."""

    def __init__(self, c: GemmaConfiguration) -> None:
        """Makes a layer."""
        super().__init__()
        self.input_layernorm = RMSNorm(c.width, c.epsilon)
        self.self_attn = GemmaAttention(c)
        self.post_attention_layernorm = RMSNorm(c.width, c.epsilon)
        self.mlp = GemmaMLP(c)

    def project(self, x: Tensor, rotary: Rotary) -> Projections:
        """The first half, tokens [B, N, D] -> queries, keys and values."""
        return self.self_attn.project(self.input_layernorm(x), rotary)

    def update(self, x: Tensor, mixed: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """The second half, with what attention gave these tokens, [B, N, Q * d] -> [B, N, D].

        Stages: `attention`, `mlp`; the trace knows which tokens carry meaning.
        """
        attended: Tensor = self.self_attn.o_proj(mixed)
        trace("attention", attended)
        x = x + attended
        expanded: Tensor = self.mlp(self.post_attention_layernorm(x))
        trace("mlp", expanded)
        return x + expanded
