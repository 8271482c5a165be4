"""The figures that the project sets itself, and a file of those that a benchmark found.

A benchmark that is given `--figures FILE` appends one line of JSON for each figure it found; Benchmarks/goals reads them.
"""
import json
from pathlib import Path

PROCESSORS = Path("/proc/cpuinfo")
HAS_AVX512 = PROCESSORS.exists() and "avx512_vnni" in PROCESSORS.read_text()
# What INT8 is measured by, and the ratio that is asked.
INT8_PEER, INT8_RATIO = ("PyTorch's BF16", 0.9) if HAS_AVX512 else ("ONNX Runtime's dynamic INT8", 1.0)
AT_MOST, AT_LEAST = "at most", "at least"

# Of each figure what is asked of it. Ratios are of one run on one machine.
GOALS = {
    "full job: clock, ours over the torch script's": (AT_MOST, 0.25),
    "full job: processor time over that of the build before": (AT_MOST, 0.75),
    "full job: clock over processor time / threads": (AT_MOST, 1.15),
    "full job: peak memory in MB": (AT_MOST, 200),
    "verify INT8: its rate over SHA-256's in memory": (AT_LEAST, 1),
    "export: rate over that of the build before": (AT_LEAST, 1.5),
    "diff, INT8 with BF16: rate over that of the build before": (AT_LEAST, 1.5),
    "diff, BF16 with itself: rate over that of the build before": (AT_LEAST, 1.5),
    "load BF16: rate over zipnn's": (AT_LEAST, 1.5),
    **{f"{model}, F32, {threads}: time over the fastest peer's": (AT_MOST, 1.0)
       for model in ("gemma-2b-layer", "dinov2-large", "depth-anything-large") for threads in ("1 thread", "2 threads")},
    **{f"{model}, INT8, {threads}: time over {INT8_PEER}": (AT_MOST, INT8_RATIO)
       for model in ("gemma-2b-layer", "dinov2-large") for threads in ("1 thread", "2 threads")},
    "first action, cold: times as fast as the build before": (AT_LEAST, 1.3),
    "warm forward: times as fast as the build before": (AT_LEAST, 1.5),
    "--smallest, BF16: smaller by": (AT_LEAST, 1.52),
    "--smallest, BF16: rate of packing over lmzip's": (AT_LEAST, 10),
    "--smallest, BF16: rate of loading over lmzip's": (AT_LEAST, 10),
}


def threads_word(count):
    return f"{count} thread{'s' if count > 1 else ''}"


class Figures:
    """Writes figures to a file, if there is one."""

    def __init__(self, path):
        self.path = path

    def __call__(self, figure, value):
        if self.path:
            with open(self.path, "a") as f:
                f.write(json.dumps([figure, value]) + "\n")


def read(path):
    with open(path) as f:
        return dict(json.loads(line) for line in f)


def table(found):
    """Markdown: each figure, what is asked, what was found, whether that is met; those not found at the end."""
    lines = ["| figure | asked | found | met |", "|---|---|---|---|"]
    for figure, (relation, asked) in GOALS.items():
        if figure in found:
            value = found[figure]
            met = value <= asked if relation == AT_MOST else value >= asked
            lines.append(f"| {figure} | {relation} {asked} | {value:.5g} | {'yes' if met else 'no'} |")
    missing = [figure for figure in GOALS if figure not in found]
    return "\n".join(lines + ([f"\nNot measured: {'; '.join(missing)}."] if missing else []))
