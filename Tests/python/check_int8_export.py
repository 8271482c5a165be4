#!/usr/bin/env python3
"""Does transformers load an INT8 export, to the very numbers of the same bundle's floats?

    check_int8_export.py INT8 FLOATS

Both are folders of PaliGemma; FLOATS is `export --dequantize --dtype f32` of the bundle that INT8 is of. Both are loaded
in float32: no key may be missing or unexpected, every weight and the logits must be equal bit for bit, and something
must have been INT8. Exit status: 0 yes, 1 no.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file


def load(folder):
    model, info = transformers.PaliGemmaForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, local_files_only=True)
    if any(info.values()):
        sys.exit(f"{folder}: {({k: sorted(map(str, v))[:3] for k, v in info.items() if v})}")
    return model.eval()


def main():
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    stored = load_file(Path(sys.argv[1]) / "model.safetensors")
    count = sum(t.dtype == torch.int8 for t in stored.values())
    if not count or "quantization_config" not in json.loads((Path(sys.argv[1]) / "config.json").read_text()):
        sys.exit(f"{sys.argv[1]}: nothing is INT8")
    models = [load(folder) for folder in sys.argv[1:3]]
    a, b = (model.state_dict() for model in models)
    differing = [name for name in b if not torch.equal(a[name], b[name])]
    if a.keys() != b.keys() or differing:
        sys.exit(f"{len(differing)} weights differ, such as {differing[:3]}")
    config = models[0].config
    vision = config.vision_config
    image = config.image_token_id if hasattr(config, "image_token_id") else config.image_token_index
    ids = torch.tensor([[image] * (vision.image_size // vision.patch_size) ** 2 + [2, 5, 7, 11]])
    pixels = torch.randn((1, 3, vision.image_size, vision.image_size), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits = [m(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels,
                    token_type_ids=torch.zeros_like(ids), use_cache=False).logits for m in models]
    if not torch.equal(*logits):
        sys.exit(f"logits differ by {(logits[0] - logits[1]).abs().max():.2e}")
    print(f"{count} tensors in INT8, all weights and logits equal")


if __name__ == "__main__":
    main()
