"""Attention of every token to every token, and MLPs with biases: SigLIP's and DINOv2's."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[B, N, heads * d] -> [B, heads, N, d]."""
    return x.reshape(*x.shape[:-1], heads, -1).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[B, heads, N, d] -> [B, N, heads * d]."""
    return x.transpose(1, 2).flatten(2)


def self_attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Projected tokens [B, N, D] three times -> mixed [B, N, D], before the output projection."""
    attended = F.scaled_dot_product_attention(
        split_heads(query, heads), split_heads(key, heads), split_heads(value, heads)
    )
    return merge_heads(attended)
