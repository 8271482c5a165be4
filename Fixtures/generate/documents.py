#!/usr/bin/env python3
"""Writes what versions of transformers save beside weights, every key of it: Fixtures/documents/transformers-VERSION.

    PYTHON-WITH-THAT-VERSION Fixtures/generate/documents.py

Run with transformers 4.41.2, 4.57.6 and 5.24.0 (the last with torch, torchvision and pillow, for its image processors).
config.json holds to_dict() and not only what differs from the defaults, so that every key a version knows is there.
"""
import json
import os
import sys

import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "documents", "transformers-" + transformers.__version__)
TEXT = {"hidden_size": 44, "intermediate_size": 68, "num_hidden_layers": 3, "num_attention_heads": 8,
        "num_key_value_heads": 1, "head_dim": 6, "vocab_size": 139}
VISION = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 42,
          "patch_size": 14, "vision_use_head": False}


def write(folder, name, document):
    os.makedirs(os.path.join(OUT, folder), exist_ok=True)
    with open(os.path.join(OUT, folder, name), "w") as file:
        json.dump(document, file, indent=1, sort_keys=True, default=str)
        file.write("\n")


def configs():
    paligemma = transformers.PaliGemmaConfig(
        text_config=dict(TEXT, model_type="gemma"), vision_config=dict(VISION, model_type="siglip_vision_model"),
        projection_dim=44, image_token_index=133)
    yield "paligemma", paligemma
    yield "dinov2", transformers.Dinov2Config(
        hidden_size=22, num_hidden_layers=4, num_attention_heads=2, image_size=70, patch_size=14)
    if hasattr(transformers, "Dinov2WithRegistersConfig"):
        yield "dinov2-with-registers", transformers.Dinov2WithRegistersConfig(
            hidden_size=26, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=14)
    backbone = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=12, num_attention_heads=2, image_size=42, patch_size=14, out_indices=[3, 6, 9, 12],
        reshape_hidden_states=False)
    yield "depth-anything-v2", transformers.DepthAnythingConfig(
        backbone_config=backbone.to_dict(), reassemble_hidden_size=16, neck_hidden_sizes=[5, 7, 10, 13],
        fusion_hidden_size=6, head_hidden_size=9, depth_estimation_type="metric", max_depth=20)
    if hasattr(transformers, "PI0Config"):
        yield "pi0", transformers.PI0Config()


def processors():
    for folder, name in (("paligemma", "SiglipImageProcessor"), ("dinov2", "BitImageProcessor"),
                         ("depth-anything-v2", "DPTImageProcessor"), ("pi0", "PI0ImageProcessor")):
        cls = getattr(transformers, name, None)
        if cls is None:
            continue
        try:
            yield folder, cls().to_dict()
        except ImportError as error:
            print(f"{name} is left out: {str(error).strip().splitlines()[0]}", file=sys.stderr)


def main():
    for folder, config in configs():
        write(folder, "config.json", config.to_dict())
    for folder, document in processors():
        write(folder, "preprocessor_config.json", document)
    write("paligemma", "generation_config.json", transformers.GenerationConfig(
        bos_token_id=2, eos_token_id=1, pad_token_id=0).to_dict())
    print(f"wrote {os.path.relpath(OUT)}")


if __name__ == "__main__":
    main()
