#!/usr/bin/env python3
"""Times the forward passes of forward-benchmark in PyTorch; one JSON line, as there.

Weights are transformers' own random initialisation: only their number matters for time.
"""
import argparse
import json
import resource
import time

import torch
from transformers import Dinov2Config, Dinov2Model, GemmaConfig
from transformers.models.gemma.modeling_gemma import GemmaDecoderLayer, GemmaRotaryEmbedding


def dinov2_large(dtype):
    config = Dinov2Config(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, image_size=518)
    model = Dinov2Model(config).eval().to(dtype)
    pixels = torch.rand(1, 3, 224, 224).to(dtype)
    return lambda: model(pixels)


def gemma_2b_layer(dtype):
    config = GemmaConfig(hidden_size=2048, intermediate_size=16384, num_hidden_layers=1, num_attention_heads=8,
                         num_key_value_heads=1, head_dim=256, vocab_size=256)
    config._attn_implementation = "sdpa"
    layer, rotary = GemmaDecoderLayer(config, 0).eval().to(dtype), GemmaRotaryEmbedding(config)
    x, positions = torch.rand(1, 276, 2048).to(dtype), torch.arange(276)[None]
    mask = torch.zeros(1, 1, 276, 276, dtype=dtype)  # a prefix: every token sees every other
    return lambda: layer(x, attention_mask=mask, position_ids=positions, position_embeddings=rotary(x, positions))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("workload", choices=["dinov2-large", "gemma-2b-layer"])
    p.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--runs", type=int, default=5)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[a.precision]
    with torch.no_grad():
        run = {"dinov2-large": dinov2_large, "gemma-2b-layer": gemma_2b_layer}[a.workload](dtype)
        run()
        times, processor = [], []
        for _ in range(a.runs):
            start, before = time.perf_counter(), time.process_time()
            run()
            times.append((time.perf_counter() - start) * 1e3)
            processor.append((time.process_time() - before) * 1e3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"milliseconds": times, "cpu_milliseconds": processor, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
