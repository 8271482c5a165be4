"""A bundle becomes a model of transformers, without a copy on disk or in memory.

    python examples/load_into_transformers.py paligemma.dvla.safetensors

For PaliGemma, DINOv2, Depth Anything V2 and pi0, with transformers 5.24. The tensors that are
unpacked from the bundle become the model's parameters.
"""

from __future__ import annotations

import sys
from typing import Any

import transformers

import depthvla

# By the model type in config.json.
CLASSES = {
    "paligemma": "PaliGemmaForConditionalGeneration",
    "dinov2": "Dinov2Model",
    "dinov2_with_registers": "Dinov2WithRegistersModel",
    "depth_anything": "DepthAnythingForDepthEstimation",
    "pi0": "PI0ForConditionalGeneration",
}
# Of the families whose names are not those of the hub.
NAMINGS = {"pi0": "transformers-save"}


def load(path: str, *, trust: depthvla.Trust | None = None, family: str | None = None) -> Any:
    """The model of a bundle, ready to run.

    Args:
        path: The bundle.
        trust: Which bundles are accepted.
        family: The model to take out of a composite, such as paligemma.
    """
    with depthvla.open(path, trust=trust) as bundle:
        naming = NAMINGS.get(family or bundle.family, "hub")
        with bundle.weights(naming, family=family) as weights:
            config = dict(weights.config or {})
            state = weights.load()
    kind = config.pop("model_type")
    model, report = getattr(transformers, CLASSES[kind]).from_pretrained(
        None,
        config=transformers.AutoConfig.for_model(kind, **config),
        state_dict=state,
        output_loading_info=True,
    )
    problems = {what: names for what, names in report.items() if names}
    if problems:
        raise SystemExit(f"transformers reports {problems}")
    return model


def main() -> None:
    """Loads a bundle and says what came of it."""
    model = load(sys.argv[1])
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{type(model).__name__}: {count} parameters of {model.dtype}")


if __name__ == "__main__":
    main()
