"""The sizes of the model, read from the configuration that a bundle holds.

There are no defaults: a bundle states every value that a model needs. The keys are those of the
Swift runtime (`Sources/Runtime/Models`), and so are the errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from depthvla.errors import Error

AttentionPattern = Literal["block", "full"]
"""Which tokens attend to which: the paper's block mask, or its ablation without one."""

PositionResampling = Literal["bicubic", "bicubic-antialias", "bicubic-offset"]
"""How DINOv2's position table is fitted to other picture sizes; `dinov2` has the sources."""

GeluApproximation = Literal["none", "tanh"]
"""The `approximate` of `torch.nn.functional.gelu`."""

_GELU: Mapping[str, GeluApproximation] = {
    "gelu": "none",
    "gelu_python": "none",
    "gelu_pytorch_tanh": "tanh",
}

# Gemma was released with "gelu" in its config and trained with the tanh form; transformers reads
# the word that way.
_GEMMA_GELU: Mapping[str, GeluApproximation] = {**_GELU, "gelu": "tanh"}

ATTENTION_PATTERNS: Mapping[str, AttentionPattern] = {"block": "block", "full": "full"}

_RESAMPLINGS: Mapping[str, PositionResampling] = {
    "bicubic": "bicubic",
    "bicubic-antialias": "bicubic-antialias",
    "bicubic-offset": "bicubic-offset",
}

_Value = TypeVar("_Value")


def configuration_error(message: str, key: str | None = None) -> Error:
    """An error of a configuration that lacks a value, or holds one that cannot be."""
    return Error("model.configuration", 65, message, key=key)


class Scope:
    """One object of a configuration, read strictly.

    Every reader raises `depthvla.errors.Error` with the code `model.configuration` when the key is
    missing or its value is not of the kind that is asked for.
    """

    def __init__(self, value: object, path: str = "configuration") -> None:
        """Wraps a JSON object; `path` says where it stands, for errors."""
        if not isinstance(value, Mapping):
            raise configuration_error(f"{path}: expected an object", path)
        self._values = cast("Mapping[str, Any]", value)
        self.path = path

    def scope(self, key: str) -> Scope:
        """The object under a key."""
        return Scope(self._value(key), f"{self.path}.{key}")

    def has(self, key: str) -> bool:
        """Whether the key is there and is not null."""
        return self._values.get(key) is not None

    def integer(self, key: str, *, at_least: int = 1) -> int:
        """A whole number."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
            raise self._mismatch(key, f"a whole number, {at_least} or more", value)
        return value

    def number(self, key: str, *, zero: bool = False) -> float:
        """A finite number above 0, or from 0 on with `zero`."""
        value = self._value(key)
        wanted = "a number, 0 or more" if zero else "a positive number"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._mismatch(key, wanted, value)
        if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
            raise self._mismatch(key, wanted, value)
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self._mismatch(key, "true or false", value)
        return value

    def choice(self, key: str, of: Mapping[str, _Value]) -> _Value:
        """What one of some words stands for."""
        value = self._value(key)
        if not isinstance(value, str) or value not in of:
            raise self._mismatch(key, "one of " + ", ".join(sorted(of)), value)
        return of[value]

    def contradiction(self, message: str) -> Error:
        """An error about values that do not go together."""
        return configuration_error(f"{self.path}: {message}", self.path)

    def _value(self, key: str) -> object:
        if not self.has(key):
            raise configuration_error(f"{self.path}.{key}: expected a value, found none", key)
        return self._values[key]

    def _mismatch(self, key: str, wanted: str, value: object) -> Error:
        return configuration_error(f"{self.path}.{key}: expected {wanted}, found {value!r}", key)


@dataclass(frozen=True)
class SiglipConfiguration:
    """SigLIP's vision tower. Source: transformers `models/siglip/configuration_siglip.py`."""

    width: int
    mlp_width: int
    layers: int
    heads: int
    channels: int
    image_size: int
    patch: int
    epsilon: float
    gelu: GeluApproximation

    @property
    def patches(self) -> int:
        """Tokens of one picture."""
        return (self.image_size // self.patch) ** 2

    @classmethod
    def read(cls, scope: Scope) -> SiglipConfiguration:
        """Reads the scope `vision`."""
        result = cls(
            width=scope.integer("hidden_size"),
            mlp_width=scope.integer("intermediate_size"),
            layers=scope.integer("num_hidden_layers"),
            heads=scope.integer("num_attention_heads"),
            channels=scope.integer("num_channels"),
            image_size=scope.integer("image_size"),
            patch=scope.integer("patch_size"),
            epsilon=scope.number("layer_norm_eps"),
            gelu=scope.choice("hidden_act", _GELU),
        )
        if result.width % result.heads:
            raise scope.contradiction(
                f"{result.heads} heads do not divide a width of {result.width}"
            )
        if result.image_size % result.patch:
            raise scope.contradiction(
                f"patches of {result.patch} do not fill an image of {result.image_size}"
            )
        return result


@dataclass(frozen=True)
class DINOv2Configuration:
    """DINOv2, with or without registers, plain or SwiGLU.

    Source: transformers `models/dinov2/configuration_dinov2.py` and
    `models/dinov2_with_registers/configuration_dinov2_with_registers.py`.
    """

    width: int
    mlp_width: int
    layers: int
    heads: int
    channels: int
    patch: int
    registers: int
    position_rows: int
    """Of the position table: one for the class token, then the patches of a square picture."""
    swiglu: bool
    epsilon: float
    gelu: GeluApproximation
    resampling: PositionResampling

    @property
    def table_side(self) -> int:
        """Rows, and columns, of the position table's own grid."""
        return math.isqrt(self.position_rows - 1)

    @classmethod
    def read(cls, scope: Scope) -> DINOv2Configuration:
        """Reads the scope `encoder`."""
        registers = scope.integer("num_register_tokens", at_least=0)
        # What transformers does: its two models differ.
        resampling: PositionResampling = "bicubic-antialias" if registers else "bicubic"
        if scope.has("position_resampling"):
            resampling = scope.choice("position_resampling", _RESAMPLINGS)
        result = cls(
            width=scope.integer("hidden_size"),
            mlp_width=scope.integer("intermediate_size"),
            layers=scope.integer("num_hidden_layers"),
            heads=scope.integer("num_attention_heads"),
            channels=scope.integer("num_channels"),
            patch=scope.integer("patch_size"),
            registers=registers,
            position_rows=scope.integer("position_rows", at_least=2),
            swiglu=scope.flag("use_swiglu_ffn"),
            epsilon=scope.number("layer_norm_eps"),
            gelu=scope.choice("hidden_act", _GELU),
            resampling=resampling,
        )
        if result.width % result.heads:
            raise scope.contradiction(
                f"{result.heads} heads do not divide a width of {result.width}"
            )
        if result.table_side**2 != result.position_rows - 1:
            raise scope.contradiction(
                "expected a class token and a square of positions, found "
                f"{result.position_rows} rows"
            )
        return result


@dataclass(frozen=True)
class GemmaConfiguration:
    """A Gemma 1 decoder. Source: transformers `models/gemma/configuration_gemma.py`."""

    width: int
    mlp_width: int
    layers: int
    heads: int
    key_value_heads: int
    head_dim: int
    epsilon: float
    rope_theta: float
    gelu: GeluApproximation

    @classmethod
    def read(cls, scope: Scope) -> GemmaConfiguration:
        """Reads the scope `text`, `depth` or `action`."""
        result = cls(
            width=scope.integer("hidden_size"),
            mlp_width=scope.integer("intermediate_size"),
            layers=scope.integer("num_hidden_layers"),
            heads=scope.integer("num_attention_heads"),
            key_value_heads=scope.integer("num_key_value_heads"),
            head_dim=scope.integer("head_dim"),
            epsilon=scope.number("rms_norm_eps"),
            rope_theta=scope.number("rope_theta"),
            gelu=scope.choice("hidden_act", _GEMMA_GELU),
        )
        if result.heads % result.key_value_heads:
            raise scope.contradiction(
                f"{result.key_value_heads} key heads do not divide {result.heads} query heads"
            )
        if result.head_dim % 2:
            raise scope.contradiction(
                f"rotary embedding needs an even head_dim, found {result.head_dim}"
            )
        return result


@dataclass(frozen=True)
class DepthConfiguration:
    """The depth expert with its encoder, and the weights of its loss."""

    encoder: DINOv2Configuration
    decoder: GemmaConfiguration
    frozen: bool
    """Whether training leaves the expert as it is, an ablation of the paper."""
    loss_weight: float
    """The weight of the depth loss beside the flow loss; 0 is an ablation of the paper."""
    loss_lambda: float
    """λ of the scale-invariant loss."""

    @classmethod
    def read(cls, root: Scope) -> DepthConfiguration:
        """Reads the scopes `encoder` and `depth`."""
        scope = root.scope("depth")
        return cls(
            encoder=DINOv2Configuration.read(root.scope("encoder")),
            decoder=GemmaConfiguration.read(scope),
            frozen=scope.flag("frozen"),
            loss_weight=scope.number("loss_weight", zero=True),
            loss_lambda=scope.number("loss_lambda", zero=True),
        )


@dataclass(frozen=True)
class ActionConfiguration:
    """The action expert, and how it is sampled."""

    decoder: GemmaConfiguration
    state_dim: int
    action_dim: int
    horizon: int
    """Actions of a chunk."""
    steps: int
    """Euler steps from noise to actions."""
    min_period: float
    max_period: float

    @classmethod
    def read(cls, scope: Scope) -> ActionConfiguration:
        """Reads the scope `action`."""
        result = cls(
            decoder=GemmaConfiguration.read(scope),
            state_dim=scope.integer("state_dim"),
            action_dim=scope.integer("action_dim"),
            horizon=scope.integer("horizon"),
            steps=scope.integer("num_steps"),
            min_period=scope.number("min_period"),
            max_period=scope.number("max_period"),
        )
        if result.decoder.width % 2:
            raise scope.contradiction(
                f"the embedding of time needs an even hidden_size, found {result.decoder.width}"
            )
        return result


@dataclass(frozen=True)
class Configuration:
    """The sizes of DepthVLA, or of pi0, which is the same without the depth expert."""

    vision: SiglipConfiguration
    text: GemmaConfiguration
    vocabulary: int
    tied: bool
    """Whether the embedding is also the output head; if not, `vlm.lm_head.weight` is a tensor."""
    depth: DepthConfiguration | None
    action: ActionConfiguration
    pattern: AttentionPattern
    """The attention mask it was trained with."""
    source: Mapping[str, Any]
    """The bundle's configuration as it is, for keys that no forward pass needs."""

    @property
    def family(self) -> str:
        """The family of a bundle of this model: `depthvla` or `pi0`."""
        return "pi0" if self.depth is None else "depthvla"

    @classmethod
    def from_bundle(cls, family: str, configuration: Mapping[str, Any]) -> Configuration:
        """Reads the configuration of a bundle, as `Bundle.configuration` has it.

        Args:
            family: `depthvla` or `pi0`, as `Bundle.family` says it.
            configuration: The bundle's configuration.

        Raises:
            depthvla.errors.Error: With the code `model.family` for another family, and
                `model.configuration` where a value is missing or cannot be.
        """
        if family not in ("depthvla", "pi0"):
            raise Error(
                "model.family", 65, f'expected a bundle of depthvla or pi0, found "{family}"'
            )
        root = Scope(configuration)
        text = root.scope("text")
        result = cls(
            vision=SiglipConfiguration.read(root.scope("vision")),
            text=GemmaConfiguration.read(text),
            vocabulary=text.integer("vocab_size"),
            # pi0's layout has no output head.
            tied=not text.has("tie_word_embeddings") or text.flag("tie_word_embeddings"),
            depth=DepthConfiguration.read(root) if family == "depthvla" else None,
            action=ActionConfiguration.read(root.scope("action")),
            pattern=root.choice("attention_mask", ATTENTION_PATTERNS)
            if root.has("attention_mask")
            else "block",
            source=configuration,
        )
        _check_shared("action", result.action.decoder, result.text, root)
        if result.depth is not None:
            _check_shared("depth", result.depth.decoder, result.text, root)
        return result


def _check_shared(
    name: str, expert: GemmaConfiguration, text: GemmaConfiguration, root: Scope
) -> None:
    """Experts share attention: all their sizes but the widths are the same."""
    for key, own, shared in (
        ("num_hidden_layers", expert.layers, text.layers),
        ("num_attention_heads", expert.heads, text.heads),
        ("num_key_value_heads", expert.key_value_heads, text.key_value_heads),
        ("head_dim", expert.head_dim, text.head_dim),
        ("rope_theta", expert.rope_theta, text.rope_theta),
    ):
        if own != shared:
            raise root.contradiction(
                f"{name}.{key} is {own}, text.{key} is {shared}: experts share attention"
            )
