"""What transformers' image processors make of small pictures: goldens/preprocess_NAME.safetensors.

in.rgb is the picture, uint8 [H, W, 3]. FAMILY_SIZE.pil is pixel_values by the Pillow backend, .torchvision by the
other one (at the first size only; none for `tall`, where Pillow resizes columns first, so that the backends clip
differently); FAMILY_SIZE.refused stands where upstream fails because a side would be 0.
goldens/pillow_resize.safetensors: N.in and N.out, uint8 [H, W, 3], bicubic; N.bilinear of those that are not large.
goldens/depth_postprocess.safetensors: in.depth [h, w], and f32.HxW and f64.HxW, the map at that size.
"""
import types

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import BitImageProcessor, DPTImageProcessor, SiglipImageProcessor
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

SIZES = {"scene": (47, 62), "tall": (61, 22), "wide": (24, 60), "strip": (3, 56), "pixel": (1, 1)}
RESIZES = [  # H x W to H x W
    ((20, 31), (9, 14)), ((13, 7), (40, 33)), ((30, 5), (11, 28)), ((8, 8), (8, 8)), ((8, 9), (8, 21)),
    ((17, 6), (5, 6)), ((1, 1), (4, 3)), ((2, 3), (1, 1)), ((1, 60), (12, 7)), ((90, 70), (3, 2)), ((5, 5), (64, 64)),
    ((33, 47), (32, 46)), ((12, 100), (12, 99)),
]
DEPTHS = [(23, 37), (9, 5), (14, 21), (1, 30), (55, 21)]


def picture(rng, height, width):
    y, x = numpy.mgrid[0:height, 0:width]
    waves = [127 + 110 * numpy.sin(x / (5 + 2 * c) + c) * numpy.cos(y / (4 + c)) for c in range(3)]
    noisy = numpy.stack(waves, -1) + rng.normal(0, 20, (height, width, 3))
    noisy[:height // 3, :width // 4] = 255 * (rng.random((height // 3, width // 4, 1)) > 0.5)
    return numpy.clip(noisy, 0, 255).astype(numpy.uint8)


def processors():
    """[(name, Pillow's, torchvision's or None)]"""
    imagenet = {"image_mean": IMAGENET_DEFAULT_MEAN, "image_std": IMAGENET_DEFAULT_STD}
    for i, size in enumerate((28, 42)):
        how = {"size": {"height": size, "width": size}}
        yield f"siglip_{size}", SiglipImageProcessorPil(**how), None if i else SiglipImageProcessor(**how)
        how |= {"ensure_multiple_of": 14, "keep_aspect_ratio": True} | imagenet
        yield f"dpt_{size}", DPTImageProcessorPil(**how), None if i else DPTImageProcessor(**how)
    for i, (edge, crop) in enumerate(((32, 28), (19, 28))):
        how = {"size": {"shortest_edge": edge}, "crop_size": {"height": crop, "width": crop}} | imagenet
        yield f"dinov2_{edge}", BitImageProcessorPil(**how), None if i else BitImageProcessor(**how)


def make(w):
    rng = numpy.random.default_rng(w.seed)
    goldens = w.root / "goldens"
    goldens.mkdir(parents=True, exist_ok=True)

    def save(name, tensors):
        save_file(tensors, goldens / f"{name}.safetensors", metadata={"format": "pt"})

    for name, (height, width) in SIZES.items():
        rgb = picture(rng, height, width)
        tensors = {"in.rgb": torch.from_numpy(rgb)}
        for stage, pil, torchvision in processors():
            try:
                values = pil(images=Image.fromarray(rgb), return_tensors="pt").pixel_values[0]
            except ValueError:
                tensors[f"{stage}.refused"] = torch.zeros(1, dtype=torch.uint8)
                continue
            assert values.dtype == torch.float32
            tensors[f"{stage}.pil"] = values.contiguous()
            if torchvision is not None and name != "tall":
                other = torchvision(images=Image.fromarray(rgb), return_tensors="pt").pixel_values[0]
                tensors[f"{stage}.torchvision"] = other.contiguous()
        save(f"preprocess_{name}", tensors)

    tensors = {}
    for i, ((height, width), (to_height, to_width)) in enumerate(RESIZES):
        before = rng.integers(0, 256, (height, width, 3), dtype=numpy.uint8)
        after = Image.fromarray(before).resize((to_width, to_height), Image.Resampling.BICUBIC)
        tensors[f"{i}.in"], tensors[f"{i}.out"] = torch.from_numpy(before), torch.from_numpy(numpy.array(after))
        if to_height * to_width < 1300:
            after = Image.fromarray(before).resize((to_width, to_height), Image.Resampling.BILINEAR)
            tensors[f"{i}.bilinear"] = torch.from_numpy(numpy.array(after))
    save("pillow_resize", tensors)

    depth = torch.from_numpy(rng.gamma(2, 3, (14, 21)).astype(numpy.float32))
    tensors = {"in.depth": depth}
    for size in DEPTHS:
        for key, values in (("f32", depth), ("f64", depth.double())):
            outputs = types.SimpleNamespace(predicted_depth=values[None])
            result = DPTImageProcessorPil().post_process_depth_estimation(outputs, target_sizes=[size])
            tensors[f"{key}.{size[0]}x{size[1]}"] = result[0]["predicted_depth"].reshape(size).contiguous()
    save("depth_postprocess", tensors)
