"""How near a traced step comes to a real one.

Takes every step of `support/steps.py`, and the runner's own, for real on the CPU under torch's
profiler, and traces the same without weights. Prints both peaks, the error of each, and how the
errors spread. Steps with NF4 weights need bitsandbytes; without it they are left out, and said so.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from pitchpipe_runner.tracing.measure import Measured, measure
from pitchpipe_runner.tracing.of_plan import trace_plan
from pitchpipe_runner.tracing.trace import Traced, trace
from support.architectures import Architecture, build, text_architectures
from support.runner_steps import RUNNER_CASES, RunnerCase, measured, plan_for
from support.steps import CASES, Case, batch_of, model_of, optimizer_of

MOST_PARAMETERS = 150_000_000  # of an architecture that is tried
GOAL_MEDIAN, GOAL_MAX = 0.5, 2.0  # percent


@dataclass(frozen=True)
class Row:
    name: str
    method: str
    real: Measured
    traced: Traced

    @property
    def error(self) -> float:
        """In percent of what is real; above 0 where the trace says more."""
        return 100 * (self.traced.peak.bytes / self.real.peak - 1)

    def line(self) -> str:
        peak = self.traced.peak
        return (
            f"{self.name:76} {self.real.peak:13,} {peak.bytes:13,} {self.error:+8.4f}%"
            f"  {self.real.seconds:5.1f} {self.traced.seconds:5.1f}  {peak.phase}, {peak.op}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="steps whose name has this in it")
    parser.add_argument(
        "--architectures",
        action="store_true",
        help="two layers of every text architecture that is small enough, instead",
    )
    given = parser.parse_args()
    quiet()
    rows: list[Row] = []
    print(f"{'step':76} {'real':>13} {'traced':>13} {'error':>9}  {'s':>5} {'s':>5}  peak in")
    for row in architectures(given.only) if given.architectures else steps(given.only):
        rows.append(row)
        print(row.line(), flush=True)
    print()
    for method in sorted({row.method for row in rows}):
        spread(method, [row for row in rows if row.method == method])
    spread("all", rows)
    print(f"goal: median ≤ {GOAL_MEDIAN} %, most ≤ {GOAL_MAX} %")


def spread(name: str, rows: list[Row]) -> None:
    errors = sorted(abs(row.error) for row in rows)
    if errors:
        print(
            f"{name:14} n={len(errors):3}  median {median(errors):.4f} %  most {errors[-1]:.4f} %"
            f"  lowest {min(row.error for row in rows):+.4f} %"
            f"  highest {max(row.error for row in rows):+.4f} %"
        )


def steps(only: str) -> Iterator[Row]:
    has_four_bit = find_spec("bitsandbytes") is not None
    for case in CASES:
        if only not in case.name:
            continue
        if case.method == "qlora" and not has_four_bit:
            print(f"{case.name:76} left out: bitsandbytes is not installed")
            continue
        yield of_case(case)
    with tempfile.TemporaryDirectory() as folder:
        for own in RUNNER_CASES:
            if only in own.name:
                yield of_runner(own, Path(folder))


def architectures(only: str) -> Iterator[Row]:
    for kind in text_architectures():
        name = f"{kind.model_type} {kind.head}"
        if only not in name:
            continue
        try:
            bare = build(kind, layers=2)
            if sum(p.numel() for p in bare.parameters()) <= MOST_PARAMETERS:
                yield of_architecture(name, kind, bare)
        except Exception as error:  # noqa: BLE001  # broken defaults, or other inputs
            first = (str(error).splitlines() or [""])[0]
            print(f"{name:76} left out: {type(error).__name__}: {first}", flush=True)


def of_architecture(name: str, kind: Architecture, bare: Any) -> Row:
    """One step of full training with SGD, of 64 tokens; the model's own loss."""
    ids = torch.arange(1, 65)[None]
    labels = {"sequence-classification": ids[:, 0] * 0, "token-classification": ids * 0}
    batch = {"input_ids": ids, "labels": labels.get(kind.head, ids)}
    bare.config.use_cache = False
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = type(bare)(bare.config)
    loaded = measure(model, lambda: dict(batch), sgd, steps=1)
    return Row(name, kind.head, loaded, trace(bare, lambda: dict(batch), sgd, steps=1))


def sgd(parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SGD(list(parameters), lr=1e-6)


def of_case(case: Case) -> Row:
    real = measure(model_of(case), lambda: batch_of(case), optimizer_of(case))
    model = model_of(case, weightless=True)
    traced = trace(model, lambda: batch_of(case), optimizer_of(case))
    return Row(case.name, case.method, real, traced)


def of_runner(case: RunnerCase, folder: Path) -> Row:
    """The runner's training itself, of a model that is loaded from its files."""
    plan = plan_for(case, folder)
    real = measured(plan, case.size)
    traced = trace_plan(plan, case.size).traced
    return Row(case.name, "runner", real, traced)


def quiet() -> None:
    from transformers.utils import logging

    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()


if __name__ == "__main__":
    main()
