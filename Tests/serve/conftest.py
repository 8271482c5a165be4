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
    """Tiny policies with states and actions of 16 numbers: depthvla, the same drawn anew as other and with longer chunks as
    longer, pi0, and pi0 with statistics of LIBERO's and of ALOHA's widths."""
    folder = tmp_path_factory.mktemp("bundles")
    checkpoints = harness.FIXTURES / "checkpoints"
    depthvla = harness.widened(checkpoints / "depthvla/plain", folder / "depthvla", 16)
    other = harness.widened(checkpoints / "depthvla/plain", folder / "other", 16, seed=4)
    longer = harness.widened(checkpoints / "depthvla/plain", folder / "longer", 16, horizon=9)
    pi0 = harness.widened(checkpoints / "pi0/openpi", folder / "pi0", 16)
    wide = ("--set", "action.state_dim=16")
    sources = {
        "depthvla": ("--depthvla", depthvla),
        "other": ("--depthvla", other),
        "longer": ("--depthvla", longer),
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


def seconds_of_a_step(bundle: Path) -> float:
    state = bundle.with_name("state.json")
    state.write_text(json.dumps([0.0] * 16))
    done = harness.run_command(
        "run", bundle, "--image", harness.FIXTURES / "images/rgb8.png", "--instruction", "open", "--state", state,
        "--steps", 10, "--json", "--quiet", "--load-first")
    return json.loads(done.stdout)["seconds"]["forward"] / 10


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A DepthVLA with chunks so long that a thousand Euler steps take ten seconds with this build on this machine, and the seconds
    of a step."""
    folder = tmp_path_factory.mktemp("slow")
    for horizon in (100, 400, 1500):
        source = harness.widened(harness.FIXTURES / "checkpoints/depthvla/plain", folder / str(horizon), 16, horizon=horizon)
        bundle = folder / f"{horizon}.dvla.safetensors"
        harness.run_command("convert", "--quiet", "--depthvla", source, "--tokenizer", TINY, "-o", bundle)
        step = seconds_of_a_step(bundle)
        if 1000 * step >= 10:
            break
    return bundle, step


@pytest.fixture(scope="session")
def steps(slow: tuple[Path, float]) -> Callable[[float], int]:
    """How many Euler steps make a forward of the slow bundle take about that many seconds."""
    return lambda seconds: max(1, min(1000, round(seconds / slow[1])))


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    harness.close_connections()


@pytest.fixture
def serve(bundles: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Starts servers that end with the test: the name of a bundle, or slow, or a path; options; robot=."""
    running: list[harness.Server] = []

    def start(bundle: str | Path, *options: object, **keywords: object) -> harness.Server:
        path = request.getfixturevalue("slow")[0] if bundle == "slow" else bundles.get(str(bundle), Path(bundle))
        running.append(harness.start(path, *options, **keywords))
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
