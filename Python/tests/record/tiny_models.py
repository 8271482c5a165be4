"""Tiny models with random weights, saved with their processors as their own libraries save them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

FIXTURES = Path(__file__).resolve().parents[3] / "Fixtures"
SIDE, PATCH = 42, 14
VISION = {
    "model_type": "siglip_vision_model",
    "vision_use_head": False,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": PATCH,
}
TEXT = {
    "model_type": "gemma",
    "hidden_size": 44,
    "intermediate_size": 68,
    "num_hidden_layers": 2,
    "num_attention_heads": 8,
    "num_key_value_heads": 1,
    "head_dim": 6,
    "vocab_size": 139,
}
#: The place of `<image>` in Fixtures/tokenizers/tiny.
IMAGE_TOKEN = 133


def randomize(network: torch.nn.Module, seed: int) -> Any:
    """Weights that keep the size of a signal, and none at its default."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() < 2:
                parameter.add_(0.1 * drawn)
            else:
                parameter.copy_(drawn / parameter[0].numel() ** 0.5)
    return network.eval()


def tokenizer() -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_file=str(FIXTURES / "tokenizers/tiny/tokenizer.json"),
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
    )


def paligemma(folder: Path) -> None:
    from transformers import (
        PaliGemmaConfig,
        PaliGemmaForConditionalGeneration,
        PaliGemmaProcessor,
        SiglipImageProcessor,
    )

    config = PaliGemmaConfig(
        vision_config=VISION,
        text_config=TEXT,
        image_token_index=IMAGE_TOKEN,
        projection_dim=TEXT["hidden_size"],
        hidden_size=TEXT["hidden_size"],
        vocab_size=TEXT["vocab_size"],
    )
    randomize(PaliGemmaForConditionalGeneration(config), 1).save_pretrained(folder)
    images = SiglipImageProcessor(
        size={"height": SIDE, "width": SIDE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    images.image_seq_length = (SIDE // PATCH) ** 2
    PaliGemmaProcessor(images, tokenizer()).save_pretrained(folder)


def _dinov2_processor(folder: Path, side: int) -> None:
    from transformers import BitImageProcessor

    BitImageProcessor(
        size={"shortest_edge": side + 4},
        crop_size={"height": side, "width": side},
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)


def dinov2(folder: Path, **options: Any) -> None:
    from transformers import Dinov2Config, Dinov2Model

    sizes = {"hidden_size": 22, "num_hidden_layers": 3, "num_attention_heads": 2, "mlp_ratio": 4}
    config = Dinov2Config(**sizes, image_size=70, patch_size=PATCH, **options)
    randomize(Dinov2Model(config), 2).save_pretrained(folder)
    # Not the size of the table, so that positions are resampled.
    _dinov2_processor(folder, 56)


def dinov2_swiglu(folder: Path) -> None:
    dinov2(folder, use_swiglu_ffn=True)


def dinov2_registers(folder: Path) -> None:
    from transformers import Dinov2WithRegistersConfig, Dinov2WithRegistersModel

    config = Dinov2WithRegistersConfig(
        hidden_size=25,
        num_hidden_layers=2,
        num_attention_heads=5,
        mlp_ratio=4,
        image_size=56,
        patch_size=PATCH,
        num_register_tokens=3,
    )
    randomize(Dinov2WithRegistersModel(config), 3).save_pretrained(folder)
    _dinov2_processor(folder, 70)


def depth_anything(folder: Path, kind: str = "relative", max_depth: int = 1) -> None:
    from transformers import (
        DepthAnythingConfig,
        DepthAnythingForDepthEstimation,
        Dinov2Config,
        DPTImageProcessor,
    )

    backbone = Dinov2Config(
        hidden_size=18,
        num_hidden_layers=12,
        num_attention_heads=3,
        mlp_ratio=4,
        image_size=56,
        patch_size=PATCH,
        out_indices=[3, 6, 9, 12],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=18,
        patch_size=PATCH,
        neck_hidden_sizes=[6, 9, 12, 20],
        fusion_hidden_size=8,
        head_hidden_size=11,
        depth_estimation_type=kind,
        max_depth=max_depth,
    )
    network = randomize(DepthAnythingForDepthEstimation(config), 4)
    # A last bias that keeps the relative depth above zero, where it is not cut off.
    with torch.no_grad():
        network.head.conv3.bias.fill_(0.5)
    network.save_pretrained(folder)
    DPTImageProcessor(
        size={"height": 56, "width": 56},
        keep_aspect_ratio=True,
        ensure_multiple_of=PATCH,
        do_pad=False,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)


def depth_anything_metric(folder: Path) -> None:
    depth_anything(folder, "metric", 20)


def pi0(folder: Path) -> None:
    from transformers import (
        PI0Config,
        PI0ForConditionalGeneration,
        PI0ImageProcessor,
        PI0Processor,
    )

    shared = ("num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim")
    config = PI0Config(
        vlm_config={
            "model_type": "paligemma",
            "vision_config": VISION,
            "text_config": TEXT,
            "image_token_index": IMAGE_TOKEN,
            "projection_dim": TEXT["hidden_size"],
            "hidden_size": TEXT["hidden_size"],
            "vocab_size": TEXT["vocab_size"],
        },
        dit_config={
            "model_type": "gemma",
            "hidden_size": 28,
            "intermediate_size": 36,
            "vocab_size": TEXT["vocab_size"],
            **{key: TEXT[key] for key in shared},
        },
        chunk_size=8,
        max_state_dim=11,
        max_action_dim=7,
    )
    randomize(PI0ForConditionalGeneration(config), 5).save_pretrained(folder)
    images = PI0ImageProcessor(
        size={"max_height": SIDE, "max_width": SIDE},
        pad_size={"height": SIDE, "width": SIDE},
        image_seq_length=(SIDE // PATCH) ** 2,
    )
    PI0Processor(
        images, tokenizer(), max_state_dim=config.max_state_dim, chunk_size=config.chunk_size
    ).save_pretrained(folder)


def timm_dinov2(folder: Path) -> None:
    import timm
    from timm.models import save_for_hf

    sizes = {"img_size": 56, "embed_dim": 22, "depth": 2, "num_heads": 2}
    network = timm.create_model("vit_small_patch14_dinov2", num_classes=0, **sizes)
    network.set_input_size(56)
    network.pretrained_cfg["input_size"] = (3, 56, 56)
    save_for_hf(randomize(network, 6), folder, model_args=sizes, safe_serialization=True)


#: Name: (what saves it, family, a tensor of the file, the stage that shows first that it changed).
MODELS: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "paligemma": (
        paligemma,
        "paligemma",
        "language_model.model.layers.1.mlp.up_proj.weight",
        "layer.1.mlp",
    ),
    "dinov2": (dinov2, "dinov2", "encoder.layer.1.mlp.fc1.weight", "layer.1.mlp"),
    "dinov2-swiglu": (
        dinov2_swiglu,
        "dinov2",
        "encoder.layer.2.mlp.weights_out.weight",
        "layer.2.mlp",
    ),
    "dinov2-registers": (dinov2_registers, "dinov2", "embeddings.register_tokens", "embeddings"),
    "depth-anything": (
        depth_anything,
        "depth-anything-v2",
        "neck.convs.2.weight",
        "neck.2",
    ),
    "depth-anything-metric": (
        depth_anything_metric,
        "depth-anything-v2",
        "head.conv3.weight",
        "predicted_depth",
    ),
    "pi0": (pi0, "pi0", "state_proj.weight", "action.embed"),
    "timm": (timm_dinov2, "dinov2", "blocks.1.attn.proj.weight", "layer.1.attention"),
}
