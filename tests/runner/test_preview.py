"""What is shown of rows is what the stage `prepare` makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from pitchpipe.plan import Plan
from pitchpipe_runner import prepare
from pitchpipe_runner.preview import preview
from pitchpipe_runner.render import IGNORED
from support.plans import changed
from support.tiny import TURN_END, tiny_rows
from support.workbench import Benches, write_rows

NOBODY_COUNTED: Mapping[str, int] = {}
ALL = (
    "data: {train: [{path: rows.jsonl}], test_size: 0, val_size: 0, packing: %s, "
    'prompt_template: "{text}", completion_template: "{label}"%s}'
)


def shown(plan: Plan, most: int = 1000, skip: int = 0, **counts: int) -> dict[str, Any]:
    return preview(plan, most, skip, {f"{name}.jsonl": n for name, n in counts.items()})["preview"]


def learnt(row: dict[str, Any]) -> str:
    return "".join(token["text"] for token in row["tokens"] if token["learnt"])


@pytest.mark.parametrize("model", ["chat_model", "plain_model"])
@pytest.mark.parametrize("more", ["", ", loss_on: all", ", max_length: 9"])
def test_the_tokens_are_those_that_are_trained_on(
    bench: Benches, model: str, more: str, request: pytest.FixtureRequest
) -> None:
    tiny_rows(bench.folder, 12)
    made = bench(ALL % ("false", more), request.getfixturevalue(model))
    trained: Any = [] if learns_nothing(model, more) else prepare.sequences(made.prepared, "train")
    tokenizer = AutoTokenizer.from_pretrained(request.getfixturevalue(model))
    found = shown(made.plan)["rows"]
    assert len(found) == 12
    kept = [row for row in found if any(token["learnt"] for token in row["tokens"])]
    assert len(kept) == len(trained)
    for row, sequence in zip(kept, trained, strict=True):
        assert [t["learnt"] for t in row["tokens"]] == [n != IGNORED for n in sequence["labels"]]
        assert len(row["tokens"]) == row["length"] - row["cut"]
        text = "".join(token["text"] for token in row["tokens"])
        assert text == tokenizer.decode(sequence["input_ids"], clean_up_tokenization_spaces=False)


def learns_nothing(model: str, more: str) -> bool:
    """Nine tokens end before the answer of a chat begins."""
    return model == "chat_model" and "max_length" in more


def test_packed_rows_are_shown_one_by_one(bench: Benches, chat_model: Path) -> None:
    tiny_rows(bench.folder, 6)
    made = bench(ALL % ("true", ""), chat_model)
    assert made.prepared.facts["packs"]["train"] == 1
    found = shown(made.plan)["rows"]
    assert [(row["source"], row["row"]) for row in found] == [("rows.jsonl", n) for n in range(6)]
    assert [learnt(row) for row in found] == [
        label + TURN_END for label in ["joy", "fear", "anger"] * 2
    ]


def test_a_row_that_is_too_long_is_cut_or_left_out(bench: Benches, plain_model: Path) -> None:
    rows = [{"text": "the owl sings " * 9, "label": "joy"}, {"text": "a", "label": "joy"}]
    made = bench(ALL % ("false", ", max_length: 12"), plain_model, rows)
    long, short = shown(made.plan)["rows"]
    assert (long["cut"], len(long["tokens"])) == (long["length"] - 12, 12)
    assert short["cut"] == 0
    dropped = shown(changed(made.plan, "data", over_length="drop"))["rows"][0]
    assert dropped == long | {"tokens": [], "cut": long["length"]}
    assert shown(made.plan)["max_length"] == 12


def test_the_models_context_is_the_limit(bench: Benches, plain_model: Path) -> None:
    tiny_rows(bench.folder, 2)
    made = bench(ALL % ("false", ", max_length: 100000"), plain_model)
    assert shown(made.plan)["max_length"] == 512


def test_rows_are_numbered_as_in_their_files(bench: Benches, plain_model: Path) -> None:
    tiny_rows(bench.folder, 5, name="a.jsonl")
    tiny_rows(bench.folder, 4, name="b.jsonl")
    made = bench(
        """
        data:
          train: [{path: a.jsonl, split: "train[3:]"}, {path: b.jsonl}]
          prompt_template: "{text}"
          completion_template: "{label}"
        """,
        plain_model,
    )

    def places(most: int, skip: int, **counts: int) -> list[tuple[str, int]]:
        rows = shown(made.plan, most, skip, **counts)["rows"]
        return [(row["source"][0], row["row"]) for row in rows]

    assert places(3, 0) == [("a", 3), ("a", 4), ("b", 0)]
    assert places(3, 0, a=5, b=4) == places(3, 0)
    assert places(2, 3) == [("b", 1), ("b", 2)]
    assert places(9, 9) == []
    assert shown(made.plan)["total"] == 6


def test_a_file_is_read_no_further_than_it_is_shown(bench: Benches, plain_model: Path) -> None:
    file = tiny_rows(bench.folder, 3)
    made = bench("", plain_model)
    with file.open("a", encoding="utf-8") as stream:
        stream.write("this is no JSON\n")
    assert len(shown(made.plan, 3)["rows"]) == 3
    assert shown(made.plan, 3)["total"] is None
    assert shown(made.plan, 3, rows=4)["total"] == 4
    failure = preview(made.plan, 4, 0, NOBODY_COUNTED)["failure"]
    assert failure["exit_code"] == 1
    assert failure["message"].startswith("`rows.jsonl` line 4 is not JSON")


def test_a_split_that_counts_from_the_end_needs_the_count(
    bench: Benches, plain_model: Path
) -> None:
    tiny_rows(bench.folder, 10)
    made = bench("", plain_model)
    source = replace(made.plan.data.train[0], split="train[-20%:]")
    plan = changed(made.plan, "data", train=(source,))
    assert [row["row"] for row in shown(plan)["rows"]] == [8, 9]
    assert [row["row"] for row in shown(plan, rows=10)["rows"]] == [8, 9]


def test_rows_that_can_not_be_used_are_named(bench: Benches, plain_model: Path) -> None:
    made = bench("", plain_model, [{"text": "a", "label": "b"}])
    write_rows(bench.folder, [{"text": "a", "label": "b"}, {"text": "a"}])
    failure = preview(made.plan, 5, 0, NOBODY_COUNTED)["failure"]
    assert failure["exit_code"] == 1
    assert failure["message"].startswith("row 2 doesn't fit the template")


def test_texts_are_nothing_to_classify_by(bench: Benches, plain_model: Path) -> None:
    made = bench("", plain_model, [{"text": "a", "label": "b"}])
    source = replace(made.plan.data.train[0], format="text")
    plan = replace(changed(made.plan, "data", train=(source,)), task="classification")
    failure = preview(plan, 5, 0, NOBODY_COUNTED)["failure"]
    assert "a classification learns to answer; name `prompt`" in failure["message"]


def test_a_model_that_is_elsewhere_is_named(bench: Benches, plain_model: Path) -> None:
    made = bench("", plain_model, [{"text": "a", "label": "b"}])
    plan = changed(made.plan, "model", name_or_path="owner/nobody-has-this", local=False)
    assert preview(plan, 5, 0, NOBODY_COUNTED)["failure"] == {
        "message": "`owner/nobody-has-this` is not on this machine; a run downloads it",
        "exit_code": 2,
    }
