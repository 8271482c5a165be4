"""DINOv2 and Depth Anything V2 in the code of their authors, from a checkout on the module path."""

from __future__ import annotations

import inspect
import re
from functools import partial
from pathlib import Path
from typing import Any

import torch

from depthvla.errors import Error
from depthvla.record import inputs, stages
from depthvla.record.libraries import failures_of, require
from depthvla.record.model import Tap, Tensors, UpstreamModel
from depthvla.record.request import Request
from depthvla.record.weights import check_loaded, stored_shapes, weight_files
from depthvla.record.weights import load as load_tensors

Shapes = dict[str, tuple[int, ...]]

#: Width: heads, and the name that Depth Anything has for the encoder.
_PUBLISHED = {384: (6, "vits"), 768: (12, "vitb"), 1024: (16, "vitl"), 1536: (24, "vitg")}
#: After which layers Depth Anything V2 takes the features, by the number of layers.
_TAKEN = {12: [2, 5, 8, 11], 24: [4, 11, 17, 23], 40: [9, 19, 29, 39]}


def load(request: Request) -> UpstreamModel:
    """Loads a safetensors file with the original names.

    Raises:
        Error: ``record.model`` for shapes that the code cannot have, ``record.weights`` where it
            loaded something else.
    """
    files = weight_files(request.model)
    shapes = stored_shapes(files)
    build = _dinov2 if request.family == "dinov2" else _depth_anything
    with failures_of("the original code", "cannot load it", "record.model", request.model):
        model = build(request, shapes)
        model.network.load_state_dict(load_tensors(files), strict=True)
    model.network.eval()
    check_loaded(model.network, files)
    return model


def _transformer(module: Any, request: Request, shapes: Shapes, registers: bool) -> Any:
    """A DinoVisionTransformer of the sizes of the tensors, as the authors' builders make it.

    Args:
        module: Theirs, of the repository.
        request: What is to be recorded.
        shapes: Those of the tensors of the transformer.
        registers: Whether a transformer with registers is made as DINOv2's, which fits positions in
            another way.
    """
    for name in ("pos_embed", "patch_embed.proj.weight", "blocks.0.norm1.weight"):
        if name not in shapes:
            raise Error(
                "record.model",
                65,
                f"has no tensor {name}: expected the original names",
                file=str(request.model),
            )
    width, patch = shapes["pos_embed"][2], shapes["patch_embed.proj.weight"][2]
    side = round((shapes["pos_embed"][1] - 1) ** 0.5) * patch
    heads = request.heads or _PUBLISHED.get(width, (0, ""))[0]
    if not heads:
        raise Error(
            "record.option",
            64,
            f"no published model is {width} wide, and the file does not say how many attention "
            "heads it has: expected --heads",
        )
    swiglu = "blocks.0.mlp.w12.weight" in shapes
    hidden = shapes.get("blocks.0.mlp.fc1.weight", (4 * width,))[0]
    extra: dict[str, Any] = {}
    tokens = shapes.get("register_tokens", (1, 0))[1]
    if registers and tokens:
        extra = {"interpolate_antialias": True, "interpolate_offset": 0.0}
    return module.DinoVisionTransformer(
        img_size=side,
        patch_size=patch,
        embed_dim=width,
        depth=_layers(shapes),
        num_heads=heads,
        mlp_ratio=hidden / width,
        init_values=1.0,
        ffn_layer="swiglufused" if swiglu else "mlp",
        block_chunks=0,
        block_fn=partial(module.Block, attn_class=module.MemEffAttention),
        num_register_tokens=tokens,
        **extra,
    )


def _layers(shapes: Shapes) -> int:
    numbers = {int(m[1]) for m in map(re.compile(r"blocks\.(\d+)\.").match, shapes) if m}
    return len(numbers)


# ---- DINOv2


def _dinov2(request: Request, shapes: Shapes) -> UpstreamModel:
    network = _transformer(require("dinov2.models.vision_transformer"), request, shapes, True)
    taps = [*stages.vision_transformer(network), Tap("final_norm", network.norm)]

    def prepare(request: Request) -> Tensors:
        if request.inputs is not None:
            return inputs.given(request.inputs, ("pixel_values",))
        transform = require("dinov2.data.transforms", "torchvision")
        transform = transform.make_classification_eval_transform()
        made = [transform(picture) for picture in inputs.pictures(request.images)]
        return {"pixel_values": inputs.one_size(made, request.images)}

    def run(given: Tensors) -> Tensors:
        network.forward_features(given["pixel_values"])
        return {}

    return UpstreamModel(
        "dinov2", "facebookresearch/dinov2", network, taps, prepare, run, notes=_code("dinov2")
    )


# ---- Depth Anything V2


def _depth_anything(request: Request, shapes: Shapes) -> UpstreamModel:
    dpt = require("depth_anything_v2.dpt")
    backbone = {
        k.removeprefix("pretrained."): v for k, v in shapes.items() if k.startswith("pretrained.")
    }
    network = _depth_network(dpt, request, shapes, backbone)
    head = network.depth_head
    scratch = head.scratch
    taps = stages.vision_transformer(network.pretrained, "backbone.", parts=False)
    for i in range(4):
        taps += [
            Tap(f"feature_map.{i}", head, partial(_feature_map, i), before=True),
            Tap(f"reassembled.{i}", head.resize_layers[i]),
            Tap(f"neck.{i}", getattr(scratch, f"layer{i + 1}_rn")),
            # Fusion starts at the smallest map.
            Tap(f"fused.{i}", getattr(scratch, f"refinenet{4 - i}")),
        ]
    taps += [
        Tap("head.conv1", scratch.output_conv1),
        Tap("head.conv2", scratch.output_conv2[0]),
    ]

    def prepare(request: Request) -> Tensors:
        if request.inputs is not None:
            return inputs.given(request.inputs, ("pixel_values",))
        return {"pixel_values": _depth_pixels(request, network)}

    def run(given: Tensors) -> Tensors:
        depth = network(given["pixel_values"])
        return {"predicted_depth": depth}

    return UpstreamModel(
        "depth-anything-v2",
        "DepthAnything/Depth-Anything-V2",
        network,
        taps,
        prepare,
        run,
        notes=_code("depth_anything_v2"),
    )


def _depth_network(dpt: Any, request: Request, shapes: Shapes, backbone: Shapes) -> Any:
    """Their DepthAnythingV2 with the sizes of the tensors: its builder has published ones alone."""
    cls = dpt.DepthAnythingV2
    is_metric = "max_depth" in inspect.signature(cls.__init__).parameters
    if is_metric and request.max_depth is None:
        raise Error(
            "record.option",
            64,
            "the code on the path is that of metric models, and the file does not say the range: "
            "expected --max-depth",
        )
    if not is_metric and request.max_depth is not None:
        raise Error(
            "record.option",
            64,
            "the code on the path is that of relative models: expected no --max-depth, or the "
            "folder metric_depth on the path",
        )
    channels = [shapes[f"depth_head.projects.{i}.weight"][0] for i in range(4)]
    features = shapes["depth_head.scratch.output_conv1.weight"][1]
    layers, width = _layers(backbone), backbone["pos_embed"][2]
    # Its forward needs a name for the encoder; that decides after which layers features are taken.
    network = cls.__new__(cls)
    torch.nn.Module.__init__(network)
    network.encoder = _PUBLISHED.get(width, (0, "other"))[1]
    network.intermediate_layer_idx = {network.encoder: _TAKEN[layers]}
    if is_metric:
        network.max_depth = request.max_depth
    network.pretrained = _transformer(
        require("depth_anything_v2.dinov2"), request, backbone, registers=False
    )
    network.depth_head = dpt.DPTHead(width, features, out_channels=channels)
    hidden = shapes["depth_head.scratch.output_conv2.0.weight"][0]
    if hidden != 32:
        # Fixed in the code, for all that was published.
        last = network.depth_head.scratch.output_conv2
        last[0] = torch.nn.Conv2d(features // 2, hidden, 3, padding=1)
        last[2] = torch.nn.Conv2d(hidden, 1, 1)
    return network


def _feature_map(i: int, args: Any, _kwargs: Any, _output: Any) -> torch.Tensor:
    patches, token = args[0][i]
    return torch.cat([token[:, None], patches], 1)


def _depth_pixels(request: Request, network: Any) -> torch.Tensor:
    """Pictures by the authors' own image2tensor, which reads as OpenCV does: blue first."""
    require("cv2")
    numpy = require("numpy")
    made = []
    for picture in inputs.pictures(request.images):
        pixels, _ = network.image2tensor(numpy.asarray(picture)[:, :, ::-1].copy())
        made.append(pixels[0].cpu().float())
    return inputs.one_size(made, request.images)


def _code(module: str) -> dict[str, str]:
    """SHA-256 over the code that runs, since a checkout has no version."""
    import hashlib

    folder = Path(require(module).__path__[0])
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return {"code": total.hexdigest()}
