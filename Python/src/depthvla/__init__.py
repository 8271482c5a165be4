"""Verified weights and policies of DepthVLA.

`depthvla.open` opens a weight bundle under a trust policy; `Bundle.state_dict` gives its weights
the names that a model class of transformers, timm, openpi or lerobot wants; `Policy` and
`DepthEstimator` run them on the CPU. `depthvla.torch`, `depthvla.record`, `depthvla.observations`
and `depthvla.ray` need packages that are installed by extras, and are imported by name.
"""

from .bundle import Asset, Bundle, open
from .depth import DepthEstimator, DepthMap
from .errors import Error, MissingExtra
from .images import decode_image
from .parity import check_parity, record_golden
from .policy import Chunk, Policy
from .tensors import TensorInfo
from .trust import GateRequirement, Trust
from .version import __version__
from .weights import Weights

__all__ = [
    "Asset",
    "Bundle",
    "Chunk",
    "DepthEstimator",
    "DepthMap",
    "Error",
    "GateRequirement",
    "MissingExtra",
    "Policy",
    "TensorInfo",
    "Trust",
    "Weights",
    "__version__",
    "check_parity",
    "decode_image",
    "open",
    "record_golden",
]
