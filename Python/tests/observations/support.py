"""What the tests of observations share."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from depthvla.errors import Error
from depthvla.observations import Observation

FIXTURES = Path(__file__).parents[3] / "Fixtures"
DATA = Path(__file__).parent / "data"


def observation(**changes: Any) -> Any:
    """Two cameras, everything given."""
    generator = np.random.default_rng(1)
    values = {
        "pictures": {
            "observation/wrist": generator.integers(0, 256, (3, 5, 3), dtype=np.uint8),
            "observation/base": generator.integers(0, 256, (4, 2, 3), dtype=np.uint8),
        },
        "instruction": "öffne die »Schublade«",
        "state": np.array([0.5, -1.25, 3.0]),
        "noise": generator.normal(size=(2, 4)).astype(np.float32),
        "noise_seed": 2**64 - 1,
        "actions": generator.normal(size=(1, 3)).astype(np.float32),
        "depth": {"observation/base": generator.random((4, 2), dtype=np.float32)},
        "depth_unit": "metres",
        "source": {"kind": "test", "number": 3},
    }
    return Observation(**{**values, **changes})


def same(a: Any, b: Any) -> Any:
    """Whether two observations are equal to the bit, the order of cameras included."""

    def arrays(o: Any) -> Any:
        depth = {f"depth {camera}": values for camera, values in o.depth.items()}
        actions = {} if o.actions is None else {"actions": o.actions}
        answer = {}
        if o.answer is not None:
            answer = {f"answer depth {c}": values for c, values in o.answer.depth.items()}
            answer["answer actions"] = o.answer.actions
            answer["answer model actions"] = o.answer.model_actions
        return {**o.pictures, **depth, **actions, **answer, "state": o.state, "noise": o.noise}

    first, second = arrays(a), arrays(b)
    origins = [None if o.answer is None else dict(o.answer.origin) for o in (a, b)]
    rest = ("instruction", "noise_seed", "depth_unit", "source")
    return (
        list(first) == list(second)
        and all(
            first[k].dtype == second[k].dtype and first[k].shape == second[k].shape for k in first
        )
        and all(first[k].tobytes() == second[k].tobytes() for k in first)
        and all(getattr(a, name) == getattr(b, name) for name in rest)
        and origins[0] == origins[1]
    )


def refused(code: Any, status: Any) -> Any:
    """Expects an error of a code and a status, of one line."""

    class Expectation:
        def __enter__(self) -> Any:
            self.raises = pytest.raises(Error)
            self.info = self.raises.__enter__()
            return self.info

        def __exit__(self, *arguments: Any) -> Any:
            result = self.raises.__exit__(*arguments)
            assert (self.info.value.code, self.info.value.status) == (code, status), str(
                self.info.value
            )
            assert "\n" not in str(self.info.value)
            return result

    return Expectation()


def command(*arguments: Any, **options: Any) -> Any:
    """Runs `python -m depthvla.observations`."""
    return subprocess.run(
        [sys.executable, "-m", "depthvla.observations", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **options.pop("env", {})},
        timeout=120,
        **options,
    )
