"""Observations from a running environment: any loop of `reset` and `step` as gymnasium has it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from depthvla.observations._errors import located
from depthvla.observations.dictionaries import Convention, Inputs, read_dictionary
from depthvla.observations.folder import ObservationWriter
from depthvla.observations.observation import DepthUnit, Observation

Raw = Any
"""What the environment itself calls an observation."""


def record_environment(
    environment: Any,
    writer: ObservationWriter,
    *,
    name: str,
    convention: str | Convention,
    observe: Callable[[Raw], Mapping[str, Any]],
    act: Callable[[Raw], Any],
    episodes: int = 1,
    steps: int = 100,
    every: int = 1,
    seed: int = 0,
    demonstrated: int | None = None,
    depth: Callable[[Raw], Mapping[str, npt.NDArray[np.float32]]] | None = None,
    depth_unit: DepthUnit = "metres",
) -> int:
    """Runs episodes and writes every `every`-th observation.

    Episode `e` is reset with seed `seed + e`: by `reset(seed=…)`, or by `seed(…)` and `reset()`
    where `reset` takes no seed, as robosuite's and LIBERO's do not. `step` may return gymnasium's
    five values or gym's four.

    Args:
        environment: has `reset` and `step`.
        writer: of the folder.
        name: of the environment, for the metadata.
        convention: of the dictionaries that `observe` makes; see `read_dictionary`.
        observe: makes a dictionary in openpi's style of what the environment returns.
        act: the action that is executed on an observation, as `step` takes it: a number or [a].
        episodes: how many.
        steps: at most so many steps in an episode.
        every: 1 for all observations.
        seed: of the first episode.
        demonstrated: if `act` is a demonstrator: keep this many of its actions, from the
            observation on, as the demonstrated actions; fewer at the end of an episode. By default
            none are kept.
        depth: float32 [H, W] by the convention's cameras, 0 where unknown.
        depth_unit: of `depth`.

    Returns:
        How many observations were written.

    Raises:
        Error: `observation.environment` (64): it can be given no seed, or a number makes no sense;
            and what `read_dictionary`, `Observation` and the writer raise.
    """
    for key, value in {
        "episodes": episodes,
        "steps": steps,
        "every": every,
        "demonstrated": demonstrated,
    }.items():
        if value is not None and value < 1:
            raise located(
                "observation.environment", 64, f"expected at least 1, found {value}", key=key
            )
    before = len(writer)
    for episode in range(episodes):
        kept: list[tuple[int, Inputs, Mapping[str, npt.NDArray[np.float32]]]] = []
        actions: list[npt.NDArray[np.float64]] = []
        raw = _reset(environment, seed + episode)
        for step in range(steps):
            if step % every == 0:
                # A picture is a view of the renderer's buffer in some simulators: what the
                # dictionary holds is copied.
                inputs = _copied(read_dictionary(observe(raw), convention))
                kept.append(
                    (step, inputs, {k: np.array(v) for k, v in depth(raw).items()} if depth else {})
                )
            action = act(raw)
            actions.append(np.atleast_1d(np.array(action, dtype=np.float64)))
            raw, is_over = _step(environment, action)
            if is_over:
                break
        for step, inputs, maps in kept:
            noise, noise_seed = writer.noise()
            writer.add(
                Observation(
                    pictures=inputs.pictures,
                    instruction=inputs.instruction,
                    state=inputs.state,
                    noise=noise,
                    noise_seed=noise_seed,
                    actions=np.stack(actions[step : step + demonstrated]) if demonstrated else None,
                    depth=maps,
                    depth_unit=depth_unit if maps else None,
                    source={
                        "kind": "environment",
                        "name": name,
                        "seed": seed + episode,
                        "episode": episode,
                        "step": step,
                    },
                )
            )
    return len(writer) - before


def _copied(inputs: Inputs) -> Inputs:
    return Inputs(
        {camera: picture.copy() for camera, picture in inputs.pictures.items()},
        inputs.state.copy(),
        inputs.instruction,
    )


def _reset(environment: Any, seed: int) -> Raw:
    parameters = inspect.signature(environment.reset).parameters
    if "seed" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        result = environment.reset(seed=seed)
    elif callable(getattr(environment, "seed", None)):
        environment.seed(seed)
        result = environment.reset()
    else:
        raise located(
            "observation.environment", 64, "expected reset(seed=…) or seed(…), to repeat episodes"
        )
    is_pair = isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)
    return result[0] if is_pair else result


def _step(environment: Any, action: Any) -> tuple[Raw, bool]:
    result = environment.step(action)
    if len(result) == 5:
        return result[0], bool(result[2] or result[3])
    if len(result) == 4:
        return result[0], bool(result[2])
    raise located(
        "observation.environment", 64, f"expected four or five values of step, found {len(result)}"
    )
