"""What torch.nn.functional.interpolate computes in float64: goldens/resampling.safetensors.

METHOD.N.in is [C, H, W] for the bicubic methods and channels-last [H, W, C] for the bilinear ones,
METHOD.N.out the result; METHOD.N.scale is there where a scale_factor was passed instead of a size.
"""
import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

BICUBIC = [  # C, (H, W), and the size asked for or the scale factors
    (2, (5, 7), (12, 9)), (2, (9, 11), (4, 3)), (1, (4, 4), (4, 4)), (3, (6, 5), (3, 13)), (1, (1, 1), (3, 2)),
    (2, (1, 6), (4, 15)), (2, (6, 1), (2, 5)), (1, (2, 3), (1, 1)), (1, (3, 40), (7, 6)), (1, (37, 5), (16, 2)),
]
SCALED = [
    (2, (5, 5), (1.46, 0.84)), (1, (7, 4), (8.1 / 7, 11.1 / 4)), (1, (6, 9), (1.0, 0.51)), (1, (3, 3), (1.3, 1.3)),
]
BILINEAR = [
    (3, (4, 6), (9, 11)), (5, (7, 5), (14, 10)), (2, (9, 8), (4, 3)), (1, (1, 1), (3, 4)), (4, (1, 5), (4, 8)),
    (17, (5, 1), (2, 3)), (2, (6, 7), (1, 1)), (3, (5, 3), (5, 3)), (2, (2, 2), (1, 7)),
]


def make(w):
    rng = numpy.random.default_rng(w.seed)
    tensors = {}

    def case(name, channels, extents, channels_last=False, **how):
        x = torch.from_numpy(rng.standard_normal((channels, *extents), dtype=numpy.float32))
        y = F.interpolate(x.double()[None], **how)[0]
        order = (1, 2, 0) if channels_last else (0, 1, 2)
        tensors[f"{name}.in"], tensors[f"{name}.out"] = (t.permute(order).contiguous() for t in (x, y))
        if "scale_factor" in how:
            tensors[f"{name}.scale"] = torch.tensor(how["scale_factor"], dtype=torch.float64)

    for method, antialias in (("bicubic", False), ("bicubic-antialiased", True)):
        how = {"mode": "bicubic", "align_corners": False, "antialias": antialias}
        for i, (channels, size, to) in enumerate(BICUBIC):
            case(f"{method}.{i}", channels, size, size=to, **how)
        for i, (channels, size, scale) in enumerate(SCALED, len(BICUBIC)):
            case(f"{method}.{i}", channels, size, scale_factor=scale, recompute_scale_factor=False, **how)
    for align in (False, True):
        for i, (channels, size, to) in enumerate(BILINEAR):
            case(f"bilinear-{'aligned' if align else 'unaligned'}.{i}", channels, size, channels_last=True,
                 size=to, mode="bilinear", align_corners=align)
    path = w.root / "goldens" / "resampling.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"format": "pt"})
