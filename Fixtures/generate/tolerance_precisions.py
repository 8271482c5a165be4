"""What conversion to BF16 and by the int8 preset makes of a model's weights, as floats of the type they had."""
import copy
import re

import torch


def to_bf16(w):
    return w.float().bfloat16().to(w.dtype)


def to_int8(w):
    """Per output channel, symmetric, by absolute maximum, with a BF16 scale."""
    scale = (w.float().abs().amax(1, keepdim=True) / 127).bfloat16().float().clamp(min=1e-40)
    return ((w.float() / scale).round().clamp(-127, 127) * scale).to(w.dtype)


# Matrices that the int8 preset keeps in BF16.
KEPT = re.compile(r"(position_embedding\.weight|mask_token)$|^depth\.head\.|"
                  r"^action\.(state_proj|action_in_proj|action_time_mlp_in|action_time_mlp_out|action_out_proj)\.")


def converted(model, precision):
    net = copy.deepcopy(model)
    with torch.no_grad():
        for name, p in net.named_parameters():
            matrix = precision == "int8" and p.dim() == 2 and not KEPT.search(name)
            p.copy_(to_int8(p) if matrix else to_bf16(p))
    return net
