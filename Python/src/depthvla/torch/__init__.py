"""DepthVLA and pi0 as PyTorch modules: the model of arXiv 2510.13375, to read, to run and to train.

Three experts share the attention of every layer::

    vlm     pictures through SigLIP, then text        Gemma, wide      vision, language
    depth   pictures through DINOv2                   Gemma, narrow    how far things are
    action  the robot's state, then noisy actions     Gemma, narrow    what to do

Without the depth expert the model is pi0 (arXiv 2410.24164). Each expert has norms, projections and
an MLP of its own; queries see the keys and values of all experts under one block mask
(`attention.attention_mask` draws it). The action expert gives the velocity of noisy actions, which
`sampling` integrates from noise to actions; the depth expert gives a depth for each pixel.

Read `model` first, then `joint` (the shared layers), `experts`, `sampling` and `losses`.

These letters stand for axes everywhere in this package:

    B       samples of a batch
    C       cameras
    P       patches of one picture
    T       tokens of the text
    N       tokens of one expert; of all experts, in the order vlm, depth, action
    H       actions of a chunk
    A       numbers of an action
    X       numbers of a state
    D       width of an expert or encoder
    Q, K    heads of queries; of keys and values
    d       width of a head
    h, w    height and width in pixels
    p       side of a patch in pixels

Example:
    >>> from depthvla.torch import DepthVLA, Observation
    >>> model = DepthVLA.from_bundle("robot.dvla.safetensors", device="cuda")
    >>> sample = model.sample_actions(Observation(...))
    >>> sample.actions  # [B, H, A]
    >>> sample.depth  # [B, C, h, w]
"""

from . import _extras as _extras
from .checkpoint import save_checkpoint
from .configuration import Configuration
from .goldens import record_stages, save_golden
from .losses import Losses, flow_matching_loss, scale_invariant_loss
from .model import DepthVLA
from .observation import Observation, Targets
from .sampling import Sample
from .trace import Trace

__all__ = [
    "Configuration",
    "DepthVLA",
    "Losses",
    "Observation",
    "Sample",
    "Targets",
    "Trace",
    "flow_matching_loss",
    "record_stages",
    "save_checkpoint",
    "save_golden",
    "scale_invariant_loss",
]
