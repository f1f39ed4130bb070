"""Writes run folders as the runner leaves them, for tests of whatever reads them.

Everything is drawn from a seed, so equal recipes give equal bytes.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pitchpipe_schemas

STAGES = ("fetch", "prepare", "train", "merge", "export", "evaluate", "report")
LABELS = ("ham", "spam")
START = 1773482535.25  # 2026-03-14 10:02:15 UTC

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What kind of run to write.

    `ends` is how the last process ended: "done" and "reporting" (as the report stage finds it),
    "failed" and "interrupted" (in the train stage), "killed" (no last word, and a torn last line).
    `resumed_at` is the optimizer step of the checkpoint that a second process went on from, after
    the first had been interrupted some steps later. From step `nan_from` on the loss is null.
    `forecast`: memory and time were predicted and measured, as older versions did not.
    `mark` is put into every text that comes from a user.
    """

    steps: int = 280
    ends: str = "done"
    resumed_at: int | None = None
    nan_from: int | None = None
    metrics: bool = True
    forecast: bool = True
    evaluation: bool = True
    export: bool = True
    classification: bool = True
    device: str = "cpu"
    reused: tuple[str, ...] = ()
    mark: str = ""
    name: str = "spam-subjects"
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])


def write(folder: Path, recipe: Recipe | None = None) -> Path:
    """Makes `folder` a run folder by the recipe, and gives it back."""
    recipe = recipe or Recipe()
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "plan.json", plan(recipe))
    events = list(_numbered(_Clock(), recipe))
    lines = [json.dumps(event, ensure_ascii=False) for event in events]
    torn = '{"v": 1, "seq": 99' if recipe.ends == "killed" else ""
    (folder / "events.jsonl").write_text(
        "\n".join(lines) + "\n" + torn, encoding="utf-8", newline="\n"
    )
    for done in events:
        if done["kind"] == "stage-done":
            _write_stage(folder, done)
    for stage in recipe.reused:
        _write_stage(folder, {"stage": stage, **_stage_result(recipe, stage)})
    if recipe.evaluation and (folder / "06-evaluate").is_dir():
        _write_json(folder / "06-evaluate" / "scores.json", scores(recipe))
    return folder


def plan(recipe: Recipe) -> dict[str, Any]:
    """A plan as `plan.json` holds it."""
    written = {**_WRITTEN, **({} if recipe.classification else {"task": (2, 7, "text-generation")})}
    origins: dict[str, Any] = {path: {"kind": "default"} for path in _paths(_PLAN)}
    for path, (line, column, text) in written.items():
        end = column + len(text)
        origins[path] = {
            "kind": "file",
            "line": line,
            "column": column,
            "end_line": line,
            "end_column": end,
        }
        origins[path]["text"] = text
    for path, text in recipe.overrides.items():
        origins[path] = {"kind": "command-line", "text": text}
    whole = {"line": None, "column": None, "end_line": None, "end_column": None, "text": None}
    made = json.loads(json.dumps(_PLAN))
    made["name"] = recipe.name + recipe.mark
    made["workflow"] = f"workflow{recipe.mark}.yaml"
    made["task"] = "classification" if recipe.classification else "text-generation"
    made["data"]["prompt_template"] = f"Subject: {{subject}}{recipe.mark}"
    made["data"]["train"][0]["path"] = f"data/subjects{recipe.mark}.jsonl"
    made["export"]["format"] = "onnx-genai" if recipe.export else "none"
    made["origins"] = {path: {**whole, **origin} for path, origin in origins.items()}
    made["fingerprints"] = {
        f"data/subjects{recipe.mark}.jsonl": {"sha256": "4f" * 32, "size": 284_113}
    }
    return made


def scores(recipe: Recipe) -> dict[str, Any]:
    """An evaluation as `scores.json` holds it; the shares follow from the confusions below."""
    models = [_model(recipe, *m) for m in _MODELS if recipe.export or m[1] != "exported"]
    counts = {LABELS[0] + recipe.mark: 227, LABELS[1]: 185}
    return {
        "version": 1,
        "rows": {"n": 412, "split": "test", "counts": counts if recipe.classification else None},
        "labels": list(counts) if recipe.classification else None,
        "models": models,
        "majority": {"label": LABELS[0] + recipe.mark, "accuracy": 227 / 412, "f1": 0.3552}
        if recipe.classification
        else None,
        "differences": list(_differences(models)),
        "samples": list(_samples(recipe)),
    }


# --- events ---------------------------------------------------------------------------------------


class _Clock:
    """Seconds since 1970, which only `forward` moves."""

    def __init__(self) -> None:
        self.now = START

    def forward(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 3)


def _numbered(clock: _Clock, recipe: Recipe) -> Iterator[Event]:
    for seq, event in enumerate(_sessions(clock, recipe)):
        yield {"v": 1, "seq": seq, "t": clock.now, **event}


def _sessions(clock: _Clock, recipe: Recipe) -> Iterator[Event]:
    if recipe.resumed_at is not None:
        yield from _session(clock, recipe, 0, recipe.resumed_at + 17, "interrupted")
        clock.forward(8 * 3600)
        yield from _session(clock, recipe, recipe.resumed_at, recipe.steps, recipe.ends)
    else:
        until = recipe.steps if recipe.ends in ("done", "reporting") else recipe.steps * 2 // 3
        yield from _session(clock, recipe, 0, until, recipe.ends)


def _session(clock: _Clock, recipe: Recipe, first: int, until: int, ends: str) -> Iterator[Event]:
    began = clock.now
    yield {
        "kind": "run-started",
        "run_id": f"20260314-100215-{recipe.name}{recipe.mark}",
        "name": recipe.name + recipe.mark,
        "pid": 4711 + first,
        "resumed": first > 0,
        "smoke": False,
        "stages": list(STAGES),
        "versions": _VERSIONS if not first else {**_VERSIONS, "torch": "2.13.1+cpu"},
    }
    for stage in STAGES[: STAGES.index("train")]:
        again = first > 0 or stage in recipe.reused
        yield from _reused(stage) if again else _stage(clock, recipe, stage)
    yield from _train(clock, recipe, first, until)
    if ends in ("done", "reporting"):
        yield {"kind": "stage-done", "stage": "train", **_stage_result(recipe, "train")}
        for stage in _stages_after_train(recipe):
            yield from _stage(clock, recipe, stage)
        yield {"kind": "stage-started", "stage": "report"}
        if ends == "done":
            clock.forward(0.6)
            yield {"kind": "stage-done", "stage": "report", **_stage_result(recipe, "report")}
            yield {
                "kind": "run-done",
                "seconds": round(clock.now - began, 3),
                "report": "report.html",
            }
    elif ends == "failed":
        yield {
            "kind": "failure",
            "code": "out-of-memory",
            "message": f"not enough memory in the stage `train`{recipe.mark}",
            "path": "training.per_device_train_batch_size",
            "place": {"line": 22, "column": 33, "end_line": 22, "end_column": 35},
            "hint": "halve `per_device_train_batch_size` and double `gradient_accumulation_steps`",
            "stage": "train",
            "exit_code": 3,
        }
    elif ends == "interrupted":
        yield {"kind": "interrupted", "stage": "train", "exit_code": 130}


def _stages_after_train(recipe: Recipe) -> list[str]:
    wanted = {"merge": True, "export": recipe.export, "evaluate": recipe.evaluation}
    return [stage for stage, there in wanted.items() if there]


def _reused(stage: str) -> Iterator[Event]:
    folder = f"{STAGES.index(stage) + 1:02d}-{stage}"
    yield {"kind": "stage-reused", "stage": stage, "source": folder}


def _stage(clock: _Clock, recipe: Recipe, stage: str) -> Iterator[Event]:
    result = _stage_result(recipe, stage)
    memory = random.Random(stage)
    yield {"kind": "stage-started", "stage": stage}
    if stage == "prepare":
        yield from _remarks(recipe)
    for passed in range(0, int(result["seconds"]), 3):
        yield _resources(memory, _RSS[stage] * (0.8 + 0.2 * passed / result["seconds"]), recipe)
        yield {"kind": "progress", "stage": stage, "done": passed, "total": None, "unit": "rows"}
        clock.forward(3)
    clock.forward(result["seconds"] % 3)
    yield {"kind": "stage-done", "stage": stage, **result}
    if stage == "export":
        for made in result["facts"]["exports"]:
            path = f"05-export/{made['precision']}{recipe.mark}"
            yield _artifact(stage, f"exported-{made['precision']}", path, made["bytes"])
    if stage == "merge":
        yield _artifact(stage, "merged model", "04-merge", 269_060_552)


def _artifact(stage: str, name: str, path: str, size: int) -> Event:
    return {"kind": "artifact", "stage": stage, "name": name, "path": path, "bytes": size}


def _remarks(recipe: Recipe) -> Iterator[Event]:
    place = {"line": 15, "column": 15, "end_line": 15, "end_column": 18}
    yield {
        "kind": "warning",
        "code": "rows-over-max-length",
        "message": f"7 rows are longer than `max_length`: 212 tokens lost{recipe.mark}",
        "path": "data.max_length",
        "place": place,
    }
    yield {
        "kind": "warning",
        "code": "short-rows",
        "message": "`packing` is off and 61% of each batch is padding",
        "path": None,
        "place": None,
    }
    yield {
        "kind": "resolved",
        "path": "compute.device",
        "value": recipe.device,
        "reason": "the fastest found",
    }
    yield {
        "kind": "resolved",
        "path": "model.dtype",
        "value": "float32",
        "reason": "this CPU has no bfloat16",
    }
    yield {"kind": "log", "level": "info", "message": "3,712 rows read", "stage": "prepare"}


def _train(clock: _Clock, recipe: Recipe, first: int, until: int) -> Iterator[Event]:
    noise = random.Random(first + 1)
    yield {"kind": "stage-started", "stage": "train"}
    if recipe.forecast:
        yield _prediction(recipe, first)
    each = max(1, recipe.steps // 18)
    for step in range(first + 1, until + 1):
        clock.forward(1.7 + noise.random() * 0.2)
        if recipe.forecast and step == first + 2:
            yield _measurement(recipe, first, step)
        if recipe.metrics:
            yield _metrics(recipe, step, _training_values(noise, recipe, step))
            if step % each == 0 or step == recipe.steps:
                yield _metrics(
                    recipe, step, {"eval_loss": _loss(recipe, step) + 0.05 + noise.gauss(0, 0.004)}
                )
        if step % 3 == 0:
            yield _resources(noise, _RSS["train"] * min(1, 0.82 + step * 0.004), recipe)
        if step % 10 == 0:
            yield {
                "kind": "progress",
                "stage": "train",
                "done": step,
                "total": recipe.steps,
                "unit": "steps",
            }
    if recipe.forecast and until == recipe.steps:
        yield _measurement(recipe, first, until)


_BATCH = {"rows": 16, "length": 128, "columns": 96, "learnt": 311, "padded": False}
_STEP_SECONDS = 1.8  # of a step
_PROCESS, _TENSORS, _RESERVED, _CONTEXT = 2_310_000_000, 1_846_000_000, 1_990_000_000, 480_000_000


def _prediction(recipe: Recipe, first: int) -> Event:
    cuda = recipe.device == "cuda"
    seconds = _STEP_SECONDS * (recipe.steps - first)
    return {
        "kind": "prediction",
        "stage": "train",
        "batch": _BATCH,
        "steps": recipe.steps - first,
        "exact": True,
        "moment": "start of backward",
        "where": f"lm_head{recipe.mark}",
        "parts": [
            {"name": "weights", "bytes": 538_060_032},
            {"name": "adapters", "bytes": 19_537_920},
            {"name": "activations: mlp", "bytes": 802_000_000},
            {"name": "logits and loss", "bytes": 486_402_048},
        ],
        "allocated": _interval(_TENSORS, 0.01),
        "reserved": _interval(_RESERVED, 0.07) if cuda else None,
        "context_bytes": _CONTEXT if cuda else 0,
        "device": _interval(_RESERVED + _CONTEXT, 0.1) if cuda else None,
        "process": _interval(_PROCESS, 0.1),
        "tokens_per_second": _interval(640.0, 0.3),
        "seconds": _interval(seconds, 0.3),
        "reasons": [f"speed was never measured on this machine{recipe.mark}"],
        "learnt_from": 3,
        "learnt_like": "step",
    }


def _interval(likely: float, spread: float) -> dict[str, float]:
    low, high = round(likely * (1 - spread), 1), round(likely * (1 + spread), 1)
    return {"low": low, "likely": likely, "high": high}


def _measurement(recipe: Recipe, first: int, step: int) -> Event:
    cuda, seconds = recipe.device == "cuda", 1.83 * (step - first)
    last = step == recipe.steps
    return {
        "kind": "measurement",
        "stage": "train",
        "step": step,
        "total_steps": recipe.steps,
        "final": last,
        "setting": {
            "machine": "5d41402abc4b2a76",
            "kind": recipe.device,
            "name": ("NVIDIA L4" if cuda else "Some CPU, threads: 2") + recipe.mark,
            "torch": "2.13.0+cpu",
            "attention": "sdpa",
            "method": "lora",
            "model_type": "llama",
            "parameters": 134_515_008,
            "dtype": "float32",
            "threads": 2,
        },
        "batch": _BATCH,
        "memory": {
            "allocated_bytes": 1_850_000_000,
            "reserved_bytes": 2_011_000_000 if cuda else None,
            "device_used_bytes": 2_500_000_000 if cuda else None,
            "peak_rss_bytes": 2_420_000_000,
            "rss_bytes": 2_200_000_000,
        },
        "speed": {
            "steps": step - first - 1,
            "tokens": 1_100 * (step - first - 1),
            "positions": 2_048 * (step - first - 1),
            "seconds": seconds,
        },
        "compared": {
            "allocated_bytes": _compared(_TENSORS, 1_850_000_000),
            "reserved_bytes": _compared(_RESERVED, 2_011_000_000) if cuda else _NOT_COMPARED,
            "process_bytes": _compared(_PROCESS, 2_420_000_000),
            "tokens_per_second": _compared(640.0, 611.4),
            "seconds": _compared(_STEP_SECONDS * (recipe.steps - first), seconds)
            if last
            else _NOT_COMPARED,
        },
        "learnt": {
            "context_bytes": 489_000_000 if cuda else None,
            "reserved_ratio": 1.087 if cuda else None,
            "process_bytes": None if cuda else 570_000_000,
            "flops_per_second": 8.1e11,
        },
    }


_NOT_COMPARED: dict[str, float | None] = {"predicted": None, "measured": None, "error": None}


def _compared(predicted: float, measured: float) -> dict[str, float | None]:
    return {"predicted": predicted, "measured": measured, "error": predicted / measured - 1}


def _metrics(recipe: Recipe, step: int, values: dict[str, float | None]) -> Event:
    return {
        "kind": "metrics",
        "stage": "train",
        "step": step,
        "total_steps": recipe.steps,
        "values": values,
    }


def _training_values(noise: random.Random, recipe: Recipe, step: int) -> dict[str, float | None]:
    share = step / recipe.steps
    loss = max(0.01, _loss(recipe, step) * math.exp(noise.gauss(0, 0.11)))
    climb = max(1, recipe.steps * 0.03)
    rate = (
        step / climb
        if step < climb
        else 0.5 * (1 + math.cos(math.pi * (step - climb) / max(1, recipe.steps - climb)))
    )
    gone = recipe.nan_from is not None and step >= recipe.nan_from
    return {
        "loss": None if gone else round(loss, 5),
        "learning_rate": 2e-4 * rate,
        "grad_norm": None
        if gone
        else round(0.6 + 2.5 * math.exp(-9 * share) + abs(noise.gauss(0, 0.3)), 4),
        "epoch": round(3 * share, 4),
        "tokens_per_second": round(612 + noise.gauss(0, 14) - (90 if step % 16 == 0 else 0), 2),
    }


def _loss(recipe: Recipe, step: int) -> float:
    share = step / recipe.steps
    return 0.21 + 2.9 * math.exp(-14 * share) + 0.32 * math.exp(-2.2 * share)


def _resources(noise: random.Random, rss: float, recipe: Recipe) -> Event:
    rss = int(rss * (1 + noise.gauss(0, 0.006)))
    on_device = int(rss * 1.7) if recipe.device == "cuda" else None
    return {
        "kind": "resources",
        "rss_bytes": rss,
        "peak_rss_bytes": max(rss, int(_RSS["train"])),
        "cpu_percent": round(min(200.0, 184 + noise.gauss(0, 6)), 1),
        "device_bytes": on_device,
        "device_peak_bytes": on_device and int(on_device * 1.1),
    }


# --- stages ---------------------------------------------------------------------------------------

_GB = 10**9
_RSS = {
    "fetch": 0.31 * _GB,
    "prepare": 0.74 * _GB,
    "train": 2.42 * _GB,
    "merge": 1.9 * _GB,
    "export": 2.1 * _GB,
    "evaluate": 1.62 * _GB,
}
_VERSIONS = {
    "pitchpipe": "0.1.0",
    "python": "3.11.9",
    "torch": "2.13.0+cpu",
    "transformers": "5.23.1",
    "peft": "0.21.0",
    "trl": "1.4.0",
    "datasets": "5.2.0",
    "onnxruntime-genai": "0.18.1",
}
_SECONDS = {
    "fetch": 1.21,
    "prepare": 6.34,
    "train": 507.9,
    "merge": 4.6,
    "export": 48.3,
    "evaluate": 95.2,
}


def _stage_result(recipe: Recipe, stage: str) -> dict[str, Any]:
    seconds = _SECONDS.get(stage, 0.6)
    return {
        "seconds": seconds,
        "cpu_seconds": round(seconds * 1.83, 2),
        "facts": _facts(recipe, stage),
    }


def _facts(recipe: Recipe, stage: str) -> dict[str, Any]:
    return {
        "fetch": {
            "model": f"HuggingFaceTB/SmolLM2-135M-Instruct{recipe.mark}",
            "bytes": 269_060_552,
            "local": True,
        },
        "prepare": _data_facts(recipe),
        "train": _training_facts(recipe),
        "merge": {"bytes": 269_060_552, "merged_modules": 210},
        "export": {
            "exports": [_export("int8", 176_302_144, 0.214), _export("int4", 121_204_736, 1.873)]
        },
        "evaluate": {"rows": 412},
        "report": {},
    }[stage]


def _data_facts(recipe: Recipe) -> dict[str, Any]:
    first, second = LABELS[0] + recipe.mark, LABELS[1]
    shares = {"train": (1636, 1333), "eval": (182, 149), "test": (227, 185)}
    return {
        "rows": {"train": 2969, "eval": 331, "test": 412},
        "tokens": {"train": 148_212, "eval": 16_604, "test": 20_530},
        "lengths": {
            "train": {"min": 31, "median": 48, "p95": 77, "max": 164},
            "eval": {"min": 32, "median": 48, "p95": 75, "max": 128},
            "test": {"min": 31, "median": 48, "p95": 76, "max": 131},
        },
        "over_length": {"rows": 7, "tokens_lost": 212},
        "left_out": 3,
        "packs": {"train": 1187},
        "padding_share": 0.0213,
        "labels": {split: {first: a, second: b} for split, (a, b) in shares.items()}
        if recipe.classification
        else None,
        "overlap": 0,
    }


def _training_facts(recipe: Recipe) -> dict[str, Any]:
    return {
        "steps": recipe.steps,
        "epochs": 3.0,
        "train_loss": 0.4127,
        "best_eval_loss": 0.2871,
        "trainable": 4_884_480,
        "parameters": 139_399_488,
        "tokens": 444_636,
        "tokens_per_second": 611.4,
        "tokens_per_cpu_second": 334.1,
        "peak_rss_bytes": int(_RSS["train"]),
        "device_peak_bytes": int(4.4 * _GB) if recipe.device == "cuda" else None,
        "dtype": "float32",
        "device": recipe.device,
    }


def _export(precision: str, size: int, worst: float) -> dict[str, Any]:
    return {
        "precision": precision,
        "bytes": size,
        "max_logit_error": worst,
        "mean_logit_error": worst / 9,
        "same_argmax": 1 - worst / 40,
        "seconds": 23.1,
    }


def _write_stage(folder: Path, done: Mapping[str, Any]) -> None:
    stage = str(done["stage"])
    own = folder / f"{STAGES.index(stage) + 1:02d}-{stage}"
    own.mkdir(exist_ok=True)
    record = {
        "stage": stage,
        "key": f"{STAGES.index(stage):064x}",
        "versions": _VERSIONS,
        "finished": START + 600,
    }
    record |= {name: done[name] for name in ("seconds", "cpu_seconds", "facts")}
    _write_json(own / "stage.json", record)


# --- scores ---------------------------------------------------------------------------------------

Matrix = tuple[tuple[int, int], tuple[int, int]]

# name, kind, precision, bytes, tokens per second, loss, confusion
_MODELS: tuple[tuple[str, str, str | None, int, float, float, Matrix], ...] = (
    ("base", "base", None, 538_090_408, 41.2, 1.914, ((131, 96), (87, 98))),
    ("tuned", "tuned", None, 538_090_408, 40.7, 0.2874, ((217, 10), (13, 172))),
    ("exported-int8", "exported", "int8", 176_302_144, 88.4, 0.2902, ((216, 11), (13, 172))),
    ("exported-int4", "exported", "int4", 121_204_736, 97.9, 0.4417, ((203, 24), (19, 166))),
)


def _model(
    recipe: Recipe,
    name: str,
    kind: str,
    precision: str | None,
    size: int,
    speed: float,
    loss: float,
    confusion: Matrix,
) -> dict[str, Any]:
    spread = 0.11 * loss
    metrics = {
        "loss": {"value": loss, "low": loss - spread, "high": loss + spread},
        "perplexity": {k: math.exp(v) for k, v in _around(loss, spread).items()},
        "exact_match": _wilson(confusion[0][0] + confusion[1][1] - (40 if kind == "base" else 0)),
    }
    if recipe.classification:
        metrics |= {
            "accuracy": _wilson(confusion[0][0] + confusion[1][1]),
            "f1": _around(_f1(confusion), 0.021),
        }
    return {
        "name": name,
        "kind": kind,
        "precision": precision,
        "bytes": size,
        "metrics": metrics,
        "tokens_per_second": speed,
        "confusion": [list(row) for row in confusion] if recipe.classification else None,
    }


def _around(value: float, spread: float) -> dict[str, float]:
    return {"value": value, "low": value - spread, "high": value + spread}


def _wilson(right: int, n: int = 412, z: float = 1.96) -> dict[str, float]:
    """Wilson's score interval."""
    p, scale = right / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / scale
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale
    return {"value": p, "low": middle - half, "high": middle + half}


def _f1(confusion: Matrix) -> float:
    def of(i: int) -> float:
        true = confusion[i][i]
        return 2 * true / (sum(confusion[i]) + confusion[0][i] + confusion[1][i])

    return (of(0) + of(1)) / 2


def _differences(models: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for model in models[1:]:
        other = models[0] if model["kind"] == "tuned" else models[1]
        for metric, measured in model["metrics"].items():
            value = measured["value"] - other["metrics"][metric]["value"]
            spread = 0.04 * abs(measured["value"]) if model["kind"] == "tuned" else 0.012
            names = {"metric": metric, "a": model["name"], "b": other["name"]}
            yield {**names, **_around(value, spread)}


def _samples(recipe: Recipe) -> Iterator[dict[str, Any]]:
    names = [m[0] for m in _MODELS if recipe.export or m[1] != "exported"]
    told = _SUBJECTS if recipe.classification else _PROMPTS
    for prompt, expected, given in told:
        answers = dict(zip(names, (*given, given[-1]), strict=False))
        yield {
            "prompt": prompt + recipe.mark,
            "expected": expected + recipe.mark,
            "answers": {name: said + recipe.mark for name, said in answers.items()},
        }


_SUBJECTS = (
    (
        "Subject: Re: [ILUG] Problems with RAID1 on cobalt raq3",
        "ham",
        ("The subject line is about", "ham", "ham"),
    ),
    ("Subject: Lose 10 pounds by Friday, guaranteed!!!", "spam", ("spam", "spam", "spam")),
    ("Subject: Your mortgage application has been approved", "spam", ("ham", "spam", "spam")),
    ("Subject: [zzzzteana] Big cats in Britain", "ham", ("Spam\n\nThe subject line", "ham", "ham")),
    ("Subject: Re: The case for spam", "ham", ("spam", "spam", "ham")),
    ("Subject: Friend, copy ANY DVD movie using your CD burner", "spam", ("ham", "spam", "spam")),
    ("Subject: use Perl: headlines for 2002-08-27", "ham", ("ham", "ham", "ham")),
    ("Subject: 私のメール العربية: gratuit ✓", "spam", ("ham", "ham", "ham")),
)
_PROMPTS = (
    (
        "Write one sentence about rivers.",
        "Rivers carry rain from the mountains to the sea, and stones along with it.",
        (
            "Rivers. Rivers are rivers.",
            "Rivers carry rain to the sea.",
            "Rivers carry rain to the sea.",
        ),
    ),
    ("What is 3 + 4?", "7", ("3 + 4 is 12", "7", "7")),
)


# --- plan -----------------------------------------------------------------------------------------


def _section(name: str, **given: Any) -> dict[str, Any]:
    """A section of a plan: the schema's defaults but for what is `given`."""
    keys = pitchpipe_schemas.load("workflow")["properties"][name]["properties"]
    made = {key: rule["default"] for key, rule in keys.items()} | given
    numbers = {key for key, rule in keys.items() if rule["type"] == "number"}
    return {key: float(value) if key in numbers else value for key, value in made.items()}


_PLAN: dict[str, Any] = {
    "version": 1,
    "pitchpipe": "0.1.0",
    "name": "",
    "root": "/home/ada/spam-subjects",
    "workflow": "",
    "workflow_sha256": "ab" * 32,
    "smoke": False,
    "task": "",
    "model": {
        "name_or_path": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "local": False,
        "revision": "main",
        "dtype": "auto",
        "attn_implementation": "sdpa",
        "trust_remote_code": False,
    },
    "data": {
        "train": [
            {
                "path": "",
                "dataset_name": None,
                "dataset_config": None,
                "split": "train",
                "format": "prompt-completion",
                "columns": {"completion": "label"},
            }
        ],
        "eval": [],
        "test": [],
        "val_size": 0.1,
        "test_size": 0.1,
        "stratify_by": "label",
        "prompt_template": "",
        "completion_template": "{label}",
        "text_template": None,
        "system_prompt": None,
        "chat_template": "auto",
        "labels": list(LABELS),
        "max_length": 128,
        "over_length": "truncate",
        "packing": True,
        "loss_on": "completion",
    },
    "method": _section("method", lora_dropout=0.05),
    "training": _section(
        "training",
        per_device_train_batch_size=16,
        logging_steps=1,
        eval_strategy="steps",
        eval_steps=15,
    ),
    "evaluate": {
        "metrics": ["loss", "perplexity", "accuracy", "f1", "exact_match"],
        "max_rows": None,
        "generations": 8,
        "max_new_tokens": 64,
    },
    "export": {"format": "", "precision": ["int8", "int4"], "device": "cpu"},
    "compute": {"device": "auto", "threads": None, "target": None},
    "output_dir": "runs",
}

# path → line, column and text in the workflow file, counted from 1
_WRITTEN: dict[str, tuple[int, int, str]] = {
    "name": (1, 7, "spam-subjects"),
    "task": (2, 7, "classification"),
    "model.name_or_path": (4, 18, "HuggingFaceTB/SmolLM2-135M-Instruct"),
    "data.train[0].path": (7, 14, "data/subjects.jsonl"),
    "data.train[0].columns.completion": (9, 29, "label"),
    "data.test_size": (10, 14, "0.1"),
    "data.stratify_by": (11, 16, "label"),
    "data.prompt_template": (12, 20, '"Subject: {subject}"'),
    "data.labels": (14, 11, "[ham, spam]"),
    "data.max_length": (15, 15, "128"),
    "method.type": (17, 9, "lora"),
    "method.lora_dropout": (19, 17, "0.05"),
    "training.learning_rate": (21, 18, "2.0e-4"),
    "training.per_device_train_batch_size": (22, 33, "16"),
    "export.precision": (25, 14, "[int8, int4]"),
}


def _paths(value: Any, path: str = "") -> Iterator[str]:
    """Every key path of the plan that a user could write."""
    for name, inner in value.items():
        own = f"{path}.{name}" if path else name
        if isinstance(inner, dict):
            yield from _paths(inner, own)
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for i, item in enumerate(inner):
                yield from _paths(item, f"{own}[{i}]")
        elif own not in ("pitchpipe", "root", "workflow", "workflow_sha256", "smoke"):
            yield own


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8", newline="\n")
