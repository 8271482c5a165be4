"""Which module computes which stage, for the parts that models share."""

from __future__ import annotations

from typing import Any

from depthvla.record.capture import hidden_states
from depthvla.record.model import Tap


def siglip(tower: Any, prefix: str, calls: str = "once") -> list[Tap]:
    """SigLIP of transformers; ``X.attention`` and ``X.mlp`` are added to the residual stream."""
    # Up to transformers 5.5 the tower is a module inside a module.
    tower = getattr(tower, "vision_model", tower)
    taps = [Tap(f"{prefix}.embeddings", tower.embeddings, calls=calls)]
    for i, layer in enumerate(tower.encoder.layers):
        name = f"{prefix}.layer.{i}"
        taps += [
            Tap(f"{name}.attention", layer.self_attn.out_proj, calls=calls),
            Tap(f"{name}.mlp", layer.mlp, calls=calls),
            Tap(name, layer, calls=calls),
        ]
    return [*taps, Tap(f"{prefix}.last_hidden", tower.post_layernorm, calls=calls)]


def gemma(text: Any, prefix: str, final: str, calls: str = "once") -> list[Tap]:
    """The layers of Gemma as transformers has them, and what they are called with."""
    taps = [Tap(f"{prefix}embed", text.layers[0], hidden_states, before=True, calls=calls)]
    for i, layer in enumerate(text.layers):
        name = f"{prefix}layer.{i}"
        taps += [
            Tap(f"{name}.attention", layer.self_attn.o_proj, calls=calls),
            Tap(f"{name}.mlp", layer.mlp, calls=calls),
            Tap(name, layer, calls=calls),
        ]
    return [*taps, Tap(f"{prefix}{final}", text.norm, calls=calls)]


def dinov2(network: Any, prefix: str = "", parts: bool = True) -> list[Tap]:
    """DINOv2 of transformers. ``X.attention`` and ``X.mlp`` are before the layer scale."""
    taps = [Tap(f"{prefix}embeddings", network.embeddings)]
    for i, layer in enumerate(network.encoder.layer):
        name, attention = f"{prefix}layer.{i}", layer.attention
        if parts:
            # One linear layer in transformers since 5.18, a module of its own with registers.
            dense = attention.o_proj if hasattr(attention, "o_proj") else attention.output.dense
            taps += [Tap(f"{name}.attention", dense), Tap(f"{name}.mlp", layer.mlp)]
        taps.append(Tap(name, layer))
    return taps


def vision_transformer(network: Any, prefix: str = "", parts: bool = True) -> list[Tap]:
    """DINOv2 of timm and of the original code, which share the names of their modules."""
    blocks = list(network.blocks)
    taps = [Tap(f"{prefix}embeddings", blocks[0], _first_argument, before=True)]
    for i, block in enumerate(blocks):
        name = f"{prefix}layer.{i}"
        if parts:
            taps += [Tap(f"{name}.attention", block.attn), Tap(f"{name}.mlp", block.mlp)]
        taps.append(Tap(name, block))
    return taps


def _first_argument(args: Any, kwargs: Any, _output: Any) -> Any:
    return args[0] if args else kwargs.get("x")


def pi0(vlm: Any, expert: Any, out_proj: Any, calls: str = "once") -> list[Tap]:
    """pi0: a PaliGemma that is run once, and a Gemma that is run in every step.

    The stages of the expert are those of the first step, where t = 1 and x is the noise.

    Args:
        vlm: The model below PaliGemma's output head, as transformers has it.
        expert: The Gemma of the actions.
        out_proj: The last layer, which gives the velocity.
        calls: How often the vision tower is called in a run.
    """
    return [
        *siglip(vlm.vision_tower, "vision", calls),
        Tap("projector", vlm.multi_modal_projector, calls=calls),
        *gemma(vlm.language_model, "vlm.", "final"),
        *gemma(expert, "action.", "final", calls="first"),
        Tap("velocity_t1", out_proj, calls="first"),
        Tap("step.{i}.velocity", out_proj, calls="each"),
    ]
