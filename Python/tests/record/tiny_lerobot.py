"""lerobot's pi0 with tiny sizes, which its code does not offer: only sizes are changed, no
arithmetic.

python tiny_lerobot.py save FOLDER          a policy with random weights, as save_pretrained writes
it python tiny_lerobot.py record ARGUMENTS     python -m depthvla.record, with such a policy
"""

import sys
from pathlib import Path
from typing import Any

import torch
from lerobot.configs import FeatureType, PolicyFeature
from lerobot.policies.pi0 import modeling_pi0
from lerobot.policies.pi0.configuration_pi0 import PI0Config

VISION = {"hidden_size": 16, "intermediate_size": 30, "num_hidden_layers": 2}
VISION |= {"num_attention_heads": 2, "image_size": 42, "patch_size": 14}
GEMMA = {"gemma_2b": (34, 2, 54, 8, 1, 6), "gemma_300m": (28, 2, 36, 8, 1, 6)}
VOCABULARY = 131


def shrink() -> None:
    """Gives the classes that lerobot builds smaller configurations."""
    paligemma = modeling_pi0.PaliGemmaForConditionalGenerationWithPiGemma
    gemma = modeling_pi0.PiGemmaForCausalLM

    def tiny_paligemma(config: Any) -> Any:
        for key, value in VISION.items():
            setattr(config.vision_config, key, value)
        config.vision_config.projection_dim = config.projection_dim = GEMMA["gemma_2b"][0]
        config.hidden_size = GEMMA["gemma_2b"][0]
        config.text_config.vocab_size = VOCABULARY
        config.image_token_index = VOCABULARY + 2
        return paligemma(config)

    def tiny_gemma(config: Any) -> Any:
        config.vocab_size = VOCABULARY
        return gemma(config)

    modeling_pi0.PaliGemmaForConditionalGenerationWithPiGemma = tiny_paligemma
    modeling_pi0.PiGemmaForCausalLM = tiny_gemma
    modeling_pi0.get_gemma_config = lambda name: modeling_pi0.GemmaConfig(*GEMMA[name])


def save(folder: Path) -> None:
    config = PI0Config(
        device="cpu", max_state_dim=11, max_action_dim=7, chunk_size=8, n_action_steps=8,
        image_resolution=(42, 42), tokenizer_max_length=12,
    )  # fmt: skip
    config.input_features = {
        "observation.state": PolicyFeature(FeatureType.STATE, (11,)),
        "observation.images.base": PolicyFeature(FeatureType.VISUAL, (3, 42, 42)),
        "observation.images.wrist": PolicyFeature(FeatureType.VISUAL, (3, 42, 42)),
    }
    config.output_features = {"action": PolicyFeature(FeatureType.ACTION, (7,))}
    torch.manual_seed(5)
    policy = modeling_pi0.PI0Policy(config)
    with torch.no_grad():
        for parameter in policy.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
            else:
                parameter.copy_(torch.randn_like(parameter) / parameter[0].numel() ** 0.5)
    policy.save_pretrained(folder)


if __name__ == "__main__":
    shrink()
    if sys.argv[1] == "save":
        save(Path(sys.argv[2]))
    else:
        from depthvla.record.command import main

        sys.exit(main(sys.argv[2:]))
