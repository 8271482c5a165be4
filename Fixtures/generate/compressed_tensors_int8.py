"""Writes Fixtures/quantized/*: INT8 checkpoints by llm-compressor, and what transformers makes of them.

    python compressed_tensors_int8.py

Made with llm-compressor 0.14.0.1, compressed-tensors 0.20.1, transformers 5.24.0 and torch 2.15.0 (llm-compressor pins
older ones; installed with --no-deps it runs with these). A PaliGemma of widths that divide by 32 is drawn, stored in
full precision, and quantized without data; then transformers loads each folder with "dequantize": true in float32, and
what it holds and computes is recorded: SHA-256 of every weight in expected.json, logits as a golden.
"""
import hashlib
import json
import pathlib
import shutil
import tempfile

import compressed_tensors
import llmcompressor
import torch
import transformers
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from llmcompressor import oneshot
from llmcompressor.modifiers.quantization import QuantizationModifier
from safetensors.torch import load_file, save_file
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "quantized"
VERSIONS = {"llmcompressor": llmcompressor.__version__, "compressed-tensors": compressed_tensors.__version__,
            "transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}
TOKENS, IMAGE = 40, 39
WEIGHTS = dict(num_bits=8, type="int", symmetric=True, dynamic=False)
SCHEMES = {
    # name: dtype, weights, inputs, what stays in floats
    "w8a16-channel": (torch.float32, dict(WEIGHTS, strategy="channel"), None, []),
    "w8a16-group-32": (torch.bfloat16, dict(WEIGHTS, strategy="group", group_size=32), None, ["re:.*vision_tower.*"]),
    "w8a8-channel": (torch.float16, dict(WEIGHTS, strategy="channel"),
                     dict(WEIGHTS, strategy="token", dynamic=True), ["re:.*multi_modal_projector.*"]),
}


def draw():
    text = dict(model_type="gemma", hidden_size=64, intermediate_size=96, num_hidden_layers=1, num_attention_heads=2,
                num_key_value_heads=1, head_dim=32, vocab_size=TOKENS)
    vision = dict(model_type="siglip_vision_model", hidden_size=32, intermediate_size=64, num_hidden_layers=1,
                  num_attention_heads=2, image_size=28, patch_size=14, vision_use_head=False)
    config = PaliGemmaConfig(vision_config=vision, text_config=text, image_token_index=IMAGE, projection_dim=64,
                             hidden_size=64, vocab_size=TOKENS)
    config._attn_implementation = "eager"
    model = PaliGemmaForConditionalGeneration(config)
    g = torch.Generator().manual_seed(13)
    with torch.no_grad():
        for _, p in sorted(model.named_parameters()):
            scale = p.shape[-1] ** -0.5 if p.ndim > 1 else 0.2
            p.copy_(torch.randn(p.shape, generator=g) * scale)
    return model.eval()


def inputs():
    g = torch.Generator().manual_seed(31)
    ids = torch.cat([torch.full((4,), IMAGE), torch.randint(3, IMAGE, (5,), generator=g)])[None]
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids),
            "pixel_values": torch.randn((1, 3, 28, 28), generator=g)}


def logits(model):
    given = inputs()
    dtype = model.dtype
    given["pixel_values"] = given["pixel_values"].to(dtype)
    with torch.no_grad():
        return model(**given, token_type_ids=torch.zeros_like(given["input_ids"]), use_cache=False).logits


def record(name, folder):
    """What transformers holds and computes in float32, and in float64 with the same weights."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(folder, pathlib.Path(scratch) / "model")
        path = copy / "config.json"
        config = json.loads(path.read_text())
        if "quantization_config" in config:
            config["quantization_config"]["dequantize"] = True
            path.write_text(json.dumps(config))
        model, info = PaliGemmaForConditionalGeneration.from_pretrained(
            copy, dtype=torch.float32, output_loading_info=True, attn_implementation="eager")
        assert not any(info.values()), info
    weights = {k: hashlib.sha256(v.detach().numpy().tobytes()).hexdigest()
               for k, v in sorted(model.state_dict().items()) if v.dtype == torch.float32}
    golden = {"in." + k: v for k, v in inputs().items()}
    golden["f32.logits"] = logits(model)
    golden["f64.logits"] = logits(model.double())
    save_file(golden, FOLDER / f"{name}.golden.safetensors", metadata={"family": "paligemma"})
    return weights


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    full = FOLDER / "full-precision"
    draw().save_pretrained(full)
    (full / "generation_config.json").unlink(missing_ok=True)
    expected = {"versions": VERSIONS, "weights": {}}
    for name, (dtype, weights, activations, floats) in SCHEMES.items():
        model = PaliGemmaForConditionalGeneration.from_pretrained(full, dtype=dtype)
        scheme = QuantizationScheme(
            # By default llm-compressor packs weights without quantized inputs: four to an I32.
            targets=["Linear"], format="int-quantized", weights=QuantizationArgs(**weights),
            input_activations=QuantizationArgs(**activations) if activations else None)
        oneshot(model=model, recipe=QuantizationModifier(config_groups={"group_0": scheme}, ignore=["lm_head"] + floats))
        model.save_pretrained(FOLDER / name)
        for path in (FOLDER / name).iterdir():
            if path.name not in ("config.json", "model.safetensors"):
                path.unlink()
        expected["weights"][name] = record(name, FOLDER / name)
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
