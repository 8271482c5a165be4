"""Who sees whom in the attention that VLM, depth and action tokens share, and where tokens stand.

Source: paper arXiv 2510.13375; openpi `models_pytorch/pi0_pytorch.py`, `make_att_2d_masks`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from .configuration import AttentionPattern
from .vision_layers import merge_heads

_BLOCKS = {"vlm": 0, "depth": 1, "action": 2}


def attention_mask(valid: Mapping[str, Tensor], pattern: AttentionPattern) -> Tensor:
    """Which token may look at which: bool [B, N, N], rows look at columns.

    The block mask::

                   vlm   depth   state   actions
        vlm         x      .       .        .
        depth       .      x       .        .
        state       x      x       x        .
        actions     x      x       x        x

    Tokens see in both directions inside their kind. As VLM and depth tokens see their own kind
    alone, their keys and values do not depend on the actions and can be kept for all steps. The
    pattern `full` is the ablation: every row sees every column. Nobody sees padding or a missing
    camera.

    Args:
        valid: By expert, in the order vlm, depth, action, which tokens carry meaning: bool [B, N].
            The first token of `action` is the state. An expert may be absent.
        pattern: `block` or `full`.
    """
    keys = torch.cat(list(valid.values()), dim=1)  # [B, N]
    if pattern == "full":
        allowed = keys[:, None, :].expand(-1, keys.shape[1], -1)
    else:
        kinds = torch.cat(
            [
                torch.full((flags.shape[1],), _BLOCKS[name], device=keys.device)
                for name, flags in valid.items()
            ]
        )  # [N]
        rows, columns = kinds[:, None], kinds[None, :]
        sees = (rows == columns) | (rows == _BLOCKS["action"])  # [N, N]
        if "action" in valid:
            state = int(sum(f.shape[1] for name, f in valid.items() if name != "action"))
            sees[state, state + 1 :] = False
        allowed = sees & keys[:, None, :]
    # A row that sees nothing is padding, and what it computes is never used; but softmax over
    # nothing is NaN, and NaN times a weight of zero is NaN.
    return allowed | ~allowed.any(dim=-1, keepdim=True)


def positions(valid: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Where each token stands, for rotary embedding: by expert, whole numbers [B, N].

    Positions count valid tokens: 0, 1, 2, …; those of padding carry no meaning. State and
    actions stand behind the VLM's tokens, as if there were no depth.
    """
    counted = {name: f.long().cumsum(-1) - 1 for name, f in valid.items()}
    if "action" in counted:
        counted["action"] = counted["action"] + valid["vlm"].sum(-1, keepdim=True)
    return counted


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """softmax(q k / sqrt(d)) v, each key head for several query heads.

    Args:
        query: [B, Q, N, d].
        key: [B, K, M, d], K a divisor of Q; M is N, or more with keys that were kept.
        value: [B, K, M, d].
        mask: bool [B, N, M], true where a query may look.

    Returns:
        [B, N, Q * d].
    """
    groups = query.shape[1] // key.shape[1]
    # Not enable_gqa: on a GPU PyTorch has it for FlashAttention, which takes no mask, and for its
    # slowest kernel.
    mixed = F.scaled_dot_product_attention(
        query, _for_each(key, groups), _for_each(value, groups), attn_mask=mask[:, None]
    )
    return merge_heads(mixed)


def _for_each(x: Tensor, groups: int) -> Tensor:
    """Heads [B, K, N, d], each repeated: [B, K * groups, N, d]; a view where K is 1."""
    return x[:, :, None].expand(-1, -1, groups, -1, -1).flatten(1, 2)
