"""Fine-tunes DepthVLA for a few steps and turns the result back into a bundle.

    depthvla convert --depthvla Fixtures/checkpoints/depthvla/plain -o tiny.dvla.safetensors
    python Python/examples/finetune_depthvla.py tiny.dvla.safetensors -o tuned.dvla.safetensors

Observations are drawn at random here, so that the example needs no data set: replace `batch` by a
loader. Then the steps are those of any fine-tune:

1. load a bundle, every byte checked, as a PyTorch module;
2. train, where the bundle's configuration says which parts are frozen and how losses are weighted;
3. save a checkpoint with the tokenizer and the statistics that the bundle carries;
4. convert it, and verify the new bundle against the checkpoint, byte for byte;
5. record a golden in PyTorch, and let the command's own runtime pass it: the robot computes what
   was trained.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

import depthvla
from depthvla.torch import DepthVLA, Observation, Targets, save_checkpoint, save_golden

SAMPLES, CAMERAS, TOKENS = 2, 2, 6


def batch(model: DepthVLA, generator: torch.Generator) -> tuple[Observation, Targets]:
    """Pictures, instructions, states, actions and depth of the right sizes."""
    c = model.configuration
    assert c.depth is not None, "a bundle of family depthvla"

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    size, side = c.vision.image_size, 2 * c.depth.encoder.patch
    observation = Observation(
        pixel_values=normal(SAMPLES, CAMERAS, c.vision.channels, size, size),
        input_ids=torch.randint(3, c.vocabulary, (SAMPLES, TOKENS), generator=generator),
        state=normal(SAMPLES, c.action.state_dim),
        depth_pixel_values=normal(SAMPLES, CAMERAS, c.depth.encoder.channels, side, side),
        # The second sample has no second camera.
        camera_mask=torch.tensor([[True, True], [True, False]]),
    )
    actions = normal(SAMPLES, c.action.horizon, c.action.action_dim)
    metres = normal(SAMPLES, CAMERAS, side, side).exp()
    return observation, Targets.draw(actions, metres, generator=generator)


def train(model: DepthVLA, observation: Observation, targets: Targets, steps: int) -> None:
    """Takes the steps, and prints the losses before each and at the end."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3)
    device = next(model.parameters()).device.type
    for step in range(steps + 1):
        # Noise and times stay the same, so that a few steps show the loss going down; training
        # draws them anew for every batch, by Targets.draw.
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            losses = model(observation, targets)
        depth = "" if losses.depth is None else f", depth {losses.depth.item():.4f}"
        print(f"step {step}: loss {losses.total.item():.4f}, flow {losses.flow.item():.4f}{depth}")
        if step < steps:
            optimizer.zero_grad()
            losses.total.backward()
            optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description="Fine-tune DepthVLA for a few steps.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--command", default="depthvla", help="the depthvla command")
    arguments = parser.parse_args()

    def command(*words: str | Path) -> None:
        subprocess.run([arguments.command, *map(str, words)], check=True)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = DepthVLA.from_bundle(arguments.bundle, device=device, dtype=torch.float32)
    observation, targets = batch(model, torch.Generator().manual_seed(0))
    observation, targets = observation.to(device), targets.to(device)
    train(model, observation, targets, arguments.steps)

    with tempfile.TemporaryDirectory() as temporary:
        checkpoint, golden = Path(temporary, "checkpoint"), Path(temporary, "golden.safetensors")
        with depthvla.open(arguments.bundle) as bundle:
            old = bundle.root
            save_checkpoint(model, checkpoint, assets=bundle.assets.values())
        # Add --precision bf16 or int8 for a robot; parity's tolerances follow.
        command("convert", "--depthvla", checkpoint, "-o", arguments.output, "--quiet")
        command("verify", arguments.output, "--against", checkpoint, "--quiet")
        # In float64, which tells float32's error from a mistake. A golden has one time for all.
        one_time = replace(targets, time=torch.full_like(targets.time, 0.5))
        save_golden(golden, model.double(), observation, one_time)
        command("parity", arguments.output, "--golden", golden, "--quiet")
    with depthvla.open(arguments.output) as bundle:
        print(f"root before {old}\nroot after  {bundle.root}")


if __name__ == "__main__":
    main()
