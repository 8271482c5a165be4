"""Models of the transformers library."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch

from depthvla.errors import Error
from depthvla.record import inputs, stages
from depthvla.record.libraries import document, failures_of, require
from depthvla.record.model import Tap, Tensors, UpstreamModel
from depthvla.record.pi0_inputs import (
    OPTIONAL,
    REQUIRED,
    drop_half_targets,
    targets,
    valid_rows,
    vlm_valid,
)
from depthvla.record.request import Request
from depthvla.record.weights import check_loaded, weight_files

#: The classes that may stand under `architectures` in config.json, with the way to the part that is
#: recorded.
_CLASSES = {
    "paligemma": {"PaliGemmaForConditionalGeneration": ""},
    "dinov2": {
        "Dinov2Model": "",
        "Dinov2ForImageClassification": "dinov2",
        "Dinov2WithRegistersModel": "",
        "Dinov2WithRegistersForImageClassification": "dinov2_with_registers",
    },
    "depth-anything-v2": {"DepthAnythingForDepthEstimation": ""},
    "pi0": {"PI0ForConditionalGeneration": ""},
}


def load(request: Request) -> UpstreamModel:
    """Loads a folder as ``from_pretrained`` does, and checks that all of it was loaded.

    Raises:
        Error: ``record.family`` where config.json is of another model, ``record.model`` where the
            library cannot load the folder, ``record.weights`` where it loaded something else.
    """
    transformers = require("transformers")
    transformers.utils.logging.disable_progress_bar()
    files = weight_files(request.model)
    folder = files[0].parent
    name, part = _architecture(request, folder)
    with failures_of("transformers", "cannot load it", "record.model", folder):
        network = getattr(transformers, name).from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True
        )
        network = network.eval()
    check_loaded(network, files)
    build = {
        "paligemma": _paligemma,
        "dinov2": _dinov2,
        "depth-anything-v2": _depth_anything,
        "pi0": _pi0,
    }[request.family]
    model = build(getattr(network, part) if part else network)
    model.network = network
    model.notes["class"] = name
    model.notes["attention"] = "eager"
    return model


def _architecture(request: Request, folder: Path) -> tuple[str, str]:
    path = folder / "config.json"
    config = document(path)
    if not config:
        raise Error("record.model", 66, "transformers needs this file", file=str(path))
    classes = _CLASSES[request.family]
    found = config.get("architectures") or [None]
    name = found[0]
    if name not in classes:
        raise Error(
            "record.family",
            65,
            f"is of {name or config.get('model_type')}: for {request.family} expected one of "
            f"{', '.join(classes)}",
            file=str(path),
            key="architectures",
        )
    text = config.get("text_config")
    text = text.get("model_type", "gemma") if isinstance(text, dict) else "gemma"
    if text != "gemma":
        raise Error(
            "record.family",
            65,
            f"has the decoder {text}, expected gemma: only PaliGemma 1 is supported",
            file=str(path),
            key="text_config.model_type",
        )
    return name, classes[name]


def _processor(request: Request, kind: str) -> Any:
    folder = request.processor or (
        request.model if request.model.is_dir() else request.model.parent
    )
    transformers = require("transformers")
    try:
        return getattr(transformers, kind).from_pretrained(str(folder), local_files_only=True)
    except ImportError as error:
        require("torchvision")
        raise Error("record.library", 69, str(error).strip().splitlines()[0]) from error
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise Error(
            "record.processor",
            66 if not list(folder.glob("*processor_config.json")) else 65,
            f"holds no processor that {kind} can load ({lines[0] if lines else error}): expected "
            "it beside the weights, or --processor FOLDER",
            file=str(folder),
        ) from error


def _pixels(request: Request) -> torch.Tensor:
    processor = _processor(request, "AutoImageProcessor")
    made = [
        processor(images=picture, return_tensors="pt")["pixel_values"][0]
        for picture in inputs.pictures(request.images)
    ]
    return inputs.one_size(made, request.images)


# ---- PaliGemma


def _paligemma(network: Any) -> UpstreamModel:
    core, config = network.model, network.config
    taps = [
        *stages.siglip(core.vision_tower, "siglip"),
        Tap("projector", core.multi_modal_projector),
        *stages.gemma(core.language_model, "", "final_norm"),
        Tap("logits", network.lm_head),
    ]

    def prepare(request: Request) -> Tensors:
        if request.inputs is not None:
            return inputs.given(request.inputs, ("pixel_values", "input_ids", "attention_mask"))
        processor = _processor(request, "AutoProcessor")
        found = processor(
            images=[[picture] for picture in inputs.pictures(request.images)],
            text=[f"<image>{request.prompt}"] * len(request.images),
            return_tensors="pt",
        )
        text = config.text_config
        inputs.check_tokens(
            found["input_ids"], text.vocab_size, text.max_position_embeddings, config.image_token_id
        )
        return {k: found[k] for k in ("pixel_values", "input_ids", "attention_mask")}

    def run(given: Tensors) -> Tensors:
        # All of the prompt is prefix, whose tokens see each other in both directions.
        network(**given, token_type_ids=torch.zeros_like(given["input_ids"]), use_cache=False)
        return {}

    def rows(stage: str, given: Tensors) -> torch.Tensor | None:
        first = stage.partition(".")[0]
        return None if first in ("siglip", "projector") else given["attention_mask"].bool()

    return UpstreamModel("paligemma", "transformers", network, taps, prepare, run, rows)


# ---- DINOv2 and Depth Anything


def _prepare_pixels(request: Request) -> Tensors:
    if request.inputs is not None:
        return inputs.given(request.inputs, ("pixel_values",))
    return {"pixel_values": _pixels(request)}


def _dinov2(network: Any) -> UpstreamModel:
    taps = [*stages.dinov2(network), Tap("final_norm", network.layernorm)]

    def run(given: Tensors) -> Tensors:
        network(given["pixel_values"])
        return {}

    return UpstreamModel("dinov2", "transformers", network, taps, _prepare_pixels, run)


def _depth_anything(network: Any) -> UpstreamModel:
    neck, head = network.neck, network.head
    taps = stages.dinov2(network.backbone, "backbone.", parts=False)
    for i, conv in enumerate(neck.convs):
        taps += [
            # The maps are what the neck is called with: the backbone gives them as one object.
            Tap(f"feature_map.{i}", neck, partial(_feature_map, i), before=True),
            Tap(f"reassembled.{i}", neck.reassemble_stage.layers[i]),
            Tap(f"neck.{i}", conv),
            Tap(f"fused.{i}", neck.fusion_stage.layers[i]),
        ]
    taps += [Tap("head.conv1", head.conv1), Tap("head.conv2", head.conv2)]

    def run(given: Tensors) -> Tensors:
        return {"predicted_depth": network(given["pixel_values"]).predicted_depth}

    return UpstreamModel("depth-anything-v2", "transformers", network, taps, _prepare_pixels, run)


def _feature_map(i: int, args: Any, kwargs: Any, _output: Any) -> torch.Tensor:
    maps = args[0] if args else kwargs["hidden_states"]
    found: torch.Tensor = maps[i]
    return found


# ---- pi0


def _pi0(network: Any) -> UpstreamModel:
    config = network.config
    vlm_config, side = config.vlm_config, config.vlm_config.vision_config
    image, patches = vlm_config.image_token_id, (side.image_size // side.patch_size) ** 2
    vlm = network.model.vlm
    taps = stages.pi0(getattr(vlm, "model", vlm), network.model.dit, network.action_out_proj)

    def prepare(request: Request) -> Tensors:
        if request.inputs is not None:
            found = inputs.given(request.inputs, REQUIRED, OPTIONAL)
            drop_half_targets(found)
            if "camera_mask" in found and not found["camera_mask"].bool().all():
                raise Error(
                    "record.inputs",
                    65,
                    "has a camera without a picture, whose tokens transformers leaves out: "
                    "expected a picture of every camera",
                    file=str(request.inputs),
                )
            return found
        made = _processor(request, "AutoProcessor")(
            images=[inputs.pictures(request.images)], text=request.prompt, return_tensors="pt"
        )
        text = made["input_ids"][made["input_ids"] != image][None]
        limit = vlm_config.text_config.max_position_embeddings
        inputs.check_tokens(text, vlm_config.text_config.vocab_size, limit)
        return {
            "pixel_values": made["pixel_values"],
            "camera_mask": made["pixel_attention_mask"].long(),
            "input_ids": text,
            "text_mask": made["attention_mask"][made["input_ids"] != image][None],
            "state": inputs.vector(request.state, config.max_state_dim, request.seed),
            "noise": inputs.noise(
                request.noise, (config.chunk_size, config.max_action_dim), request.seed
            ),
            **targets(request, (config.chunk_size, config.max_action_dim)),
        }

    def arguments(given: Tensors) -> dict[str, torch.Tensor]:
        batch, cameras = given["pixel_values"].shape[:2]
        places = torch.full((batch, cameras * patches), image)
        return {
            "state": given["state"],
            "noise": given["noise"],
            "input_ids": torch.cat([places, given["input_ids"]], 1),
            "pixel_values": given["pixel_values"],
            "attention_mask": vlm_valid(given, patches).long(),
            "pixel_attention_mask": torch.ones(batch, cameras, dtype=torch.bool),
        }

    def run(given: Tensors) -> Tensors:
        actions = network.sample_actions(**arguments(given))
        return {"vlm.valid": vlm_valid(given, patches).to(actions.dtype), "actions": actions}

    def losses(given: Tensors) -> Tensors:
        time = given["loss_t"].expand(len(given["state"]))
        found = network(**arguments(given), timestep=time, actions=given["target_actions"])
        return {"loss.flow": found.loss.mean()}

    return UpstreamModel(
        "pi0", "transformers", network, taps, prepare, run, valid_rows(patches), losses
    )
