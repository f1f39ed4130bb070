"""What a run costs: the sample, cut short, several times from nothing.

Prints the median and the least and most of each figure. Training's figures leave out loading and
evaluation; the models' are those of one greedy sequence, its prompt included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

SAMPLE = Path(__file__).parents[2] / "samples" / "definitions"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=3, help="runs (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=30, help="optimizer steps of each")
    parser.add_argument("--rows", type=int, default=60, help="rows that are evaluated")
    given = parser.parse_args()
    subprocess.run([sys.executable, str(SAMPLE / "prepare.py")], check=True)
    figures: dict[str, list[float]] = defaultdict(list)
    for number in range(given.n):
        print(f"run {number + 1} of {given.n}", flush=True)
        for name, value in measured(given.steps, given.rows).items():
            figures[name].append(value)
    print(f"\n{given.steps} steps, {given.rows} rows, n={given.n}: median (min to max)")
    for name, values in figures.items():
        print(f"  {name:36} {median(values):12,.2f} ({min(values):,.2f} to {max(values):,.2f})")


def measured(steps: int, rows: int) -> dict[str, float]:
    """The figures of one run."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "output_dir": folder,
            "training.max_steps": steps,
            "training.eval_strategy": "no",
            "evaluate.max_rows": rows,
        }
        command = [sys.executable, "-m", "pitchpipe_cli", "run", "--fresh", "-q"]
        command.append(str(SAMPLE / "definitions.tune.yaml"))
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        own = {"PITCHPIPE_STATE_DIR": str(Path(folder, "state"))}
        subprocess.run(command, check=True, env=os.environ | own, stdout=subprocess.DEVNULL)
        (plan,) = Path(folder).glob("*/plan.json")
        lines = (plan.parent / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return _figures([json.loads(line) for line in lines])


def _figures(events: list[dict[str, Any]]) -> dict[str, float]:
    done = {e["stage"]: e for e in events if e["kind"] == "stage-done"}
    train, evaluated = done["train"]["facts"], done["evaluate"]["facts"]
    found = {
        "training, tokens per CPU-second": train["tokens_per_cpu_second"],
        "training, tokens per second": train["tokens_per_second"],
        "peak memory of training, MB": train["peak_rss_bytes"] / 1e6,
    }
    for name, event in done.items():
        found[f"{name}, seconds"] = event["seconds"]
        found[f"{name}, CPU-seconds"] = event["cpu_seconds"]
    for export in done["export"]["facts"]["exports"]:
        found[f"export size {export['precision']}, MB"] = export["bytes"] / 1e6
    for model, speed in evaluated["tokens_per_second"].items():
        found[f"{model}, tokens per second"] = speed
    return found


if __name__ == "__main__":
    main()
