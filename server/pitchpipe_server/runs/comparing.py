"""Where runs differ: in their settings, and in what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from pitchpipe.checks.wording import flow
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe_facts import runs
from pitchpipe_server.runs import details, loosely
from pitchpipe_server.runs.loosely import mapping, number
from pitchpipe_server.runs.reading import Reading

_FIRST = ("accuracy", "f1", "exact_match", "perplexity", "loss")
_WHILE_TRAINING = ("loss", "eval_loss", "tokens_per_second")
_NOTHING: Any = object()


def settings(folders: Sequence[Path], keys: Iterable[KeyPath]) -> list[dict[str, Any]]:
    """Those of `keys` whose values differ between the runs' plans, as YAML flow text.

    A value is None where a plan does not have the key, as one of another version.
    """
    plans = [loosely.content(folder / runs.PLAN) for folder in folders]
    found: list[dict[str, Any]] = []
    for key in keys:
        values = [_bare(_value(plan, key)) for plan in plans]
        if any(value != values[0] for value in values):
            texts = [None if value is _NOTHING else flow(value) for value in values]
            found.append({"key": dotted(key), "values": texts})
    return found


def metrics(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """What was measured of any of the runs, None where one has none of it.

    `loss` and `tokens_per_second` are the last while training, `eval_loss` is the lowest. What was
    evaluated behind it is named by model and metric, as in `tuned accuracy`.
    """
    columns = [_metrics(reading) for reading in readings]
    evaluated = {name for column in columns for name in column} - set(_WHILE_TRAINING)
    names = [*_WHILE_TRAINING, *sorted(evaluated, key=_place)]
    rows = [{"name": name, "values": [column.get(name) for column in columns]} for name in names]
    return [row for row in rows if any(value is not None for value in row["values"])]


def _value(plan: dict[str, Any], key: KeyPath) -> Any:
    value: Any = plan
    for step in key:
        value = mapping(value).get(str(step), _NOTHING)
    return value


def _bare(value: Any) -> Any:
    """Without what objects in lists leave open: a data source has many keys that it needs not."""
    if not isinstance(value, list):
        return value
    return [
        {k: v for k, v in mapping(item).items() if v is not None and v != {}} or item
        for item in cast("list[Any]", value)
    ]


def _metrics(reading: Reading) -> dict[str, float | None]:
    run = reading.run
    found = {name: number(run.metrics.get(name)) for name in ("loss", "tokens_per_second")}
    found["eval_loss"] = reading.best_loss
    for model in details.evaluation(run.folder)["evaluated"]:
        for name, score in model["metrics"].items():
            found[f"{model['kind']} {name}"] = score["value"]
    return found


def _place(name: str) -> tuple[int, str, int, str]:
    """By metric, those first that tell most; the tuned model before the others."""
    kind, _, metric = name.partition(" ")
    place = _FIRST.index(metric) if metric in _FIRST else len(_FIRST)
    return place, metric, 0 if kind == "tuned" else 1, kind
