"""Writing checkpoints and goldens."""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save, save_file

from precision import no_narrowing

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layouts"))
import inventory  # noqa: E402

# As `depthvla inspect` names them.
FAMILIES = ("paligemma", "dinov2", "depth-anything-v2", "depthvla", "pi0")
LAYOUTS = Path(__file__).resolve().parents[1] / "layouts"


class Writer:
    def __init__(self, root, seed):
        self.root, self.seed, self.cases = Path(root), seed, {}

    def folder(self, checkpoint):
        path = self.root / "checkpoints" / checkpoint
        path.mkdir(parents=True, exist_ok=True)
        return path

    def checkpoint(self, name, tensors, config=None, metadata={"format": "pt"}):
        """One model.safetensors. One metadata key at most: safetensors orders several at random."""
        path = self.folder(name)
        save_file({k: v.contiguous().clone() for k, v in tensors.items()}, path / "model.safetensors",
                  metadata=metadata)
        if config is not None:
            self.json(path / "config.json", config)

    def json(self, path, value):
        path.write_text(json.dumps(value, indent=2) + "\n")

    def golden(self, name, model, inputs, run, *outputs, keep_f32=lambda stage: True, metadata={}, about={}):
        """run(dtype) -> {stage: tensor}, recorded in float64 and, where keep_f32 says so, in float32; outputs are the
        stages that users see."""
        with torch.no_grad():
            low = run(torch.float32)
            with no_narrowing():
                high = run(torch.float64)
        tensors = {f"in.{k}": v for k, v in inputs.items()}
        for key, a in low.items():
            b = high[key]
            assert a.dtype == torch.float32 and b.dtype == torch.float64 and a.shape == b.shape, (name, key)
            gap = (a.double() - b).abs().max() / b.abs().max()
            assert torch.isfinite(b).all() and gap < 2e-5, (name, key, gap)
            tensors[f"f64.{key}"] = b
            if keep_f32(key):
                tensors[f"f32.{key}"] = a
        path = self.root / "goldens" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        family = next(f for f in FAMILIES if model.startswith(f))
        path.write_bytes(in_order(save({k: v.contiguous().clone() for k, v in tensors.items()},
                                       metadata={"family": family} | metadata)))
        self.cases[name] = {"model": model, **about, "inputs": sorted(inputs), "outputs": list(outputs),
                            "stages": len(low)}
        return high


def in_order(data):
    """A safetensors file with its metadata sorted: the library writes several keys in random order."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return data[:8] + text.ljust(end - 8) + data[end:]


def read_folder(folder):
    out = {}
    for f in sorted(Path(folder).glob("*.safetensors")):
        out.update(load_file(f))
    return out


def expected(layout, repeats):
    """[(name, rank)] in module order: a full-size inventory with its runs of layers as long as repeats says."""
    out = []
    for block, entries in inventory.blocks(inventory.read(LAYOUTS / f"{layout}.json")):
        for i in range(1 if block is None else repeats[block]):
            out += [(n.replace("{i}", str(i)), len(s)) for n, s, _ in entries]
    return out


def check_names(folder, layout, repeats, optional=()):
    """The tiny checkpoint has exactly the names, ranks and metadata of a full-size inventory."""
    metadata = inventory.read(LAYOUTS / f"{layout}.json")["safetensors_metadata"]
    want = dict(expected(layout, repeats))
    have = {k: v.dim() for k, v in read_folder(folder).items() if not k.startswith(tuple(optional) or "\0")}
    assert have == want, (folder, sorted(have.keys() ^ want.keys()) or "ranks differ")
    for f in Path(folder).glob("*.safetensors"):
        data = f.read_bytes()
        header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
        assert header.get("__metadata__") == metadata, (f, header.get("__metadata__"), metadata)
