"""A checkpoint of the model that `depthvla convert --depthvla DIR` turns into a bundle."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from depthvla import Asset
from depthvla.errors import Error

from .model import DepthVLA

# What config.json says, and where the bundle's configuration has it:
# `Manifests/depthvla/layout-names.json`, by which the command reads and writes such folders.
_TEMPLATE: Mapping[str, Any] = {
    "shared": {
        "num_layers": "text.num_hidden_layers",
        "num_heads": "text.num_attention_heads",
        "num_kv_heads": "text.num_key_value_heads",
        "head_dim": "text.head_dim",
        "rope_theta": "text.rope_theta",
        "rms_norm_eps": "text.rms_norm_eps",
        "attention_mask": "attention_mask",
    },
    "vision": {
        key: f"vision.{key}"
        for key in (
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "image_size",
            "patch_size",
            "layer_norm_eps",
        )
    },
    "vlm": {
        "width": "text.hidden_size",
        "mlp_dim": "text.intermediate_size",
        "vocab_size": "text.vocab_size",
        "tie_word_embeddings": "text.tie_word_embeddings",
        "image_token_index": "image_token_index",
        "bos_token_id": "bos_token_id",
        "eos_token_id": "eos_token_id",
        "pad_token_id": "pad_token_id",
        "max_token_len": "max_token_len",
        "image_fit": "image_fit",
        "image_backend": "image_backend",
    },
    "action": {
        "width": "action.hidden_size",
        "mlp_dim": "action.intermediate_size",
        "state_dim": "action.state_dim",
        "action_dim": "action.action_dim",
        "horizon": "action.horizon",
        "num_steps": "action.num_steps",
        "min_period": "action.min_period",
        "max_period": "action.max_period",
        "normalization": "normalization",
        "processing": {
            key: f"processing.{key}"
            for key in (
                "library",
                "state",
                "action",
                "delta_mask",
                "delta_rest",
                "adapt_to_pi",
                "state_width",
                "action_width",
                "state_statistics",
                "action_statistics",
                "cut_prompts",
            )
        },
    },
    "depth": {
        "width": "depth.hidden_size",
        "mlp_dim": "depth.intermediate_size",
        "frozen": "depth.frozen",
        "loss_weight": "depth.loss_weight",
        "loss_lambda": "depth.loss_lambda",
        "image_size": "depth.image_size",
        "encoder": {
            key: f"encoder.{key}"
            for key in (
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "mlp_ratio",
                "image_size",
                "patch_size",
                "layer_norm_eps",
                "num_register_tokens",
                "use_swiglu_ffn",
                "position_resampling",
            )
        },
    },
}


def save_checkpoint(
    model: DepthVLA,
    directory: str | os.PathLike[str],
    *,
    assets: Iterable[Asset] = (),
) -> None:
    """Writes `model.safetensors` and `config.json`, and what travels with them, to a new folder.

    `depthvla convert --depthvla DIRECTORY -o NAME.dvla.safetensors` makes a bundle of it, with
    `--as pi0` for a model without a depth expert, and with
    `--set text.tie_word_embeddings=false` for one with a tensor `vlm.lm_head.weight`. Tensors have
    their layout names, each once. The folder appears whole or not at all.

    Args:
        model: The model, of any float type.
        directory: The folder; it does not exist yet.
        assets: Files that the bundle is to carry, such as tokenizer and statistics: the values of
            `Bundle.assets` of the bundle that training started from.

    Raises:
        depthvla.errors.Error: With the code `file.exists` and the status 73 if the folder exists.
    """
    directory = Path(directory)
    if directory.exists():
        raise Error("file.exists", 73, f"{directory}: exists already", file=str(directory))
    directory.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as parent:
        folder = Path(parent) / directory.name
        folder.mkdir()
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        text = json.dumps(checkpoint_configuration(model), indent=2)
        (folder / "config.json").write_text(text + "\n", encoding="utf-8")
        for asset in assets:
            # Another family's name in front tells the command whose file it is.
            name = asset.file_name if asset.family == "depthvla" else asset.name
            (folder / name).write_bytes(asset.read())
        folder.rename(directory)


def checkpoint_configuration(model: DepthVLA) -> dict[str, Any]:
    """The `config.json` of a checkpoint in layout names, for the model's sizes and settings."""
    template = dict(_TEMPLATE)
    if model.depth is None:
        del template["depth"]
    dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
    filled = _filled(template, model.configuration.source)
    return {"model_type": "depthvla", **filled, "dtype": dtype}


def _filled(template: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """The template with values in place of paths; a key without a value is left out."""
    result: dict[str, Any] = {}
    for key, path in template.items():
        if isinstance(path, Mapping):
            result[key] = _filled(path, source)
            continue
        value: Any = source
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            result[key] = value
    return result
