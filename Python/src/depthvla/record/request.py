"""What a recording is asked to be: the options of the command line, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from depthvla.errors import Error
from depthvla.record.patterns import DottedPattern

#: The families that a library publishes; DepthVLA itself has no public code to record from.
FAMILIES = ("paligemma", "dinov2", "depth-anything-v2", "pi0")
#: The libraries that are known, with the families that each has.
LIBRARIES = {
    "transformers": FAMILIES,
    "timm": ("dinov2",),
    "original": ("dinov2", "depth-anything-v2"),
    "lerobot": ("pi0",),
    "openpi": ("pi0",),
}
#: Families whose models read a text.
WITH_PROMPT = ("paligemma", "pi0")


@dataclass(frozen=True)
class Request:
    """One golden to be recorded.

    Attributes:
        model: The checkpoint, a folder or a safetensors file.
        family: One of ``FAMILIES``.
        library: One of ``LIBRARIES``; None where the checkpoint shall say.
        images: Pictures: a batch, or for pi0 one for each camera in the order of the model's
            cameras.
        prompt: The text; None for models without one.
        processor: A folder with the picture processor and the tokenizer; None: the one of the
            model.
        inputs: A golden whose inputs are taken in place of pictures, prompt, state and noise.
        state: A file with the state that the model is given, normalised as in training.
        noise: A file with the noise [H, action_dim] that sampling starts from.
        actions: A file with the actions [H, action_dim] that the loss is measured against,
            normalised.
        loss_time: The time, from 0 (actions) to 1 (noise), at which the loss is measured.
        seed: What draws the state and the noise that no file gives.
        stages: Which stages are kept; None: all.
        float32_only: Whether to leave out the float64 run.
        heads: The number of attention heads, where neither documents nor published sizes tell.
        max_depth: The range in metres of a metric Depth Anything in its original code.
        output: The golden.
        force: Whether an existing golden is replaced.
    """

    model: Path
    family: str
    output: Path
    library: str | None = None
    images: tuple[Path, ...] = ()
    prompt: str | None = None
    processor: Path | None = None
    inputs: Path | None = None
    state: Path | None = None
    noise: Path | None = None
    actions: Path | None = None
    loss_time: float = 0.5
    seed: int = 0
    stages: DottedPattern | None = None
    float32_only: bool = False
    heads: int | None = None
    max_depth: float | None = None
    force: bool = False

    def __post_init__(self) -> None:
        """Checks which options go together.

        Raises:
            Error: ``record.family`` and ``record.option``, with status 64.
        """
        if self.family == "depthvla":
            raise Error(
                "record.family",
                64,
                "no library but this one has DepthVLA, so there is nothing to record from; "
                "depthvla parity --record writes goldens of the own runtime",
            )
        if self.family not in FAMILIES:
            raise Error(
                "record.family",
                64,
                f"--family {self.family}: expected one of {', '.join(FAMILIES)}",
            )
        if self.library is not None and self.family not in LIBRARIES[self.library]:
            raise Error(
                "record.family",
                64,
                f"--library {self.library} has no {self.family}; it has "
                f"{', '.join(LIBRARIES[self.library])}",
            )
        if not 0 <= self.loss_time <= 1:
            raise Error("record.option", 64, f"--loss-time {self.loss_time}: expected 0 to 1")
        if self.inputs is not None:
            self._refuse_beside_inputs()
            return
        if not self.images:
            raise Error("record.option", 64, "expected --image FILE, or --inputs GOLDEN")
        if self.family in WITH_PROMPT and self.prompt is None:
            raise Error("record.prompt", 64, f"{self.family} reads a text: expected --prompt TEXT")
        if self.family not in WITH_PROMPT and self.prompt is not None:
            raise Error("record.option", 64, f"{self.family} reads no text: expected no --prompt")
        if self.family != "pi0":
            given = {"--state": self.state, "--noise": self.noise, "--actions": self.actions}
            for option, value in given.items():
                if value is not None:
                    raise Error("record.option", 64, f"{option} is for pi0, not {self.family}")

    def _refuse_beside_inputs(self) -> None:
        given = {
            "--image": self.images or None,
            "--prompt": self.prompt,
            "--state": self.state,
            "--noise": self.noise,
            "--actions": self.actions,
        }
        for option, value in given.items():
            if value is not None:
                raise Error(
                    "record.option", 64, f"--inputs has all inputs already: expected no {option}"
                )

    def wants(self, stage: str) -> bool:
        """Whether a stage is kept."""
        return self.stages is None or self.stages.matches(stage)
