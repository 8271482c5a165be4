"""SigLIP's vision transformer without its pooling head.

Source: Zhai et al., arXiv 2303.15343; transformers `models/siglip/modeling_siglip.py`,
`SiglipVisionTransformer`. Names of submodules are those of the layout.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .configuration import SiglipConfiguration
from .trace import NO_TRACE, Trace
from .vision_layers import self_attention


class SiglipVisionTower(nn.Module):
    """Pictures -> a token for each patch."""

    def __init__(self, c: SiglipConfiguration) -> None:
        """Makes the tower with weights that are still to be loaded."""
        super().__init__()
        self.embeddings = SiglipEmbeddings(c)
        self.encoder = SiglipEncoder(c)
        self.post_layernorm = nn.LayerNorm(c.width, eps=c.epsilon)

    def forward(self, pixels: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """Pictures [B, 3, h, w] of the tower's own size -> [B, P, D].

        Stages: `embeddings`, `layer.i.attention`, `layer.i.mlp`, `layer.i`, `last_hidden`.
        """
        x: Tensor = self.embeddings(pixels)
        trace("embeddings", x)
        for index, layer in enumerate(self.encoder.layers):
            x = layer(x, trace.within(f"layer.{index}"))
            trace(f"layer.{index}", x)
        x = self.post_layernorm(x)
        trace("last_hidden", x)
        return x


class SiglipEmbeddings(nn.Module):
    """A convolution over patches, and a learned position for each."""

    def __init__(self, c: SiglipConfiguration) -> None:
        """Makes the embeddings."""
        super().__init__()
        self.patch_embedding = nn.Conv2d(c.channels, c.width, c.patch, stride=c.patch)
        self.position_embedding = nn.Embedding(c.patches, c.width)

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, 3, h, w] -> [B, P, D]."""
        patches: Tensor = self.patch_embedding(pixels)  # [B, D, h/p, w/p]
        return patches.flatten(2).transpose(1, 2) + self.position_embedding.weight


class SiglipEncoder(nn.Module):
    """The layers; they stand in a module of their own because of their names in the layout."""

    def __init__(self, c: SiglipConfiguration) -> None:
        """Makes the layers."""
        super().__init__()
        self.layers = nn.ModuleList(SiglipLayer(c) for _ in range(c.layers))


class SiglipLayer(nn.Module):
    """x += attention(norm1(x)); x += mlp(norm2(x))."""

    def __init__(self, c: SiglipConfiguration) -> None:
        """Makes a layer."""
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(c.width, eps=c.epsilon)
        self.self_attn = SiglipAttention(c)
        self.layer_norm2 = nn.LayerNorm(c.width, eps=c.epsilon)
        self.mlp = SiglipMLP(c)

    def forward(self, x: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """[B, P, D] -> [B, P, D]."""
        attended = self.self_attn(self.layer_norm1(x))
        trace("attention", attended)
        x = x + attended
        expanded: Tensor = self.mlp(self.layer_norm2(x))
        trace("mlp", expanded)
        return x + expanded


class SiglipAttention(nn.Module):
    """Attention of every patch to every patch."""

    def __init__(self, c: SiglipConfiguration) -> None:
        """Makes the projections."""
        super().__init__()
        self.heads = c.heads
        self.q_proj = nn.Linear(c.width, c.width)
        self.k_proj = nn.Linear(c.width, c.width)
        self.v_proj = nn.Linear(c.width, c.width)
        self.out_proj = nn.Linear(c.width, c.width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, P, D] -> [B, P, D]."""
        mixed = self_attention(self.q_proj(x), self.k_proj(x), self.v_proj(x), self.heads)
        output: Tensor = self.out_proj(mixed)
        return output


class SiglipMLP(nn.Module):
    """fc2(gelu(fc1(x)))."""

    def __init__(self, c: SiglipConfiguration) -> None:
        """Makes both layers."""
        super().__init__()
        self.gelu = c.gelu
        self.fc1 = nn.Linear(c.width, c.mlp_width)
        self.fc2 = nn.Linear(c.mlp_width, c.width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, P, D] -> [B, P, D]."""
        expanded: Tensor = self.fc2(F.gelu(self.fc1(x), approximate=self.gelu))
        return expanded
