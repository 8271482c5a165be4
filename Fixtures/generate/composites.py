"""Goldens of DepthVLA and pi0, from the written checkpoints, and what has to hold of them."""
import copy
import json
import re

import torch
from safetensors.torch import load_file

import composite_checks
import namings
from depthvla import DepthVLA, evaluate
from dims import ACTION, COMPOSITE, PI0
from pi0 import layout_config
from random_weights import normal, rng_for

# Stages that are recorded in float32 as well, to show float32's own error.
IN_F32 = r".*\.final|velocity_t1|actions|depth|loss\..*"
HEADS = r"(vlm|depth|action)\.final|(vlm|depth)\.valid|velocity_t1|step\..*|actions|log_depth|loss\..*"
STREAMS = HEADS + r"|(vlm|depth|action)\.layer\.\d+"
# name: (model, checkpoint, options of the observation, mask, with depth, stages)
CASES = {
    "depthvla_block_2cam_pad": ("depthvla", "depthvla/plain", dict(cameras=2, padded=True), "block", True, ".*"),
    "depthvla_full_2cam_pad": (
        "depthvla", "depthvla/plain", dict(cameras=2, padded=True, depth_image=(28, 14)), "full", True, STREAMS),
    "depthvla_nodepth_1cam_pad": (
        "depthvla", "depthvla/plain", dict(padded=True, depth_image=None), "block", False, HEADS),
    "depthvla_batch2_missing": (
        "depthvla", "depthvla/plain", dict(batch=2, cameras=2, padded=True, missing=[(1, 1)], depth_image=(14, 28)),
        "block", True, HEADS),
    "depthvla-registers_1cam": (
        "depthvla-registers", "depthvla/registers", {}, "block", True, HEADS + r"|depth\..*"),
    "pi0_2cam_missing": (
        "pi0", "pi0/openpi", dict(cameras=2, missing=[(0, 1)], depth_image=None), "block", False, STREAMS),
    "pi0_lerobot_1cam": (
        "pi0", "pi0/lerobot-save-transformers-5.6-on", dict(padded=True, depth_image=None), "block", False, ".*"),
}


def observation(config, seed, tag, batch=1, cameras=1, padded=False, missing=(),
                depth_image=COMPOSITE["depth_image"]):
    """missing: [(sample, camera)]"""
    c, a, vlm = COMPOSITE, config["action"], config["vlm"]
    rng, size = rng_for(seed, "observation", tag), config["vision"]["image_size"]
    words = min(vlm["vocab_size"], vlm["image_token_index"])
    text = torch.from_numpy(rng.integers(3, words, (batch, c["text_tokens"])))
    text[:, 0] = 2
    mask = torch.ones_like(text)
    if padded:                                                # rows differ in length
        for b in range(batch):
            mask[b, c["text_tokens"] - c["text_padding"] + b:] = 0
        text = text * mask
    present = torch.ones(batch, cameras, dtype=torch.int64)
    for b, m in missing:
        present[b, m] = 0
    out = {
        "pixel_values": torch.from_numpy(rng.uniform(-1, 1, (batch, cameras, 3, size, size)).astype("float32")),
        "camera_mask": present, "input_ids": text, "text_mask": mask,
        "state": normal(rng, (batch, a["state_dim"])),
        "noise": normal(rng, (batch, a["horizon"], a["action_dim"])),
        "target_actions": normal(rng, (batch, a["horizon"], a["action_dim"]), 0.8),
        "loss_t": torch.tensor(c["loss_t"]),
    }
    if depth_image:
        target = torch.from_numpy(rng.uniform(0.3, 5.0, (batch, cameras, *depth_image)).astype("float32"))
        target[torch.from_numpy(rng.random(target.shape) < 0.2)] = 0  # holes, as a real sensor has
        out |= {"depth_pixel_values": normal(rng, (batch, cameras, 3, *depth_image)), "target_depth": target}
    return out


def checkpoint(w, folder):
    """-> (tensors by layout names, config)"""
    path = w.folder(folder)
    tensors = load_file(path / "model.safetensors")
    if folder.startswith("pi0/"):
        return namings.pi0_layout(tensors), layout_config(PI0, ACTION)
    return tensors, json.loads((path / "config.json").read_text())


class ScaledCache(DepthVLA):
    """Its prefix cache is 1% off: shows whether the cache is used at all."""

    def run(self, hidden, positions, mask, past=None, trace=None):
        return super().run(hidden, positions, mask, past and [(k * 1.01, v * 1.01) for k, v in past], trace)


def check(model, obs, mask, high):
    """The cached sampling is the uncached one, and a missing camera leaves no trace."""
    noise, every = obs["noise"], torch.ones(obs["noise"].shape[0], dtype=torch.bool)
    naive = model.sample(obs, noise, mask, cached=False)
    assert (high["actions"] - naive).abs().max() < 1e-12
    if mask == "block":
        probe = copy.copy(model)
        probe.__class__ = ScaledCache
        assert (probe.sample(obs, noise, mask) - naive).abs().max() > 1e-3
    for b in range(len(every)):
        present = obs["camera_mask"][b].bool()
        fewer = {k: v[b:b + 1] if v.dim() else v for k, v in obs.items()}
        for k in ("pixel_values", "camera_mask", "depth_pixel_values", "target_depth"):
            if k in fewer:
                fewer[k] = fewer[k][:, present]
        alone = evaluate(model, fewer, mask)
        stages = {"actions", "velocity_t1", "action.final"} | ({"log_depth"} if model.has_depth else set())
        for key in stages:
            want = high[key][b:b + 1]
            want = want[:, present] if key == "log_depth" else want
            gap = (alone[key] - want).abs().max()
            assert gap < 1e-12, (key, b, gap)


def make(w):
    for name, (model, folder, options, mask, depth, kept) in CASES.items():
        tensors, config = checkpoint(w, folder)
        obs = observation(config, w.seed, name, **options)
        models = {t: DepthVLA(tensors, config, t, use_depth=depth) for t in (torch.float32, torch.float64)}

        def run(dtype):
            return {k: v for k, v in evaluate(models[dtype], obs, mask).items() if re.fullmatch(kept, k)}
        outputs = ["actions"] + (["log_depth"] if depth else [])
        high = w.golden(
            name, model, obs, run, *outputs, keep_f32=lambda s: kept == ".*" and re.fullmatch(IN_F32, s),
            metadata={"mask": mask, "depth": str(depth).lower()},
            about={"checkpoint": folder, "mask": mask, "depth": depth})
        check(models[torch.float64], obs, mask, high)
        composite_checks.check(w, models[torch.float64], model, obs, mask)
