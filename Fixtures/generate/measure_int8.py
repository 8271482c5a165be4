"""What ways of quantizing cost the trained DepthVLA of the fixtures, or one of random weights, in actions and depth.

    nice python Fixtures/generate/measure_int8.py [--random] [--observations 64]

Prints a table. The model runs in float64 with weights replaced by q s. What a way of quantizing may look at (the
second moments X^T X of each matrix's inputs, over all tokens and steps) comes from sixteen scenes, what is printed from
others.

    actions      |c - r| in standard deviations of the dimension: the worst of all, the worst without the gripper, which
                 jumps, and the mean over observations of their worst
    depth        mean |c - r| / r
    kB           INT8 and scales, BF16 for the rest; and after an entropy code: the entropy of the values of each
                 matrix, 1.51 for BF16
"""
import argparse
import sys
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from safetensors.torch import load_file

from depthvla import DepthVLA
from depthvla_parts import Weights
from tiny_depthvla import CONFIG, Batches, Prefix, first_weights, statistics

FIXTURES = Path(__file__).resolve().parents[1]
SEED, CALIBRATION, VALIDATION = 17, (1 << 31) + 5, (1 << 30) + 7
# As the built-in recipe int8 has it.
BF16 = ("depth.head.", "action.state_proj", "action.action_in_proj", "action.action_time_mlp", "action.action_out_proj")


def is_quantized(name, tensor):
    return tensor.dim() == 2 and not name.startswith(BF16) and "embeddings." not in name


class Watched(Weights):
    """Adds up X^T X of the inputs of every matrix."""

    def __init__(self, tensors, prefix="", moments=None):
        super().__init__(tensors, prefix)
        self.moments = {} if moments is None else moments

    def at(self, part):
        return Watched(self.tensors, f"{self.prefix}{part}.", self.moments)

    def linear(self, x, name):
        rows = x.flatten(0, -2)
        key = f"{self.prefix}{name}.weight"
        self.moments[key] = self.moments.get(key, 0) + rows.T @ rows
        return super().linear(x, name)


@torch.no_grad()
def forward(weights, batch, watch=False):
    """-> (actions in standard deviations, depth, {matrix: X^T X})"""
    model = DepthVLA(weights, CONFIG, torch.float64)
    if watch:
        model.w = Watched(model.w.tensors)
    obs, noise = batch
    prefix = Prefix(model, obs, noise.shape[1])
    return prefix.sample(noise), prefix.log_depth.exp(), model.w.moments if watch else {}


# ---------------------------------------------------------------- quantizing

def bf16(x):
    return x.float().bfloat16().double()


def rounded(w, scale, levels):
    return (w / scale).round().clamp(-levels, levels)


def largest(w, levels):
    """max |w| / levels of each row; w [rows, groups, columns]"""
    scale = bf16(w.abs().amax(-1, keepdim=True) / levels)
    return torch.where(scale > 0, scale, 1)


def least_squares(w, levels, importance):
    """The scale of least sum_j h_j (w_j - q_j s)^2 among 67 from 0.4 to 1.06 of the largest. h: the diagonal of X^T X,
    as in Lin et al., AWQ, arXiv 2306.00978, section 3.2; or ones."""
    best = largest(w, levels)
    error = (importance * (rounded(w, best, levels) * best - w) ** 2).sum(-1, keepdim=True)
    for share in torch.linspace(0.4, 1.06, 67, dtype=torch.float64):
        scale = bf16(largest(w, levels) * share)
        tried = (importance * (rounded(w, scale, levels) * scale - w) ** 2).sum(-1, keepdim=True)
        best, error = torch.where(tried < error, scale, best), torch.minimum(tried, error)
    return best


def compensated(w, scale, moments, levels, damping):
    """GPTQ (Frantar et al., arXiv 2210.17323, algorithm 1): a column after the other is rounded, and what that changes
    in the outputs is made up for in those that follow. The columns of the largest inputs go first; `damping` of the
    mean diagonal is added to the diagonal."""
    h = moments.clone()
    h[torch.diag(h) == 0, torch.diag(h) == 0] = 1
    h += damping * torch.diag(h).mean() * torch.eye(len(h), dtype=h.dtype)
    order = torch.argsort(torch.diag(h), descending=True, stable=True)
    upper = torch.linalg.cholesky(torch.linalg.inv(h[order][:, order]), upper=True)
    w, scale, q = w[:, order].clone(), scale[:, order], torch.zeros_like(w)
    for j in range(w.shape[1]):
        q[:, j] = rounded(w[:, j], scale[:, j], levels)
        error = (w[:, j] - q[:, j] * scale[:, j]) / upper[j, j]
        w[:, j + 1:] -= error[:, None] * upper[j, j + 1:]
    return q[:, torch.argsort(order)]


def quantized(w, moments, scales="largest", compensate=False, group=None, levels=127, damping=0.01):
    """-> (values, the scale of each, how many scales)"""
    rows, columns = w.shape
    group = group or columns
    parts = w.reshape(rows, columns // group, group)
    importance = 1 if moments is None or scales == "squares" else torch.diag(moments).reshape(1, -1, group)
    scale = largest(parts, levels) if scales == "largest" else least_squares(parts, levels, importance)
    wide = scale.expand(parts.shape).reshape(rows, columns)
    if compensate and moments is not None:
        return compensated(w, wide, moments, levels, damping), wide, scale.numel()
    return rounded(w, wide, levels), wide, scale.numel()


def entropy(values):
    """Bytes."""
    _, counts = np.unique(values.numpy(), return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum() * counts.sum() / 8)


def replaced(weights, moments, way):
    """-> (weights, bytes, bytes after an entropy code)"""
    out, plain, coded = {}, 0.0, 0.0
    for name, w in weights.items():
        if is_quantized(name, w):
            q, scale, scales = quantized(w, moments.get(name), **way)
            out[name] = q * scale
            plain, coded = plain + q.numel() + 2 * scales, coded + entropy(q) + 2 * scales
        else:
            out[name] = w
            plain, coded = plain + 2 * w.numel(), coded + 2 * w.numel() / 1.51
    return out, plain, coded


WAYS = {
    "uniform (preset int8)": {},
    "scales: least squares": dict(scales="squares"),
    "scales: weighted least squares": dict(scales="weighted"),
    "compensated": dict(compensate=True),
    "compensated, least squares": dict(compensate=True, scales="squares"),
    "compensated, weighted": dict(compensate=True, scales="weighted"),
    "compensated, damping 0.1": dict(compensate=True, damping=0.1),
    "compensated, damping 0.001": dict(compensate=True, damping=0.001),
} | {f"groups of {g}": dict(group=g) for g in (64, 32)} | {
    f"groups of {g}, compensated": dict(group=g, compensate=True) for g in (64, 32)} | {
    f"levels {n}": dict(levels=n) for n in (100, 63)} | {
    f"levels {n}, compensated": dict(levels=n, compensate=True) for n in (100, 80, 63, 50, 40, 31)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", action="store_true", help="random weights instead")
    parser.add_argument("--observations", type=int, default=64)
    a = parser.parse_args()
    torch.set_num_threads(1)
    vocabulary = FIXTURES / "tokenizers" / "tiny" / "tokenizer.model"
    batches = Batches(sentencepiece.SentencePieceProcessor(model_file=str(vocabulary)), statistics(SEED), SEED)

    def batch(number, count):
        obs, actions, _, _ = batches.draw(number, count)
        torch.manual_seed(SEED)
        return ({k: v.double() if v.is_floating_point() else v for k, v in obs.items()},
                torch.randn(actions.shape, dtype=torch.float64))

    weights = first_weights(SEED) if a.random else load_file(FIXTURES / "trained" / "depthvla" / "model.safetensors")
    weights = {k: bf16(v) for k, v in weights.items()}
    moments, judged = forward(weights, batch(CALIBRATION, 16), watch=True)[2], batch(VALIDATION, a.observations)
    actions, depth, _ = forward(weights, judged)
    print("| way | worst | without gripper | mean | depth | kB | coded kB |\n|---|---|---|---|---|---|---|")
    for label, way in WAYS.items():
        changed, plain, coded = replaced(weights, moments, way)
        c, d, _ = forward(changed, judged)
        off = (c - actions).abs()
        print(f"| {label} | {off.max():.4f} | {off[..., :-1].max():.4f} | {off.amax((1, 2)).mean():.5f} "
              f"| {((d - depth).abs() / depth).mean():.5f} | {plain / 1000:.0f} | {coded / 1000:.0f} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
