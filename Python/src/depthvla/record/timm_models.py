"""DINOv2 of timm."""

from __future__ import annotations

from typing import Any

from depthvla.errors import Error
from depthvla.record import inputs, stages
from depthvla.record.libraries import document, failures_of, require
from depthvla.record.model import Tap, Tensors, UpstreamModel
from depthvla.record.request import Request
from depthvla.record.weights import check_loaded, weight_files


def load(request: Request) -> UpstreamModel:
    """Loads a folder that ``timm.models.save_for_hf`` wrote, and checks that all of it was loaded.

    Position tables are fitted to the picture as ``dynamic_img_size`` does it; at the model's own
    size that changes nothing.

    Raises:
        Error: ``record.family`` for another architecture, ``record.model`` where timm cannot load
            the folder, ``record.weights`` where it loaded something else.
    """
    timm = require("timm")
    files = weight_files(request.model)
    folder = files[0].parent
    path = folder / "config.json"
    architecture = document(path).get("architecture")
    if not isinstance(architecture, str):
        raise Error(
            "record.model",
            65 if path.is_file() else 66,
            "expected the config.json of timm, with an architecture",
            file=str(path),
        )
    if "dinov2" not in architecture:
        raise Error(
            "record.family",
            65,
            f"is {architecture}, expected a DINOv2",
            file=str(path),
            key="architecture",
        )
    with failures_of("timm", "cannot load it", "record.model", folder):
        network = timm.create_model(f"local-dir:{folder}", pretrained=True, dynamic_img_size=True)
        network = network.eval()
    check_loaded(network, files)
    taps = [*stages.vision_transformer(network), Tap("final_norm", network.norm)]

    def prepare(request: Request) -> Tensors:
        if request.inputs is not None:
            return inputs.given(request.inputs, ("pixel_values",))
        return {"pixel_values": _pixels(request, network)}

    def run(given: Tensors) -> Tensors:
        network.forward_features(given["pixel_values"])
        return {}

    model = UpstreamModel("dinov2", "timm", network, taps, prepare, run)
    model.notes["class"] = architecture
    return model


def _pixels(request: Request, network: Any) -> Any:
    if request.processor is not None:
        raise Error(
            "record.option", 64, "timm keeps the processor in config.json: expected no --processor"
        )
    # timm falls back on stand-ins without torchvision, which fail when they are called.
    require("torchvision")
    data = require("timm.data")
    transform = data.create_transform(**data.resolve_model_data_config(network), is_training=False)
    made = [transform(picture) for picture in inputs.pictures(request.images)]
    return inputs.one_size(made, request.images)
