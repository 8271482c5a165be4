#!/usr/bin/env python3
"""A DepthVLA to try the loop with: pictures, states, actions and chunks of published size, widths of a few dozen.

    Examples/libero/sample_bundle.py sample.dvla.safetensors [--tool depthvla] [--seed 7]

Takes seconds and about a megabyte. The weights are random: those of Fixtures/checkpoints/depthvla/plain where their shape does
not depend on the sizes above, the rest drawn from the seed. Such a policy has learnt nothing and never succeeds. Needs nothing
but Python and the command.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CHECKPOINT = PROJECT / "Fixtures/checkpoints/depthvla/plain"
# The small tokenizer of the fixtures that knows every character.
TOKENIZER = PROJECT / "Fixtures/tokenizers/multilingual/tokenizer.model"
PICTURE = 224
# What the paper's policy inherits from pi0.
STATE = ACTION = 32
HORIZON = 50
# More than the tokenizer has pieces; the last one stands for a picture, which no text gives.
VOCABULARY = 1501
PATCHES = (PICTURE // 14) ** 2
# What cannot be read off tensors that are not there: positions of patches, and in the depth encoder one more of a class token.
SETTINGS = {"vision.num_patches": PATCHES, "encoder.position_rows": PATCHES + 1}


def configuration():
    values = json.loads((CHECKPOINT / "config.json").read_text())
    values["vision"]["image_size"] = values["depth"]["encoder"]["image_size"] = PICTURE
    values["vlm"] |= {"vocab_size": VOCABULARY, "image_token_index": VOCABULARY - 1}
    values["action"] |= {"state_dim": STATE, "action_dim": ACTION, "horizon": HORIZON}
    return values


def depends_on_sizes(name):
    """Whether a tensor has another shape than that of the tiny checkpoint."""
    parts = ("position_embedding", "embed_tokens", "state_proj.weight", "action_in_proj.weight", "action_out_proj")
    return any(part in name for part in parts)


def remaining_weights():
    """The tensors of the tiny checkpoint that are kept, as a safetensors file."""
    contents = (CHECKPOINT / "model.safetensors").read_bytes()
    start = 8 + struct.unpack("<Q", contents[:8])[0]
    header, data = {}, bytearray()
    for name, tensor in json.loads(contents[8:start]).items():
        if name == "__metadata__":
            header[name] = tensor
        elif not depends_on_sizes(name):
            first, last = tensor["data_offsets"]
            header[name] = tensor | {"data_offsets": [len(data), len(data) + last - first]}
            data += contents[start + first:start + last]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def make(tool, bundle, seed, options=()):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(configuration()))
        Path(folder, "model.safetensors").write_bytes(remaining_weights())
        settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
        command = [tool, "convert", "--quiet", "--depthvla", folder, "--tokenizer", TOKENIZER,
                   "--init-missing", seed, *settings, *options, "-o", bundle, "--force"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"sample_bundle: depthvla convert failed: {done.stderr.strip()}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("bundle", type=Path, help="the file to write")
    p.add_argument("--tool", default=os.environ.get("DEPTHVLA_COMMAND") or shutil.which("depthvla"),
                   help="the depthvla command (default: DEPTHVLA_COMMAND, or the one on PATH)")
    p.add_argument("--seed", type=int, default=7, help="of the weights that are drawn (default: 7)")
    p.add_argument("options", nargs="*", help="more options of depthvla convert, after --")
    a = p.parse_args()
    if not a.tool:
        sys.exit("sample_bundle: no depthvla command; run scripts/install, or give --tool")
    make(a.tool, a.bundle, a.seed, a.options)
    print(f"wrote {a.bundle}: {a.bundle.stat().st_size / 1e6:.1f} MB of random weights")


if __name__ == "__main__":
    main()
