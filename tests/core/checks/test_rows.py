"""Rules about what the rows hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pitchpipe.facts import ModelFact, NotRead, TableProblem
from pitchpipe.survey import Survey, View
from support.analysis import analysis, check_fixed, whole
from support.facts import CHATS, LONG_COUNTED, PAIRS, WORLD, World

Row = Mapping[str, Any]


def said(fragment: str, world: World = WORLD) -> list[str]:
    return [f"{f.code}: {f.message}" for f in analysis(whole(fragment), world).findings]


def of(code: str, fragment: str, world: World = WORLD) -> list[str]:
    return [m.partition(": ")[2] for m in said(fragment, world) if m.startswith(f"{code}: ")]


def world(**files: Sequence[Row]) -> World:
    return replace(WORLD, files={f"{name}.jsonl": rows for name, rows in files.items()})


def pairs(count: int, start: int = 0) -> list[Row]:
    return [{"prompt": f"p{n}", "completion": f"c{n}"} for n in range(start, start + count)]


TRAIN = "data: {train: [{path: a.jsonl}]}"
BOTH = "data: {train: [{path: a.jsonl}], eval: [{path: b.jsonl}]}"
CLASSES = "task: classification\n"


# Rows


def test_empty_prompts_and_completions_are_told_apart() -> None:
    rows = [*pairs(3), {"prompt": " ", "completion": "x"}, {"prompt": "x", "completion": ""}]
    assert of("empty-rows", TRAIN, world(a=rows)) == [
        "`a.jsonl`, line 4: the prompt is empty (1 of 5 rows)",
        (
            "`a.jsonl`, line 5: the completion is empty, so what is learnt is to end at once "
            "(1 of 5 rows)"
        ),
    ]


def test_a_text_around_an_empty_cell_leaves_it_empty() -> None:
    text = "data: {train: [{path: a.jsonl}], prompt_template: '{q}?', completion_template: '{r}'}"
    found = of("empty-rows", text, world(a=[{"q": "", "r": "x"}]))
    assert found == ["`a.jsonl`, line 1: the prompt is empty (1 of 1 row)"]


def test_only_the_rows_that_a_split_takes_are_looked_at() -> None:
    rows = [*pairs(5), {"prompt": "", "completion": "x"}]
    text = "data: {{train: [{{path: a.jsonl, split: 'train[{}]'}}]}}"
    assert of("empty-rows", text.format(":5"), world(a=rows)) == []
    assert of("empty-rows", text.format("-1:"), world(a=rows)) == [
        "`a.jsonl`, line 6: the prompt is empty (1 of 1 row)"
    ]


def test_a_few_repeated_rows_are_no_matter() -> None:
    rows = pairs(150)
    assert of("duplicate-rows", TRAIN, world(a=[*rows, rows[3]])) == []
    assert of("duplicate-rows", TRAIN, world(a=[*rows, rows[3], rows[4]])) == [
        "`a.jsonl`, line 151 repeats line 4 (2 of 152 rows); what is said twice weighs twice"
    ]


def test_the_most_common_disorders_of_roles_are_named() -> None:
    def talk(*roles: str) -> Row:
        return {"messages": [{"role": role, "content": role} for role in roles]}

    rows = [
        talk("user", "assistant"),
        talk("user", "user", "assistant"),
        talk("gpt", "assistant"),
        talk("gpt", "assistant"),
        talk("assistant"),
        talk("user", "system", "assistant"),
        talk("user", "system", "assistant"),
    ]
    found = of("roles-out-of-order", TRAIN, world(a=rows))
    assert {m.partition(": ")[2] for m in found} == {
        (
            "a message is of the role `gpt`, which chat templates don't know; "
            "they call it `assistant` (2 of 7 rows)"
        ),
        "a `system` message is not the first (2 of 7 rows)",
        "two messages of the role `user` follow each other (1 of 7 rows)",
    }


def test_a_file_that_is_not_surveyed_has_no_faulty_rows() -> None:
    class Blind(World):
        def survey(self, path: str, view: View) -> Survey | NotRead:
            return NotRead("nobody looks")

    rows = [{"prompt": "", "completion": "\ufffd"}] * 4
    assert said(TRAIN, Blind({"a.jsonl": rows}, WORLD.models)) == []


def test_of_a_head_that_is_all_there_is_yet_the_message_says_so() -> None:
    class Hasty(World):
        def survey(self, path: str, view: View) -> Survey | NotRead:
            found = super().survey(path, view)
            return found if isinstance(found, NotRead) else replace(found, whole=False)

    found = of("empty-rows", TRAIN, Hasty({"a.jsonl": [*PAIRS, {**PAIRS[0], "prompt": ""}]}))
    assert found == ["`a.jsonl`, line 6: the prompt is empty (1 of the first 6 rows)"]


# Rows behind the head


MANY = pairs(250)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": ["x"], "completion": "y"}, "`prompt` holds a list where a text is needed"),
        ({"prompt": None, "completion": "y"}, "`prompt` holds no value where a text is needed"),
        ({"completion": "y"}, "it lacks the column `prompt`"),
        (
            {"prompt": "\ud800", "completion": "y"},
            "`prompt` holds half a character, which is no Unicode text",
        ),
    ],
)
def test_a_cell_far_behind_that_is_no_text_is_found(row: Row, message: str) -> None:
    found = of("column-wrong-type", TRAIN, world(a=[*MANY, row]))
    assert found == [f"`a.jsonl`, line 251: {message}"]


def test_a_conversation_far_behind_that_is_none_is_found() -> None:
    rows = [*CHATS * 250, {"messages": [{"role": "user", "content": "Hi"}]}]
    (found,) = of("column-wrong-type", TRAIN, world(a=rows))
    assert found.startswith("`a.jsonl`, line 251: no message in `messages` is of the role")


def test_an_empty_cell_of_a_template_far_behind_is_found() -> None:
    text = "data: {train: [{path: a.jsonl}], text_template: '{prompt} {completion}'}"
    rows = [*MANY, {"prompt": "x", "completion": None}, {"prompt": ["a"], "completion": "y"}]
    assert said(text, world(a=rows)) == [
        "template-empty-cell: `a.jsonl`, line 251: `completion` has no value"
    ]


def test_a_label_far_behind_that_is_none_is_found() -> None:
    rows = [{"prompt": f"p{n}", "completion": "ab"[n % 2]} for n in range(250)]
    text = CLASSES + "data: {train: [{path: a.jsonl}], labels: [a, b]}"
    assert said(text, world(a=rows)) == []
    rows.append({"prompt": "x", "completion": "c"})
    assert of("label-not-in-data", text, world(a=rows)) == [
        "`a.jsonl` has the completion `c`, which is no label"
    ]


def test_a_line_far_behind_that_can_not_be_read_is_found() -> None:
    class Broken(World):
        def survey(self, path: str, view: View) -> Survey | NotRead:
            found = super().survey(path, view)
            assert isinstance(found, Survey)
            return replace(found, problem=TableProblem("it is not JSON", 900_000))

    broken = Broken({"a.jsonl": [*MANY, {"prompt": "", "completion": ""}]}, WORLD.models)
    assert said(TRAIN, broken) == ["data-unreadable: `a.jsonl`, line 900000: it is not JSON"]


# Two splits


def test_shared_prompts_are_told_with_both_places() -> None:
    held = [*pairs(2, 100), {"prompt": "P3 ", "completion": "other"}]
    text = whole(BOTH)
    (finding,) = analysis(text, world(a=pairs(5), b=held)).findings
    assert finding.message == (
        "1 prompt of `b.jsonl` is trained on too, so scores flatter the model: "
        "line 3 is `a.jsonl`, line 4"
    )
    (related,) = finding.related
    assert text[related.span.start : related.span.end] == "a.jsonl"


def test_slices_of_one_file_may_share_prompts() -> None:
    text = (
        "data: {train: [{path: a.jsonl, split: 'train[:3]'}], "
        "eval: [{path: a.jsonl, split: 'train[3:]'}]}"
    )
    assert said(text, world(a=pairs(6))) == []
    (found,) = of("rows-in-two-splits", text, world(a=[*pairs(5), pairs(1)[0]]))
    assert "line 6 is `a.jsonl`, line 1" in found


def test_rows_that_are_evaluated_and_tested_on_alone_are_no_matter() -> None:
    text = "data: {train: [{path: a.jsonl}], eval: [{path: b.jsonl}], test: [{path: b.jsonl}]}"
    assert of("rows-in-two-splits", text, world(a=pairs(5), b=pairs(3, 50))) == []


# Labels


def classified(*labels: str, start: int = 0) -> list[Row]:
    return [{"prompt": f"p{start + n}", "completion": c} for n, c in enumerate(labels)]


def test_one_label_is_too_few() -> None:
    assert of("labels-unusable", CLASSES + TRAIN, world(a=classified("a", "a "))) == [
        (
            "the training rows have 1 distinct completion; a classification needs 2 to 100: "
            "name the labels in `data.labels`, or set `task: text-generation`"
        )
    ]


def test_very_many_labels_are_too_many_unless_holding_rows_out_could_help() -> None:
    rows = classified(*(f"{n}" for n in range(300)))
    (found,) = of("labels-unusable", CLASSES + TRAIN, world(a=rows))
    assert found.startswith("the training rows have 300 distinct completions or more")
    assert of("labels-unusable", CLASSES + TRAIN, world(a=rows[:105])) == []
    answers = classified(*(f"{n}" for n in range(5000)))
    assert of("labels-unusable", CLASSES + TRAIN, world(a=answers)) != []


def test_labels_of_all_training_files_count() -> None:
    text = CLASSES + "data: {train: [{path: a.jsonl}, {path: b.jsonl}]}"
    files = world(a=classified("x", "x"), b=classified("y", "y", start=50))
    assert said(text, files) == []


def test_listed_labels_that_no_row_has_are_unusable() -> None:
    text = CLASSES + "data: {train: [{path: a.jsonl}], labels: [A, B]}"
    found = of("labels-unusable", text, world(a=classified("a", "b")))
    assert found == [
        (
            "no completion in the training data is one of `labels`; "
            "the one in `a.jsonl`, line 1 is `a`"
        )
    ]


def test_a_listed_label_without_rows_is_named() -> None:
    text = CLASSES + "data: {train: [{path: a.jsonl}], labels: [a, b, c, d]}"
    found = of("label-never-trained", text, world(a=classified("a", "b")))
    assert found == ["no training row has the label `c` and `d`"]


def test_a_label_that_only_evaluation_has_is_named_with_its_place() -> None:
    files = world(a=classified("a", "b"), b=classified("a", "c", "b", start=9))
    assert of("label-never-trained", CLASSES + BOTH, files) == [
        "`b.jsonl`, line 2: no training row has the label `c`"
    ]


def test_a_label_that_evaluation_lacks_is_named() -> None:
    files = world(a=classified("a", "b", "c"), b=classified("a", "b", start=9))
    assert of("label-not-evaluated", CLASSES + BOTH, files) == [
        "no row of `data.eval` has the label `c`, so nothing is known of how well it is told"
    ]


def test_labels_are_as_templates_write_them() -> None:
    text = (
        CLASSES + "data: {train: [{path: a.jsonl}], eval: [{path: b.jsonl}], "
        "prompt_template: '{p}', completion_template: 'tone: {t}', labels: ['tone: a', 'tone: b']}"
    )
    rows = [{"p": "1", "t": "a"}, {"p": "2", "t": "b"}]
    held = [{"p": "3", "t": "a"}, {"p": "4", "t": "b"}]
    assert said(text, world(a=rows, b=held)) == []


def test_a_label_of_nine_in_ten_rows_is_told_where_there_are_some() -> None:
    few = classified(*"a" * 18, "b")
    assert of("labels-unbalanced", CLASSES + TRAIN, world(a=few)) == []
    assert of("labels-unbalanced", CLASSES + TRAIN, world(a=classified(*"a" * 18, "b", "b"))) != []
    assert of("labels-unbalanced", CLASSES + TRAIN, world(a=classified(*"ab" * 20))) == []


def test_of_generated_texts_nothing_is_said_of_labels() -> None:
    rows = [*classified(*"aaaa"), {"prompt": "p0", "completion": "b"}]
    assert said(TRAIN, world(a=rows)) == []


# Lengths


def test_nobody_is_asked_for_tokens_of_short_rows() -> None:
    class Proud(World):
        def counted(self, settings: Any) -> None:
            raise AssertionError("nobody need count that")

    assert said(TRAIN, Proud({"a.jsonl": pairs(20)}, WORLD.models)) == []


def test_rows_that_are_left_out_are_counted_with_the_others() -> None:
    counted = {
        **LONG_COUNTED,
        "rows": {"train": 2, "eval": 1, "test": 0},
        "tokens": {"train": 900, "eval": 300, "test": 0},
        "over_length": {"rows": 1, "tokens_lost": 1200},
    }
    rows = [{"prompt": "x", "completion": "y" * 4000}, *pairs(3)]
    files = replace(world(a=rows), tokens={"a.jsonl": counted})
    text = "data: {train: [{path: a.jsonl}], over_length: drop}"
    assert of("rows-over-max-length", text, files) == [
        ("longer than 1024 tokens and left out: 1 of 4 rows (25.0%); 50.0% of all tokens are lost")
    ]


def texts(count: int, length: int) -> list[Row]:
    return [{"text": f"{n:03}".ljust(length, "x")} for n in range(count)]


@pytest.mark.parametrize(
    ("rows", "more", "fires"),
    [
        (texts(40, 5), "", True),
        (texts(40, 5), ", packing: false", False),
        (texts(40, 5), ", text_template: '{text}{text}{text}'", False),
        (texts(31, 5), "", False),
        (texts(40, 30), "", False),
        (texts(40, 30), ", max_length: 4096", True),
        (pairs(40), ", chat_template: none", True),
        (pairs(40), "", False),
    ],
)
def test_bytes_bound_how_many_tokens_there_are(rows: list[Row], more: str, fires: bool) -> None:
    text = f"data: {{train: [{{path: a.jsonl}}]{more}}}"
    assert bool(of("one-packed-sequence", text, world(a=rows))) == fires


def test_packs_that_were_counted_are_believed() -> None:
    counted = {**LONG_COUNTED, "packs": {"train": 1}}
    files = replace(world(a=pairs(40)), tokens={"a.jsonl": counted})
    asked = "data: {train: [{path: a.jsonl}], packing: true}"
    assert of("one-packed-sequence", asked, files) != []
    assert of("one-packed-sequence", TRAIN, files) == []


def test_packing_can_be_turned_off_at_once() -> None:
    check_fixed(
        "data: {train: [{path: data/many.jsonl}], max_length: 2048, packing: true}",
        "data: {train: [{path: data/many.jsonl}], max_length: 2048, packing: false}",
    )


# Ends


def with_model(model: ModelFact) -> World:
    return replace(WORLD, models={**WORLD.models, "models/tiny": model})


@pytest.mark.parametrize(
    ("model", "more", "fires"),
    [
        (ModelFact(True, "gpt2", True, False, False), "", True),
        (ModelFact(True, "gpt2", True, False, True), "", False),
        (ModelFact(True, "gpt2", True, False, None), "", False),
        (ModelFact(True, "gpt2", True, True, False), "", False),
        (ModelFact(True, "gpt2", True, True, False), ", chat_template: none", True),
        (
            ModelFact(True, "gpt2", True, False, False, ("<eos>",)),
            ", text_template: '{prompt}<eos>'",
            False,
        ),
    ],
)
def test_rows_without_an_end_are_told(model: ModelFact, more: str, fires: bool) -> None:
    text = f"data: {{train: [{{path: data/pairs.jsonl}}]{more}}}"
    assert bool(of("no-end-token", text, with_model(model))) == fires


def test_only_end_tokens_of_other_models_are_told() -> None:
    text = "data: {{train: [{{path: data/pairs.jsonl}}], text_template: '{{prompt}}{}'}}"
    assert of("end-token-unknown", text.format("<|im_end|>")) == []
    assert of("end-token-unknown", text.format("<b>")) == []
    assert of("end-token-unknown", text.format("<|endoftext|>")) != []
    unlisted = with_model(ModelFact(True, "llama", True, True, True))
    assert of("end-token-unknown", text.format("<|endoftext|>"), unlisted) == []


def test_the_end_token_of_another_model_is_removed() -> None:
    check_fixed(
        "data: {train: [{path: data/pairs.jsonl}], text_template: 'a {prompt}</s>'}",
        "data: {train: [{path: data/pairs.jsonl}], text_template: 'a {prompt}'}",
    )
