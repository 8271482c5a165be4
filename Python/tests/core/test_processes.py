"""Threads, signals, forks and the end of a process: nothing is lost, and nothing crashes."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import depthvla

from ..conftest import FIXTURES, MakeBundle


def test_the_same_bundle_is_read_by_many_threads(depthvla_bundle: Path) -> None:
    with depthvla.open(depthvla_bundle) as bundle:
        expected = {name: bundle[name].tobytes() for name in bundle}
        failures: list[BaseException] = []

        def read() -> None:
            try:
                for name in bundle:
                    assert bundle[name].tobytes() == expected[name]
                loaded = bundle.state_dict(framework="numpy", threads=2)
                assert {k: v.tobytes() for k, v in loaded.items()} == expected
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


def test_a_policy_in_use_is_busy_for_another_thread(make_bundle: MakeBundle) -> None:
    tokenizer = FIXTURES / "tokenizers/tiny/tokenizer.model"
    policy = depthvla.Policy(make_bundle("--depthvla", "depthvla/plain", "--tokenizer", tokenizer))
    image = [np.zeros((8, 8, 3), np.uint8)]
    state = [0.0] * policy.model_state_width
    inside, finished = threading.Event(), threading.Event()

    def hold(_done: int, _total: int) -> None:
        inside.set()
        finished.wait(30)

    holder = threading.Thread(target=lambda: policy.act(image, "go", state, progress=hold))
    holder.start()
    assert inside.wait(30)
    with pytest.raises(depthvla.Error) as found:
        policy.act(image, "go", state)
    finished.set()
    holder.join()
    assert (found.value.code, found.value.status) == ("handle.busy", 64)
    # From inside of its own callback as well.
    with pytest.raises(depthvla.Error) as again:
        policy.act(image, "go", state, progress=lambda *_: policy.act(image, "go", state))
    assert again.value.code == "handle.busy"
    assert policy.act(image, "go", state).actions.size


def test_an_exception_of_a_callback_ends_the_load_and_arrives(depthvla_bundle: Path) -> None:
    class Mine(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Mine

    with depthvla.open(depthvla_bundle) as bundle:
        with pytest.raises(Mine):
            bundle.state_dict(framework="numpy", progress=stop)
        with pytest.raises(Mine):
            bundle.verify(progress=stop)
        assert bundle.state_dict(framework="numpy")


def test_an_interrupt_ends_a_load(depthvla_bundle: Path) -> None:
    # As Ctrl-C, with time for the main thread to hear of it.
    calls = 0
    left = 0

    def interrupt(_done: int, _total: int) -> None:
        nonlocal calls, left
        calls += 1
        if calls == 3:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
        left += 1

    with depthvla.open(depthvla_bundle) as bundle:
        with pytest.raises(KeyboardInterrupt):
            bundle.state_dict(framework="numpy", threads=1, progress=interrupt)
        # The library has stopped before the exception is seen: nothing of it still runs.
        assert left == calls
        assert 3 <= calls < len(bundle)
        assert bundle.state_dict(framework="numpy")


def test_ctrl_c_ends_a_process_that_loads_over_and_over(depthvla_bundle: Path) -> None:
    script = (
        "import sys, depthvla\n"
        "bundle = depthvla.open(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "while True: bundle.state_dict(framework='numpy')\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(depthvla_bundle)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(0.3)
    child.send_signal(2)
    _, errors = child.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    assert child.returncode in (1, 130, -2)


def test_other_threads_run_while_a_bundle_is_loaded(depthvla_bundle: Path) -> None:
    ticks = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0)

    with depthvla.open(depthvla_bundle) as bundle:
        ticker = threading.Thread(target=tick)
        ticker.start()
        before = ticks
        for _ in range(20):
            bundle.state_dict(framework="numpy")
        after = ticks
        stop.set()
        ticker.join()
    assert after > before


def _forked(path: str, queue: Any) -> None:
    try:
        depthvla.open(path)
        queue.put("opened")
    except depthvla.Error as error:
        queue.put(error.code)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_of_a_process_that_used_the_library_is_refused(
    depthvla_bundle: Path,
) -> None:
    bundle = depthvla.open(depthvla_bundle)
    for method, expected in [("fork", "process.forked"), ("spawn", "opened")]:
        context: Any = multiprocessing.get_context(method)
        queue = context.Queue()
        child = context.Process(target=_forked, args=(str(depthvla_bundle), queue))
        child.start()
        assert queue.get(timeout=60) == expected
        child.join(60)
        assert child.exitcode == 0
    assert bundle["vlm.norm.weight"].size


def test_errors_travel_between_processes(depthvla_bundle: Path) -> None:
    with depthvla.open(depthvla_bundle) as bundle, pytest.raises(depthvla.Error) as found:
        bundle.weights("nope")
    received = pickle.loads(pickle.dumps(found.value))
    assert type(received) is depthvla.Error
    assert vars(received) == vars(found.value)
    assert str(received) == str(found.value)
    extra = depthvla.MissingExtra("torch", "torch")
    assert vars(pickle.loads(pickle.dumps(extra))) == vars(extra)


def test_memory_is_given_back(depthvla_bundle: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def load() -> None:
        with depthvla.open(depthvla_bundle) as bundle:
            bundle.state_dict(framework="numpy", threads=1)

    for _ in range(10):
        load()
    gc.collect()
    before = resident()
    for _ in range(60):
        load()
    gc.collect()
    # 60 loads of 600 kB, were they kept, would be 36 MB.
    assert resident() - before < 12 << 20


@pytest.mark.parametrize("at", range(1, 40, 4))
def test_an_exception_of_a_signal_handler_is_never_lost(at: int, depthvla_bundle: Path) -> None:
    class Timeout(Exception):
        pass

    def raise_timeout(*_: object) -> None:
        raise Timeout

    calls = 0

    def follow(_done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGALRM)
            time.sleep(0.05)

    before = signal.signal(signal.SIGALRM, raise_timeout)
    try:
        with depthvla.open(depthvla_bundle) as bundle, pytest.raises(Timeout):
            bundle.verify(threads=1, progress=follow)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_what_is_open_is_not_copied(depthvla_bundle: Path, depth_bundle: Path) -> None:
    estimator = depthvla.DepthEstimator(depth_bundle)
    with depthvla.open(depthvla_bundle) as bundle:
        opened: list[Any] = [
            bundle,
            bundle.weights(),
            depthvla.Policy(bundle),
            estimator,
            estimator(np.zeros((28, 28, 3), np.uint8)),
        ]
        for value in opened:
            for duplicate in (copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError):
                    duplicate(value)


def test_files_are_closed_without_the_cycle_collector(
    depthvla_bundle: Path, make_bundle: MakeBundle
) -> None:
    tokenizer = FIXTURES / "tokenizers/tiny/tokenizer.model"
    with_asset = make_bundle("--depthvla", "depthvla/plain", "--tokenizer", tokenizer)

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    gc.collect()
    gc.disable()
    try:
        before = descriptors()
        for path in (depthvla_bundle, with_asset):
            for _ in range(5):
                depthvla.open(path).verify()
                policy = depthvla.Policy(path)
                policy.close()
        assert descriptors() == before
    finally:
        gc.enable()


def test_nothing_is_said_at_the_end_of_a_process(depthvla_bundle: Path) -> None:
    script = (
        "import sys, depthvla\n"
        "bundle = depthvla.open(sys.argv[1])\n"
        "weights = bundle.weights()\n"
        "sys.excepthook = lambda *_: None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(depthvla_bundle)], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
