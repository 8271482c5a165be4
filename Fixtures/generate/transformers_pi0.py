"""Writes Fixtures/transformers-pi0/: a pi0 of transformers with its processor, as its users run it.

    python transformers_pi0.py    (transformers 5.24.0, torch 2.15.0, torchvision 0.29.2)

The model is that of checkpoints/pi0/transformers-5.23-fresh-save, which 5.24 saves again to the same tensors
(asserted). processor_config.json, tokenizer.json (without its line breaks) and tokenizer_config.json are what
PI0Processor.save_pretrained writes. expected.json has runs: picture, instruction and state go through
PI0Processor and PI0ForConditionalGeneration.sample_actions, in float64 from the model on; `model_actions` is the chunk,
`actions` the same undone by the inverse of PI0Processor.normalize, which has none of its own. The noise is that of
policies/noise.npy.
"""
import json
import pathlib
import tempfile

import numpy
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoProcessor, PI0ForConditionalGeneration, PI0ImageProcessor, PI0Processor
from transformers import PreTrainedTokenizerFast
from transformers.image_utils import load_image

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "transformers-pi0"
CHECKPOINT = ROOT / "checkpoints/pi0/transformers-5.23-fresh-save"
STATE = {"mean": [0.5, -1.25, 3.0, 0.1, 40.0, 0.0, -0.3, 2.0], "std": [2.0, 0.25, 1.0, 0.0, 11.0, 1e-6, 0.7, 3.0]}
ACTIONS = {"mean": [0.25, -2.0, 10.0, 0.0, 0.125], "std": [1.5, 0.3, 4.0, 0.0, 2.0]}
RUNS = [
    {"pictures": ["grey8.png"], "instruction": "pick up the red cup", "state": [1, -1, 2.5, 0.1, 60, 0, 0.4, 2]},
    {"pictures": ["baseline-420.jpg", "orientation6.jpg"], "instruction": " pick_up the\nred cup ",
     "state": [-3, -1.5, 3.25, 0.1, 20, 1e-6, -1, 8]},
    {"pictures": ["orientation6.jpg"], "instruction": "", "state": [0.0] * 8},
]


def processor(config):
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(ROOT / "tokenizers/tiny/tokenizer.json"), bos_token="<bos>", eos_token="<eos>",
        pad_token="<pad>", unk_token="<unk>")
    side = config.vlm_config.vision_config.image_size
    images = PI0ImageProcessor(size={"max_height": side, "max_width": side}, pad_size={"height": side, "width": side},
                               image_seq_length=(side // config.vlm_config.vision_config.patch_size) ** 2)
    return PI0Processor(
        images, tokenizer, state_mean=STATE["mean"], state_std=STATE["std"], actions_mean=ACTIONS["mean"],
        actions_std=ACTIONS["std"], max_state_dim=config.max_state_dim, chunk_size=config.chunk_size)


def main():
    assert transformers.__version__ == "5.24.0"
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    model = PI0ForConditionalGeneration.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        again, before = load_file(f"{folder}/model.safetensors"), load_file(CHECKPOINT / "model.safetensors")
        assert again.keys() == before.keys() and all(torch.equal(again[k], before[k]) for k in again)
        processor(model.config).save_pretrained(folder)
        saved = AutoProcessor.from_pretrained(folder)
        for name in ("processor_config.json", "tokenizer_config.json"):
            (FOLDER / name).write_text(pathlib.Path(folder, name).read_text())
        tokenizer = json.loads(pathlib.Path(folder, "tokenizer.json").read_text())
        (FOLDER / "tokenizer.json").write_text(
            json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n")
    kinds = {(token["normalized"], token["special"]) for token in tokenizer["added_tokens"]}
    assert kinds >= {(True, False), (False, False), (False, True)}, kinds
    model = model.double()
    start = torch.from_numpy(numpy.load(ROOT / "policies/noise.npy"))[None].double()
    divisor = torch.tensor(ACTIONS["std"]) + 1e-8
    runs = []
    for run in RUNS:
        inputs = saved([[load_image(str(ROOT / "images" / name)) for name in run["pictures"]]], run["instruction"],
                       state=run["state"], return_tensors="pt")
        inputs = {k: v.double() if v.is_floating_point() else v for k, v in inputs.items()}
        chunk = model.sample_actions(noise=start, **inputs)[0]
        tokens = inputs["attention_mask"].sum().item() - (inputs["input_ids"] == saved.image_token_id).sum().item()
        width = len(ACTIONS["mean"])
        actions = chunk[:, :width].float() * divisor + torch.tensor(ACTIONS["mean"])
        runs.append(run | {"prompt_tokens": tokens, "model_actions": chunk.tolist(), "actions": actions.tolist()})
    (FOLDER / "expected.json").write_text("[\n" + ",\n".join(map(json.dumps, runs)) + "\n]\n")


if __name__ == "__main__":
    main()
