"""Depth maps of two pictures, at the pictures' size: goldens/depth_maps.safetensors.

f32.MODEL.PICTURE is what transformers makes of images/PICTURE with checkpoints/MODEL/hf: DPTImageProcessorPil as the
model was trained for, DepthAnythingForDepthEstimation, post_process_depth_estimation. f64.MODEL.PICTURE is the same
with the model and the resize in float64.
"""
import torch
from safetensors.torch import save_file
from transformers import DepthAnythingForDepthEstimation
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, load_image
from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

from dims import DEPTH_ANYTHING
from precision import double, no_narrowing

PICTURES = ("rgb8.png", "baseline-444.jpg")


def make(w):
    tensors = {}
    for name, d in DEPTH_ANYTHING.items():
        side = d["backbone"]["image_size"]
        processor = DPTImageProcessorPil(
            size={"height": side, "width": side}, ensure_multiple_of=d["backbone"]["patch_size"],
            keep_aspect_ratio=True, image_mean=IMAGENET_DEFAULT_MEAN, image_std=IMAGENET_DEFAULT_STD)
        model = DepthAnythingForDepthEstimation.from_pretrained(w.folder(f"{name}/hf"), attn_implementation="eager")
        for picture in PICTURES:
            image = load_image(str(w.root / "images" / picture))
            size = (image.height, image.width)
            pixels = processor(images=image, return_tensors="pt").pixel_values

            def depth(net, pixels):
                outputs = net(pixels)
                result = processor.post_process_depth_estimation(outputs, target_sizes=[size])
                return result[0]["predicted_depth"].reshape(size).contiguous()
            low = depth(model, pixels)
            with no_narrowing():
                high = depth(double(model), pixels.double())
            assert low.dtype == torch.float32 and high.dtype == torch.float64
            assert (low.double() - high).abs().max() < 2e-5 * high.abs().max(), (name, picture)
            assert high.max() > high.min(), (name, picture)
            tensors[f"f32.{name}.{picture}"], tensors[f"f64.{name}.{picture}"] = low, high
    save_file(tensors, w.root / "goldens" / "depth_maps.safetensors", metadata={"format": "pt"})
