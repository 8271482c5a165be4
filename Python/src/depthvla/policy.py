"""DepthVLA and pi0 on the CPU."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from ctypes import POINTER, byref, c_double, c_float, c_int64, c_size_t
from typing import Any, Literal

import numpy as np

from . import _structures as c
from ._library import Handle, Watch, call, encoded, made, text
from .bundle import Bundle, open
from .depth import DepthMap
from .errors import Error
from .images import as_picture
from .numbers import whole_number
from .observation import ObservationKeys, taken_apart, values_of
from .tensors import thread_count
from .trust import Trust

__all__ = ["Chunk", "Policy"]

_Array = np.ndarray[Any, Any]


class Chunk:
    """What a policy computed from an observation."""

    actions: np.ndarray[Any, np.dtype[np.float64]]
    """float64 [H, A], in the robot's units where the bundle has statistics, else the model's."""
    model_actions: np.ndarray[Any, np.dtype[np.float32]]
    """float32 [H, model's A], as the model computes them."""
    depth: tuple[DepthMap, ...]
    """Of each picture, in their order; empty without a depth expert."""
    is_in_robot_units: bool
    """Whether statistics were applied to the actions."""
    token_count: int
    """Tokens of the prompt."""
    prepare_seconds: float
    forward_seconds: float

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        info = c.sized(c.ChunkInfo)
        call("dvla_chunk_describe", handle.value, byref(info))
        self.is_in_robot_units = info.is_in_robot_units
        self.token_count = info.token_count
        self.prepare_seconds = info.prepare_seconds
        self.forward_seconds = info.forward_seconds
        self.actions = np.empty((info.horizon, info.action_width), np.float64)
        target = self.actions.ctypes.data_as(POINTER(c_double))
        call("dvla_chunk_actions", handle.value, target, self.actions.size)
        self.model_actions = np.empty((info.horizon, info.model_action_width), np.float32)
        model_target = self.model_actions.ctypes.data_as(POINTER(c_float))
        call("dvla_chunk_model_actions", handle.value, model_target, self.model_actions.size)
        self.depth = tuple(
            DepthMap(made("depth_map", "dvla_chunk_depth", handle.value, index))
            for index in range(info.depth_count)
        )

    @property
    def document(self) -> bytes:
        """The JSON document that ``depthvla run --actions`` writes, byte for byte."""
        return text("dvla_chunk_document", self._handle.value)


class Policy:
    """A policy on the CPU, with everything around it: pictures, prompt, statistics.

    Takes the place of openpi's ``BasePolicy``: `infer` and `reset`. It does one thing at a time: a
    second thread that uses it meanwhile gets ``handle.busy``.
    """

    root: str
    """The identity of the bundle."""
    family: str
    horizon: int
    """Actions in a chunk."""
    model_action_width: int
    model_state_width: int
    token_limit: int
    """Tokens of a prompt, at most."""
    steps: int
    """Euler steps from noise to actions, by default."""
    has_depth: bool

    def __init__(
        self,
        bundle: Bundle | str | os.PathLike[str],
        *,
        trust: Trust | None = None,
        cameras: str | Sequence[str] | None = None,
        state: str | Sequence[str] = "state",
        prompt: str = "prompt",
        ignored: str | Sequence[str] = (),
        threads: int | None = None,
        steps: int | None = None,
        mask: Literal["block", "full"] | None = None,
        depth: bool = True,
        products: Literal["exact", "native"] | None = None,
        loads_first: bool = False,
    ) -> None:
        """Reads a bundle.

        Args:
            bundle: Of the family depthvla or pi0: open, or its path.
            trust: Which bundles are accepted, where a path is given.
            cameras: The keys of an observation that hold pictures, in the order in which the policy
                was trained; by default ``images`` holds them in that order.
            state: The key that holds the robot's state, or several that are joined.
            prompt: The key that holds the instruction.
            ignored: Keys that an observation may have beside these.
            threads: To compute on; one for each processor by default.
            steps: Euler steps; by default as the bundle says.
            mask: Which tokens attend to which; by default as the bundle says.
            depth: False leaves the depth expert out, of which nothing is read then.
            products: How products with the weights are computed; by default as its precision
                suggests.
            loads_first: Loads all weights now, instead of behind the first forward pass.

        Raises:
            Error: ``policy.*``, ``model.*``, ``statistics.*``; what opening and reading raise.
        """
        opened = bundle if isinstance(bundle, Bundle) else open(bundle, trust=trust)
        if isinstance(bundle, Bundle) and trust is not None:
            raise TypeError("trust goes with a path; an open bundle was opened under its own")
        if mask not in (None, "block", "full"):
            raise Error("argument.range", 64, f"mask: expected block or full, found {mask}")
        self._steps = None if steps is None else whole_number(steps, "steps", 1, 1000)
        options = c.sized(
            c.PolicyOptions,
            threads=thread_count(threads),
            products=encoded(products, "products"),
            without_depth=not depth,
            loads_first=loads_first,
        )
        self._handle = made("policy", "dvla_policy_create", opened._handle.value, byref(options))
        self._keys = ObservationKeys(
            cameras=None if cameras is None else _keys(cameras),
            state=_keys(state),
            prompt=prompt,
            ignored=frozenset(_keys(ignored)),
        )
        if opened is not bundle:
            opened.close()
        self._mask = encoded(mask, "mask")
        self.root, self.family = opened.root, opened.family
        info = c.sized(c.PolicyInfo)
        call("dvla_policy_describe", self._handle.value, byref(info))
        self.horizon = info.horizon
        self.model_action_width = info.model_action_width
        self.model_state_width = info.model_state_width
        self.token_limit = info.token_limit
        self.steps = self._steps or info.steps
        self.has_depth = info.has_depth

    @property
    def metadata(self) -> dict[str, Any]:
        """What a policy server says of itself when a client connects."""
        return {
            "family": self.family,
            "root": self.root,
            "action_horizon": self.horizon,
            "depth": self.has_depth,
        }

    def infer(
        self,
        observation: Mapping[str, Any],
        *,
        noise: _Array | None = None,
        seed: int = 0,
        depth: bool = False,
    ) -> dict[str, Any]:
        """Acts on an observation.

        Args:
            observation: Pictures, state and prompt under the keys that the policy was made with.
                Pictures are uint8 [H, W, 3], or as openpi takes them: [3, H, W], and floats from 0
                to 1. A camera that is missing is left out, or None.
            noise: float32 [H, model's A] to start from; by default drawn from ``seed``.
            seed: Of the noise, the same on every machine.
            depth: Whether depth maps are computed and returned, too.

        Returns:
            ``actions``, float64 [H, A] in the robot's units; ``policy_timing`` with ``infer_ms``;
            on request ``depth``, by camera float32 [H, W].

        Raises:
            Error: ``observation.*``, ``policy.*``, ``prompt.*``, ``noise.*``, ``image.*``.
        """
        start = time.perf_counter()
        if depth and not self.has_depth:
            raise Error("policy.no-depth", 64, "depth: the policy has no depth expert")
        parts = taken_apart(observation, self._keys)
        chunk = self.act(
            parts.pictures,
            parts.prompt,
            parts.state,
            names=parts.names,
            noise=noise,
            seed=seed,
            depth=depth,
        )
        result: dict[str, Any] = {"actions": chunk.actions}
        if depth:
            result["depth"] = {
                name: found.values for name, found in zip(parts.names, chunk.depth, strict=False)
            }
        elapsed = (time.perf_counter() - start) * 1000
        result["policy_timing"] = {"infer_ms": elapsed}
        return result

    def act(
        self,
        pictures: Sequence[_Array],
        instruction: str,
        state: Sequence[float] | _Array,
        *,
        names: Sequence[str] | None = None,
        noise: _Array | None = None,
        seed: int = 0,
        depth: bool = True,
        progress: Callable[[int, int], object] | None = None,
    ) -> Chunk:
        """Acts on pictures, an instruction and a state.

        Args:
            pictures: uint8 [H, W, 3] of each camera, in the order of training.
            instruction: What is to be done.
            state: [n], in the robot's units where the bundle has statistics.
            names: What the chunk's document calls the pictures.
            noise: float32 [H, model's A] to start from; by default drawn from ``seed``.
            seed: Of the noise, 0 to 2^64 - 1.
            depth: Whether depth maps are computed.
            progress: Called with the parts of the forward pass that are done, and of how many.

        Raises:
            Error: As `infer`.
        """
        labels = list(names) if names is not None else [f"camera{i}" for i in range(len(pictures))]
        if len(labels) != len(pictures):
            raise Error(
                "argument.range", 64, f"names: expected {len(pictures)} names, found {len(labels)}"
            )
        kept = [
            as_picture(image, f"pictures[{index}]", label)
            for index, (image, label) in enumerate(zip(pictures, labels, strict=True))
        ]
        own_state = np.ascontiguousarray(values_of(state, "state"))
        own_seed = whole_number(seed, "seed", 0, 2**64 - 1)
        own_noise = None if noise is None else self._checked_noise(noise)
        given = c.sized(
            c.Observation,
            pictures=(c.Picture * max(1, len(kept)))(*(picture for picture, _ in kept)),
            picture_count=len(kept),
            instruction=encoded(instruction, "instruction"),
            state=own_state.ctypes.data_as(POINTER(c_double)),
            state_count=own_state.size,
            noise=None if own_noise is None else own_noise.ctypes.data_as(POINTER(c_float)),
            noise_count=0 if own_noise is None else own_noise.size,
            seed=own_seed,
            steps=self._steps or 0,
            mask=self._mask,
            without_depth_maps=not depth,
        )
        watch = Watch(progress)
        return Chunk(
            made(
                "chunk",
                "dvla_policy_act",
                self._handle.value,
                byref(given),
                watch.callback,
                None,
                watch=watch,
            )
        )

    def _checked_noise(self, given: Any) -> _Array:
        noise = np.asarray(given)
        expected = (self.horizon, self.model_action_width)
        if noise.shape not in (expected, (1, *expected)) or noise.dtype.kind != "f":
            raise Error(
                "noise.shape",
                64,
                f"noise: expected floats {list(expected)}, found {noise.dtype} {list(noise.shape)}",
                key="noise",
            )
        return np.ascontiguousarray(noise, dtype=np.float32)

    def tokens(self, instruction: str) -> list[int]:
        """The tokens of the prompt with an instruction.

        Raises:
            Error: ``policy.no-tokenizer``, ``prompt.*``, ``tokenizer.*``.
        """
        count = c_size_t()
        arguments = (self._handle.value, encoded(instruction, "instruction"))
        call("dvla_policy_tokens", *arguments, None, 0, byref(count))
        tokens = (c_int64 * max(1, count.value))()
        call("dvla_policy_tokens", *arguments, tokens, count.value, byref(count))
        return list(tokens[: count.value])

    def noise(self, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The noise of a seed: float32 [H, model's A], the same on every machine."""
        own_seed = whole_number(seed, "seed", 0, 2**64 - 1)
        noise = np.empty((self.horizon, self.model_action_width), np.float32)
        target = noise.ctypes.data_as(POINTER(c_float))
        call("dvla_policy_noise", self._handle.value, own_seed, target, noise.size)
        return noise

    def reset(self) -> None:
        """Nothing: a chunk depends on its observation alone."""

    def close(self) -> None:
        """Frees the weights."""
        self._handle.close()

    def __enter__(self) -> Policy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _keys(keys: str | Sequence[str]) -> tuple[str, ...]:
    """One key, or several."""
    return (keys,) if isinstance(keys, str) else tuple(keys)
