"""Tokenizers as PaliGemma's, small: `tiny` for the tiny checkpoints, `multilingual` with bytes and user-defined
pieces. Each as a SentencePiece model, as the tokenizer.json that transformers' Gemma converter makes of it, and with
the ids that the two libraries give."""
import io
import json
from types import SimpleNamespace

import numpy
import sentencepiece
from PIL import Image
from sentencepiece.sentencepiece_model_pb2 import ModelProto
from tokenizers import AddedToken, Tokenizer
from transformers import GemmaTokenizer, PaliGemmaProcessor, PreTrainedTokenizerFast, SiglipImageProcessor
from transformers.convert_slow_tokenizer import GemmaConverter, GemmaSentencePieceExtractor

import dims
import tokenizer_texts

SPECIAL = dict(pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>", mask_token="<mask>")
# Gemma's: the runs of newlines, spaces and tabs, and tags. A single tab is left to the bytes.
RUNS = ["\n" * n for n in range(1, 32)] + ["▁" * n for n in range(2, 32)] + ["\t" * n for n in range(2, 6)]
TAGS = ["<table>", "</table>", "<start_of_turn>", "<end_of_turn>"]
LOCATIONS = [f"<loc{n:04}>" for n in range(16)]


def train(corpus, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=model, model_type="bpe", normalization_rule_name="identity",
        add_dummy_prefix=False, remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, split_digits=True,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>",
        unk_piece="<unk>", num_threads=1, minloglevel=2, **options)
    return model.getvalue()


def convert(path):
    """The tokenizer.json of the converter, with the token for pictures that PaliGemma's has after all others."""
    converter = GemmaConverter(SimpleNamespace(vocab_file=str(path), **SPECIAL))
    # transformers 5.23 no longer opens the model that this extractor asks.
    GemmaSentencePieceExtractor.sp = sentencepiece.SentencePieceProcessor(model_file=str(path))
    tokenizer = converter.converted()
    tokenizer.add_special_tokens([AddedToken("<image>", normalized=False, special=True)])
    return tokenizer


def prompts(tokenizer):
    """What the processor makes of instructions, without the places of the picture."""
    images = SiglipImageProcessor(size={"height": 42, "width": 42}, image_seq_length=9)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)
    processor = PaliGemmaProcessor(images, fast)
    picture = Image.fromarray(numpy.zeros((42, 42, 3), numpy.uint8))
    found = []
    for text in tokenizer_texts.INSTRUCTIONS:
        ids = processor(images=picture, text="<image>" + text, return_tensors="np")["input_ids"][0].tolist()
        assert ids[:9] == 9 * [processor.image_token_id] and processor.image_token_id not in ids[9:], (text, ids)
        found.append({"instruction": text, "ids": ids[9:]})
    return found


def pi0_ids(spm, text):
    """Of the prompt without a state in openpi's PaligemmaTokenizer.tokenize (src/openpi/models/tokenizer.py)."""
    cleaned = text.strip().replace("_", " ").replace("\n", " ")
    return spm.encode(cleaned, add_bos=True) + spm.encode("\n")


def make_one(w, name, model):
    folder = w.root / "tokenizers" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model)
    tokenizer = convert(folder / "tokenizer.model")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    spm = sentencepiece.SentencePieceProcessor(model_proto=model)
    gemma = GemmaTokenizer.from_pretrained(folder)
    samples = []
    for key, text in tokenizer_texts.samples().items():
        slow, fast = spm.encode(text), tokenizer.encode(text, add_special_tokens=False).ids
        assert gemma.encode(text, add_special_tokens=False) == fast, (name, key)
        samples.append({"name": key, "text": text, "sentencepiece": slow, "tokenizers": fast})
    sizes = {"tokenizer.model": len(spm), "tokenizer.json": tokenizer.get_vocab_size()}
    lists = {"samples": samples, "prompts": prompts(tokenizer),
             "pi0_prompts": [{"instruction": text, "ids": pi0_ids(spm, text)} for text in tokenizer_texts.PI0_INSTRUCTIONS]}
    # One text a line.
    lines = [f' "vocabulary_size": {json.dumps(sizes)}'] + [
        f' "{key}": [\n' + ",\n".join("  " + json.dumps(entry) for entry in entries) + "\n ]"
        for key, entries in lists.items()]
    (folder / "samples.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def fill(model, size):
    """The model with control pieces up to that size: no text gives their ids."""
    proto = ModelProto.FromString(model)
    for n in range(size - len(proto.pieces)):
        proto.pieces.add(piece=f"<unused{n}>", type=ModelProto.SentencePiece.CONTROL)
    return proto.SerializeToString(deterministic=True)


def make(w):
    # Ids for the embedding of the tiny pi0; that of the picture after them is the tiny PaliGemma's.
    tiny = train([t for t in tokenizer_texts.corpus() if t.isascii() and t.replace(" ", "").isalpha()],
                 vocab_size=dims.PI0["text"]["vocab_size"], user_defined_symbols=["\n"] + LOCATIONS[:2])
    make_one(w, "tiny", fill(tiny, dims.PALIGEMMA["image_token_index"]))
    multilingual = train(tokenizer_texts.corpus() + tokenizer_texts.DETECTIONS, vocab_size=1500, byte_fallback=True,
                         character_coverage=0.9999, control_symbols=["<mask>", "<2mass>"],
                         user_defined_symbols=RUNS + TAGS + LOCATIONS)
    make_one(w, "multilingual", multilingual)
