"""pi0 of lerobot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from depthvla.errors import Error
from depthvla.record import inputs
from depthvla.record.libraries import document, failures_of, require
from depthvla.record.model import Tensors, UpstreamModel
from depthvla.record.pi0_inputs import OPTIONAL, REQUIRED, drop_half_targets, targets
from depthvla.record.pi0_pytorch import losses, run, taps, valid
from depthvla.record.request import Request
from depthvla.record.weights import check_loaded, weight_files

_STATE, _TASK = "observation.state", "task"


def load(request: Request) -> UpstreamModel:
    """Loads a folder that ``PI0Policy.save_pretrained`` wrote, and checks that all was loaded.

    lerobot returns a policy with random weights where loading fails, and prints a line: for shards,
    and where a name or a shape does not fit. So what it returns is compared with the files.

    Raises:
        Error: ``record.family`` where config.json is of another policy, ``record.model`` where
            lerobot cannot make the policy, ``record.weights`` where it did not load the weights.
    """
    configs = require("lerobot.configs")
    pi0 = require("lerobot.policies.pi0.modeling_pi0")
    files = weight_files(request.model)
    folder = files[0].parent
    kind = document(folder / "config.json").get("type")
    if kind != "pi0":
        raise Error(
            "record.family",
            65,
            f"is of type {kind}, expected pi0",
            file=str(folder / "config.json"),
            key="type",
        )
    with failures_of("lerobot", "cannot load it", "record.model", folder):
        # A policy that was trained on a GPU says so in its configuration.
        config = configs.PreTrainedConfig.from_pretrained(folder, local_files_only=True)
        config.device, config.dtype = "cpu", "float32"
        config.compile_model = config.gradient_checkpointing = False
        # Guidance by the chunk before, of which a golden has none.
        config.rtc_config = None
        policy = pi0.PI0Policy.from_pretrained(folder, config=config, local_files_only=True)
        policy = policy.eval()
    check_loaded(policy, files)
    core = policy.model

    def prepare(request: Request) -> Tensors:
        if request.inputs is not None:
            return drop_half_targets(inputs.given(request.inputs, REQUIRED, OPTIONAL))
        pixels, cameras = _pictures(request, policy)
        ids, mask = _tokens(request, policy, folder)
        shape = (config.chunk_size, config.max_action_dim)
        return {
            "pixel_values": pixels,
            "camera_mask": cameras,
            "input_ids": ids,
            "text_mask": mask,
            "state": inputs.vector(request.state, config.max_state_dim, request.seed),
            "noise": inputs.noise(request.noise, shape, request.seed),
            **targets(request, shape),
        }

    def sample(*observation: Any, noise: torch.Tensor) -> torch.Tensor:
        actions: torch.Tensor = core.sample_actions(*observation, noise=noise)
        return actions

    def train(*observation: Any, **target: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = core.forward(*observation, **target)
        return loss

    return UpstreamModel(
        "pi0",
        "lerobot",
        policy,
        taps(core),
        prepare,
        lambda given: run(core, given, sample),
        valid(core),
        lambda given: losses(given, train),
        distributions=("transformers",),
        notes={"class": "PI0Policy"},
    )


def _pictures(request: Request, policy: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures by the policy's own ``_preprocess_images``, those of its first cameras first.

    Returns:
        [1, C, 3, side, side], and which cameras have a picture, [1, C].
    """
    numpy = require("numpy")
    cameras = list(policy.config.image_features)
    if len(request.images) > len(cameras):
        raise Error(
            "record.option",
            64,
            f"the policy has {len(cameras)} cameras ({', '.join(cameras)}): expected at most as "
            "many --image",
        )
    batch = {}
    for camera, picture in zip(cameras, inputs.pictures(request.images), strict=False):
        samples = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)
        batch[camera] = samples[None].float() / 255
    images, masks = policy._preprocess_images(batch)
    return torch.stack(images, 1).contiguous(), torch.stack(masks, 1).long()


def _tokens(request: Request, policy: Any, folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The prompt by the steps of lerobot's pi0, and which tokens are no padding, both [1, T]."""
    processors = require("lerobot.processor")
    newline = require("lerobot.policies.pi0.processor_pi0").Pi0NewLineProcessor()
    task = newline.complementary_data({_TASK: request.prompt})[_TASK]
    tokenizer = _tokenizer(request, folder)
    length = policy.config.tokenizer_max_length
    # The step cuts a longer text off, silently.
    inputs.check_tokens(
        torch.tensor([tokenizer(task)["input_ids"]]),
        policy.model.paligemma_with_expert.paligemma.config.text_config.vocab_size,
        length,
    )
    step = processors.TokenizerProcessorStep(
        tokenizer=tokenizer, max_length=length, padding_side="right", padding="max_length"
    )
    found = step._tokenize_text([task])
    return found["input_ids"], found["attention_mask"].long()


def _tokenizer(request: Request, folder: Path) -> Any:
    """The tokenizer of a folder, or that of the saved pipeline if the cache of the hub has it."""
    transformers = require("transformers")
    path = folder / "policy_preprocessor.json"
    with failures_of("lerobot", "could not have written it", "record.processor", path):
        steps = document(path).get("steps", [])
        named = [s["config"].get("tokenizer_name") for s in steps if "tokenizer" in str(s)]
    names = [str(request.processor)] if request.processor else [str(folder), *filter(None, named)]
    reason = ""
    for name in names:
        try:
            return transformers.AutoTokenizer.from_pretrained(name, local_files_only=True)
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise Error(
        "record.processor",
        66,
        f"no tokenizer in {', '.join(names)} ({reason}): expected --processor FOLDER with that of "
        "google/paligemma-3b-pt-224",
        file=str(folder),
    )
