#!/usr/bin/env python3
"""Reads the inventories beside this file. Usage:
  inventory.py                 checks every inventory: counts, parameters, bytes, computed file sizes
  inventory.py NAME --list     dtype, shape, begin, end, name of every tensor, in safetensors file order
README.md says what the fields mean. Standard library only."""
import json
import os
import sys

SIZE = {"F32": 4, "F16": 2, "BF16": 2}


def read(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def blocks(doc):
    """[(block index or None, [(name, shape, dtype)])] in module order; names of a block hold {i}."""
    out, k = [], 0
    for entry in doc["tensors"]:
        run = isinstance(entry, dict)
        triples = [(t[0], t[1], t[2] if len(t) > 2 else doc["dtype"])
                   for t in (entry["tensors"] if run else [entry])]
        out.append((k if run else None, triples))
        k += run
    return out


def expand(doc):
    """[(name, shape, dtype)] in module order: layer 0 complete, then layer 1."""
    out = []
    for entry, (block, triples) in zip(doc["tensors"], blocks(doc)):
        for i in range(1 if block is None else entry["repeat"]):
            out += [(n.replace("{i}", str(i)), s, d) for n, s, d in triples]
    return out


def count(shape):
    n = 1
    for x in shape:
        n *= x
    return n


def file_order(items):
    return sorted(items, key=lambda t: (-SIZE[t[2]], t[0]))


def header(items, metadata):
    """Header bytes, padded, and the size of the data that follows, as Python's safetensors writes them."""
    table, at = {}, 0
    if metadata is not None:
        table["__metadata__"] = metadata
    for name, shape, dtype in file_order(items):
        end = at + count(shape) * SIZE[dtype]
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(table, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8), at


def file_bytes(items, metadata):
    head, data = header(items, metadata)
    return 8 + len(head) + data


def shards(doc, items):
    """The published split: consecutive runs in module order, [(file name, items)]."""
    out, k = [], 0
    for part in doc["files"]:
        out.append((part["name"], items[k:k + part["tensors"]]))
        k += part["tensors"]
    assert k == len(items)
    return out


def check(doc):
    items = expand(doc)
    assert len({n for n, _, _ in items}) == len(items) == doc["tensor_count"]
    assert sum(count(s) for _, s, _ in items) == doc["total_parameters"]
    assert sum(count(s) * SIZE[d] for _, s, d in items) == doc["total_bytes"]
    for part, (_, held) in zip(doc["files"], shards(doc, items)):
        assert file_bytes(held, doc["safetensors_metadata"]) == part["bytes"], part["name"]


def main(args):
    here = os.path.dirname(os.path.abspath(__file__))
    names = [a for a in args if not a.startswith("-")] or \
        [f[:-5] for f in sorted(os.listdir(here)) if f.endswith(".json")]
    for name in names:
        doc = read(os.path.join(here, name + ".json"))
        check(doc)
        if "--list" not in args:
            print(f"{name}: {doc['tensor_count']} tensors, {doc['total_parameters']} parameters, ok")
            continue
        at = 0
        for tensor, shape, dtype in file_order(expand(doc)):
            end = at + count(shape) * SIZE[dtype]
            print(dtype, json.dumps(shape, separators=(",", ":")), at, end, tensor)
            at = end


if __name__ == "__main__":
    main(sys.argv[1:])
