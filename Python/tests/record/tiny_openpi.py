"""openpi's pi0 with the sizes of Fixtures/checkpoints/pi0, which its code does not offer: no
arithmetic is changed.

python tiny_openpi.py ARGUMENTS     python -m depthvla.record, for such a checkpoint

openpi, and transformers 4.53.2 with its files in it, must be importable.
"""

import sys
from typing import Any

from openpi.models import gemma
from openpi.models_pytorch import gemma_pytorch, pi0_pytorch
from torch import nn

VISION = {"hidden_size": 16, "intermediate_size": 30, "num_hidden_layers": 2}
VISION |= {"num_attention_heads": 2, "image_size": 42, "patch_size": 14}
VLM = {"width": 34, "depth": 3, "mlp_dim": 54, "num_heads": 8, "num_kv_heads": 1, "head_dim": 6}
ACTION = VLM | {"width": 28, "mlp_dim": 36}
STATE, VOCABULARY = 11, 131


def shrink() -> None:
    """Gives the classes that openpi builds smaller configurations."""
    paligemma = gemma_pytorch.PaliGemmaForConditionalGeneration
    expert = gemma_pytorch.GemmaForCausalLM
    core = pi0_pytorch.PI0Pytorch
    variants = iter([VLM, ACTION] * 9)
    gemma.get_config = lambda _name: gemma.Config(**next(variants))

    def tiny_paligemma(config: Any) -> Any:
        for key, value in VISION.items():
            setattr(config.vision_config, key, value)
        config.vision_config.projection_dim = config.projection_dim = VLM["width"]
        config.hidden_size = VLM["width"]
        config.text_config.vocab_size = VOCABULARY
        config.image_token_index = VOCABULARY + 2
        return paligemma(config)

    def tiny_expert(config: Any) -> Any:
        config.vocab_size = VOCABULARY
        return expert(config)

    def tiny_core(config: Any) -> Any:
        network = core(config)
        # openpi has states as wide as actions; the fixture does not.
        network.state_proj = nn.Linear(STATE, ACTION["width"])
        return network

    gemma_pytorch.PaliGemmaForConditionalGeneration = tiny_paligemma
    gemma_pytorch.GemmaForCausalLM = tiny_expert
    pi0_pytorch.PI0Pytorch = tiny_core


if __name__ == "__main__":
    shrink()
    from depthvla.record.command import main

    sys.exit(main(sys.argv[1:]))
