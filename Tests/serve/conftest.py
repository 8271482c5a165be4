"""Bundles and servers for the tests of `depthvla serve`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness  # noqa: E402

TINY = harness.FIXTURES / "tokenizers/tiny/tokenizer.model"
PI0_SETTINGS = ("--set", "vision.num_attention_heads=2", "--set", "text.num_attention_heads=8")

Serve = Callable[..., harness.Server]


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny policies with states and actions of 16 numbers: depthvla, the same drawn anew as other, with chunks so long that a
    forward takes seconds as slow, pi0, and pi0 with statistics of LIBERO's and of ALOHA's widths."""
    folder = tmp_path_factory.mktemp("bundles")
    checkpoints = harness.FIXTURES / "checkpoints"
    depthvla = harness.widened(checkpoints / "depthvla/plain", folder / "depthvla", 16)
    other = harness.widened(checkpoints / "depthvla/plain", folder / "other", 16, seed=4)
    slow = harness.widened(checkpoints / "depthvla/plain", folder / "slow", 16, horizon=100)
    pi0 = harness.widened(checkpoints / "pi0/openpi", folder / "pi0", 16)
    wide = ("--set", "action.state_dim=16")
    sources = {
        "depthvla": ("--depthvla", depthvla),
        "other": ("--depthvla", other),
        "slow": ("--depthvla", slow),
        "pi0": ("--pi0", pi0, *PI0_SETTINGS, *wide),
    }
    for robot, state, action in (("libero", 8, 7), ("aloha", 14, 14)):
        statistics = harness.openpi_statistics(folder / f"{robot}.json", state, action)
        sources[f"pi0-{robot}"] = (*sources["pi0"], "--statistics", statistics)
    made = {}
    for name, source in sources.items():
        made[name] = folder / f"{name}.dvla.safetensors"
        harness.run_command("convert", "--quiet", *source, "--tokenizer", TINY, "-o", made[name])
    return made


@pytest.fixture(scope="session")
def steps(bundles: dict[str, Path]) -> Callable[[float], int]:
    """How many Euler steps make a forward of the slow bundle take about that many seconds with this build on this machine."""
    state = bundles["slow"].with_name("state.json")
    state.write_text(json.dumps([0.0] * 16))
    done = harness.run_command(
        "run", bundles["slow"], "--image", harness.FIXTURES / "images/rgb8.png", "--instruction", "open", "--state", state,
        "--steps", 10, "--json", "--quiet", "--load-first")
    second = json.loads(done.stdout)["seconds"]["forward"] / 10
    return lambda seconds: max(1, min(1000, round(seconds / second)))


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    harness.close_connections()


@pytest.fixture
def serve(bundles: dict[str, Path]) -> Iterator[Serve]:
    """Starts servers that end with the test: the name of a bundle or a path, options, robot=."""
    running: list[harness.Server] = []

    def start(bundle: str | Path, *options: object, **keywords: object) -> harness.Server:
        running.append(harness.start(bundles.get(str(bundle), Path(bundle)), *options, **keywords))
        return running[-1]

    yield start
    harness.close_connections()
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def shared(bundles: dict[str, Path]) -> Iterator[Callable[[str, str], harness.Server]]:
    """Servers with no options that all tests may use, by bundle and robot."""
    running: dict[tuple[str, str], harness.Server] = {}

    def get(bundle: str, robot: str = "libero") -> harness.Server:
        if (bundle, robot) not in running:
            running[bundle, robot] = harness.start(bundles[bundle], robot=robot)
        return running[bundle, robot]

    yield get
    for server in running.values():
        assert server.stop() == 0, server.log


@pytest.fixture
def server(shared: Callable[[str, str], harness.Server]) -> Iterator[harness.Server]:
    """The shared server of the DepthVLA bundle, which must serve the next client after the test too."""
    found = shared("depthvla", "libero")
    yield found
    found.serves()
