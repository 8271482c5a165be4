"""Writes Fixtures/untied-head/*: an output head that is not the embedding, and the logits that transformers computes.

    python untied_head.py

With transformers 5.24.0 and torch 2.15.0. The rest of the model is checkpoints/paligemma/
transformers-5.6-to-5.23-fresh-save, and the inputs are those of goldens/paligemma_nopad. Of the two places of
tie_word_embeddings the library goes by the one beside text_config: asserted below, with all nine combinations.
"""
import json
import pathlib
import shutil
import tempfile

import torch
from safetensors.torch import load_file, save_file
from transformers import PaliGemmaForConditionalGeneration

FIXTURES = pathlib.Path(__file__).resolve().parents[1]
FOLDER = FIXTURES / "untied-head"
SOURCE = FIXTURES / "checkpoints/paligemma/transformers-5.6-to-5.23-fresh-save"
EMBEDDING = "language_model.model.embed_tokens.weight"


def load(tensors, config):
    with tempfile.TemporaryDirectory() as folder:
        save_file(tensors, f"{folder}/model.safetensors", metadata={"format": "pt"})
        (pathlib.Path(folder) / "config.json").write_text(json.dumps(config))
        model, info = PaliGemmaForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True)
    return model.eval(), {k for k, v in info.items() if v}


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    tensors = {}
    for path in sorted(SOURCE.glob("*.safetensors")):
        tensors |= load_file(path)
    config = json.loads((SOURCE / "config.json").read_text())
    generator = torch.Generator().manual_seed(5)
    head = torch.randn(tensors[EMBEDDING].shape, generator=generator) * tensors[EMBEDDING].std()

    for top in (True, False, None):
        for text in (True, False, None):
            for place, value in ((config, top), (config["text_config"], text)):
                place.pop("tie_word_embeddings", None)
                if value is not None:
                    place["tie_word_embeddings"] = value
            model, problems = load(tensors, config)
            tied = model.lm_head.weight.data_ptr() == model.get_input_embeddings().weight.data_ptr()
            assert tied == (top is not False) and bool(problems) == (top is False), (top, text, problems)

    config["tie_word_embeddings"] = config["text_config"]["tie_word_embeddings"] = False
    model, problems = load(tensors | {"lm_head.weight": head}, config)
    assert not problems and torch.equal(model.lm_head.weight, head)
    given = load_file(FIXTURES / "goldens/paligemma_nopad.safetensors")
    golden = {k: v for k, v in given.items() if k.startswith("in.")}
    for kind, dtype in (("f32", torch.float32), ("f64", torch.float64)):
        inputs = {k[3:]: v.to(dtype) if v.is_floating_point() else v for k, v in golden.items() if k.startswith("in.")}
        with torch.no_grad():
            golden[f"{kind}.logits"] = model.to(dtype)(
                **inputs, token_type_ids=torch.zeros_like(inputs["input_ids"]), use_cache=False).logits
    save_file(golden, FOLDER / "golden.safetensors", metadata={"family": "paligemma"})
    save_file({"lm_head.weight": head}, FOLDER / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
