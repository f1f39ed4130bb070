"""Prints what the records give beside real training steps of models that nothing was recorded of.

python tests/bench/recorded.py [MODEL_TYPE ...] [--heads HEAD ...] [--steps STEP ...] [--coarse]
                               [--mark]

Every model type is tried with sizes, a batch and a length that its record was not made with: whole,
whole with checkpointed layers, and with LoRA. Measured by the profiler's allocator events on this
CPU. Types without a record are judged coarsely, and their interval must hold what was measured.
Each type has a process of its own, since one that needs too much memory ends it. `--mark` writes
into the records how far they came out apart, so that estimates say it and widen their intervals.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, get_args

import peft
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1]))

from pitchpipe.estimate import Estimate, Records, Step, decode, decode_fragments, estimate
from pitchpipe.modules import Head
from pitchpipe_runner.cataloguing import classes, small
from pitchpipe_runner.cataloguing.activations import configured_for
from pitchpipe_runner.cataloguing.describe import describe, with_roles
from pitchpipe_runner.tracing.measure import measure
from pitchpipe_schemas import recorded
from support.adapted import adapters

HELD_OUT = 2
"""The variant of sizes that no record is made with."""

ROWS, LENGTH, SOURCE = 4, 150, 70
SECONDS = 150  # that a model type may take
MARKED = "real steps of this architecture"  # as the estimate begins its doubt about a record
UNSAID = 1.0  # per cent; the interval of every step holds that

_PLAIN = Step(
    batch_size=ROWS,
    length=LENGTH,
    dtype="float32",
    method="full",
    rank=8,
    optimizer="adamw_torch_fused",
    device="cpu",
)
STEPS = {
    "full": _PLAIN,
    "checkpointed": replace(_PLAIN, checkpointing=True),
    "lora": replace(_PLAIN, method="lora"),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """`off` is per cent that the estimate is above the measured peak."""

    model_type: str
    head: Head
    step: str
    measured: int
    estimated: int
    low: int
    high: int
    coarse: str

    @property
    def off(self) -> float:
        return 100 * (self.estimated / self.measured - 1)

    @property
    def held(self) -> bool:
        return self.low <= self.measured <= self.high

    def __str__(self) -> str:
        return (
            f"{self.model_type:<24}{self.head:<24}{self.step:<13}{self.measured / 1e6:9.2f} MB"
            f" {self.estimated / 1e6:9.2f} MB {self.off:+9.3f} %"
            f"  {'' if self.held else 'OUTSIDE '}{self.coarse}"
        )


def tried(model_type: str, head: Head, name: str, *, coarse: bool = False) -> Tried:
    """Raises whatever the model's own code raises."""
    step = STEPS[name]
    class_name = classes.class_names(model_type)[head]
    config = configured_for(model_type, class_name)
    small.shrink(config, HELD_OUT)
    config.use_cache = False
    torch.manual_seed(0)
    model: Any = classes.model_class(class_name)._from_config(config, dtype=torch.float32)
    shape = with_roles(describe(model, head))
    if step.checkpointing:
        model.activation_checkpointing_enable()
    if step.method == "lora":
        lora = peft.LoraConfig(r=step.rank, target_modules="all-linear")
        model = peft.get_peft_model(model, lora)
        ranked = dict(adapters(model))
        ranks = ((name, rank) for name, rank in ranked.items() if rank != step.rank)
        step = replace(step, adapted=tuple(ranked), ranks=tuple(ranks))
    if head == "seq2seq-lm":
        step = replace(step, source_length=SOURCE)
    real = measure(model, lambda: _batch(head), lambda p: torch.optim.AdamW(p, fused=True))
    shard = None if coarse else recorded.activations(model_type)
    records = Records(decode(shard) if shard else None, decode_fragments(recorded.adapters()))
    found = estimate(shape, step, records)
    ends = found.allocated
    return Tried(
        model_type, head, name, real.peak, found.peak.bytes, ends.low, ends.high, _coarse(found)
    )


def _coarse(found: Estimate) -> str:
    return "" if found.exact else found.allocated.reasons[0]


def _batch(head: Head) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, 900, (ROWS, LENGTH))
    ids[:, -1] = 1  # the end token, which some classifiers look for
    if head == "seq2seq-lm":
        return {"input_ids": torch.randint(5, 900, (ROWS, SOURCE)), "labels": ids}
    if head == "sequence-classification":
        return {"input_ids": ids, "labels": torch.zeros(ROWS, dtype=torch.long)}
    if head == "token-classification":
        return {"input_ids": ids, "labels": torch.zeros_like(ids)}
    return {"input_ids": ids, "labels": ids.clone()}


def _all(model_type: str, heads: list[Head], steps: list[str], coarse: bool, found: Any) -> None:
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    for head in classes.class_names(model_type):
        for name in steps if head in heads else ():
            try:
                found.send(tried(model_type, head, name, coarse=coarse))
            except Exception as error:  # noqa: BLE001, PERF203  models raise anything
                at = traceback.extract_tb(error.__traceback__)[-1]
                line = " ".join(str(error).split())[:100]
                found.send(
                    f"{model_type:<24}{head:<24}{name:<13}not tried: {type(error).__name__}:"
                    f" {line} ({at.name})"
                )


def every(
    model_types: list[str], heads: list[Head], steps: list[str], coarse: bool
) -> Iterator[Tried | str]:
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "fork")
    for model_type in model_types:
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_all, args=(model_type, heads, steps, coarse, sending))
        process.start()
        sending.close()
        until = time.monotonic() + SECONDS
        try:
            while receiving.poll(until - time.monotonic()):
                yield receiving.recv()
            process.terminate()
        except EOFError:
            pass
        process.join()
        if process.exitcode:
            yield f"{model_type:<24}ended: {process.exitcode}"


def mark(results: Iterable[Tried]) -> None:
    """Sets `off` of the records that were tried, by head, where it is above what needs no word."""
    apart: dict[tuple[str, Head], float] = {}
    for r in results:
        if not r.coarse or r.coarse.startswith(MARKED):
            key = (r.model_type, r.head)
            apart[key] = max(apart.get(key, 0.0), abs(r.off))
    for (model_type, head), percent in apart.items():
        file = Path(recorded.__file__).parent / "catalog" / "activations" / f"{model_type}.json"
        shard: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        off: dict[str, float] = {**shard.get("off", {})}
        off.pop(head, None)
        if percent > UNSAID:
            off[head] = math.ceil(percent) / 100
        made = {"transformers": shard.pop("transformers"), "packs": shard.pop("packs")}
        shard.pop("off", None)
        made |= ({"off": dict(sorted(off.items()))} if off else {}) | shard
        text = json.dumps(made, separators=(",", ":"), ensure_ascii=False) + "\n"
        file.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model_type", nargs="*")
    parser.add_argument("--heads", nargs="+", choices=get_args(Head), default=get_args(Head))
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--coarse", action="store_true", help="judge all without their records")
    parser.add_argument("--mark", action="store_true", help="write what was found into the records")
    given = parser.parse_args()
    if given.mark and (given.coarse or given.steps != list(STEPS)):
        parser.error("a record is marked by all steps, judged with it")
    chosen = given.model_type or [*classes.text_types(), *classes.image_text_types()]
    results: list[Tried] = []
    for result in every(chosen, list(given.heads), given.steps, given.coarse):
        print(result, flush=True)
        if isinstance(result, Tried):
            results.append(result)
    if given.mark:
        mark(results)
    for name in ("recorded", "coarse"):
        own = [r for r in results if bool(r.coarse) == (name == "coarse")]
        if own:
            sizes = sorted(abs(r.off) for r in own)
            print(
                f"{name}: {len({r.model_type for r in own})} types, n {len(own)},"
                f" |error| median {median(sizes):.3f} %, largest {sizes[-1]:.2f} %,"
                f" within 1 %: {sum(s <= 1 for s in sizes)},"
                f" intervals that hold the peak: {sum(r.held for r in own)}"
            )


if __name__ == "__main__":
    main()
