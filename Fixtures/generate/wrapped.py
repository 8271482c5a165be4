"""Names that training code and quantizers give the tensors of a model, from the libraries themselves.

Run by hand where wrappers or quantizers have moved, with torch, transformers and what is to be
recorded; a library that is not there leaves its part of the file as it was:

    python Fixtures/generate/wrapped.py [Fixtures/wrappers]

Recorded with torch 2.15.0, transformers 5.24.0, compressed-tensors 0.20.1, torchao 0.18.0,
optimum-quanto 0.2.7, bitsandbytes 0.50.2 and peft 0.21.2.

`wrapped.json` has, for each wrapper, the name of every tensor of `checkpoints/dinov2/hf` in the
wrapped model's `state_dict()`. `quantized.json` has, for each quantizer or adapter, names, types and
shapes of what it saves of one linear layer, `NAME` standing for the layer.
"""

import json
import pathlib
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from transformers import Dinov2Config, Dinov2Model

HERE = pathlib.Path(__file__).resolve().parent
OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "wrappers"


def dinov2():
    config = json.loads((HERE.parent / "checkpoints/dinov2/hf/config.json").read_text())
    return Dinov2Model(Dinov2Config(**config))


def fixture_names():
    names = set()
    for file in sorted((HERE.parent / "checkpoints/dinov2/hf").glob("*.safetensors")):
        with safe_open(file, "np") as opened:
            names |= set(opened.keys())
    return names


class Holder(nn.Module):
    """A training module of somebody's own, such as a LightningModule."""

    def __init__(self, model, attribute):
        super().__init__()
        setattr(self, attribute, model)


def checkpointed(model):
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    layers = model.encoder.layer
    for index in range(len(layers)):
        layers[index] = checkpoint_wrapper(layers[index])
    return model


def compiled_layers(model):
    layers = model.encoder.layer
    for index in range(len(layers)):
        layers[index] = torch.compile(layers[index])
    return model


def compiled_encoder(model):
    model.encoder = torch.compile(model.encoder)
    return model


def averaged(model):
    return torch.optim.swa_utils.AveragedModel(model)


WRAPPERS = {
    "torch.compile": torch.compile,
    "DataParallel": nn.DataParallel,
    "DataParallel of torch.compile": lambda model: nn.DataParallel(torch.compile(model)),
    "torch.compile of DataParallel": lambda model: torch.compile(nn.DataParallel(model)),
    "torch.compile of the encoder": compiled_encoder,
    "torch.compile of each layer": compiled_layers,
    "activation checkpointing": checkpointed,
    "AveragedModel": averaged,
    "a module that holds it as model": lambda model: Holder(model, "model"),
    "a module that holds it as net, compiled": lambda model: Holder(torch.compile(model), "net"),
}


def wrapped():
    wanted = fixture_names()
    result = {}
    for name, wrap in WRAPPERS.items():
        model = dinov2()
        by_value = saved_names(model)
        outer = wrap(model)
        names = {
            key: by_value.get(float(value.detach().reshape(-1)[0])) if value.is_floating_point() else None
            for key, value in outer.state_dict().items()
        }
        assert {value for value in names.values() if value} == wanted, name
        result[name] = names
    return result


def saved_names(model):
    """The names that save_pretrained writes, by the value that fills the tensor: in memory,
    transformers 5.18 and later have others."""
    with torch.no_grad():
        for index, parameter in enumerate(model.parameters()):
            parameter.fill_(float(index + 1))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tensors = load_file(folder + "/model.safetensors")
    return {float(value.reshape(-1)[0]): key for key, value in tensors.items()}


def rows(tensors):
    return [
        [key, str(value.dtype).removeprefix("torch."), list(value.shape)]
        for key, value in tensors.items()
    ]


def quanto():
    from optimum.quanto import freeze, qint8, quantize
    from optimum.quanto.models import QuantizedTransformersModel  # noqa: F401

    model = nn.ModuleDict({"NAME": nn.Linear(64, 32)})
    quantize(model, weights=qint8)
    freeze(model)
    return rows(model.state_dict())


def torchao():
    from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    model = nn.ModuleDict({"NAME": nn.Linear(64, 32)})
    quantize_(model, Int8WeightOnlyConfig(version=2))
    tensors, _ = flatten_tensor_state_dict(
        {
            key: value.data if isinstance(value, nn.Parameter) and type(value.data) is torch.Tensor
            else value
            for key, value in model.state_dict().items()
        }
    )
    return rows(tensors)


def bitsandbytes8():
    import bitsandbytes

    layer = bitsandbytes.nn.Linear8bitLt(64, 32, has_fp16_weights=False)
    layer.weight = bitsandbytes.nn.Int8Params(
        torch.randn(32, 64, dtype=torch.float16), requires_grad=False, has_fp16_weights=False
    )
    layer.to("cpu")
    return rows(nn.ModuleDict({"NAME": layer}).state_dict())


def bitsandbytes4():
    import bitsandbytes

    layer = bitsandbytes.nn.Linear4bit(64, 32, quant_type="nf4", compress_statistics=True)
    layer.weight = bitsandbytes.nn.Params4bit(
        torch.randn(32, 64), requires_grad=False, quant_type="nf4", compress_statistics=True
    )
    layer.to("cpu")
    return rows(nn.ModuleDict({"NAME": layer}).state_dict())


def packed():
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    arguments = QuantizationArgs(num_bits=8, strategy="group", group_size=32, symmetric=True)
    scheme = QuantizationScheme(targets=["Linear"], weights=arguments, format="pack-quantized")
    compressor = BaseCompressor.get_value_from_registry("pack-quantized")
    tensors = compressor.compress(
        {"weight": torch.randn(32, 64), "weight_scale": torch.rand(32, 2)}, scheme
    )
    return rows({"NAME." + key: value for key, value in tensors.items()})


def adapter(config):
    def build():
        import peft

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.NAME = nn.Linear(64, 32)

            def forward(self, x):
                return self.NAME(x)

        model = peft.get_peft_model(Model(), config(peft))
        return rows(peft.get_peft_model_state_dict(model))

    return build


QUANTIZERS = {
    "quanto 8 bits": quanto,
    "torchao 8 bits": torchao,
    "bitsandbytes 8 bits": bitsandbytes8,
    "bitsandbytes 4 bits": bitsandbytes4,
    "compressed-tensors packed": packed,
    "peft LoRA": adapter(lambda peft: peft.LoraConfig(r=2, target_modules=["NAME"])),
    "peft DoRA": adapter(
        lambda peft: peft.LoraConfig(r=2, target_modules=["NAME"], use_dora=True)
    ),
    "peft IA3": adapter(
        lambda peft: peft.IA3Config(target_modules=["NAME"], feedforward_modules=[])
    ),
    "peft LoHa": adapter(lambda peft: peft.LoHaConfig(r=2, target_modules=["NAME"])),
    "peft LoKr": adapter(lambda peft: peft.LoKrConfig(r=2, target_modules=["NAME"])),
    "peft VeRA": adapter(lambda peft: peft.VeraConfig(r=2, target_modules=["NAME"])),
    "peft OFT": adapter(
        lambda peft: peft.OFTConfig(r=2, oft_block_size=0, target_modules=["NAME"])
    ),
}


def quantized(before):
    result = dict(before)
    for name, build in QUANTIZERS.items():
        try:
            result[name] = build()
        except Exception as error:  # a library that is not there, or of another version
            print(f"{name}: left as it was: {type(error).__name__}: {error}")
    return result


def write(name, document):
    file = OUT / name
    text = json.dumps(document, indent=1).replace("\n   ", " ").replace("\n  ]", " ]")
    file.write_text(text + "\n")
    print(f"{file}: {file.stat().st_size} bytes")


OUT.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)
write("wrapped.json", wrapped())
known = OUT / "quantized.json"
write("quantized.json", quantized(json.loads(known.read_text()) if known.exists() else {}))
