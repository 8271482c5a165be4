#!/usr/bin/env python3
"""Times the forward passes of forward-benchmark in another library; one JSON line, as there.

    peer_forward.py WORKLOAD --engine torch --precision f32 --models FOLDER --threads 1

Weights are transformers' own random initialisation: only their number matters for time. ONNX Runtime
and OpenVINO run what torch.onnx exports, which is kept in FOLDER. INT8 is ONNX Runtime's dynamic
quantization and NNCF's compression of weights, each with its own defaults.
"""
import argparse
import json
import logging
import os
import resource
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def dinov2_large():
    import torch
    from transformers import Dinov2Config, Dinov2Model
    config = Dinov2Config(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, image_size=518)
    return Dinov2Model(config), (torch.rand(1, 3, 224, 224),)


def gemma_2b_layer():
    import torch
    from transformers import GemmaConfig
    from transformers.models.gemma.modeling_gemma import GemmaDecoderLayer, GemmaRotaryEmbedding
    config = GemmaConfig(hidden_size=2048, intermediate_size=16384, num_hidden_layers=1, num_attention_heads=8,
                         num_key_value_heads=1, head_dim=256, vocab_size=256)
    config._attn_implementation = "sdpa"

    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.rotary = GemmaDecoderLayer(config, 0), GemmaRotaryEmbedding(config)

        def forward(self, x):
            positions = torch.arange(x.shape[1])[None]
            # A prefix: every token sees every other.
            mask = torch.zeros(1, 1, x.shape[1], x.shape[1], dtype=x.dtype)
            return self.layer(x, attention_mask=mask, position_ids=positions,
                              position_embeddings=self.rotary(x, positions))

    return Layer(), (torch.rand(1, 276, 2048),)


def depth_anything_large():
    import torch
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config
    backbone = Dinov2Config(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, image_size=518,
                            out_indices=[5, 12, 18, 24], apply_layernorm=True, reshape_hidden_states=False)
    config = DepthAnythingConfig(backbone_config=backbone, reassemble_hidden_size=1024, fusion_hidden_size=256,
                                 neck_hidden_sizes=[256, 512, 1024, 1024], head_hidden_size=32, patch_size=14)
    return DepthAnythingForDepthEstimation(config), (torch.rand(1, 3, 518, 518),)


WORKLOADS = {"dinov2-large": dinov2_large, "gemma-2b-layer": gemma_2b_layer,
             "depth-anything-large": depth_anything_large}


def exported(workload, folder):
    """The float32 graph, made where it is missing."""
    import torch
    path = folder / f"{workload}.onnx"
    if not path.exists():
        model, inputs = WORKLOADS[workload]()
        with torch.no_grad():
            torch.onnx.export(model.eval(), inputs, path, dynamo=True, external_data=True, verbose=False)
    return path


def example(workload):
    import numpy
    shape = {"dinov2-large": (1, 3, 224, 224), "gemma-2b-layer": (1, 276, 2048),
             "depth-anything-large": (1, 3, 518, 518)}[workload]
    return numpy.random.default_rng(5).random(shape, dtype=numpy.float32)


def in_torch(workload, precision, threads, folder):
    import torch
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    model, inputs = WORKLOADS[workload]()
    model, inputs = model.eval().to(dtype), tuple(x.to(dtype) for x in inputs)
    return lambda: model(*inputs)


def in_onnxruntime(workload, precision, threads, folder):
    import onnxruntime
    path = exported(workload, folder)
    if precision == "int8":
        from onnxruntime.quantization import QuantType, quantize_dynamic
        source, path = path, folder / f"{workload}.int8.onnx"
        if not path.exists():
            quantize_dynamic(source, path, weight_type=QuantType.QInt8, use_external_data_format=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: example(workload)}
    return lambda: session.run(None, feed)


def in_openvino(workload, precision, threads, folder):
    import openvino
    model = openvino.Core().read_model(exported(workload, folder))
    if precision == "int8":
        import nncf
        model = nncf.compress_weights(model)
    # Its default on a processor with BF16 instructions is to compute in bfloat16.
    compiled = openvino.Core().compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1})
    request, feed = compiled.create_infer_request(), example(workload)
    return lambda: request.infer(feed)


ENGINES = {"torch": in_torch, "onnxruntime": in_onnxruntime, "openvino": in_openvino}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("workload", choices=WORKLOADS)
    p.add_argument("--engine", choices=ENGINES, default="torch")
    p.add_argument("--precision", choices=["f32", "bf16", "int8"], default="f32")
    p.add_argument("--models", type=Path, default=Path("."))
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--runs", type=int, default=5)
    a = p.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(a.threads)
    run = ENGINES[a.engine](a.workload, a.precision, a.threads, a.models)
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
