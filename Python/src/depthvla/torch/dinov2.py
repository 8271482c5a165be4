"""DINOv2: a vision transformer with a class token and, in some variants, register tokens.

Source: Oquab et al., arXiv 2304.07193, and Darcet et al., arXiv 2309.16588 (registers);
transformers `models/dinov2/modeling_dinov2.py`. Names of submodules are those of the layout.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .configuration import DINOv2Configuration
from .precision import widened
from .trace import NO_TRACE, Trace
from .vision_layers import self_attention


class DINOv2(nn.Module):
    """Pictures of any size in whole patches -> class token, registers and patches."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes the encoder with weights that are still to be loaded."""
        super().__init__()
        self.configuration = c
        self.embeddings = DINOv2Embeddings(c)
        self.encoder = DINOv2Encoder(c)
        self.layernorm = nn.LayerNorm(c.width, eps=c.epsilon)

    def forward(self, pixels: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """Pictures [B, 3, h, w] -> [B, 1 + registers + P, D], after the final norm.

        Stages: `embeddings`, `layer.i.attention`, `layer.i.mlp`, `layer.i`.
        """
        x: Tensor = self.embeddings(pixels)
        trace("embeddings", x)
        for index, layer in enumerate(self.encoder.layer):
            x = layer(x, trace.within(f"layer.{index}"))
            trace(f"layer.{index}", x)
        normed: Tensor = self.layernorm(x)
        return normed

    def patches(self, tokens: Tensor) -> Tensor:
        """[B, 1 + registers + P, D] -> [B, P, D]."""
        return tokens[:, 1 + self.configuration.registers :]


class DINOv2Embeddings(nn.Module):
    """Patches with positions behind the class token, with registers, which have none, between."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes the embeddings."""
        super().__init__()
        self.configuration = c
        self.patch_embeddings = DINOv2PatchEmbeddings(c)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, c.width))
        self.position_embeddings = nn.Parameter(torch.zeros(1, c.position_rows, c.width))
        if c.registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, c.registers, c.width))
        # Stands for masked patches in DINOv2's own pretraining; nothing here reads it.
        self.mask_token = nn.Parameter(torch.zeros(1, c.width))

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, 3, h, w] -> [B, 1 + registers + P, D]."""
        c = self.configuration
        batch, _, height, width = pixels.shape
        patches = self.patch_embeddings(pixels)  # [B, P, D]
        class_position = self.position_embeddings[:, :1]
        first = [(self.cls_token + class_position).expand(batch, -1, -1)]
        if c.registers:
            first.append(self.register_tokens.expand(batch, -1, -1))
        patches = patches + self.patch_positions(height, width)
        # Under autocast the patches are narrower than the parameters until here.
        return torch.cat([part.to(patches.dtype) for part in first] + [patches], dim=1)

    def patch_positions(self, height: int, width: int) -> Tensor:
        """The position table [1, side * side, D] fitted to a picture: [1, P, D].

        It is used as it is where the picture is as the table was trained for: square, with as many
        patches.

        - `bicubic`: to the exact grid, a = -0.75; transformers without registers.
        - `bicubic-antialias`: to the exact grid with antialiasing, a = -0.5; transformers and the
          original code with registers, timm.
        - `bicubic-offset`: with a scale of (grid + 0.1) / side, a = -0.75; the original code
          without registers (`interpolate_offset`), and Depth Anything's own code.
        """
        c = self.configuration
        table, side = self.position_embeddings[:, 1:], c.table_side
        rows, columns = height // c.patch, width // c.patch
        if height == width and rows == side:
            return table
        planes = widened(table).reshape(1, side, side, c.width).permute(0, 3, 1, 2)
        if c.resampling == "bicubic-offset":
            scale = ((rows + 0.1) / side, (columns + 0.1) / side)
            fitted = F.interpolate(planes, scale_factor=scale, mode="bicubic")
        else:
            antialias = c.resampling == "bicubic-antialias"
            fitted = F.interpolate(
                planes, size=(rows, columns), mode="bicubic", antialias=antialias
            )
        return fitted.flatten(2).transpose(1, 2).to(table.dtype)


class DINOv2PatchEmbeddings(nn.Module):
    """A convolution over patches."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes the convolution."""
        super().__init__()
        self.projection = nn.Conv2d(c.channels, c.width, c.patch, stride=c.patch)

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, 3, h, w] -> [B, P, D]."""
        patches: Tensor = self.projection(pixels)  # [B, D, h/p, w/p]
        return patches.flatten(2).transpose(1, 2)


class DINOv2Encoder(nn.Module):
    """The layers; they stand in a module of their own because of their names in the layout."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes the layers."""
        super().__init__()
        self.layer = nn.ModuleList(DINOv2Layer(c) for _ in range(c.layers))


class DINOv2Layer(nn.Module):
    """x += scale1 * attention(norm1(x)); x += scale2 * mlp(norm2(x))."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes a layer."""
        super().__init__()
        self.norm1 = nn.LayerNorm(c.width, eps=c.epsilon)
        self.attention = DINOv2Attention(c)
        self.layer_scale1 = LayerScale(c.width)
        self.norm2 = nn.LayerNorm(c.width, eps=c.epsilon)
        self.mlp = DINOv2SwiGLU(c) if c.swiglu else DINOv2MLP(c)
        self.layer_scale2 = LayerScale(c.width)

    def forward(self, x: Tensor, trace: Trace = NO_TRACE) -> Tensor:
        """[B, N, D] -> [B, N, D]."""
        attended = self.attention(self.norm1(x))
        trace("attention", attended)
        x = x + self.layer_scale1(attended)
        expanded = self.mlp(self.norm2(x))
        trace("mlp", expanded)
        scaled: Tensor = self.layer_scale2(expanded)
        return x + scaled


class LayerScale(nn.Module):
    """A learned factor for each channel. Source: Touvron et al., arXiv 2103.17239."""

    def __init__(self, width: int) -> None:
        """Makes the factors."""
        super().__init__()
        self.lambda1 = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, N, D]."""
        return x * self.lambda1


class DINOv2Attention(nn.Module):
    """Attention of every token to every token; nested as the names in the layout are."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes the projections."""
        super().__init__()
        self.heads = c.heads
        self.attention = nn.ModuleDict(
            {name: nn.Linear(c.width, c.width) for name in ("query", "key", "value")}
        )
        self.output = nn.ModuleDict({"dense": nn.Linear(c.width, c.width)})

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, N, D]."""
        query, key, value = (self.attention[name](x) for name in ("query", "key", "value"))
        output: Tensor = self.output["dense"](self_attention(query, key, value, self.heads))
        return output


class DINOv2MLP(nn.Module):
    """fc2(gelu(fc1(x)))."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes both layers."""
        super().__init__()
        self.gelu = c.gelu
        self.fc1 = nn.Linear(c.width, c.mlp_width)
        self.fc2 = nn.Linear(c.mlp_width, c.width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, N, D]."""
        expanded: Tensor = self.fc2(F.gelu(self.fc1(x), approximate=self.gelu))
        return expanded


class DINOv2SwiGLU(nn.Module):
    """weights_out(silu(gate) * up), gate and up the halves of one projection; DINOv2 giant."""

    def __init__(self, c: DINOv2Configuration) -> None:
        """Makes both layers."""
        super().__init__()
        self.weights_in = nn.Linear(c.width, 2 * c.mlp_width)
        self.weights_out = nn.Linear(c.mlp_width, c.width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, N, D]."""
        gate, up = self.weights_in(x).chunk(2, dim=-1)
        expanded: Tensor = self.weights_out(F.silu(gate) * up)
        return expanded
