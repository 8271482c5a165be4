"""Trains the DepthVLA of Fixtures/trained on the task of tiny_task.py and writes it, its statistics and observations.

    nice python Fixtures/generate/train_tiny_depthvla.py

One thread for less than a quarter of an hour. The loss is the model's: flow matching, plus the scale-invariant depth
loss. The pictures of an observation are looked at once for several draws of noise and time, since under the block mask
nothing of them depends on those. With the same seed and the same build of PyTorch on the same kind of processor the
files come out the same, byte for byte. Needs torch 2.13, numpy, safetensors, sentencepiece and the package in
Python/src.
"""
import argparse
import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from safetensors.torch import save_file

import tiny_task
from depthvla import DepthVLA, scale_invariant_loss
from tiny_depthvla import CONFIG, Batches, Prefix, first_weights, learning_rate, statistics

# This folder's module has the name of the package.
sys.modules.pop("depthvla")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Python" / "src"))
from depthvla.observations import Observation, ObservationWriter  # noqa: E402

FIXTURES = Path(__file__).resolve().parents[1]
# Batches of other numbers than any that training draws.
HELD_OUT, RECORDED = 1 << 30, 1 << 31


def trained(batches, seed, steps, rows, repeats, highest, states=None):
    """-> the weights after training, float32, which go to the file `states` every hundred steps too"""
    torch.manual_seed(seed)
    weights = {k: v.clone().requires_grad_(True) for k, v in first_weights(seed).items()}
    model = DepthVLA(weights, CONFIG)
    optimizer = torch.optim.Adam(weights.values(), lr=highest, betas=(0.9, 0.95))
    began, seen = time.monotonic(), []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, highest)
        losses = both_losses(model, batches.draw(step, rows, things(step, steps)), repeats)
        optimizer.zero_grad()
        sum(losses).backward()
        torch.nn.utils.clip_grad_norm_([w for w in weights.values() if w.grad is not None], 1.0)
        optimizer.step()
        seen.append([float(x.detach()) for x in losses])
        if step % 100 == 99:
            flow, depth = np.mean(seen[-100:], axis=0)
            seconds = time.monotonic() - began
            if states:
                save_file({k: v.detach() for k, v in weights.items()}, states)
            print(f"{step + 1}: flow {flow:.4f} depth {depth:.5f}, {seconds:.0f} s", file=sys.stderr, flush=True)
    return {k: v.detach() for k, v in weights.items()}


def things(step, steps):
    """Where a thing lies is learned sooner of one alone, and then which one is meant."""
    return 1 if step < 0.25 * steps else tiny_task.THINGS


def both_losses(model, batch, repeats):
    obs, actions, depth, _ = batch
    prefix = Prefix(model, obs, actions.shape[1], repeats)
    actions = actions.repeat_interleave(repeats, 0)
    noise = torch.randn_like(actions)
    # As openpi draws times: Beta(1.5, 1), so that more of them are near the noise.
    t = (torch.rand(len(actions), dtype=torch.float64) ** (1 / 1.5)) * 0.999 + 0.001
    x_t = (t[:, None, None] * noise + (1 - t[:, None, None]) * actions).float()
    flow = (prefix.velocity(x_t, t) - (noise - actions)).pow(2).mean()
    return flow, scale_invariant_loss(prefix.log_depth, depth)


@torch.no_grad()
def quality(weights, batches, rows=256):
    """On scenes that training has not seen: losses, and how far actions and depth are from the demonstrated."""
    torch.manual_seed(1)
    batch = batches.draw(HELD_OUT, rows)
    model = DepthVLA(weights, CONFIG)
    flow, depth = both_losses(model, batch, 4)
    obs, actions, target, scene = batch
    prefix = Prefix(model, obs, actions.shape[1])
    got = batches.robot(prefix.sample(torch.randn_like(actions)))
    wanted = tiny_task.demonstrations(scene)
    estimate = prefix.log_depth.double().exp().numpy()
    ratio = estimate / target.numpy()
    return {
        "flow_loss": float(flow), "depth_loss": float(depth),
        "action_l1": np.abs(got - wanted).mean((0, 1)).tolist(),
        "reach_error": float(np.linalg.norm(got[:, -1, :2] - wanted[:, -1, :2], axis=-1).mean()),
        "gripper_wrong": float(((got[..., 4] > 0) != (wanted[..., 4] > 0)).mean()),
        "depth_abs_rel": float(np.abs(ratio - 1).mean()),
        "depth_delta_1_25": float((np.maximum(ratio, 1 / ratio) < 1.25).mean()),
    }


def record(folder, batches, seed, count=16):
    """Observations with what the demonstrator does and the depth of every pixel."""
    rng = np.random.default_rng([seed, RECORDED])
    scene = tiny_task.scenes(rng, count)
    pictures, depth = tiny_task.render(rng, scene)
    actions, texts = tiny_task.demonstrations(scene), tiny_task.instructions(scene)
    cameras = [c[0] for c in tiny_task.CAMERAS]
    with ObservationWriter(folder, noise_shape=(tiny_task.HORIZON, len(tiny_task.ACTION))) as writer:
        for i in range(count):
            noise, noise_seed = writer.noise()
            writer.add(Observation(
                pictures=dict(zip(cameras, pictures[i], strict=True)), instruction=texts[i],
                state=scene["state"][i], noise=noise, noise_seed=noise_seed, actions=actions[i],
                depth=dict(zip(cameras, depth[i], strict=True)), depth_unit="metres",
                source={"kind": "tiny-task", "seed": seed, "scene": i}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FIXTURES / "trained")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--steps", type=int, default=1300)
    parser.add_argument("--rows", type=int, default=32, help="observations of a batch")
    parser.add_argument("--repeats", type=int, default=2, help="draws of noise and time of each")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--states", type=Path, help="where the float32 weights go too")
    a = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    vocabulary = FIXTURES / "tokenizers" / "tiny" / "tokenizer.model"
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(vocabulary))
    stats = {k: {f: [round(x, 6) for x in v.tolist()] for f, v in s.items()} for k, s in statistics(a.seed).items()}
    batches = Batches(tokenizer, stats, a.seed)
    weights = trained(batches, a.seed, a.steps, a.rows, a.repeats, a.learning_rate, a.states)
    stored = {k: v.bfloat16() for k, v in weights.items()}
    report = {
        "seed": a.seed, "steps": a.steps, "rows": a.rows, "repeats": a.repeats, "learning_rate": a.learning_rate,
        "torch": torch.__version__, "numpy": np.__version__,
        "untrained": quality(first_weights(a.seed), batches), "trained": quality(weights, batches),
        "stored": quality({k: v.float() for k, v in stored.items()}, batches),
    }
    folder = a.out / "depthvla"
    shutil.rmtree(a.out, ignore_errors=True)
    folder.mkdir(parents=True)
    save_file({k: v.contiguous() for k, v in stored.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (folder / "norm_stats.json").write_text(json.dumps({"norm_stats": stats}, indent=2) + "\n")
    shutil.copy(vocabulary, folder)
    record(a.out / "observations", batches, a.seed)
    (a.out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
