"""The block mask and the positions, written out; attention, against its definition."""

from __future__ import annotations

import math

import pytest
import torch

from depthvla.torch.attention import attend, attention_mask, positions

from .support import of_maximum


def flags(*rows: str) -> torch.Tensor:
    return torch.tensor([[letter == "x" for letter in row] for row in rows])


VALID = {"vlm": flags("xx.", "xxx"), "depth": flags("xx", "x."), "action": flags("xxx", "xxx")}
"""Two samples: three VLM tokens, two depth tokens, a state and two actions."""


def test_the_block_mask_is_the_papers() -> None:
    # Columns: VLM, depth, state, actions.
    first = [
        "xx. .. . ..",
        "xx. .. . ..",
        "xx. .. . ..",
        "... xx . ..",
        "... xx . ..",
        "xx. xx x ..",
        "xx. xx x xx",
        "xx. xx x xx",
    ]
    second = [
        "xxx .. . ..",
        "xxx .. . ..",
        "xxx .. . ..",
        "... x. . ..",
        "... x. . ..",
        "xxx x. x ..",
        "xxx x. x xx",
        "xxx x. x xx",
    ]
    expected = torch.stack([flags(*(r.replace(" ", "") for r in rows)) for rows in (first, second)])
    assert torch.equal(attention_mask(VALID, "block"), expected)


def test_the_full_mask_hides_padding_alone() -> None:
    expected = flags("xx.xxxxx", "xxxx.xxx")[:, None].expand(2, 8, 8)
    assert torch.equal(attention_mask(VALID, "full"), expected)


def test_without_depth_it_is_the_mask_of_pi0() -> None:
    pi0 = {name: rows[1:] for name, rows in VALID.items() if name != "depth"}
    expected = flags("xxx...", "xxx...", "xxx...", "xxxx..", "xxxxxx", "xxxxxx")
    assert torch.equal(attention_mask(pi0, "block"), expected[None])


def test_a_row_that_would_see_nothing_sees_everything_instead() -> None:
    valid = VALID | {"depth": flags("..", "xx")}
    mask = attention_mask(valid, "block")
    assert mask[0, 3:5].all()
    assert not mask[0, 5:, 3:5].any()
    assert torch.equal(mask[1, 3:5], flags("...xx...", "...xx..."))


def test_state_and_actions_stand_behind_the_vlm_as_if_there_were_no_depth() -> None:
    found = positions({**VALID, "vlm": flags("x.x", "xxx")})
    assert found["vlm"].tolist() == [[0, 0, 1], [0, 1, 2]]
    assert found["depth"].tolist() == [[0, 1], [0, 0]]
    assert found["action"].tolist() == [[2, 3, 4], [3, 4, 5]]


@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_attention_is_softmax_of_scaled_products(key_heads: int) -> None:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    query, key, value = normal(2, 4, 3, 6), normal(2, key_heads, 5, 6), normal(2, key_heads, 5, 6)
    mask = normal(2, 3, 5) > -0.5
    assert mask.any(-1).all()
    expected = torch.zeros(2, 3, 4, 6, dtype=torch.float64)
    for sample in range(2):
        for head in range(4):
            shared = head * key_heads // 4
            for row in range(3):
                seen = mask[sample, row]
                scores = key[sample, shared, seen] @ query[sample, head, row] / math.sqrt(6)
                weights = scores.exp() / scores.exp().sum()
                expected[sample, row, head] = weights @ value[sample, shared, seen]
    assert of_maximum(attend(query, key, value, mask), expected.flatten(2)) < 1e-14
