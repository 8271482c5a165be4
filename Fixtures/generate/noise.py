"""What the runtime's Gaussian noise must be, made by Python's integers and its statistics.NormalDist:
statistics/noise.json; and arrays for the readers of states and noise: statistics/npy/*.npy, noise.safetensors.
"""
import hashlib
import json
import math
from statistics import NormalDist

import numpy
from safetensors.numpy import save_file

MASK = 2**64 - 1
STATE = numpy.array([0.5, -1.25, 3.0, 0.1, -0.0, 1e-3, 7.5, -2.0])


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def gaussian(seed, count):
    key, normal = mix(seed), NormalDist()
    shares = [(2 * (mix((key + i * 0x9E3779B97F4A7C15) & MASK) >> 12) + 1) * 2.0**-53 for i in range(1, count + 1)]
    return numpy.array([normal.inv_cdf(p) for p in shares], numpy.float64).astype(numpy.float32)


def moments(values):
    """Mean, variance, skewness, kurtosis, and the greatest distance from the normal distribution (Kolmogorov)."""
    v = values.astype(numpy.float64)
    n, mean = len(v), math.fsum(v) / len(v)
    central = [math.fsum((v - mean) ** k) / n for k in (2, 3, 4)]
    shares = numpy.array([NormalDist().cdf(x) for x in numpy.sort(v)])
    steps = numpy.arange(n + 1) / n
    distance = max((shares - steps[:-1]).max(), (steps[1:] - shares).max())
    return {"mean": mean, "variance": central[0], "skewness": central[1] / central[0]**1.5,
            "kurtosis": central[2] / central[0]**2, "kolmogorov": float(distance)}


def make(w):
    folder = w.root / "statistics"
    (folder / "npy").mkdir(parents=True, exist_ok=True)
    values = gaussian(7, 1 << 16)
    shares = [2.0**-k for k in range(1, 54, 4)] + [1 - 2.0**-k for k in range(2, 54, 3)] \
        + [k / 16 for k in range(1, 16)] + [0.075, 0.0749999, 0.925, 0.9250001, 1e-12, 1.3887943864964021e-11, 1.388e-11]
    document = {
        "first": {str(seed): gaussian(seed, 24).tolist() for seed in (0, 1, 42, MASK)},
        "many": {"seed": 7, "count": len(values), "sha256": hashlib.sha256(values.tobytes()).hexdigest(),
                 **moments(values)},
        "quantiles": {"p": shares, "z": [NormalDist().inv_cdf(p) for p in shares]}}
    (folder / "noise.json").write_text(json.dumps(document) + "\n")
    arrays(folder / "npy")
    noise = gaussian(3, 42).reshape(6, 7)
    numpy.save(folder / "npy" / "noise.npy", noise)
    numpy.save(folder / "npy" / "noise-batch-f8.npy", noise[None].astype(numpy.float64))
    save_file({"noise": noise}, folder / "noise.safetensors")


def arrays(folder):
    save = lambda name, a: numpy.save(folder / f"{name}.npy", a)
    save("state-f4", STATE.astype("<f4"))
    save("state-f8", STATE)
    save("state-row", STATE[None])
    for version in ((2, 0), (3, 0)):
        with open(folder / f"state-version{version[0]}.npy", "wb") as file:
            numpy.lib.format.write_array(file, STATE, version=version)
    # Sound files that are refused.
    save("scalar", numpy.float64(3))
    save("matrix", STATE.reshape(2, 4))
    save("column-major", numpy.asfortranarray(STATE.reshape(2, 4)))
    save("empty", STATE[:0])
    save("nan", numpy.array([1, numpy.nan, 2]))
    save("infinity", numpy.array([1, 2, -numpy.inf], "<f4"))
    for name, dtype in {"big-endian": ">f8", "half": "<f2", "integers": "<i8", "booleans": "?", "text": "<U3"}.items():
        save(name, STATE.astype(dtype))
    save("structured", numpy.zeros(3, [("a", "<f4"), ("b", "<f4")]))
