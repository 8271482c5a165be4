"""Standard normal noise from a seed: the bits that `depthvla run --seed` draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

# Coefficients of the lowest power first. Source: Wichura: Algorithm AS 241, Applied Statistics 37
# (1988), the routine PPND16. `p` within 0.425 of 1/2, in 0.180625 - (p - 1/2)^2:
_CENTRE = (
    (
        3.3871328727963666080,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
# Tails down to e^-25, in sqrt(-ln tail) - 1.6.
_MIDDLE = (
    (
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1,
        2.05319162663775882187,
        1.67638483018380384940,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
# Tails beyond, in sqrt(-ln tail) - 5.
_FAR = (
    (
        6.65790464350110377720,
        5.46378491116411436990,
        1.78482653991729133580,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


def gaussian_noise(seed: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Standard normal float32 values, row-major.

    Value `i` (from 0 on) is made so: `n` is the upper 52 bits of output `i + 1` of SplitMix64
    (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014) whose key is
    its output function of the seed; `p = (2 n + 1) / 2^53`; the value is the normal quantile of
    `p`, rounded once to float32. NumPy's own generators draw other values from the same seed.

    Args:
        seed: 0 to 2^64 - 1.
        shape: of the result.

    Raises:
        ValueError: the seed is out of its range.
    """
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"a seed is 0 to 2^64 - 1, not {seed}")
    count = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        key = _mix(np.array([seed], np.uint64))
        steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        upper = _mix(key + steps) >> np.uint64(12)
        p = (np.uint64(2) * upper + np.uint64(1)).astype(np.float64) * 2.0**-53
    return normal_quantile(p).astype(np.float32).reshape(shape)


def normal_quantile(p: Floats) -> Floats:
    """The values that shares `p` (above 0, below 1) of the standard normal distribution lie below.

    Only operations that IEEE 754 rounds in one way are used, so that the bits do not depend on the
    C library, as its logarithm's do.
    """
    q = p - 0.5
    tail = np.where(q < 0, p, 1 - p)
    r = np.sqrt(-_natural_logarithm(tail))
    beyond = np.where(r <= 5, _quotient(_MIDDLE, r - 1.6), _quotient(_FAR, r - 5))
    centre = _quotient(_CENTRE, 0.180625 - q * q, q)
    result: Floats = np.where(np.abs(q) <= 0.425, centre, np.where(q < 0, -beyond, beyond))
    return result


def _mix(z: Words) -> Words:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Words = z ^ (z >> np.uint64(31))
    return result


def _natural_logarithm(x: Floats) -> Floats:
    # x = m 2^e with m from sqrt(1/2) to sqrt(2); ln m = 2 (s + s^3/3 + ...), s = (m - 1) / (m + 1).
    mantissa, exponent = np.frexp(x)
    mantissa, exponent = mantissa * 2, exponent.astype(np.float64) - 1
    large = mantissa > 1.4142135623730951
    mantissa, exponent = np.where(large, mantissa * 0.5, mantissa), exponent + large
    s = (mantissa - 1) / (mantissa + 1)
    square = s * s
    series = np.zeros_like(s)
    for odd in range(23, 1, -2):
        series = (series + 1 / odd) * square
    # ln 2 in two parts, the upper with 20 zero bits at its end: its product is exact.
    upper, lower = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
    result: Floats = exponent * upper + (2 * s + (2 * s * series + exponent * lower))
    return result


def _quotient(
    coefficients: tuple[tuple[float, ...], tuple[float, ...]],
    x: Floats,
    factor: Floats | float = 1.0,
) -> Floats:
    numerator, denominator = (_polynomial(c, x) for c in coefficients)
    return numerator * factor / denominator


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    result = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result
