"""Noise is that of `depthvla run --seed`, as `statistics.NormalDist` of Python computed it."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from depthvla.observations import gaussian_noise
from depthvla.observations.noise import normal_quantile

from .support import FIXTURES

EXPECTED = json.loads((FIXTURES / "statistics/noise.json").read_text())


@pytest.mark.parametrize("seed", EXPECTED["first"])
def test_the_first_values_of_a_seed(seed: Any) -> None:
    assert gaussian_noise(int(seed), (4, 6)).ravel().tolist() == EXPECTED["first"][seed]


def test_many_values_are_the_same_bits() -> None:
    many = EXPECTED["many"]
    values = gaussian_noise(many["seed"], (many["count"],))
    assert hashlib.sha256(values.tobytes()).hexdigest() == many["sha256"]


def test_quantiles_in_the_centre_and_in_both_tails() -> None:
    # Far tails are where no seed of the tests comes: the least share here is 2^-53.
    found = normal_quantile(np.array(EXPECTED["quantiles"]["p"]))
    np.testing.assert_allclose(found, EXPECTED["quantiles"]["z"], rtol=4e-16, atol=0)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_outside_of_64_bits_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="2\\^64"):
        gaussian_noise(seed, (1,))
