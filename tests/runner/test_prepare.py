from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from pitchpipe_runner import prepare
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure
from pitchpipe_runner.render import IGNORED
from support.plans import analysis_of
from support.tiny import SIGNS, tiny_rows
from support.workbench import Benches, Workbench, whole, write_rows

TONES = 'prompt_template: "{text}", completion_template: "{label}", chat_template: none'


def data(keys: str = "", train: str = "{path: rows.jsonl}") -> str:
    return f"data: {{train: [{train}], {TONES}{keys and ', '}{keys}}}\n"


def told(n: int, *, words: int = 3) -> list[dict[str, str]]:
    """`n` rows whose texts have `words` words, each of one token."""
    return [
        {"text": " ".join(["dog"] * (words - 1) + [f"{i:02d}"]), "label": list(SIGNS)[i % 3]}
        for i in range(n)
    ]


def sequences(made: Workbench, split: str = "train") -> list[dict[str, list[int]]]:
    return [dict(row) for row in prepare.sequences(made.prepared, split)]  # type: ignore[arg-type]


def rows_of(sequence: Mapping[str, Sequence[int]]) -> Iterator[tuple[list[int], list[int]]]:
    at = 0
    for length in sequence["lengths"]:
        ids, labels = (sequence[k][at : at + length] for k in ("input_ids", "labels"))
        yield list(ids), list(labels)
        at += length
    assert at == len(sequence["input_ids"]) == len(sequence["labels"])


def refusal(made: Workbench) -> str:
    with pytest.raises(RunFailure) as caught:
        _ = made.prepared
    assert caught.value.exit_code == FILE_IS_WRONG
    return f"{caught.value.code} at {caught.value.path}: {caught.value.message}"


# What is written


@pytest.mark.parametrize("packing", ["true", "false"])
def test_what_is_stored_are_the_rows_tokens(
    bench: Benches, plain_model: Path, packing: str
) -> None:
    rows = told(20)
    keys = f"max_length: 40, val_size: 0.2, packing: {packing}"
    made = bench(data(keys), plain_model, rows)
    tokenizer = AutoTokenizer.from_pretrained(plain_model)
    texts: list[str] = []
    for split in ("train", "eval"):
        for sequence in sequences(made, split):
            assert len(sequence["input_ids"]) <= 40
            for ids, labels in rows_of(sequence):
                learnt = [i for i, label in zip(ids, labels, strict=True) if label != IGNORED]
                assert labels[-len(learnt) :] == learnt
                prompt = tokenizer.decode(ids[: -len(learnt)])
                texts.append(f"{prompt}|{tokenizer.decode(learnt)}")
    assert sorted(texts) == sorted(f"{r['text']}|{r['label']}<|endoftext|>" for r in rows)
    facts = made.prepared.facts
    assert facts["rows"] == {"train": 16, "eval": 4, "test": 0}
    assert facts["packs"]["train"] == len(sequences(made)) == (16 if packing == "false" else 4)
    assert facts["tokens"]["train"] == sum(len(s["input_ids"]) for s in sequences(made))
    assert made.warnings() == []


def test_held_out_rows_come_back_as_they_were(bench: Benches, plain_model: Path) -> None:
    rows = [{"text": f"line\u2028break\x85 {i}\r\n", "label": "j\u00f6y"} for i in range(10)]
    made = bench(data("test_size: 0.3, val_size: 0.1"), plain_model, rows)
    split, held = prepare.evaluation_rows(made.prepared)
    assert split == "test"
    assert len(held) == 3
    tokenizer = AutoTokenizer.from_pretrained(plain_model)
    for row in held:
        assert {"text": row.prompt, "label": row.completion} in rows
        assert tokenizer.decode(row.prompt_ids) == row.prompt
        assert tokenizer.decode(row.completion_ids) == row.completion + "<|endoftext|>"


def test_without_a_test_split_the_evaluation_rows_are_those_of_eval(
    bench: Benches, plain_model: Path
) -> None:
    made = bench(data("val_size: 0.2"), plain_model, told(10))
    split, held = prepare.evaluation_rows(made.prepared)
    assert (split, len(held)) == ("eval", 2)


def test_nothing_is_held_out_where_that_is_said(bench: Benches, plain_model: Path) -> None:
    made = bench(data("val_size: 0"), plain_model, told(10))
    assert sequences(made, "eval") == []
    assert prepare.evaluation_rows(made.prepared) == ("eval", [])


# Rows that are too long


def test_rows_over_max_length_are_cut_counted_and_said(bench: Benches, plain_model: Path) -> None:
    rows = [*told(4), {"text": "dog", "label": " ".join(["dog"] * 20)}]
    made = bench(data("max_length: 12, val_size: 0"), plain_model, rows)
    assert made.prepared.facts["over_length"]["rows"] == 1
    lost = made.prepared.facts["over_length"]["tokens_lost"]
    (said,) = made.warnings()
    assert said == (
        "rows-over-max-length at data.max_length: 1 row longer than 12 tokens, "
        f"cut at the end: {lost} tokens lost (20.0 %)"
    )
    longest = max((r for s in sequences(made) for r in rows_of(s)), key=lambda r: len(r[0]))
    assert len(longest[0]) == 12
    assert longest[1][-1] == longest[0][-1]  # still learnt


def test_no_row_is_longer_than_the_models_context(bench: Benches, plain_model: Path) -> None:
    rows = [*told(4), {"text": "dog", "label": " ".join(["dog"] * 600)}]
    made = bench(data("max_length: 4096, val_size: 0"), plain_model, rows)
    assert max(len(s["input_ids"]) for s in sequences(made)) <= 512
    assert [w.split(":")[0] for w in made.warnings()] == [
        "rows-over-max-length at data.max_length",
        "max-length-over-context at data.max_length",
    ]


@pytest.mark.parametrize(
    ("rope", "context"),
    [
        ({"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 512}, 1024),
        ({"rope_type": "yarn", "factor": 2.0}, 1024),
        ({"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 256}, 512),
        ({"rope_type": "linear", "factor": 2.0}, 512),
    ],
)
def test_stretched_positions_are_positions(
    bench: Benches, plain_model: Path, tmp_path: Path, rope: dict[str, Any], context: int
) -> None:
    model = shutil.copytree(plain_model, tmp_path / "stretched")
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config["rope_parameters"] = {"rope_theta": 10000.0, **rope}
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    rows = [*told(4), {"text": "dog", "label": " ".join(["dog"] * 1200)}]
    made = bench(data("max_length: 4096, val_size: 0"), model, rows)
    assert max(len(s["input_ids"]) for s in sequences(made)) == context
    assert made.warnings()[1] == (
        f"max-length-over-context at data.max_length: the model's context ends at {context} "
        "tokens, before `max_length`"
    )
    found = analysis_of(whole(data("max_length: 4096, val_size: 0"), model), tmp_path).findings
    (said,) = [f for f in found if f.code == "max-length-over-context"]
    assert f"ends at {context} tokens" in said.message


def test_rows_over_max_length_can_be_dropped(bench: Benches, plain_model: Path) -> None:
    rows = [*told(4), {"text": "dog", "label": " ".join(["dog"] * 20)}]
    keys = "max_length: 12, over_length: drop, val_size: 0"
    made = bench(data(keys), plain_model, rows)
    assert made.prepared.facts["rows"]["train"] == 4
    (said,) = made.warnings()
    assert said.startswith(
        "rows-over-max-length at data.max_length: 1 row longer than 12 tokens, left"
    )


def test_rows_that_lose_all_that_is_learnt_are_left_out_and_said(
    bench: Benches, plain_model: Path
) -> None:
    rows = [*told(4), {"text": " ".join(["dog"] * 20), "label": "joy"}]
    made = bench(data("max_length: 12, val_size: 0"), plain_model, rows)
    assert made.prepared.facts["rows"]["train"] == 4
    assert made.prepared.facts["left_out"] == 1
    (said,) = made.warnings()[1:]
    assert said == (
        "rows-without-target at data.max_length: "
        "1 row with nothing to learn within 12 tokens, left out"
    )


def test_a_held_out_row_without_its_answer_is_not_evaluated(
    bench: Benches, tmp_path: Path, plain_model: Path
) -> None:
    write_rows(tmp_path, [*told(2), {"text": " ".join(["dog"] * 20), "label": "joy"}], "eval.jsonl")
    keys = "max_length: 12, loss_on: all, eval: [{path: eval.jsonl}]"
    made = bench(data(keys), plain_model, told(4))
    assert made.prepared.facts["rows"]["eval"] == 3
    _, held = prepare.evaluation_rows(made.prepared)
    assert len(held) == 2
    assert all(row.completion_ids for row in held)


def test_nothing_left_to_learn_is_blamed_on_the_length(bench: Benches, plain_model: Path) -> None:
    rows = [{"text": " ".join(["dog"] * 20), "label": "joy"}] * 3
    made = bench(data("max_length: 12, val_size: 0"), plain_model, rows)
    assert refusal(made) == (
        "nothing-to-learn at data.max_length: "
        "no training row is left that has something to learn in it"
    )


# Splits


def test_a_prompt_in_two_files_is_said(bench: Benches, tmp_path: Path, plain_model: Path) -> None:
    rows = told(6)
    write_rows(
        tmp_path, [{**rows[0], "text": rows[0]["text"].upper()}, *told(2, words=4)], "e.jsonl"
    )
    made = bench(data("eval: [{path: e.jsonl}]"), plain_model, rows)
    assert made.prepared.facts["overlap"] == 1
    (said,) = made.warnings()
    assert said == (
        "rows-in-two-splits at data.eval: 1 held-out rows have a prompt that is trained on too; "
        "their scores flatter the model"
    )


def test_the_same_prompt_never_lands_on_two_sides(bench: Benches, plain_model: Path) -> None:
    once = told(8)
    again = [{**row, "text": row["text"].upper()} for row in once]
    made = bench(data("val_size: 0.25, test_size: 0.25"), plain_model, [*once, *again] * 3)
    assert made.prepared.facts["overlap"] == 0
    assert made.prepared.facts["rows"] == {"train": 24, "eval": 12, "test": 12}


def test_strata_are_held_out_alike(bench: Benches, tmp_path: Path, plain_model: Path) -> None:
    tiny_rows(tmp_path, 60)
    keys = "test_size: 0.2, val_size: 0.1, stratify_by: label"
    made = bench("task: classification\n" + data(keys), plain_model)
    assert made.prepared.facts["labels"] == {
        "train": {"joy": 14, "fear": 14, "anger": 14},
        "eval": {"joy": 2, "fear": 2, "anger": 2},
        "test": {"joy": 4, "fear": 4, "anger": 4},
    }


# Labels


@pytest.mark.parametrize("chat_template", ["auto", "none"])
@pytest.mark.parametrize("completion", ["{label}", " {label}", "{label}\\n"])
def test_a_labels_tokens_are_those_of_the_rows_that_have_it(
    bench: Benches, tmp_path: Path, chat_model: Path, chat_template: str, completion: str
) -> None:
    tiny_rows(tmp_path, 30)
    fragment = f"""
    task: classification
    data:
      train: [{{path: rows.jsonl}}]
      val_size: 0.3
      chat_template: {chat_template}
      prompt_template: "{{text}}"
      completion_template: "{completion}"
    """
    made = bench(fragment, chat_model)
    tokens = prepare.label_tokens(made.prepared)
    assert set(tokens) == set(SIGNS) == set(made.prepared.facts["label_names"])
    _, held = prepare.evaluation_rows(made.prepared)
    assert all(tokens[row.completion.strip()] == row.completion_ids for row in held)


def test_labels_must_be_few(bench: Benches, tmp_path: Path, plain_model: Path) -> None:
    made = bench("task: classification\n" + data(), plain_model, told(6))
    write_rows(tmp_path, [{"text": f"dog {i}", "label": "joy"} for i in range(6)])
    assert refusal(made) == (
        "labels-unusable at data.labels: the training rows have 1 distinct completions; "
        "a classification needs 2 to 100"
    )


def test_rows_whose_completion_is_no_label_are_said(bench: Benches, plain_model: Path) -> None:
    rows = [*told(6), {"text": "cat", "label": "gloom"}]
    fragment = "task: classification\n" + data("labels: [joy, fear, anger], val_size: 0")
    made = bench(fragment, plain_model, rows)
    assert made.prepared.facts["label_names"] == ["joy", "fear", "anger"]
    (said,) = made.warnings()
    assert said == (
        "rows-without-label at data.labels: the completion of 1 of 7 rows is none of the labels, "
        "`gloom` for one"
    )


def test_labels_that_no_row_has_are_refused(
    bench: Benches, tmp_path: Path, plain_model: Path
) -> None:
    fragment = "task: classification\n" + data("labels: [yes, no]")
    rows = [{"text": f"dog {i}", "label": ("yes", "no")[i % 2]} for i in range(6)]
    made = bench(fragment, plain_model, rows)
    write_rows(tmp_path, told(6))
    assert refusal(made) == (
        "labels-unusable at data.labels: no row's completion is one of the labels; "
        "the first one's is `joy`"
    )


# A smoke run


def test_a_smoke_run_takes_rows_from_the_whole_file(bench: Benches, plain_model: Path) -> None:
    rows = sorted(told(300), key=lambda row: row["label"])
    made = bench("task: classification\n" + data(), plain_model, rows, smoke=True)
    assert made.prepared.facts["label_names"] == ["anger", "fear", "joy"]
    assert sum(made.prepared.facts["rows"].values()) == 64


def test_a_bad_row_is_named_by_its_number_in_a_smoke_run_too(
    bench: Benches, tmp_path: Path, plain_model: Path
) -> None:
    rows: list[dict[str, Any]] = list(told(640))
    made = bench(data(), plain_model, rows, smoke=True)
    rows[630]["label"] = None
    write_rows(tmp_path, rows)
    assert "row 631 doesn't fit the template" in refusal(made)


# Files


def test_several_files_become_one_split(bench: Benches, tmp_path: Path, plain_model: Path) -> None:
    write_rows(tmp_path, told(4, words=5), "more.jsonl")
    train = "{path: rows.jsonl}, {path: more.jsonl, split: 'train[:50%]'}"
    made = bench(data("val_size: 0", train), plain_model, told(3))
    assert made.prepared.facts["rows"]["train"] == 5


def test_a_row_that_differs_from_those_that_were_checked_is_named(
    bench: Benches, tmp_path: Path, plain_model: Path
) -> None:
    made = bench(data(), plain_model, told(251))
    rows: list[dict[str, Any]] = [*told(250), {"text": "dog"}]
    write_rows(tmp_path, rows)
    assert refusal(made) == (
        "row-unusable at data.completion_template: "
        "row 251 doesn't fit the template: no column `label`"
    )


def test_a_change_of_the_data_since_the_plan_is_said(
    bench: Benches, tmp_path: Path, plain_model: Path
) -> None:
    made = bench(data(), plain_model, told(4))
    before = prepare.files(made.plan, made.events)
    assert made.warnings() == []
    write_rows(tmp_path, told(5))
    assert prepare.files(made.plan, made.events) != before
    assert made.warnings() == [
        "data-changed at data.train: `rows.jsonl` has changed since the plan was made"
    ]
