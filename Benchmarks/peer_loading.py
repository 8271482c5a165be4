#!/usr/bin/env python3
"""Loads the safetensors files of a folder with one peer, in a process that did nothing before: Benchmarks/full-size runs it.

    peer_loading.py PEER FOLDER [--threads 2]

PEER is zipnn, load_file, fastsafetensors or runai. The files are to be in the page cache. Prints as JSON the version, the
bytes of the tensors, and the seconds from the first file to the last tensor: neither the start of Python nor imports.
Tensors are let go once they are there, as by load-benchmark.
"""
import argparse
import importlib.metadata
import json
import os
import struct
import time
from pathlib import Path

PACKAGES = {
    "zipnn": "zipnn", "load_file": "safetensors", "fastsafetensors": "fastsafetensors", "runai": "runai-model-streamer",
}
# What zipnn is measured on, and the least that is its job.
ZIPNN_BYTES, ZIPNN_LEAST = 1 << 30, 1 << 20


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer", choices=PACKAGES)
    p.add_argument("folder", type=Path)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    files = sorted(map(str, a.folder.glob("*.safetensors")))
    seconds, count = globals()[a.peer](files, a.threads)
    version = importlib.metadata.version(PACKAGES[a.peer])
    print(json.dumps({"version": version, "seconds": seconds, "bytes": count}))


def zipnn(files, threads):
    """Decompression alone, from memory to memory, of as much BF16 as makes a gigabyte."""
    import zipnn

    def codec():
        return zipnn.ZipNN(bytearray_dtype="bfloat16", input_format="byte", threads=threads)

    spent = total = 0
    for raw in tensors(files, "BF16"):
        # It changes what it is given: what is compressed and what is decompressed are copies.
        packed = codec().compress(bytearray(raw))
        fresh = bytearray(memoryview(packed))
        decoder = codec()
        start = time.perf_counter()
        found = decoder.decompress(fresh)
        spent += time.perf_counter() - start
        if bytes(found) != raw:
            raise SystemExit("zipnn gave other bytes back")
        total += len(raw)
        if total >= ZIPNN_BYTES:
            break
    return spent, total


def load_file(files, threads):
    """safetensors.torch.load_file maps files and reads nothing, so each tensor is copied."""
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(threads)
    start, total = time.perf_counter(), 0
    for file in files:
        mapped = load_file(file)
        for name in list(mapped):
            total += mapped.pop(name).clone().nbytes
    return time.perf_counter() - start, total


def fastsafetensors(files, threads):
    import torch  # noqa: F401, which is not to be timed
    from fastsafetensors import SafeTensorsFileLoader, SingleGroup

    start, total = time.perf_counter(), 0
    for file in files:
        loader = SafeTensorsFileLoader(SingleGroup(), device="cpu", nogds=True, max_threads=threads)
        loader.add_filenames({0: [file]})
        buffer = loader.copy_files_to_device()
        total += sum(buffer.get_tensor(name).nbytes for name in loader.get_keys())
        buffer.close()
        loader.close()
    return time.perf_counter() - start, total


def runai(files, threads):
    os.environ["RUNAI_STREAMER_CONCURRENCY"] = str(threads)
    import torch  # noqa: F401, which is not to be timed
    from runai_model_streamer import SafetensorsStreamer

    start, total = time.perf_counter(), 0
    for file in files:
        with SafetensorsStreamer() as streamer:
            streamer.stream_file(file)
            total += sum(tensor.nbytes for _, tensor in streamer.get_tensors())
    return time.perf_counter() - start, total


def tensors(files, dtype):
    """The bytes of the larger tensors of a type."""
    for file in files:
        with open(file, "rb") as f:
            size = struct.unpack("<Q", f.read(8))[0]
            header = json.loads(f.read(size))
            header.pop("__metadata__", None)
            for item in header.values():
                begin, end = item["data_offsets"]
                if item["dtype"] == dtype and end - begin >= ZIPNN_LEAST:
                    f.seek(8 + size + begin)
                    yield f.read(end - begin)


main()
