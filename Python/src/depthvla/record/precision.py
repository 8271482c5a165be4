"""A true float64 run of code that was written for float32.

Libraries compute norms, softmax, rotary angles, position tables and times in float32, to protect
half precision. In a float64 run these places would limit all that follows to about 1e-7.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

_NARROW = (torch.float32, torch.float16, torch.bfloat16)
_CASTS = {torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16}
#: Largest relative error of a constant in float32 that was computed in a few steps.
_ROUNDING = 1e-5
#: Parameters of at least so many elements are wide only for a moment.
_LARGE = 1 << 16


class _Widening(TorchFunctionMode):
    """Reads every narrower floating type that code asks for as float64."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in _CASTS:
            return args[0].double()
        args = tuple(_widened(x) for x in args)
        return func(*args, **{k: _widened(x) for k, x in (kwargs or {}).items()})


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees whether an operation takes or gives a narrower floating type after all.

    Attributes:
        narrowed: The first such operation; None as long as the run is one in float64.
        paused: Whether weights are being widened, which is exact.
    """

    paused: ClassVar[bool] = False

    def __init__(self) -> None:
        """Has seen nothing yet."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.narrowed: str | None = None

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Runs an operation and looks at the types of what it gives."""
        result = func(*args, **(kwargs or {}))
        if self.narrowed is None and not Watch.paused:
            for value in tree_iter((args, kwargs, result)):
                if isinstance(value, torch.Tensor) and value.dtype in _NARROW:
                    self.narrowed = f"{func} in {value.dtype}".replace("torch.", "")
        return result


@contextlib.contextmanager
def in_float64() -> Iterator[Watch]:
    """Inside, floating point is float64, whatever type the code asks for.

    The watch says whether that held.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with Watch() as watch, _Widening():
            yield watch
    finally:
        torch.set_default_dtype(before)


def widen(network: Any) -> str | None:
    """Makes a network one of float64, in place, with the memory of one in float32.

    Weights are exact in float64. Large ones are wide only while their module computes. Constants
    that the library derives in float32, such as rotary frequencies, are derived again.

    Returns:
        The constant that cannot be derived again, so that no float64 run is one; None if all can.
    """
    for name, module in network.named_modules():
        for key, buffer in list(module.named_buffers(recurse=False)):
            if buffer.dtype not in _NARROW:
                continue
            new = buffer.double()
            if key in module._non_persistent_buffers_set:
                derived = _derived(module, key, buffer)
                if derived is None or not _rounds_to(derived, buffer):
                    return f"{name}.{key}".lstrip(".")
                new = derived
            setattr(module, key, new)
        _widen_parameters(module)
    return None


def _widen_parameters(module: Any) -> None:
    """Those of the module itself, not of its children."""
    # A module with children may use its parameters outside of a call that a hook sees.
    is_leaf = next(module.children(), None) is None
    large = {}
    for parameter in module.parameters(recurse=False):
        if parameter.dtype not in _NARROW:
            continue
        if is_leaf and parameter.numel() >= _LARGE:
            large[parameter] = parameter.data
        else:
            parameter.data = parameter.data.double()
    if not large:
        return

    def before(_module: Any, _args: Any) -> None:
        Watch.paused = True
        try:
            for parameter, stored in large.items():
                parameter.data = stored.double()
        finally:
            Watch.paused = False

    def after(_module: Any, _args: Any, _output: Any) -> None:
        for parameter, stored in large.items():
            parameter.data = stored

    # The first and the last of all hooks, so that those that see stages are inside.
    module.register_forward_pre_hook(before, prepend=True)
    module.register_forward_hook(after)


def _derived(module: Any, key: str, buffer: torch.Tensor) -> torch.Tensor | None:
    """A constant from its definition, in float64; None for one that is not known."""
    config = getattr(module, "config", None)
    if key in ("inv_freq", "original_inv_freq") and config is not None:
        rope = getattr(config, "rope_parameters", None)
        theta = rope["rope_theta"] if rope else config.rope_theta
        dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        exponent = torch.arange(0, dim, 2, dtype=torch.float64) / dim
        return torch.reciprocal(torch.pow(float(theta), exponent))
    if key == "embed_scale" and hasattr(module, "scalar_embed_scale"):
        return torch.tensor(module.scalar_embed_scale, dtype=torch.float64)
    if key == "sinusoid_freq" and config is not None:
        fraction = torch.linspace(0.0, 1.0, buffer.numel(), dtype=torch.float64)
        period = config.min_period * torch.pow(config.max_period / config.min_period, fraction)
        return torch.mul(torch.reciprocal(period), 2 * math.pi)
    return None


def _rounds_to(new: torch.Tensor, old: torch.Tensor) -> bool:
    return new.shape == old.shape and torch.allclose(new, old.double(), rtol=_ROUNDING, atol=0.0)


def _widened(value: Any) -> Any:
    return torch.float64 if isinstance(value, torch.dtype) and value in _NARROW else value
