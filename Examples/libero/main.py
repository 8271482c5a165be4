"""Runs episodes of LIBERO's simulator against a policy server and counts successes. Started by Examples/libero/run."""

import argparse
import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path

from policy import Failed, Policy, find_tool, serving, wait_until_ready

SUITE_NAMES = ("spatial", "object", "goal", "long")
# Between two lines of progress.
PROGRESS_SECONDS = 10


def tasks_of(text: str) -> list[int]:
    """0,2,5-9 as a list."""
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if not match:
            raise argparse.ArgumentTypeError(f"{part!r} is no number of a task, and no range such as 2-5")
        found += range(int(match[1]), int(match[2] or match[1]) + 1)
    return sorted(set(found))


def natural(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="Examples/libero/run", description=__doc__.split(" Started")[0])
    p.add_argument("bundle", nargs="?", type=Path, help="the bundle to serve; not with --url")
    p.add_argument("--suite", nargs="+", choices=SUITE_NAMES, default=["spatial"], help="default: spatial")
    p.add_argument("--tasks", type=tasks_of, metavar="0,2,5-9", help="tasks of each suite (default: all ten)")
    p.add_argument("--episodes", type=natural, default=50, metavar="N", help="episodes of each task (default: 50)")
    p.add_argument("--max-steps", type=natural, metavar="N",
                   help="of an episode (default: 220 for spatial, 280 object, 300 goal, 520 long)")
    p.add_argument("--replan-steps", type=natural, default=5, metavar="N",
                   help="steps of a chunk that are taken before the next request (default: 5)")
    p.add_argument("--seed", type=int, default=7, metavar="N",
                   help="of the simulator, which places furniture by it, and of the policy's noise (default: 7)")
    p.add_argument("--out", type=Path, default=Path("libero-results"), metavar="FOLDER",
                   help="results.json, strips and videos (default: libero-results)")
    p.add_argument("--url", metavar="ws://HOST:PORT", help="a server that runs already, in place of a bundle")
    p.add_argument("--api-key-file", type=Path, metavar="FILE", help="the key that the server at --url wants")
    p.add_argument("--tool", metavar="FILE", help="the depthvla command (default: DEPTHVLA_COMMAND, or the one on PATH)")
    p.add_argument("--record", type=Path, metavar="FOLDER", help="have the server record observations and answers")
    p.add_argument("--threads", type=natural, metavar="N", help="of the server (default: one for each processor)")
    p.add_argument("--no-video", action="store_true", help="write strips of pictures alone")
    a = p.parse_args()
    if (a.bundle is None) == (a.url is None):
        p.error("give a bundle, or --url with the address of a server that runs already")
    if a.url and not re.match(r"wss?://", a.url):
        p.error("--url begins with ws:// or wss://")
    if a.url and (a.record or a.threads or a.tool):
        p.error("--record, --threads and --tool are for a server that is started here, not for --url")
    if a.api_key_file and not a.url:
        p.error("--api-key-file goes with --url")
    return a


def main() -> None:
    a = arguments()
    a.out.mkdir(parents=True, exist_ok=True)
    key = a.api_key_file.read_text().splitlines()[0].strip() if a.api_key_file else None
    with contextlib.ExitStack() as stack:
        if a.url:
            wait_until_ready(a.url)
            address, version = a.url, None
        else:
            tool = find_tool(a.tool)
            options = ["--threads", str(a.threads)] if a.threads else []
            options += ["--record", str(a.record)] if a.record else []
            print(f"starting the server on {a.bundle}", flush=True)
            address = stack.enter_context(serving(tool, a.bundle, options, a.out / "server.log"))
            version = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout.strip()
        policy = Policy(address, key, a.seed)
        about = ", ".join(f"{k} {policy.about[k]}" for k in ("family", "root")) if policy.about else ""
        print(f"connected to {address}: {about or 'a server that says nothing of its policy'}", flush=True)
        run(a, policy, version)


def run(a: argparse.Namespace, policy: Policy, version: str | None) -> None:
    # Takes seconds, so that mistakes are told before it.
    from results import Results
    from simulator import SUITES, WAITING_STEPS, Tasks

    settings = {
        "seed": a.seed, "episodes_per_task": a.episodes, "replan_steps": a.replan_steps, "waiting_steps": WAITING_STEPS,
        "max_steps": {SUITES[s].name: a.max_steps or SUITES[s].max_steps for s in a.suite},
    }
    results = Results(a.out / "results.json", policy, settings, version)
    for key in a.suite:
        tasks = Tasks(SUITES[key])
        for task in a.tasks or range(len(tasks)):
            if task >= len(tasks):
                raise Failed(f"{SUITES[key].name} has tasks 0 to {len(tasks) - 1}, and no task {task}")
            run_task(a, policy, results, key, tasks, task)
    print(results.summary())
    print(f"wrote {a.out / 'results.json'}")


def run_task(a: argparse.Namespace, policy: Policy, results, key: str, tasks, task: int) -> None:
    from pictures import strip, write_video
    from simulator import SUITES, run_episode

    suite, instruction, states = SUITES[key], tasks.instruction(task), tasks.initial_states(task)
    if a.episodes > len(states):
        raise Failed(f"task {task} of {suite.name} has {len(states)} initial states, fewer than --episodes {a.episodes}")
    limit = a.max_steps or suite.max_steps
    print(f"{suite.name} task {task}: {instruction} (making the environment)", flush=True)
    with tasks.environment(task, a.seed) as env:
        for number in range(a.episodes):
            name = f"{suite.name} task {task} episode {number}"
            last = time.monotonic()

            def progress(episode, name=name) -> None:
                nonlocal last
                if time.monotonic() - last > PROGRESS_SECONDS:
                    last = time.monotonic()
                    print(f"{name}: step {episode.steps} of at most {limit}, {len(episode.requests)} requests", flush=True)

            first_seed = policy.start_episode(task * len(states) + number)
            episode = run_episode(env, states[number], instruction, policy.infer, limit, a.replan_steps, progress)
            outcome = "success" if episode.is_success else "failure"
            stem = f"{key}-{task}-{number}-{outcome}"
            strip(episode, f"{suite.name} {task}.{number}: {instruction} ({outcome}, {episode.steps} steps)").save(
                a.out / f"{stem}.png")
            files = {"strip": f"{stem}.png"}
            if not a.no_video:
                write_video(episode, a.out / f"{stem}.mp4")
                files["video"] = f"{stem}.mp4"
            results.add(key, task, instruction, number, first_seed, episode, files)
            print(f"{name}: {outcome} after {episode.steps} steps and {len(episode.requests)} requests in "
                  f"{episode.seconds:.0f} s; {suite.column} so far {results.rate(key):.1f} %", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(f"libero: {error}")
    except ValueError as error:
        sys.exit(f"libero: {error}")
    except OSError as error:
        sys.exit(f"libero: {error.strerror}: {error.filename}" if error.filename else f"libero: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
