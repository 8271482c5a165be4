"""Expected results of the kernels of forward passes, by mpmath with 60 digits.

    python make_rows.py        # writes rows.bin and rows.json beside itself

Needs mpmath, numpy and torch; PyTorch's float64 functions must agree. rows.json says where each
array lies in rows.bin: inputs are float32, expected results float64.
"""

import json
import pathlib

import mpmath as mp
import numpy as np
import torch

mp.mp.dps = 60
rng = np.random.default_rng(20261101)
arrays, blob = {}, bytearray()


def put(name, array):
    data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    arrays[name] = {"offset": len(blob), "byteCount": len(data)}
    blob.extend(data)


def exact(values):
    return [mp.mpf(float(value)) for value in values]


def rounded(values):
    return np.array([float(value) for value in values])


def agree(ours, torchs):
    np.testing.assert_allclose(ours, torchs.numpy().ravel(), rtol=1e-12, atol=1e-12)


# Activations: every size and sign, the range in which they bend, and where each result is the
# smallest subnormal or the first zero.
magnitudes = np.ldexp(1 + rng.random(140), rng.integers(-149, 128, 140))
x = np.concatenate([
    magnitudes * rng.choice([-1, 1], 140), rng.uniform(-15, 15, 240), rng.uniform(-110, 95, 60),
    np.arange(-8, 8.5, 0.5), [-14.4, -14.17, -14.16, -14.12, -13.0, -9.5, -9.2, -104.1, -103.9],
    [-108.6, -108.5, -108.0, -87.4, -88.0, -1e-45, 1e-45, 3.4e38, -3.4e38],
]).astype(np.float32)
erf = lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2
tanh = lambda x: x / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)))
functions = {
    "geluErf": (erf, torch.nn.functional.gelu),
    "geluTanh": (tanh, lambda x: torch.nn.functional.gelu(x, approximate="tanh")),
    "silu": (lambda x: x / (1 + mp.exp(-x)), torch.nn.functional.silu),
    "relu": (lambda x: max(x, mp.mpf(0)), torch.relu),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), torch.sigmoid),
}
put("activation.x", x)
up = (rng.standard_normal(len(x)) * 3).astype(np.float32)
put("activation.up", up)
for name, (function, upstream) in functions.items():
    values = [function(value) for value in exact(x)]
    agree(rounded(values), upstream(torch.from_numpy(x).double()))
    put(f"activation.{name}", rounded(values))
    put(f"activation.{name}.gated", rounded(a * b for a, b in zip(values, exact(up))))


# Norms. The last rows of each are hard: a mean a thousand times the deviation, numbers near the
# ends of float32, and all equal.
def matrix(rows, columns):
    x = rng.standard_normal((rows, columns)).astype(np.float32)
    x[-3] = x[-3] + np.float32(1000)
    x[-2] *= np.float32(1e-30)
    x[-2, 0] = 3e-26
    x[-1] = 3.25
    return x


for columns in (5, 37, 64, 384):
    x = matrix(5, columns)
    weight = (1 + 0.3 * rng.standard_normal(columns)).astype(np.float32)
    bias = (0.3 * rng.standard_normal(columns)).astype(np.float32)
    layer, rms = [], []
    for row in x:
        values = exact(row)
        mean = sum(values) / columns
        deviation = mp.sqrt(sum((v - mean) ** 2 for v in values) / columns + mp.mpf(1e-6))
        layer += [
            (v - mean) / deviation * w + b
            for v, w, b in zip(values, exact(weight), exact(bias))
        ]
        root = mp.sqrt(sum(v**2 for v in values) / columns + mp.mpf(1e-6))
        rms += [v / root * (1 + w) for v, w in zip(values, exact(weight))]
    x64, weight64, bias64 = (torch.from_numpy(a).double() for a in (x, weight, bias))
    agree(
        rounded(layer), torch.nn.functional.layer_norm(x64, (columns,), weight64, bias64, 1e-6))
    agree(rounded(rms), torch.nn.functional.rms_norm(x64, (columns,), 1 + weight64, 1e-6))
    for part, values in {"x": x, "weight": weight, "bias": bias}.items():
        put(f"norm.{columns}.{part}", values)
    put(f"norm.{columns}.layerNorm", rounded(layer))
    put(f"norm.{columns}.rmsNorm", rounded(rms))

# Softmax, with elements that a mask has set to -infinity and some that are very small beside the
# largest. The second row is -infinity alone.
for columns in (1, 5, 37, 64, 257):
    x = (4 * rng.standard_normal((6, columns))).astype(np.float32)
    x[0, columns // 2 + 1 :] = -np.inf
    x[1] = -np.inf
    x[2] *= 100
    x[3] = np.linspace(-900, 0, columns)
    x[4] += 1e6
    scale = np.float32(0.125) if columns != 37 else np.float32(1)
    results = []
    for row in x:
        finite = [v for v in row if np.isfinite(v)]
        largest = mp.mpf(float(max(finite, default=0)))
        terms = [
            mp.exp((mp.mpf(float(v)) - largest) * mp.mpf(float(scale))) if np.isfinite(v) else mp.mpf(0)
            for v in row
        ]
        results += [term / (sum(terms) or 1) for term in terms]
    kept = [0, 2, 3, 4, 5]
    expected = torch.softmax(torch.from_numpy(x[kept]).double() * float(scale), -1)
    agree(rounded(results).reshape(6, columns)[kept].ravel(), expected)
    put(f"softmax.{columns}.x", x)
    put(f"softmax.{columns}.scale", np.array([scale]))
    put(f"softmax.{columns}.result", rounded(results))

# Rotations: heads of 2 times 8, 20 and 32 elements, each with one token's angles.
for half in (8, 20, 32):
    x = rng.standard_normal((3, 2 * half)).astype(np.float32)
    angles = 300 / 10000 ** (np.arange(half) / half)
    cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    results = []
    for row in x:
        a, b, c, s = exact(row[:half]), exact(row[half:]), exact(cos), exact(sin)
        results += [a[i] * c[i] - b[i] * s[i] for i in range(half)]
        results += [b[i] * c[i] + a[i] * s[i] for i in range(half)]
    for part, values in {"x": x, "cos": cos, "sin": sin}.items():
        put(f"rotate.{half}.{part}", values)
    put(f"rotate.{half}.result", rounded(results))

# A residual with a layer scale.
x, y = rng.standard_normal((2, 3, 37)).astype(np.float32)
scale = (0.1 * rng.standard_normal(37)).astype(np.float32)
for part, values in {"x": x, "y": y, "scale": scale}.items():
    put(f"addScaled.{part}", values)
sums = x.astype(np.longdouble) + y.astype(np.longdouble) * scale.astype(np.longdouble)
put("addScaled.result", sums.astype(np.float64))

here = pathlib.Path(__file__).parent
(here / "rows.bin").write_bytes(blob)
about = {"torch": torch.__version__, "numpy": np.__version__, "mpmath": mp.__version__}
(here / "rows.json").write_text(json.dumps(about | {"arrays": arrays}, indent=1) + "\n")
