"""Writes Fixtures/pictures/: how versions of transformers and lerobot bring pictures into what a model sees.

    LEROBOT=FOLDER python pictures.py    (transformers 5.24.0, torch 2.15.0, torchvision 0.29.2, Pillow, safetensors)

FOLDER has the wheels of lerobot unpacked as they come from PyPI, in 0.3.3, 0.4.4 and 0.6.1 (that of 0.1.0 has no pi0;
the function is the same in commit 638d411 of February 2025); of them the functions themselves are run, taken from the files, as importing lerobot needs more than is used here.

resize.safetensors: N.in and torchvision's resize of it as transformers calls it, N.bicubic and N.bilinear, uint8
[H, W, 3]. processors.safetensors: in.NAME, uint8 [H, W, 3], and CASE.NAME, pixel_values of the image processor that
AutoImageProcessor makes of the settings in processors.json under CASE; CASE.NAME.refused where it fails. Where the
settings alone make upstream fail, processors.json says so: "refused". lerobot.safetensors: in.NAME and VERSION.NAME,
[3, 14, 14], what PI0Policy makes of it.
"""
import ast
import json
import os
import pathlib
import tempfile
import types
import warnings

import numpy
import torch
import torch.nn.functional
import transformers
from PIL import Image
from safetensors.torch import save_file
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional
from transformers import AutoImageProcessor

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).resolve().parents[1] / "pictures"
LEROBOT = pathlib.Path(os.environ.get("LEROBOT", "lerobot"))
RESIZES = [((20, 31), (9, 14)), ((13, 7), (40, 33)), ((30, 5), (11, 28)), ((8, 9), (8, 21)), ((17, 6), (5, 6)),
           ((1, 1), (4, 3)), ((2, 3), (1, 2)), ((1, 60), (12, 7)), ((90, 70), (3, 2)), ((5, 5), (24, 24)),
           ((33, 47), (32, 46)), ((12, 100), (12, 99)), ((61, 22), (28, 28)), ((100, 9), (7, 9)), ((64, 3), (5, 4))]
PICTURES = {"scene": (47, 62), "tall": (61, 22), "wide": (24, 60), "same": (14, 14), "half": (7, 14), "odd": (15, 14),
            "strip": (3, 56), "pixel": (1, 1), "small": (9, 5)}
SIGLIP = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 14, "width": 14}, "image_mean": [0.5] * 3,
          "image_std": [0.5] * 3, "do_normalize": True, "do_rescale": True, "do_resize": True, "resample": 3,
          "rescale_factor": 1 / 255}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
DPT = SIGLIP | IMAGENET | {"image_processor_type": "DPTImageProcessor", "ensure_multiple_of": 7,
                           "keep_aspect_ratio": True, "do_pad": False, "size_divisor": None}
BIT = SIGLIP | IMAGENET | {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 16},
                           "crop_size": {"height": 14, "width": 14}, "do_center_crop": True}
PI0 = SIGLIP | {"image_processor_type": "PI0ImageProcessor", "size": {"max_height": 14, "max_width": 14},
                "pad_size": {"height": 14, "width": 14}, "do_pad": True, "image_seq_length": 4}
CASES = {"siglip": (SIGLIP, list(PICTURES)), "dpt": (DPT, list(PICTURES)), "bit": (BIT, list(PICTURES)),
         "pi0": (PI0, list(PICTURES))}
FORMS = [  # of one picture, `small`
    ("siglip", {"image_processor_type": "SiglipImageProcessorFast"}),
    ("siglip", {"image_processor_type": "SiglipImageProcessorPil"}),
    *[("siglip", {"size": size}) for size in (
        [14, 14], [14, 15], [14], {"height": 14}, {"height": None, "width": 14}, None, "14", 0, {"longest_edge": 15})],
    ("siglip", {"size": 14, "default_to_square": True}),
    *[("siglip", {"resample": resample}) for resample in (2, "bilinear", "bicubic", 4, 5, 6, "3", 3.5, None)],
    *[("siglip", {"image_mean": mean}) for mean in (0.4, [0.4], [0.1, 0.2, 0.3], None, [0.5] * 4, "0.5", [0.5, None, 0.5])],
    *[("siglip", {"image_std": deviation}) for deviation in (0.25, [0.25], None)],
    *[("siglip", {"do_rescale": flag}) for flag in (False, None, 0, 1)],
    *[("siglip", {"do_normalize": flag}) for flag in (False, None, 0, 1)],
    *[("siglip", {"rescale_factor": factor}) for factor in (1 / 256, 1, None, 0, "1")],
    ("siglip", {"do_convert_rgb": None}), ("siglip", {"do_convert_rgb": False}), ("siglip", {"use_fast": False}),
    ("siglip", {"backend": "pil"}), ("siglip", {"do_center_crop": None}),
    *[("dpt", {"ensure_multiple_of": multiple}) for multiple in (1, 4, None)],
    *[("dpt", {"keep_aspect_ratio": flag}) for flag in (False, None)],
    ("dpt", {"size": 21}), ("dpt", {"size": [14, 21]}), ("dpt", {"resample": 2}), ("dpt", {"size": None}),
    ("bit", {"size": 15}), ("bit", {"size": {"height": 10, "width": 17}}), ("bit", {"crop_size": 10}),
    ("bit", {"crop_size": [11, 10]}), ("bit", {"crop_size": None}), ("bit", {"do_center_crop": False}),
    ("bit", {"do_center_crop": None}), ("bit", {"do_resize": None}), ("bit", {"do_resize": False}),
    ("bit", {"crop_size": {"height": 21, "width": 20}}), ("bit", {"resample": 2}),
    ("pi0", {"resample": 2}), ("pi0", {"pad_size": 15}), ("pi0", {"pad_size": None}), ("pi0", {"do_pad": False}),
    ("pi0", {"size": {"max_height": 10, "max_width": 14}}), ("pi0", {"image_mean": 0.25}),
]


def picture(rng, height, width):
    y, x = numpy.mgrid[0:height, 0:width]
    waves = [127 + 110 * numpy.sin(x / (5 + 2 * c) + c) * numpy.cos(y / (4 + c)) for c in range(3)]
    noisy = numpy.stack(waves, -1) + rng.normal(0, 20, (height, width, 3))
    noisy[:height // 3, :width // 4] = 255 * (rng.random((height // 3, width // 4, 1)) > 0.5)
    return numpy.clip(noisy, 0, 255).astype(numpy.uint8)


def resizes(rng):
    tensors = {}
    for i, ((height, width), size) in enumerate(RESIZES):
        before = torch.from_numpy(picture(rng, height, width) if i % 2 else
                                  rng.integers(0, 256, (height, width, 3), dtype=numpy.uint8))
        tensors[f"{i}.in"] = before
        for name, mode in (("bicubic", InterpolationMode.BICUBIC), ("bilinear", InterpolationMode.BILINEAR)):
            after = functional.resize(before.permute(2, 0, 1).contiguous()[None], list(size), interpolation=mode)
            tensors[f"{i}.{name}"] = after[0].permute(1, 2, 0).contiguous()
    return tensors


def processor(settings):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "preprocessor_config.json").write_text(json.dumps(settings))
        return AutoImageProcessor.from_pretrained(folder)


def processors(pictures):
    tensors, cases = {f"in.{name}": torch.from_numpy(rgb) for name, rgb in pictures.items()}, {}
    forms = {f"{base}-{i}": (CASES[base][0] | change, ["small"]) for i, (base, change) in enumerate(FORMS)}
    forms["siglip-no-size"] = ({k: v for k, v in SIGLIP.items() if k in ("image_processor_type", "resample")} |
                               {"do_resize": False}, ["small"])
    for case, (settings, names) in (CASES | forms).items():
        results = {}
        for name in names:
            try:
                values = processor(settings)(images=Image.fromarray(pictures[name]), return_tensors="pt").pixel_values
                results[f"{case}.{name}"] = values[0].float().contiguous()
            except Exception as error:
                results[f"{case}.{name}.refused"] = torch.zeros(1, dtype=torch.uint8)
                reason = f"{type(error).__name__}: {str(error)[:100]}"
        refused = all(key.endswith(".refused") for key in results)
        cases[case] = {"settings": settings, "pictures": names} | ({"refused": reason} if refused else {})
        if not refused:
            tensors |= results
    return tensors, cases


def function(path, name, **names):
    """A function of a file, in whichever class it stands, without running the file."""
    tree = ast.parse(path.read_text())
    node = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name)
    node.decorator_list, node.returns = [], None
    for argument in node.args.args:
        argument.annotation = None
    scope = {"torch": torch, "F": torch.nn.functional} | names
    exec(compile(ast.Module([node], []), str(path), "exec"), scope)
    return scope[name]


def lerobot(pictures):
    tensors = {f"in.{name}": torch.from_numpy(rgb) for name, rgb in pictures.items()}
    files = {"lerobot-2025-02": (LEROBOT / "0.3.3/lerobot/policies/pi0/modeling_pi0.py",) * 2,
             "lerobot-2025-10": (LEROBOT / "0.4.4/lerobot/policies/pi0/modeling_pi0.py",) * 2,
             "lerobot-2026-03": (LEROBOT / "0.6.1/lerobot/policies/common/vla_utils.py",
                                 LEROBOT / "0.6.1/lerobot/policies/pi0/modeling_pi0.py")}
    config = types.SimpleNamespace(
        image_features={"camera": None}, resize_imgs_with_padding=(14, 14), image_resolution=(14, 14), empty_cameras=0)
    for version, (tools, model) in files.items():
        is_early = version == "lerobot-2025-02"
        resize = "resize_with_pad" if is_early else "resize_with_pad_torch"
        prepare = function(model, "prepare_images" if is_early else "_preprocess_images",
                           **{resize: function(tools, resize)})
        policy = types.SimpleNamespace(config=config, parameters=lambda: iter([torch.zeros(1)]))
        for name, rgb in pictures.items():
            # As preprocess_observation makes of a camera's picture.
            batch = torch.from_numpy(rgb).permute(2, 0, 1)[None].contiguous().type(torch.float32) / 255
            try:
                images, masks = prepare(policy, {"camera": batch})
                tensors[f"{version}.{name}"] = images[0][0].contiguous()
            except RuntimeError:
                tensors[f"{version}.{name}.refused"] = torch.zeros(1, dtype=torch.uint8)
    return tensors


def main():
    rng = numpy.random.default_rng(0)
    FOLDER.mkdir(exist_ok=True)
    pictures = {name: picture(rng, *size) for name, size in PICTURES.items()}
    save_file(resizes(rng), FOLDER / "resize.safetensors", metadata={"format": "pt"})
    tensors, cases = processors(pictures)
    save_file(tensors, FOLDER / "processors.safetensors", metadata={"format": "pt"})
    lines = ",\n".join(f"  {json.dumps(case)}: {json.dumps(value)}" for case, value in cases.items())
    (FOLDER / "processors.json").write_text("{\n" + lines + "\n}\n")
    save_file(lerobot(pictures), FOLDER / "lerobot.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
