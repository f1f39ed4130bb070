"""What following runs costs: CPU while they are silent, seconds until an event is told, summaries.

    python tests/bench/following.py [--seconds 10] [--rounds 5]

Every run is a folder whose lock another process holds, as a runner does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from pitchpipe_facts import run_index
from pitchpipe_server.runs.following import Follower
from pitchpipe_server.runs.knowing import Runs
from support.run_events import DONE, STARTED, RunFolder, begun, log, metrics, steps, worked_on

RUNS = (1, 10)  # followed at once
KEPT = (10, 100, 500)  # in the index
STEPS = 500  # of a run that is summarised


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ[run_index.STATE_DIR_VARIABLE] = str(Path(folder, "state"))
        for n in RUNS:
            asyncio.run(_following(Path(folder, f"followed-{n}"), n, arguments))
        for n in KEPT:
            _summaries(Path(folder, f"kept-{n}"), n, arguments.rounds)


async def _following(folder: Path, n: int, arguments: argparse.Namespace) -> None:
    with contextlib.ExitStack() as held:
        made = [RunFolder(folder / f"r{i}", STARTED, begun("train")) for i in range(n)]
        for run in made:
            held.enter_context(worked_on(run.path))
        follower = Follower()
        for run in made:
            follower.follow(run.path)
        heard: asyncio.Queue[float] = asyncio.Queue()
        listening = asyncio.ensure_future(_listen(follower, heard))
        await asyncio.sleep(2)
        shares = [await _busy(arguments.seconds) for _ in range(arguments.rounds)]
        print(f"{n} silent runs: CPU {_spread([100 * s for s in shares], '%')}", flush=True)
        delays = [await _delay(made[0], heard) for _ in range(4 * arguments.rounds)]
        print(f"{n} runs: an event is told after {_spread(delays, 's')}", flush=True)
        listening.cancel()


async def _listen(follower: Follower, heard: asyncio.Queue[float]) -> None:
    async for _ in follower.news():
        heard.put_nowait(time.perf_counter())


async def _busy(seconds: float) -> float:
    """The share of one core that this process takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    return (time.process_time() - cpu) / (time.perf_counter() - wall)


async def _delay(run: RunFolder, heard: asyncio.Queue[float]) -> float:
    await asyncio.sleep(random.uniform(0.5, 3))  # somewhere between two looks, short or long
    said = time.perf_counter()
    run.say(log("now"))
    return await heard.get() - said


def _summaries(folder: Path, n: int, rounds: int) -> None:
    """Of one workflow with all of the runs; each has trained for some hundred steps."""
    workflow = folder / "tone.yaml"
    for i in range(n):
        run = RunFolder(folder / "runs" / f"r{i}", STARTED, begun("train"))
        training = (e for s in range(STEPS) for e in (steps(s, STEPS), metrics(s, loss=1.0)))
        run.say(*training, DONE)
        run_index.register(run.path)
    first: list[float] = []
    later: list[float] = []
    for _ in range(rounds):
        runs = Runs()
        for times in (first, later):
            began = time.perf_counter()
            assert len(runs.summaries(workflow)) == n
            times.append(1000 * (time.perf_counter() - began))
    print(f"{n} runs summarised first: {_spread(first, 'ms')}; again: {_spread(later, 'ms')}")


def _spread(values: list[float], unit: str) -> str:
    low, high = min(values), max(values)
    middle = statistics.median(values)
    return f"{middle:.3g} {unit} ({low:.3g}–{high:.3g}, n={len(values)})"


if __name__ == "__main__":
    main()
