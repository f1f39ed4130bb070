"""What telling a run in full takes: the first time, and when little is new.

    python tests/bench/run_details.py [-n 10] [--steps 100000]

Prints medians and 95 % quantiles in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pitchpipe_server.runs.details import MOST_POINTS, Details
from pitchpipe_server.runs.pace import NOTHING_EARLIER
from support.run_events import STARTED, RunFolder, begun, metrics


def main() -> None:
    asked = _options()
    with tempfile.TemporaryDirectory() as place:
        run = RunFolder(Path(place, "runs", "r"), STARTED, begun("train"))
        run.say(*(_step(n) for n in range(1, asked.steps + 1)))
        size = run.events.stat().st_size / 1e6
        print(f"{asked.steps:,} metric events, {size:.0f} MB, n = {asked.n}")
        first = [_took(lambda: _tell(Details(), run)) for _ in range(asked.n)]
        known = Details()
        _tell(known, run)
        later: list[float] = []
        for n in range(asked.n):
            run.say(*(_step(asked.steps + 10 * n + i) for i in range(1, 11)))
            later.append(_took(lambda: _tell(known, run)))
        told = known.of(run.path, MOST_POINTS, NOTHING_EARLIER)
        written = [_took(lambda: json.dumps(told)) for _ in range(asked.n)]
        for name, found in (("first", first), ("ten more", later), ("as JSON", written)):
            _show(name, found)


def _step(n: int) -> dict[str, object]:
    noise = (n * 7919 % 997) / 997
    return metrics(
        n,
        loss=2 + noise,
        learning_rate=1e-4,
        grad_norm=1 + noise,
        epoch=n / 1000,
        tokens_per_second=600 + noise,
    )


def _tell(known: Details, run: RunFolder) -> None:
    assert known.of(run.path, MOST_POINTS, NOTHING_EARLIER)


def _took(work: Callable[[], object]) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)


def _show(name: str, found: list[float]) -> None:
    high = sorted(found)[min(len(found) - 1, round(0.95 * len(found)))]
    print(f"{name:10} {statistics.median(found):8.1f}  (95 %: {high:.1f})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=10, help="how often")
    parser.add_argument("--steps", type=int, default=100_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
