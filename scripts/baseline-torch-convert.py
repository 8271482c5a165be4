#!/usr/bin/env python3
"""The script an engineer would write with torch and safetensors, for comparison only.

    baseline-torch-convert.py --precision int8|bf16 --out FILE SOURCE...

Loads every shard, renames to roughly our layout, quantizes or casts, saves one file. It checks
nothing. Prints wall time and peak resident memory. Needs torch and safetensors.
"""
import argparse
import re
import resource
import time
from pathlib import Path

RENAMES = [
    (r"^language_model\.model\.", "vlm."), (r"^vision_tower\.vision_model\.", "vlm.vision_tower."),
    (r"^multi_modal_projector\.", "vlm.multi_modal_projector."),
    (r"^backbone\.", "depth.encoder."), (r"^(?=embeddings\.|encoder\.|layernorm\.)", "depth.encoder."),
    (r"^(?=neck\.|head\.)", "depth_anything."),
    (r"^paligemma_with_expert\.paligemma\.lm_head\.", "vlm.embed_tokens."),
    (r"^paligemma_with_expert\.paligemma\.model\.(language_model\.)?(vision_model\.)?", "vlm."),
    (r"^paligemma_with_expert\.gemma_expert\.model\.", "action."), (r"^(?=action_|state_)", "action."),
]
KEEP = re.compile(r"norm|embed|position|\.head\.|lm_head|cls_token|mask_token|register|lambda")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("source", nargs="+", type=Path, help="checkpoint folders or safetensors files")
    p.add_argument("--precision", choices=("int8", "bf16"), required=True)
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    started = time.monotonic()
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {}
    for source in a.source:
        for f in sorted(source.glob("*.safetensors")) if source.is_dir() else [source]:
            for name, value in load_file(f).items():
                for pattern, to in RENAMES:
                    name, hit = re.subn(pattern, to, name)
                    if hit:
                        break
                tensors[name] = value
    out = {}
    for name in list(tensors):
        value = tensors.pop(name)
        if a.precision == "int8" and value.dim() == 2 and not KEEP.search(name):
            value = value.float()
            scale = value.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            out[name] = (value / scale).round().clamp(-127, 127).to(torch.int8)
            out[f"{name}_scale"] = scale.to(torch.bfloat16)
        else:
            out[name] = value.to(torch.bfloat16)
    save_file(out, a.out)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{a.precision}: {len(out)} tensors, {a.out.stat().st_size / 1e9:.2f} GB, "
          f"{time.monotonic() - started:.1f} s, peak {peak / 2**20:.2f} GiB resident")


if __name__ == "__main__":
    main()
