"""What is said about the thing under the cursor."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pitchpipe.facts import NotRead
from pitchpipe.ide.hover import hover
from pitchpipe.ide.world import Lengths
from support.editing import PROJECT, Around, snapshot, under_cursor
from support.facts import ROOT

WORKFLOW = """\
model:
  name_or_path: models/tiny
data:
  train:
    - path: data/phrases.jsonl
  prompt_template: "Say {phrase}"
  completion_template: "{tone}"
method:
  type: lora
  r: 8
  target_modules: [q_proj, v_prj]
training:
  learning_rate: 1.0e-4
  per_device_train_batch_size: 2
  optim: &o adamw_torch
x: *o
"""
COUNTED = replace(
    PROJECT,
    row_counts={f"{ROOT}/data/phrases.jsonl": 1200},
    token_lengths={f"{ROOT}/data/phrases.jsonl": Lengths(1200, {0.5: 12, 0.99: 80})},
)


def text_at(word: str, around: Around = COUNTED, text: str = WORKFLOW) -> str:
    """The hover one code point into the first place of `word`."""
    found = hover(snapshot(text, around), text.index(word) + 1)
    return found.text if found else ""


def test_rows_that_are_being_counted_say_so() -> None:
    counting = replace(PROJECT, token_lengths={f"{ROOT}/data/phrases.jsonl": None})
    assert "| tokens a row | being counted … |" in text_at("data/phrases", counting)
    assert "| tokens a row | not counted: nobody has asked for it |" in text_at(
        "data/phrases", PROJECT
    )


def test_a_data_file_shows_its_labels_and_how_often_rows_come_again() -> None:
    classifying = "task: classification\n" + WORKFLOW.replace(
        "phrases.jsonl", "mostly-polite.jsonl"
    )
    said = text_at("data/mostly", text=classifying)
    assert "| labels | `polite` 95%, `rude` 5% |" in said
    assert "repeated" not in said
    assert "| repeated | 2 of 7 rows |" in text_at(
        "data/copies", text="data: {train: [{path: data/copies.jsonl}]}\n"
    )


SAID = {
    "models/tiny": ["| parameters | 426,112 |", "| context | 4,096 tokens |", "known from"],
    "name_or_path": ["| parameters | 426,112 |", "**`model.name_or_path`** · a string"],
    "data/phrases": [
        "| rows | 1,200 |",
        "| tokens a row | 50%: 12, 99%: 80 (of 1,200 rows) |",
        "| `phrase` | string | Would you mind? |",
        f"`{ROOT}/data/phrases.jsonl`",
    ],
    "Say": ["```text\nSay Would you mind?\n```", "**`data.prompt_template`**"],
    "type": ["on a card, which has 24 GB: fits", "| weights |", "| `full` | 426,112 |"],
    "method": ["on a card, which has 24 GB: fits"],
    "r: 8": ["**4,096** parameters trained, 0.96 % of 426,112", "**`method.r`**"],
    "target_modules": ["`model.layers.*.self_attn.q_proj`", "2 of 2 layers reached"],
    "q_proj": ["matches **2 modules**"],
    "v_prj": ["matches no module", "Did you mean `v_proj`?", "`gate_proj`"],
    "learning_rate": ["| effective batch | 2 sequences |", "| steps |", "The peak learning rate"],
    "optim": ["The optimizer.", "is the default, so the line changes nothing"],
    "*o": ["`*o` stands for\n\n```yaml\nadamw_torch\n```"],
}


@pytest.mark.parametrize("word", SAID)
def test_what_is_said(word: str) -> None:
    told = text_at(word)
    for part in SAID[word]:
        assert part in told


def test_changes_that_save_memory_are_offered_with_what_they_cost() -> None:
    told = text_at("type", text=WORKFLOW.replace("path: data/phrases.jsonl", "dataset_name: o/r"))
    assert "| change | saves | costs |" in told
    assert "| `data.max_length: 512` |" in told


def test_the_key_is_what_the_hover_is_about() -> None:
    found = hover(*under_cursor("training:\n  opt‸im: sgd\n"))
    assert found
    assert (found.span.start, found.span.end) == (12, 17)


@pytest.mark.parametrize(
    "text",
    ["‸", "# com‸ment\n", "model:\n  ‸\n", "nobodys: ‸1\n", "\n‸\nmodel:\n  dtype: auto\n", "a‸"],
)
def test_between_things_there_is_nothing_to_say(text: str) -> None:
    assert hover(*under_cursor(text)) is None


def test_published_models_are_described_without_a_network() -> None:
    name = "HuggingFaceTB/SmolLM2-135M-Instruct"
    told = text_at(name, text=f"model:\n  name_or_path: {name}\n")
    assert f"[{name}](https://huggingface.co/{name})" in told
    assert "134,515,008" in told
    assert "apache-2.0" in told


def test_what_is_not_known_is_said() -> None:
    unknown = replace(PROJECT, unknown_cost=NotRead("nobody here knows the model"))
    assert "not known: nobody here knows the model" in text_at("type", unknown)


def test_what_is_being_found_out_is_said() -> None:
    class Slow(Around):
        def cost(self, context: object) -> None:
            return None

    assert "being worked out" in text_at("type", Slow())
    assert "being counted" in text_at("data/phrases", PROJECT)


def test_a_missing_file_says_where_it_would_be() -> None:
    text = "data:\n  train:\n    - path: data/none.jsonl\n"
    assert f"There is no file `{ROOT}/data/none.jsonl`" in text_at("data/none", text=text)


def test_a_template_that_can_not_be_filled_says_why() -> None:
    text = WORKFLOW.replace("{phrase}", "{nothing}")
    assert "With the first row:" in text_at("Say", text=text)
    assert "nothing" in text_at("Say", text=text)


def test_an_alias_of_nothing() -> None:
    assert "no anchor `&z`" in text_at("*z", text="a: *z\n")


HALF_TYPED = {
    "training:\n  opt‸im\n": "**`training.optim`**",
    "a: 1\n---\ntraining:\n  opt‸im: sgd\n": "**`training.optim`**",
    "train‸ing": "**`training`**",
    "model:\n  name_or_path: models/tiny\nmethod:\n  target_modules: [q_pr‸oj]\n": "q_proj` | 2 |",
    "evaluate:\n  metrics: [lo‸ss]\n": "**`evaluate.metrics`**",
    "export:\n  precision:\n    - int‸8\n    - [\n": "**`export.precision`**",
}


@pytest.mark.parametrize("text", HALF_TYPED)
def test_words_are_explained_before_the_file_is_whole(text: str) -> None:
    found = hover(*under_cursor(text))
    assert found
    assert HALF_TYPED[text] in found.text


def test_no_text_and_no_place_makes_it_stumble() -> None:
    dice = random.Random(20261124)
    marks = ("", "\n", ": ", "- ", "{", "]", "'", "\t", "#", "&a ", "*a")
    for _ in range(300):
        text = WORKFLOW
        for _ in range(dice.randrange(4)):
            start = dice.randrange(len(text))
            end = min(len(text), start + dice.randrange(6))
            text = text[:start] + dice.choice(marks) + text[end:]
        offset = dice.randrange(len(text) + 1)
        found = hover(snapshot(text, COUNTED), offset)
        if found:
            assert found.span.start <= offset <= found.span.end


@pytest.mark.parametrize(
    ("text", "word", "begins", "key"),
    [
        (
            "trainin:\n  seed: 1\n",
            "trainin",
            "no key `trainin` here; perhaps `training` is",
            "training",
        ),
        (
            "training:\n  lerning_rate: 1.0e-4\n",
            "lerning",
            "no key `lerning_rate` here; perhaps `learning_rate` is meant",
            "training.learning_rate",
        ),
        ("training: {lr: 1}\n", "lr", "perhaps `learning_rate` is meant", "training.learning_rate"),
        ("training:\n  dtype: auto\n", "dtype", "it is one of `model`", "model.dtype"),
        ("model:\n  method: lora\n", "method", "it stands at the top of a file", "method"),
        ("data:\n  train:\n  - pth: a\n", "pth", "perhaps `path` is meant", "data.train[0].path"),
    ],
)
def test_a_misspelt_key_says_which_one_is_meant(
    text: str, word: str, begins: str, key: str
) -> None:
    said = text_at(word, text=text)
    assert begins in said
    assert f"**`{key}`** · " in said


def test_of_a_key_that_is_like_no_other_there_is_nothing_to_say() -> None:
    assert text_at("zzz", text="training:\n  zzz: 1\n") == ""
    assert text_at("zzz", text="model: x\nzzz:\n  yyy: 1\n") == ""
