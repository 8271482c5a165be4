#!/usr/bin/env python3
"""Times what other libraries do with the same weights, and prints a JSON line for each stage.

    peer_stages.py F32FILE --threads 1 --seconds 0.5

F32FILE holds little-endian float32 values. One thread is timed by processor time, several by the
clock, as stages-benchmark does. Needs numpy and torch; zipnn, lmzip, openzl, blosc2 and torchao are
timed where they are installed. lmzip packs files: they lie in memory, in /dev/shm.
"""
import argparse
import json
import os
import sys
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")
import numpy  # noqa: E402
import torch  # noqa: E402

COLUMNS = 2048


class Run:
    def __init__(self, threads, seconds):
        self.threads, self.seconds = threads, seconds
        self.clock = time.process_time if threads == 1 else time.perf_counter

    def __call__(self, stage, data, byte_count, body, compression=None):
        body()
        rates = []
        for _ in range(5):
            start, calls = self.clock(), 0
            while calls == 0 or self.clock() - start < self.seconds / 10:
                body()
                calls += 1
            rates.append(byte_count * calls / (self.clock() - start))
        print(json.dumps({"stage": stage, "data": data, "threads": self.threads, "compression": compression,
                          "bytes_per_second": sorted(rates)}), flush=True)


def zipnn_stages(run, name, dtype, raw):
    import zipnn
    z = zipnn.ZipNN(bytearray_dtype=dtype, input_format="byte", threads=run.threads)
    # It changes what it is given.
    packed = z.compress(bytearray(raw))
    run("pack: zipnn", name, len(raw), lambda: z.compress(bytearray(raw)), len(raw) / len(packed))
    run("load: zipnn", name, len(raw), lambda: z.decompress(packed))


def blosc_stages(run, name, width, raw):
    import blosc2
    blosc2.set_nthreads(run.threads)
    how = {"codec": blosc2.Codec.ZSTD, "clevel": 1, "filter": blosc2.Filter.SHUFFLE, "typesize": width}
    packed = blosc2.compress(raw, **how)
    run("pack: blosc2 shuffle+zstd1", name, len(raw), lambda: blosc2.compress(raw, **how), len(raw) / len(packed))
    run("load: blosc2 shuffle+zstd1", name, len(raw), lambda: blosc2.decompress(packed))


def lmzip_stages(run, name, dtype, raw):
    import lmz
    from safetensors.torch import save_file
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        source, packed, restored = (os.path.join(folder, n) for n in ("w.safetensors", "w.lmz", "r.safetensors"))
        save_file({"w": torch.frombuffer(bytearray(raw), dtype=dtype)}, source)

        def pack():
            if os.path.exists(packed):
                os.unlink(packed)
            lmz.compress(source, packed, workers=run.threads)

        pack()
        run("pack: lmzip", name, len(raw), pack, len(raw) / os.path.getsize(packed))
        run("load: lmzip", name, len(raw),
            lambda: lmz.decompress(packed, restored, workers=run.threads, overwrite=True))


def openzl_stages(run, name, node, raw, width):
    import openzl.ext as zl
    compressor = zl.Compressor()
    coded = getattr(zl.nodes, node)().build_graph(
        compressor, [zl.graphs.Store().parameterize(compressor), zl.graphs.Huffman().parameterize(compressor)])
    compressor.select_starting_graph(coded)
    words = numpy.frombuffer(raw, f"<u{width}")
    chunks = numpy.split(words, range(1 << 17, len(words), 1 << 17))

    def pack():
        result = []
        for chunk in chunks:
            context = zl.CCtx()
            context.ref_compressor(compressor)
            context.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
            result.append(context.compress([zl.Input(zl.Type.Numeric, chunk)]))
        return result

    packed = pack()
    run("pack: openzl deconstruct+huffman", name, len(raw), pack, len(raw) / sum(map(len, packed)))
    run("load: openzl deconstruct+huffman", name, len(raw), lambda: [zl.DCtx().decompress(p) for p in packed])


def quantization_stages(run, weights):
    from torchao.quantization.quant_primitives import MappingType, choose_qparams_affine, quantize_affine

    def quantize(values, block):
        scale, zero = choose_qparams_affine(values, MappingType.SYMMETRIC, block, torch.int8, -127, 127)
        return quantize_affine(values, block, scale, zero, torch.int8, -127, 127)

    for name, values in (("BF16", weights.bfloat16()), ("F32", weights)):
        count = values.numel() * values.element_size()
        for words, block in (("per channel", (1, COLUMNS)), ("groups of 32", (1, 32)), ("groups of 128", (1, 128))):
            run(f"quantize {words}: torchao", name, count, lambda: quantize(values, block))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("file")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=0.5)
    a = p.parse_args()
    run = Run(a.threads, a.seconds)
    torch.set_num_threads(a.threads)
    values = numpy.fromfile(a.file, "<f4")
    values = values[:len(values) // COLUMNS * COLUMNS]
    weights = torch.from_numpy(values).reshape(-1, COLUMNS)
    halves = weights.bfloat16()
    f32, bf16 = values.tobytes(), halves.view(torch.int16).numpy().tobytes()
    run("to BF16: torch", "F32", len(f32), lambda: halves.copy_(weights))
    run("to F32: torch", "BF16", len(bf16), lambda: weights.copy_(halves))
    parts = [
        lambda: zipnn_stages(run, "BF16", "bfloat16", bf16), lambda: zipnn_stages(run, "F32", "float32", f32),
        lambda: lmzip_stages(run, "BF16", torch.bfloat16, bf16), lambda: lmzip_stages(run, "F32", torch.float32, f32),
        lambda: blosc_stages(run, "BF16", 2, bf16), lambda: blosc_stages(run, "F32", 4, f32),
        lambda: quantization_stages(run, torch.from_numpy(numpy.frombuffer(f32, "<f4").copy()).reshape(-1, COLUMNS))]
    if a.threads == 1:  # it has no setting for threads
        parts += [lambda: openzl_stages(run, "BF16", "BFloat16Deconstruct", bf16, 2),
                  lambda: openzl_stages(run, "F32", "Float32Deconstruct", f32, 4)]
    for part in parts:
        try:
            part()
        except ImportError as error:
            print(f"left out: {error}", file=sys.stderr)


main()
