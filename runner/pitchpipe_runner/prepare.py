"""Stage 2: rows → tokens on disk. Reads, renders, splits, tokenizes, cuts and packs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from transformers import AutoTokenizer

from pitchpipe.packing import pack
from pitchpipe.plan import Plan, SourcePlan
from pitchpipe_runner import rows, splitting
from pitchpipe_runner.base_model import folder_of
from pitchpipe_runner.cutting import Cut, Row, limit_of
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure
from pitchpipe_runner.render import IGNORED, Renderer, renderer_of, tokens
from pitchpipe_runner.stages import Artifact, write_json

_SMOKE_ROWS = 64
_MOST_LABELS = 100
_BATCH = 1000  # rows tokenized at once


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """A held-out row.

    `prompt_ids` is what a generation starts from, `completion_ids` what it should give.
    """

    prompt: str
    completion: str
    prompt_ids: list[int]
    completion_ids: list[int]


def run(plan: Plan, base: Artifact, out: Path, events: Events) -> dict[str, Any]:
    """Writes `train` and `eval`, `rows-eval.jsonl` and `rows-test.jsonl`, and `labels.json`.

    The first two are Arrow: input_ids, labels, and lengths of the rows in each sequence. The others
    are what `evaluation_rows` and `label_tokens` read.
    """
    datasets.disable_progress_bars()
    folder, trust = folder_of(base), plan.model.trust_remote_code
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
    train, evaluation, test = _split(plan, tokenizer, events)
    overlap = _overlap(train, [*evaluation, *test])
    if overlap:
        events.warn(
            "rows-in-two-splits",
            f"{overlap} held-out rows have a prompt that is trained on too; "
            "their scores flatter the model",
            "data.eval" if plan.data.eval else "data.test",
        )
    labels = _labels(plan, train, events)
    if labels is not None:
        write_json(out / "labels.json", _label_tokens(plan, labels, train, tokenizer))
    limit = limit_of(plan, folder)
    cut = Cut(limit, plan.data.over_length)
    kept = {"train": cut(train), "eval": cut(evaluation), "test": cut(test)}
    cut.tell(events)
    if limit < plan.data.max_length and cut.rows:
        events.warn(
            "max-length-over-context",
            f"the model's context ends at {limit} tokens, before `max_length`",
            "data.max_length",
        )
    if not kept["train"]:
        raise RunFailure(
            "nothing-to-learn",
            "no training row is left that has something to learn in it",
            path="data.max_length" if cut.rows else "data.train",
            exit_code=FILE_IS_WRONG,
        )
    packs = {
        name: _write_sequences(plan, kept[name], limit, out / name) for name in ("train", "eval")
    }
    for name in ("eval", "test"):
        _write_rows(kept[name], out / f"rows-{name}.jsonl")
    facts = _facts(kept, packs, cut, labels, overlap)
    counts = facts["rows"]
    events.log(
        f"rows: {counts['train']} to train on, {counts['eval']} to evaluate on, "
        f"{counts['test']} to test on; "
        f"{facts['tokens']['train']} tokens in {packs['train']} sequences"
    )
    return facts


def files(plan: Plan, events: Events) -> dict[str, str]:
    """What the data files hold now, by path; warns where that is not what the plan was made for."""
    found: dict[str, str] = {}
    for source in (*plan.data.train, *plan.data.eval, *plan.data.test):
        file = Path(plan.root, source.path or "")
        if source.path is None or not file.is_file():
            continue
        digest = hashlib.sha256()
        with file.open("rb") as stream:
            while piece := stream.read(2**20):
                digest.update(piece)
        found[source.path] = digest.hexdigest()
        then = plan.fingerprints.get(source.path)
        if then and then.sha256 != found[source.path]:
            events.warn(
                "data-changed", f"`{source.path}` has changed since the plan was made", "data.train"
            )
    return found


def sequences(prepared: Artifact, name: str) -> datasets.Dataset:
    """The tokenized split "train" or "eval"."""
    if not prepared.facts["packs"][name]:  # which datasets writes, but can't read
        return datasets.Dataset.from_dict({})
    found = datasets.load_from_disk(str(prepared.folder / name))
    assert isinstance(found, datasets.Dataset)
    return found


def evaluation_rows(prepared: Artifact) -> tuple[str, list[EvaluationRow]]:
    """The rows of the last evaluation and their split: "test", or "eval" where there is none."""
    name = "test" if prepared.facts["rows"]["test"] else "eval"
    # Not `splitlines`, which breaks lines at characters that JSON leaves as they are, too.
    with (prepared.folder / f"rows-{name}.jsonl").open(encoding="utf-8", newline="\n") as stream:
        return name, [EvaluationRow(**json.loads(line)) for line in stream]


def label_tokens(prepared: Artifact) -> dict[str, list[int]]:
    """Each label as the completion that says it, in tokens."""
    return json.loads((prepared.folder / "labels.json").read_text(encoding="utf-8"))


def _split(plan: Plan, tokenizer: Any, events: Events) -> tuple[list[Row], list[Row], list[Row]]:
    train = _load(plan, plan.data.train, "data.train", tokenizer, events)
    given = {
        "eval": _load(plan, plan.data.eval, "data.eval", tokenizer, events),
        "test": _load(plan, plan.data.test, "data.test", tokenizer, events),
    }
    shares = [
        0.0 if given["test"] else plan.data.test_size,
        0.0 if given["eval"] else plan.data.val_size,
    ]
    prompts = [_identity(row) for row in train]
    strata = [row.rendered.stratum for row in train]
    test, evaluation, rest = splitting.held_out(prompts, strata, shares, plan.training.seed)
    return (
        [train[i] for i in rest],
        given["eval"] or [train[i] for i in evaluation],
        given["test"] or [train[i] for i in test],
    )


def _load(
    plan: Plan, sources: Sequence[SourcePlan], path: str, tokenizer: Any, events: Events
) -> list[Row]:
    found: list[Row] = []
    for number, source in enumerate(sources):
        key = f"{path}[{number}]"
        read = rows.read(plan, source, key)
        numbered = list(enumerate(read, start=1))
        if plan.smoke and len(read) > _SMOKE_ROWS:  # from the whole file, which may be sorted
            numbered = [numbered[i * len(read) // _SMOKE_ROWS] for i in range(_SMOKE_ROWS)]
        renderer = renderer_of(plan, source, key, list(read[0]), tokenizer)
        for at in range(0, len(numbered), _BATCH):
            batch = [renderer.render(row, number) for number, row in numbered[at : at + _BATCH]]
            found += map(Row, batch, tokens(batch, renderer, tokenizer))
            events.progress(len(found), None, "rows")
    return found


def _identity(row: Row) -> str:
    """What makes two rows the same message: the prompt, or the whole text where there is none."""
    return row.rendered.prompt or row.rendered.completion


def _overlap(train: Sequence[Row], held_out: Sequence[Row]) -> int:
    seen = {splitting.normalised(_identity(row)) for row in train}
    return sum(splitting.normalised(_identity(row)) in seen for row in held_out)


def _labels(plan: Plan, train: Sequence[Row], events: Events) -> list[str] | None:
    if plan.task != "classification":
        return None
    said = [row.rendered.completion.strip() for row in train]
    if plan.data.labels is not None:
        _demand_labels(plan.data.labels, said, events)
        return list(plan.data.labels)
    labels = sorted(set(said))
    if not 2 <= len(labels) <= _MOST_LABELS:
        raise RunFailure(
            "labels-unusable",
            f"the training rows have {len(labels)} distinct completions; "
            f"a classification needs 2 to {_MOST_LABELS}",
            path="data.labels",
            hint="name the labels in `data.labels`, or set `task: text-generation`",
            exit_code=FILE_IS_WRONG,
        )
    return labels


def _demand_labels(labels: Sequence[str], said: Sequence[str], events: Events) -> None:
    others = [completion for completion in said if completion not in labels]
    if len(others) == len(said):
        raise RunFailure(
            "labels-unusable",
            f"no row's completion is one of the labels; the first one's is `{said[0]}`",
            path="data.labels",
            exit_code=FILE_IS_WRONG,
        )
    if others:
        events.warn(
            "rows-without-label",
            f"the completion of {len(others)} of {len(said)} rows is none of the labels, "
            f"`{others[0]}` for one",
            "data.labels",
        )


def _label_tokens(
    plan: Plan, labels: Sequence[str], train: Sequence[Row], tokenizer: Any
) -> dict[str, list[int]]:
    """A label's tokens are those that follow a prompt in a rendered row, the end token included."""
    written = Counter(row.rendered.completion for row in train)
    texts = {text.strip(): text for text, _ in reversed(written.most_common())}
    some = next(text for label, text in texts.items() if label in labels)
    renderer = Renderer(plan.data, plan.data.train[0], "data.labels", (), tokenizer)
    # A label that no row has gets the white space that the others have.
    rendered = [
        renderer.answer(texts.get(label, some.replace(some.strip(), label))) for label in labels
    ]
    made = tokens(rendered, renderer, tokenizer)
    return {label: t.ids[t.answer :] for label, t in zip(labels, made, strict=True)}


def _write_sequences(plan: Plan, kept: Sequence[Row], limit: int, folder: Path) -> int:
    lengths = [len(row.tokens.ids) for row in kept]
    groups = pack(lengths, limit) if plan.data.packing else [[i] for i in range(len(kept))]
    columns: dict[str, list[list[int]]] = {"input_ids": [], "labels": [], "lengths": []}
    for group in groups:
        members = [kept[i].tokens for i in group]
        columns["input_ids"].append([i for t in members for i in t.ids])
        columns["labels"].append([i for t in members for i in t.labels])
        columns["lengths"].append([len(t.ids) for t in members])
    features = datasets.Features({k: datasets.List(datasets.Value("int32")) for k in columns})
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(str(folder))
    return len(groups)


def _write_rows(kept: Sequence[Row], file: Path) -> None:
    """Those that still have an answer: with `loss_on: all`, a row may be kept without it."""
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        for row in kept:
            t = row.tokens
            if t.answer == len(t.ids):
                continue
            line = {
                "prompt": row.rendered.prompt,
                "completion": row.rendered.completion,
                "prompt_ids": t.ids[: t.answer],
                "completion_ids": t.ids[t.answer :],
            }
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _facts(
    kept: dict[str, list[Row]],
    packs: dict[str, int],
    cut: Cut,
    labels: list[str] | None,
    overlap: int,
) -> dict[str, Any]:
    lengths = {name: sorted(len(row.tokens.ids) for row in found) for name, found in kept.items()}
    counts = {
        name: dict(Counter(row.rendered.completion.strip() for row in found).most_common())
        for name, found in kept.items()
    }
    return {
        "rows": {name: len(found) for name, found in kept.items()},
        "tokens": {name: sum(found) for name, found in lengths.items()},
        "learnt_tokens": {
            name: sum(label != IGNORED for row in found for label in row.tokens.labels)
            for name, found in kept.items()
        },
        "lengths": {name: _quantiles(found) for name, found in lengths.items() if found},
        "over_length": {"rows": cut.rows, "tokens_lost": cut.lost},
        "left_out": cut.left_out,
        "packs": packs,
        "label_names": labels,
        "labels": counts if labels is not None else None,
        "overlap": overlap,
    }


def _quantiles(ordered: Sequence[int]) -> dict[str, int]:
    def at(share: float) -> int:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return {"min": ordered[0], "median": at(0.5), "p95": at(0.95), "max": ordered[-1]}
