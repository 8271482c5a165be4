"""A pi0 bundle becomes openpi's PI0Pytorch, without a copy of the weights on disk.

    python examples/load_into_openpi.py pi0.dvla.safetensors

Tried with openpi at 15a9616 and transformers 4.53.2 with openpi's files in it.
"""

from __future__ import annotations

import sys
from typing import Any

from openpi.models import pi0_config
from openpi.models_pytorch import pi0_pytorch

import depthvla


def load(path: str, *, trust: depthvla.Trust | None = None, device: str = "cpu") -> Any:
    """The model of a bundle, ready to run."""
    with depthvla.open(path, trust=trust) as bundle, bundle.weights("openpi") as weights:
        action = bundle.configuration["action"]
        config = pi0_config.Pi0Config(
            action_dim=action["action_dim"],
            action_horizon=action["horizon"],
            dtype="float32",
            pytorch_compile_mode=None,
        )
        model = pi0_pytorch.PI0Pytorch(config)
        model.load_state_dict(weights.load(device=device), strict=True, assign=True)
    return model.eval()


def main() -> None:
    """Loads a bundle and says what came of it."""
    model = load(sys.argv[1])
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{type(model).__name__}: {count} parameters")


if __name__ == "__main__":
    main()
