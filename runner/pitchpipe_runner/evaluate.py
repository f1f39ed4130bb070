"""Stage 6: base, tuned and exported models on the same held-out rows, side by side."""

from __future__ import annotations

import gc
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import AutoTokenizer, GenerationConfig

from pitchpipe.plan import Plan
from pitchpipe_runner import fetch, metrics, prepare
from pitchpipe_runner.device import Device
from pitchpipe_runner.events import Events
from pitchpipe_runner.metrics import RowScore
from pitchpipe_runner.onnx_model import OnnxModel
from pitchpipe_runner.prepare import EvaluationRow
from pitchpipe_runner.stages import Artifact, write_json
from pitchpipe_runner.torch_model import TorchModel

_SPEED_TOKENS = 48
_SPEED_TRIES = 3
_SMOKE_ROWS = 8


class Prompts(Protocol):
    """A batch of prompts in the hands of a model."""

    def likelihoods(self, candidates: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]: ...

    def answers(
        self, max_new_tokens: int, ends: Sequence[int], *, whole: bool = False
    ) -> list[list[int]]: ...


class Model(Protocol):
    """What the evaluation asks of a model, whatever runs it."""

    def begin(self, prompts: Sequence[Sequence[int]]) -> Prompts: ...


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A model in the comparison, loaded only while it is measured."""

    name: str
    kind: str
    precision: str | None
    bytes: int
    load: Callable[[], Model]


@dataclass(frozen=True, slots=True)
class _Task:
    """The rows and how they are asked.

    `labels` maps each label to its tokens; None where there are none.
    """

    rows: list[EvaluationRow]
    labels: dict[str, list[int]] | None
    ends: list[int]
    shown: int
    answer_all: bool
    max_new_tokens: int
    batch: int
    decode: Callable[[list[int]], str]


def run(
    plan: Plan,
    device: Device,
    base: Artifact,
    prepared: Artifact,
    merged: Artifact,
    exported: Artifact,
    out: Path,
    events: Events,
) -> dict[str, Any]:
    """Writes `scores.json`, and `predictions.jsonl` with one line a row."""
    split, rows = prepare.evaluation_rows(prepared)
    rows = _drawn(plan, rows)
    if not rows:
        events.warn(
            "nothing-to-evaluate", "no rows are held out, so nothing is measured", "data.val_size"
        )
        write_json(
            out / "scores.json",
            {"version": 1, "rows": {"n": 0, "split": split, "counts": None}, "models": []},
        )
        return {"rows": 0}
    task = _task(plan, base, prepared, rows)
    candidates = _candidates(plan, device, base, merged, exported)
    scores: dict[str, list[RowScore]] = {}
    speeds: dict[str, float] = {}
    for candidate in candidates:
        events.log(f"measuring {candidate.name} on {len(rows)} rows")
        model = candidate.load()
        scores[candidate.name] = list(_scored(model, task, events))
        speeds[candidate.name] = _speed(model, task)
        del model
        gc.collect()
        _say(events, candidate.name, scores[candidate.name], plan, task)
    result = _result(plan, task, split, candidates, scores, speeds)
    write_json(out / "scores.json", result)
    _write_predictions(out / "predictions.jsonl", task, scores)
    best = {m["name"]: {k: v["value"] for k, v in m["metrics"].items()} for m in result["models"]}
    return {"rows": len(rows), "split": split, "scores": best, "tokens_per_second": speeds}


def _drawn(plan: Plan, rows: list[EvaluationRow]) -> list[EvaluationRow]:
    most = _SMOKE_ROWS if plan.smoke else plan.evaluate.max_rows
    if most is None or len(rows) <= most:
        return rows
    return random.Random(plan.training.seed).sample(rows, most)


def _task(plan: Plan, base: Artifact, prepared: Artifact, rows: list[EvaluationRow]) -> _Task:
    folder = fetch.folder_of(base)
    tokenizer = AutoTokenizer.from_pretrained(
        folder, trust_remote_code=plan.model.trust_remote_code
    )
    special = set(tokenizer.all_special_ids)
    ends = {tokenizer.eos_token_id, *_generation_ends(folder)} - {None}
    ends |= {
        row.completion_ids[-1]
        for row in rows
        if row.completion_ids and row.completion_ids[-1] in special
    }
    return _Task(
        rows=rows,
        labels=prepare.label_tokens(prepared) if plan.task == "classification" else None,
        ends=sorted(int(e) for e in ends),
        shown=min(plan.evaluate.generations, len(rows)),
        answer_all="exact_match" in plan.evaluate.metrics,
        max_new_tokens=plan.evaluate.max_new_tokens,
        batch=plan.training.per_device_eval_batch_size,
        decode=lambda ids: tokenizer.decode(ids, skip_special_tokens=True),
    )


def _generation_ends(folder: Path) -> list[int]:
    try:
        ends = GenerationConfig.from_pretrained(folder).eos_token_id
    except OSError:
        return []
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def _candidates(
    plan: Plan, device: Device, base: Artifact, merged: Artifact, exported: Artifact
) -> list[_Candidate]:
    folder = fetch.folder_of(base)
    pad = 0  # any token: it is masked

    def torch_model(where: Path) -> Callable[[], Model]:
        trust = plan.model.trust_remote_code
        return lambda: TorchModel(
            where, device.kind, device.dtype, pad=pad, trust_remote_code=trust
        )

    weights = sum(p.stat().st_size for p in folder.glob("*.safetensors"))
    found = [
        _Candidate("base", "base", None, weights, torch_model(folder)),
        _Candidate(
            "tuned", "tuned", None, merged.facts["bytes"], torch_model(merged.folder / "model")
        ),
    ]
    for export in exported.facts["exports"]:
        precision = export["precision"]
        load = partial(OnnxModel, exported.folder / precision, torch.get_num_threads())
        found.append(
            _Candidate(f"exported-{precision}", "exported", precision, export["bytes"], load)
        )
    return found


def _scored(model: Model, task: _Task, events: Events) -> Iterator[RowScore]:
    for at in range(0, len(task.rows), task.batch):
        batch = task.rows[at : at + task.batch]
        prompts = model.begin([row.prompt_ids for row in batch])
        likelihoods = prompts.likelihoods([_completions(row, task) for row in batch])
        texts: list[str | None] = [None] * len(batch)
        if task.answer_all or at < task.shown:
            made = prompts.answers(task.max_new_tokens, task.ends)
            texts = [task.decode(ids) for ids in made]
        for row, values, text in zip(batch, likelihoods, texts, strict=True):
            predicted = None
            if task.labels is not None:
                by_label = dict(zip(task.labels, values[1:], strict=True))
                predicted = max(by_label, key=lambda label: by_label[label])
            yield RowScore(
                -values[0], len(row.completion_ids), row.completion.strip(), predicted, text
            )
        events.progress(min(at + task.batch, len(task.rows)), len(task.rows), "rows")


def _completions(row: EvaluationRow, task: _Task) -> list[list[int]]:
    """What is scored behind the row's prompt: the right completion, then each label."""
    return [row.completion_ids, *(task.labels or {}).values()]


def _speed(model: Model, task: _Task) -> float:
    """Tokens a second of one greedy sequence, the prompt's time included: the median of three."""
    prompt = [task.rows[0].prompt_ids]
    speeds: list[float] = []
    for _ in range(_SPEED_TRIES):
        began = time.perf_counter()
        (made,) = model.begin(prompt).answers(_SPEED_TOKENS, task.ends, whole=True)
        speeds.append(len(made) / (time.perf_counter() - began))
    return round(sorted(speeds)[_SPEED_TRIES // 2], 2)


def _say(events: Events, name: str, scores: list[RowScore], plan: Plan, task: _Task) -> None:
    labels = list(task.labels) if task.labels else None
    found = metrics.measure(scores, plan.evaluate.metrics, labels)
    figures = ", ".join(
        f"{k} {v['value']:.3f} ({v['low']:.3f} to {v['high']:.3f})" for k, v in found.items()
    )
    events.log(f"{name}: {figures}")


def _result(
    plan: Plan,
    task: _Task,
    split: str,
    candidates: Sequence[_Candidate],
    scores: dict[str, list[RowScore]],
    speeds: dict[str, float],
) -> dict[str, Any]:
    labels = list(task.labels) if task.labels else None
    expected = [row.completion.strip() for row in task.rows]
    exports = [c.name for c in candidates if c.kind == "exported"]
    pairs = [("tuned", "base"), *((name, "tuned") for name in exports)]
    models = [
        {
            **{k: v for k, v in asdict(c).items() if k != "load"},
            "metrics": metrics.measure(scores[c.name], plan.evaluate.metrics, labels),
            "tokens_per_second": speeds[c.name],
            "confusion": metrics.confusion(scores[c.name], labels) if labels else None,
        }
        for c in candidates
    ]
    return {
        "version": 1,
        "rows": {
            "n": len(task.rows),
            "split": split,
            "counts": dict(Counter(expected)) if labels else None,
        },
        "labels": labels,
        "models": models,
        "majority": metrics.majority(expected, labels) if labels else None,
        "differences": metrics.differences(
            list(scores.items()), pairs, plan.evaluate.metrics, labels
        ),
        "samples": [
            {
                "prompt": task.rows[i].prompt,
                "expected": task.rows[i].completion,
                "answers": {name: found[i].answer or "" for name, found in scores.items()},
            }
            for i in range(task.shown)
        ],
    }


def _write_predictions(file: Path, task: _Task, scores: dict[str, list[RowScore]]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        for i, row in enumerate(task.rows):
            models = {name: asdict(found[i]) for name, found in scores.items()}
            line = {"prompt": row.prompt, "completion": row.completion, "models": models}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
