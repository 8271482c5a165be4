"""PaliGemma in every naming, and its goldens."""
import copy
import json
import shutil

import torch
import torch.nn.functional as F
from huggingface_hub import save_torch_state_dict
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

import namings
import stages
from dims import PALIGEMMA
from precision import double
from random_weights import randomize, rng_for
from writer import check_names, expected, read_folder

REPEATS = {0: PALIGEMMA["vision"]["num_hidden_layers"], 1: PALIGEMMA["text"]["num_hidden_layers"]}
REPEATS_TEXT_FIRST = {0: REPEATS[1], 1: REPEATS[0]}


def hub_config(d, dtype):
    """The terse config.json of the published checkpoints: defaults left out, torch_dtype."""
    v, t = d["vision"], d["text"]
    tokens = (v["image_size"] // v["patch_size"]) ** 2
    return {
        "architectures": ["PaliGemmaForConditionalGeneration"], "bos_token_id": 2, "eos_token_id": 1,
        "hidden_size": t["hidden_size"], "ignore_index": -100,
        "image_token_index": d["image_token_index"], "model_type": "paligemma", "pad_token_id": 0,
        "projection_dim": t["hidden_size"],
        "text_config": dict(t, model_type="gemma", num_image_tokens=tokens, torch_dtype="float32"),
        "torch_dtype": dtype, "transformers_version": "4.41.0.dev0",
        "vision_config": dict(v, model_type="siglip_vision_model", num_image_tokens=tokens,
                              projection_dim=t["hidden_size"], projector_hidden_act="gelu_fast",
                              vision_use_head=False),
        "vocab_size": t["vocab_size"],
    }


def build(d, text_type="gemma"):
    cfg = PaliGemmaConfig(
        vision_config=dict(d["vision"], model_type="siglip_vision_model", vision_use_head=False),
        text_config=dict(d["text"], model_type=text_type), image_token_index=d["image_token_index"],
        projection_dim=d["text"]["hidden_size"], hidden_size=d["text"]["hidden_size"],
        vocab_size=d["text"]["vocab_size"])
    cfg._attn_implementation = "eager"
    return PaliGemmaForConditionalGeneration(cfg)


def make(w):
    """-> hub tensors"""
    d = PALIGEMMA
    model = randomize(build(d), w.seed, "paligemma")

    fresh = w.folder("paligemma/transformers-5.6-to-5.23-fresh-save")
    model.save_pretrained(fresh, max_shard_size=d["shard"])
    check_names(fresh, "paligemma-3b-pt-224.transformers-5.6-to-5.23-fresh-save", REPEATS_TEXT_FIRST)
    hub = namings.paligemma_hub(read_folder(fresh))

    # Shards follow the module order of the library that wrote the published files.
    order = [name for name, _ in expected("paligemma-3b-pt-224.hf-hub", REPEATS)]
    for folder, dtype, shard in (("hf-hub", "float32", "shard"), ("hf-hub-bf16", "bfloat16", "half_shard"),
                                 ("hf-hub-f16", "float16", "half_shard")):
        path = w.folder(f"paligemma/{folder}")
        save_torch_state_dict({k: hub[k].to(getattr(torch, dtype)) for k in order}, path,
                              max_shard_size=d[shard])
        index = path / "model.safetensors.index.json"
        index.write_text(json.dumps(json.loads(index.read_text()), indent=2, sort_keys=True) + "\n")
        w.json(path / "config.json", hub_config(d, dtype))
        assert len(list(path.glob("*.safetensors"))) >= 3
        check_names(path, "paligemma-3b-pt-224.hf-hub", REPEATS)

    path = w.folder("paligemma/transformers-5.4-to-5.5-save")
    w.checkpoint("paligemma/transformers-5.4-to-5.5-save", namings.paligemma_54(hub))
    text = (fresh / "config.json").read_text()
    assert text.count("5.23.0") == 1
    (path / "config.json").write_text(text.replace("5.23.0", "5.5.4"))
    shutil.copy(fresh / "generation_config.json", path)
    text = (path / "generation_config.json").read_text()
    (path / "generation_config.json").write_text(text.replace("5.23.0", "5.5.4"))
    check_names(path, "paligemma-3b-pt-224.transformers-5.4-to-5.5-save", REPEATS_TEXT_FIRST)

    state = model.state_dict()
    w.checkpoint("paligemma/state-dict-5.6-to-5.23", state)
    w.checkpoint("paligemma/state-dict-4.52-to-5.5", namings.paligemma_state_452(state))
    for name in ("state-dict-5.6-to-5.23", "state-dict-4.52-to-5.5"):
        check_names(w.folder(f"paligemma/{name}"), f"paligemma-3b-pt-224.{name}", REPEATS)

    for folder in ("hf-hub", "transformers-5.4-to-5.5-save", "transformers-5.6-to-5.23-fresh-save"):
        again, info = PaliGemmaForConditionalGeneration.from_pretrained(
            w.folder(f"paligemma/{folder}"), dtype=torch.float32, output_loading_info=True)
        assert not any(info.values()), (folder, info)
        for (n, a), (m, b) in zip(model.named_parameters(), again.named_parameters()):
            assert n == m and torch.equal(a, b), (folder, n)
    golden(w, model)
    return hub


def runner(model, pixels, ids, mask):
    """Prefix attention: every token is prefix (token_type_ids = 0), so attention is bidirectional."""
    def run(dtype, net=None):
        net = net or (double(model) if dtype == torch.float64 else model)
        with stages.watching(*stages.paligemma(net)) as out:
            out["logits"] = net(input_ids=ids, pixel_values=pixels.to(dtype), attention_mask=mask,
                                token_type_ids=torch.zeros_like(ids), use_cache=False).logits
        # Padding carries no meaning.
        return {k: v * mask[..., None] if v.shape[:2] == mask.shape else v for k, v in out.items()}
    return run


def golden(w, model):
    d = PALIGEMMA
    rng = rng_for(w.seed, "paligemma inputs")
    size, vocab = d["vision"]["image_size"], d["text"]["vocab_size"]
    pixels = torch.from_numpy(rng.uniform(-1, 1, (1, 3, size, size)).astype("float32"))
    count = (size // d["vision"]["patch_size"]) ** 2
    text = torch.from_numpy(rng.integers(3, min(vocab, d["image_token_index"]), 11))
    ids = torch.cat([torch.full((count,), d["image_token_index"]), torch.tensor([2]), text])[None]
    ones, pad = torch.ones_like(ids), 5

    def record(name, tag, net, i, m):
        w.golden(name, tag, {"pixel_values": pixels, "input_ids": i, "attention_mask": m},
                 runner(net, pixels, i, m), "logits")
    record("paligemma_nopad", "paligemma", model, ids, ones)
    record("paligemma_pad", "paligemma", model, F.pad(ids, (0, pad)), F.pad(ones, (0, pad)))
    # The half precision copies, widened exactly and computed in full precision.
    for tag, dtype in (("bf16", torch.bfloat16), ("f16", torch.float16)):
        half = copy.deepcopy(model)
        with torch.no_grad():
            for p in half.parameters():
                p.copy_(p.to(dtype).float())
        record(f"paligemma_{tag}_nopad", f"paligemma-{tag}", half, ids, ones)
