"""The one page that lists the stages in order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from pitchpipe.plan import Plan, to_json
from pitchpipe_runner import (
    device,
    evaluate,
    export,
    fetch,
    merge,
    preflight,
    prepare,
    report,
    train,
)
from pitchpipe_runner.events import Events
from pitchpipe_runner.stages import Enough, Stages

# A result made with another version of these is made again.
_DECISIVE = ("torch", "transformers", "peft", "tokenizers", "onnxruntime", "onnxruntime-genai")


def versions() -> dict[str, str]:
    """Of the packages that a result depends on."""
    return {name: version(name) for name in _DECISIVE}


def workflow(
    plan: Plan, run: Path, events: Events, *, only: Sequence[str] = (), fresh: bool = False
) -> None:
    """Goes through the stages; one whose settings and inputs are unchanged is not made again.

    `only`: the stages to make. Those before them must be there, those behind them are left alone.
    """
    with suppress(Enough):
        _in_order(plan, run, events, only, fresh)


def _in_order(plan: Plan, run: Path, events: Events, only: Sequence[str], fresh: bool) -> None:
    preflight.demand(plan)
    where = device.choose(plan, events)
    stages = Stages(run, events, versions(), only=only, fresh=fresh)

    def said(*sections: str) -> object:
        """The plan's words that a stage depends on."""
        return [plan.smoke, *(to_json(getattr(plan, s)) for s in sections)]

    base = stages.do(
        "fetch",
        fetch.settings(plan),
        [],
        lambda out: fetch.run(plan, out, events),
        usable=fetch.is_there,
    )
    prepared = stages.do(
        "prepare",
        [said("task", "data"), prepare.files(plan, events), plan.training.seed],
        [base],
        lambda out: prepare.run(plan, base, out, events),
    )
    trained = stages.do(
        "train",
        [said("model", "method", "training"), str(where.dtype), where.kind, plan.compute.threads],
        [base, prepared],
        lambda out: train.run(plan, where, base, prepared, out, events),
        keep=True,
    )
    merged = stages.do(
        "merge",
        said("method"),
        [base, trained],
        lambda out: merge.run(plan, base, trained, out, events),
    )
    exported = stages.do(
        "export",
        said("export"),
        [merged, prepared],
        lambda out: export.run(plan, merged, prepared, out, events),
    )
    evaluated = stages.do(
        "evaluate",
        [said("evaluate"), where.kind, plan.training.per_device_eval_batch_size],
        [base, prepared, merged, exported],
        lambda out: evaluate.run(plan, where, base, prepared, merged, exported, out, events),
    )
    stages.do("report", None, [evaluated], lambda _out: report.run(run, events), reuse=False)
