"""Expected results of the weight kernels, by PyTorch, numpy and exact summation.

    python make_kernels.py        # writes kernels.bin and kernels.json beside itself

Needs torch and numpy, on an x86 processor with AVX2: elsewhere PyTorch turns NaNs into other
bfloat16 NaNs. kernels.json says where each array lies in kernels.bin.
"""

import json
import math
import pathlib

import numpy as np
import torch

rng = np.random.default_rng(20260101)
arrays, blob = {}, bytearray()


def put(name, array):
    data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    arrays[name] = {"offset": len(blob), "byteCount": len(data)}
    blob.extend(data)


def bf16_bits(values):
    tensor = torch.from_numpy(np.ascontiguousarray(values)).to(torch.bfloat16)
    return tensor.view(torch.int16).numpy().view(np.uint16)


def bf16_values(bits):
    return (np.asarray(bits, np.uint32) << 16).view(np.float32)


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


# Float32 to bfloat16: every exponent and sign with random fractions, every kind of tie, and the
# edges. The count is a multiple of 32, so that PyTorch's vectorised loop takes all of them.
signs_and_exponents = np.arange(512, dtype=np.uint32) << 23
bits = [signs_and_exponents | rng.integers(0, 1 << 23, 512, dtype=np.uint32) for _ in range(6)]
for low in (0x8000, 0x7FFF, 0x8001):
    bits.append(signs_and_exponents | (rng.integers(0, 128, 512, dtype=np.uint32) << 16) | low)
edges = [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x10000, 0x18000, 0x7FFFFF, 0x7F8000, 0x7F7FFF]
edges += [0x800000, 0x807FFF, 0x808000, 0x3F800000, 0x3F808000, 0x3F818000, 0x3F808001]
edges += [0x7F7FFFFF, 0x7F7F8000, 0x7F7F7FFF, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF]
edges += [0x7FA12345, 0x7F808000, 0x7FFF8000]
edges = np.array(edges, np.uint32)
bits = np.concatenate(bits + [edges, edges | 0x80000000])
bits = np.concatenate([bits, bits[: -len(bits) % 32]])
put("bf16.source", bits)
put("bf16.result", bf16_bits(bits.view(np.float32)))

# Half precision, all values, as one hash for each 256 of them.
halves = np.arange(65536, dtype=np.uint16).view(np.float16)
widened = torch.from_numpy(halves).float().numpy().view(np.uint32)
finite = np.isfinite(halves)
assert (halves.astype(np.float32).view(np.uint32)[finite] == widened[finite]).all()
rounded = torch.from_numpy(halves).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
hashes = lambda a: np.array([fnv(a[i : i + 256].tobytes()) for i in range(0, 65536, 256)], np.uint64)
put("f16.toF32", hashes(widened))
put("f16.toBF16", hashes(rounded))

# Byte planes.
for count in (1, 37, 100):
    words = rng.integers(0, 1 << 16, count, dtype=np.uint16)
    turned = (words << np.uint16(1)) | (words >> np.uint16(15))
    put(f"planes16.{count}.words", words)
    put(f"planes16.{count}.planes", turned.view(np.uint8).reshape(count, 2)[:, ::-1].T.copy())
    words = rng.integers(0, 1 << 32, count, dtype=np.uint32)
    turned = (words << np.uint32(1)) | (words >> np.uint32(31))
    put(f"planes32.{count}.words", words)
    put(f"planes32.{count}.planes", turned.view(np.uint8).reshape(count, 4)[:, ::-1].T.copy())


# Int8. The scale is rounded to bfloat16 first; steps and errors in float64; exact sums, five a
# row: squared error, squared source, squared result, product, largest error.
def is_legal(bits):
    return bits > 0 and float(bf16_values([bits])[0]) * 127 <= float(np.finfo(np.float32).max)


def legal_scale(value):
    bits = int(bf16_bits(np.array([value], np.float32))[0])
    return bits if is_legal(bits) else 1


def steps(x, bits):
    return np.clip(np.rint(x.astype(np.float64) / float(bf16_values([bits])[0])), -127, 127)


def quantize(x, refine):
    largest = np.abs(x).max()
    if largest == 0:
        return 0x3F80, np.zeros_like(x, np.float64)
    start = best = legal_scale(np.float32(largest) / np.float32(127))
    if refine:
        x64 = x.astype(np.float64)
        cost = lambda b: math.fsum((x64 - steps(x, b) * float(bf16_values([b])[0])) ** 2)
        least = cost(start)
        for direction in (-1, 1):
            bits = start + direction
            while is_legal(bits) and cost(bits) < least:
                least, best = cost(bits), bits
                bits += direction
    return best, steps(x, best)


def matrix_case(name, x, group):
    for method in ("absoluteMaximum", "leastSquares"):
        scales, values, results, sums = [], [], [], []
        for row in x:
            row_results = []
            for start in range(0, len(row), group):
                bits, q = quantize(row[start : start + group], method == "leastSquares")
                scales.append(bits)
                values.append(q)
                row_results.append(q * float(bf16_values([bits])[0]))
            y = np.concatenate(row_results)
            results.append(y)
            x64 = row.astype(np.float64)
            sums += [math.fsum((x64 - y) ** 2), math.fsum(x64 * x64), math.fsum(y * y)]
            sums += [math.fsum(x64 * y), float(np.abs(x64 - y).max())]
        put(f"{name}.{method}.values", np.concatenate(values).astype(np.int8))
        put(f"{name}.{method}.scales", np.array(scales, np.uint16))
        put(f"{name}.{method}.dequantized", np.concatenate(results).astype(np.float32))
        put(f"{name}.{method}.sums", np.array(sums))


wide = rng.standard_normal((8, 384)).astype(np.float32) * np.float32(0.03)
wide[1] = bf16_values(bf16_bits(wide[1]))
wide[2, 200] = 1.0  # an outlier
wide[3, 64:192] = 0
wide[4] = 0
wide[4, :254] = np.arange(-126.5, 127)
wide[4, 254] = 127  # scale 1: ties everywhere
wide[5] *= np.float32(1e-38)  # subnormals
to_largest = float(np.finfo(np.float32).max) / float(np.abs(wide[6]).max())
wide[6] = wide[6].astype(np.float64) * to_largest  # the next scale upwards overflows
wide[7] = rng.integers(-1, 2, 384).astype(np.float32) * np.float32(1e-45)  # scale rounds to 0
put("wide.source", wide)
for group in (384, 32, 64, 128):
    matrix_case(f"wide.{group}", wide, group)
narrow = rng.standard_normal((5, 77)).astype(np.float32)
put("narrow.source", narrow)
matrix_case("narrow.77", narrow, 77)

# Sums without rounding.
terms = (rng.standard_normal(400) * 2.0 ** rng.integers(-120, 200, 400)).astype(np.float64)
terms = np.concatenate([terms, -terms[:390], [2.0**-298, -(2.0**-298) * 3, 1e80, -1e80]])
put("exact.terms", terms)
put("exact.sum", np.array([math.fsum(terms), math.fsum(terms[::2]), math.fsum(terms[-4:])]))

here = pathlib.Path(__file__).parent
(here / "kernels.bin").write_bytes(blob)
about = {"torch": torch.__version__, "numpy": np.__version__, "arrays": arrays}
(here / "kernels.json").write_text(json.dumps(about, indent=1) + "\n")
