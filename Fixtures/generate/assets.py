"""Writes Fixtures/assets/*: the small files that upstream projects publish beside weights.

    python assets.py    (needs transformers and sentencepiece)

Names and keys are those of the hub's repositories (google/paligemma-3b-pt-224, facebook/dinov2-*,
depth-anything/Depth-Anything-V2-*-hf, lerobot/pi0, openpi's checkpoints); sizes and the vocabulary are cut to
the tiny models of checkpoints/. transformers loads what is here: asserted below.
"""
import io
import json
import pathlib
import shutil
import tempfile

import sentencepiece
import torch
from safetensors.torch import save_file
from transformers import AutoImageProcessor, AutoProcessor, GemmaTokenizer

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "assets"
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
COMMON = {"do_normalize": True, "do_rescale": True, "do_resize": True, "resample": 3,
          "rescale_factor": 0.00392156862745098}
PROCESSORS = {
    "dinov2": COMMON | IMAGENET | {
        "image_processor_type": "BitImageProcessor", "do_center_crop": True, "do_convert_rgb": True,
        "size": {"shortest_edge": 32}, "crop_size": {"height": 28, "width": 28}},
    "depth-anything-v2": COMMON | IMAGENET | {
        "image_processor_type": "DPTImageProcessor", "do_pad": False, "size_divisor": None,
        "ensure_multiple_of": 14, "keep_aspect_ratio": True, "size": {"height": 56, "width": 56}},
    "paligemma": COMMON | {
        "image_processor_type": "SiglipImageProcessor", "processor_class": "PaliGemmaProcessor",
        "do_convert_rgb": None, "image_seq_length": 4, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "size": {"height": 28, "width": 28}},
}
SENTENCES = ["pick up the red cup", "put the cup on the table", "open the drawer", "close the drawer slowly"]


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def make_tokenizer(folder):
    """A SentencePiece model of Gemma's kind, and what transformers saves for the same vocabulary."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=model, model_type="bpe", vocab_size=300, byte_fallback=True,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>",
        add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
        num_threads=1, minloglevel=2)
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    vocab = {pieces.id_to_piece(i): i for i in range(len(pieces))}
    merges = [(piece[:i], piece[i:]) for piece in vocab for i in range(1, len(piece))
              if not piece.startswith("<") and piece[:i] in vocab and piece[i:] in vocab]
    tokenizer = GemmaTokenizer(vocab=vocab, merges=merges)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    with tempfile.TemporaryDirectory() as saved:
        tokenizer.save_pretrained(saved)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(pathlib.Path(saved, name), folder / name)
    write(folder / "special_tokens_map.json",
          {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>",
           "additional_special_tokens": ["<image>"]})
    write(folder / "added_tokens.json", {"<image>": len(vocab)})


def make_statistics():
    state = {"mean": [0.0, 1.0], "std": [1.0, 2.0], "q01": [-1.0, -2.0], "q99": [1.0, 2.0]}
    write(FOLDER / "pi0-openpi/assets/org/robot/norm_stats.json",
          {"norm_stats": {"state": state, "actions": state}})
    folder = FOLDER / "pi0-lerobot"
    for name, step, number in (("preprocessor", "normalizer", 5), ("postprocessor", "unnormalizer", 0)):
        state_file = f"policy_{name}_step_{number}_{step}_processor.safetensors"
        write(folder / f"policy_{name}.json", {"name": f"policy_{name}", "steps": [
            {"registry_name": f"{step}_processor", "state_file": state_file,
             "config": {"eps": 1e-8, "norm_map": {"STATE": "MEAN_STD", "ACTION": "MEAN_STD"},
                        "features": {"action": {"type": "ACTION", "shape": [7]}}}}]})
        # As wide as the actions of checkpoints/pi0.
        save_file({"action.mean": torch.arange(7.0), "action.std": torch.arange(7.0) + 1},
                  folder / state_file)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    for family, settings in PROCESSORS.items():
        write(FOLDER / family / "preprocessor_config.json", settings)
        assert AutoImageProcessor.from_pretrained(FOLDER / family).size
    make_tokenizer(FOLDER / "paligemma")
    make_statistics()
    processor = AutoProcessor.from_pretrained(FOLDER / "paligemma")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(FOLDER / "paligemma/tokenizer.model"))
    for text in SENTENCES:
        assert processor.tokenizer(text, add_special_tokens=False).input_ids == pieces.encode(text), text
    print(sum(f.stat().st_size for f in FOLDER.rglob("*") if f.is_file()), "bytes")


main()
