"""pi0 of openpi, in PyTorch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_model

from depthvla.errors import Error
from depthvla.record import inputs
from depthvla.record.libraries import document, failures_of, require
from depthvla.record.model import Tensors, UpstreamModel
from depthvla.record.pi0_inputs import OPTIONAL, REQUIRED, drop_half_targets, targets
from depthvla.record.pi0_pytorch import losses, run, taps, valid
from depthvla.record.request import Request
from depthvla.record.weights import check_loaded, weight_files

_CONFIG_KEYS = ("action_dim", "action_horizon", "paligemma_variant", "action_expert_variant")


def load(request: Request) -> UpstreamModel:
    """Loads the file that openpi's ``convert_jax_model_to_pytorch.py`` or its training wrote.

    Raises:
        Error: ``record.model`` where openpi cannot make or load the model, ``record.weights`` where
            it loaded something else.
    """
    configs = require("openpi.models.pi0_config")
    pytorch = require("openpi.models_pytorch.pi0_pytorch")
    files = weight_files(request.model)
    if len(files) != 1:
        raise Error(
            "record.model",
            65,
            f"openpi reads one file, found {len(files)}",
            file=str(request.model),
        )
    found = document(files[0].parent / "config.json")
    with failures_of("openpi", "cannot load it", "record.model", files[0]):
        config = configs.Pi0Config(
            dtype="float32",
            pytorch_compile_mode=None,
            **{key: found[key] for key in _CONFIG_KEYS if key in found},
        )
        core = pytorch.PI0Pytorch(config)
        load_model(core, files[0], strict=True)
        core = core.float().eval()
        # Its constructor allows products of less than float32, for the whole process.
        torch.set_float32_matmul_precision("highest")
    check_loaded(core, files)
    vision = core.paligemma_with_expert.paligemma.config.vision_config
    vocabulary = core.paligemma_with_expert.paligemma.config.text_config.vocab_size

    def prepare(request: Request) -> Tensors:
        if request.inputs is not None:
            return drop_half_targets(inputs.given(request.inputs, REQUIRED, OPTIONAL))
        pixels = torch.stack(_pictures(request, vision.image_size))[None]
        ids, mask = _tokens(request, files[0].parent, config.max_token_len, vocabulary)
        shape = (config.action_horizon, config.action_dim)
        return {
            "pixel_values": pixels,
            "camera_mask": torch.ones(pixels.shape[:2], dtype=torch.int64),
            "input_ids": ids,
            "text_mask": mask,
            "state": inputs.vector(request.state, core.state_proj.in_features, request.seed),
            "noise": inputs.noise(request.noise, shape, request.seed),
            **targets(request, shape),
        }

    # The pictures have their size already, and its cameras are those of published robots: all else
    # that `_preprocess_observation` does is for training.
    core._preprocess_observation = lambda observation, train: observation.parts

    def sample(*observation: Any, noise: torch.Tensor) -> torch.Tensor:
        given = SimpleNamespace(state=observation[-1], parts=observation)
        actions: torch.Tensor = core.sample_actions("cpu", given, noise=noise)
        return actions

    def train(*observation: Any, **target: torch.Tensor) -> torch.Tensor:
        given = SimpleNamespace(state=observation[-1], parts=observation)
        loss: torch.Tensor = core.forward(given, **target)
        return loss

    return UpstreamModel(
        "pi0",
        "openpi",
        core,
        taps(core),
        prepare,
        lambda given: run(core, given, sample),
        valid(core),
        lambda given: losses(given, train),
        distributions=("transformers", "jax"),
        notes={"class": "PI0Pytorch"},
    )


def _pictures(request: Request, side: int) -> list[torch.Tensor]:
    """Pictures as openpi's transforms make them: fitted into a black frame, values from -1 to 1."""
    tools = require("openpi_client.image_tools")
    numpy = require("numpy")
    made = []
    for picture in inputs.pictures(request.images):
        frame = torch.from_numpy(tools.resize_with_pad(numpy.array(picture), side, side))
        made.append(frame.permute(2, 0, 1).float() / 255.0 * 2.0 - 1.0)
    return made


def _tokens(
    request: Request, folder: Path, length: int, vocabulary: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The prompt by openpi's PaligemmaTokenizer, which has a folder's file and downloads none.

    Returns:
        Ids and which of them are no padding, both [1, length].
    """
    path = (request.processor or folder) / "tokenizer.model"
    model = inputs.read_bytes(path, "record.processor")
    pieces = require("sentencepiece").SentencePieceProcessor(model_proto=model)
    tokenizer = require("openpi.models.tokenizer").PaligemmaTokenizer
    own = tokenizer.__new__(tokenizer)
    # Room for one more than fits shows what it would cut off.
    own._max_len, own._tokenizer = length + 1, pieces
    ids, mask = (torch.as_tensor(x)[None].long() for x in own.tokenize(request.prompt))
    inputs.check_tokens(ids[:, : int(mask.sum())], vocabulary, length)
    return ids[:, :length], mask[:, :length]
