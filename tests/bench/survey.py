"""Goes through generated JSONL files of growing size: MB a CPU second, and the peak of memory.

    python tests/bench/survey.py [--mb 500] [--rounds 3] [--seed 1] [--rows short|long|same]

Each round is a process of its own, so that its peak of resident memory is that of one survey. The
peak of the smallest file is what Python and the bounded samples take; the others show that it
doesn't grow with the file. Writes nothing but a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_ROUND = """
import json, sys, time
from pathlib import Path
from pitchpipe.survey import View
from pitchpipe_facts import surveys
file, cache = Path(sys.argv[1]), Path(sys.argv[2])
view = View(given=("prompt",), learnt=("completion",))
begin, cpu = time.perf_counter(), time.process_time()
found = surveys.survey(file, view, None, cache)
wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
begin = time.perf_counter()
again = surveys.survey(file, view, None, cache)
assert again == found
kept = time.perf_counter() - begin
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1 if sys.platform == "darwin" else 1024
except ImportError:
    peak = None
print(json.dumps({"wall": wall, "cpu": cpu, "again": kept, "peak": peak, "rows": found.rows,
                  "exact": found.exact, "repeated": found.repeated and found.repeated.rows}))
"""
_WORDS = {"short": (5, 20), "long": (100, 800), "same": (5, 20)}  # in a prompt


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mb", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", choices=_WORDS, default="short")
    given = parser.parse_args()
    print("     MB       rows exact   repeated | MB/CPU-s (min-max) | peak MB | again s")
    with tempfile.TemporaryDirectory() as folder:
        for size in sorted({max(1, given.mb // 50), max(1, given.mb // 5), given.mb}):
            file = Path(folder, f"{size}.jsonl")
            _write(file, size * 10**6, given.rows, given.seed)
            rounds = [_round(file, Path(folder, f"cache-{n}")) for n in range(given.rounds)]
            print(_line(size, rounds), flush=True)
            file.unlink()
    return 0


def _write(file: Path, size: int, kind: str, seed: int) -> None:
    """Rows of made-up words; with `same` a tenth of the rows is one of a thousand."""
    chance = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(5000)]
    low, high = _WORDS[kind]
    common: list[str] = []
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        written = 0
        while written < size:
            if kind == "same" and len(common) == 1000 and chance.random() < 0.1:
                line = chance.choice(common)
            else:
                row = {
                    "prompt": " ".join(chance.choices(words, k=chance.randint(low, high))),
                    "completion": " ".join(chance.choices(words, k=chance.randint(1, low))),
                }
                line = json.dumps(row) + "\n"
                if len(common) < 1000:
                    common.append(line)
            stream.write(line)
            written += len(line)


def _round(file: Path, cache: Path) -> dict[str, float]:
    command = [sys.executable, "-c", _ROUND, str(file), str(cache)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    return json.loads(done.stdout)


def _line(size: int, rounds: Sequence[dict[str, float]]) -> str:
    one = rounds[0]
    rates = [size / r["cpu"] for r in rounds]
    peaks = [(r["peak"] or 0) / 1e6 for r in rounds]
    again = statistics.median(r["again"] for r in rounds)
    return (
        f"{size:7} {one['rows']:10,} {one['exact']!s:5} {one['repeated'] or 0:10,} | "
        f"{statistics.median(rates):5.1f} ({min(rates):.1f}-{max(rates):.1f}) | "
        f"{max(peaks):7.1f} | {again:.3f}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
