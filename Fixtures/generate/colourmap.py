"""Depth Anything's picture of a depth map, as its run.py makes it with matplotlib: goldens/colourmap.safetensors.

spectral_r is the whole map, uint8 [256, 3]; in.NAME a depth map and picture.NAME its picture, uint8 [H, W, 3].
goldens/array_*.npy are files that numpy writes.
"""
import matplotlib
import numpy
from safetensors.numpy import save_file


def make(w):
    rng = numpy.random.default_rng(w.seed)
    colours = matplotlib.colormaps["Spectral_r"]
    tensors = {"spectral_r": colours(numpy.arange(256, dtype=numpy.uint8), bytes=True)[:, :3].copy()}
    for name, depth in {"disparity": rng.gamma(2, 40, (9, 13)), "metric": rng.random((6, 40)) * 3 + 0.2}.items():
        depth = depth.astype(numpy.float32)
        levels = (depth - depth.min()) / (depth.max() - depth.min()) * 255.0
        picture = (colours(levels.astype(numpy.uint8))[:, :, :3] * 255).astype(numpy.uint8)
        tensors[f"in.{name}"], tensors[f"picture.{name}"] = depth, picture
    goldens = w.root / "goldens"
    goldens.mkdir(parents=True, exist_ok=True)
    save_file(tensors, goldens / "colourmap.safetensors", metadata={"format": "pt"})
    for shape in ((), (3,), (5, 7), (1200, 1), (1, 2, 3)):
        array = (numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape) / 8 - 1).astype(numpy.float32)
        numpy.save(goldens / f"array_{'x'.join(map(str, shape)) or 'scalar'}.npy", array)
