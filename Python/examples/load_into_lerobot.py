"""A pi0 bundle becomes lerobot's PI0Policy, without a copy of the weights on disk.

    python examples/load_into_lerobot.py pi0.dvla.safetensors

Tried with lerobot 0.6.1 and transformers 5.5. lerobot's own loader returns a policy with random
weights where loading fails; here every name and shape must fit.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from lerobot.configs import PreTrainedConfig
from lerobot.policies.pi0 import modeling_pi0

import depthvla

# What lerobot 0.6 saves with transformers 5.4 and 5.5; from 5.6 on the naming is lerobot-save-5.6.
NAMING = "lerobot-save-5.4"


def load(path: str, *, trust: depthvla.Trust | None = None, device: str = "cpu") -> Any:
    """The policy of a bundle, ready to run."""
    with depthvla.open(path, trust=trust) as bundle, bundle.weights(NAMING) as weights:
        # lerobot reads configurations from files alone; this one has some kilobytes.
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_text(json.dumps(weights.config))
            config = PreTrainedConfig.from_pretrained(folder, local_files_only=True)
        config.device = device
        policy = modeling_pi0.PI0Policy(config)
        policy.load_state_dict(weights.load(device=device), strict=True, assign=True)
    return policy.eval()


def main() -> None:
    """Loads a bundle and says what came of it."""
    policy = load(sys.argv[1])
    count = sum(parameter.numel() for parameter in policy.parameters())
    print(f"{type(policy).__name__}: {count} parameters")


if __name__ == "__main__":
    main()
