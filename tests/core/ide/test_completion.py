"""What is offered at a cursor, and what the text is when it was taken."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pitchpipe.document import parse
from pitchpipe.ide.completion import complete, document
from pitchpipe.ide.items import CompletionItem, Completions
from pitchpipe.ide.snapshot import Client
from support.editing import CURSOR, PROJECT, snapshot, taken, under_cursor
from support.facts import WORLD

TINY = "model:\n  name_or_path: models/tiny\n"
PHRASES = "data:\n  train:\n    - path: data/phrases.jsonl\n"


def at(text: str, client: Client | None = None) -> Completions | None:
    return complete(*under_cursor(text, client=client))


def labels(text: str) -> list[str]:
    found = at(text)
    return [item.label for item in found.items] if found else []


def item(text: str, label: str, client: Client | None = None) -> tuple[Completions, CompletionItem]:
    found = at(text, client)
    assert found is not None
    return found, next(i for i in found.items if i.label == label)


def check_taken(text: str, label: str, after: str, client: Client | None = None) -> None:
    """Taking the item `label` gives `after`, with the cursor where it stands then."""
    found, chosen = item(text, label, client)
    assert taken(text, found, chosen) == after


# text → labels that come first, in order
FIRST = {
    "data: {train: ‸}": ["[{…}]"],
    "x: &one 1\ny: &two {seed: 1}\ntraining: *‸": ["*two", "*one"],
    "x: &two {seed: 1}\ny: &one 1\ntraining:\n  seed: *‸": ["*one", "*two"],
    "‸": ["model", "data", "version"],
    "version: 1\n‸": ["model", "data", "name"],
    "mo‸": ["model"],
    "model:\n  ‸": ["name_or_path", "revision", "dtype"],
    "model:\n  name_or_path: x\n  ‸": ["revision", "dtype"],
    "model:\n  ‸\n  dtype: auto\n": ["name_or_path", "revision", "attn_implementation"],
    "model: {‸}": ["name_or_path", "revision"],
    "model: {name_or_path: x, ‸": ["revision"],
    "data:\n  train:\n    - ‸": ["path", "dataset_name"],
    "data:\n  train:\n    - path: x\n      ‸": ["split", "format", "columns"],
    "data:\n  train:\n    - dataset_name: x\n      ‸": ["dataset_config", "split"],
    "data:\n  train:\n    - path:\n      ‸": ["dataset_name"],
    "data:\n  train:\n    - format: ‸": ["null", "prompt-completion", "messages", "text"],
    "evaluate:\n  metrics: ‸": ["null", "loss", "perplexity"],
    "evaluate: {metrics: l‸}": ["null", "loss"],
    TINY + "method:\n  modules_to_save: ‸": ["embed_tokens"],
    TINY + "method:\n  exclude_modules: [‸]": ["q_proj", "k_proj"],
    TINY + "method:\n  rank_pattern:\n    ‸": ["q_proj", "k_proj"],
    TINY + "method:\n  rank_pattern:\n    q_proj: 8\n    ‸": ["k_proj", "v_proj"],
    TINY + "method:\n  alpha_pattern: {‸}": ["q_proj", "k_proj"],
    "x: &one {seed: 1}\ntraining:\n  <<: ‸": ["*one"],
    "x: &one {seed: 1}\ny: &two 2\ntraining:\n  <<: [‸]": ["*one"],
    'model:\n  "na‸"': ["name_or_path"],
    'model:\n  "na‸': ["name_or_path"],
    'model: {"‸"}': ["name_or_path"],
    'model: {"name_or_path": "x", "‸"}': ["revision"],
    '{"model": {"name_or_path": "x"}, "‸"}': ["data", "version"],
    "model:\n  'dt‸': x\n": ["name_or_path"],
    "training:\r  seed: 1\r  ‸\rexport: {}\r": ["learning_rate"],
    "model: {}\n---\n‸": ["model", "data"],
    "---\nmodel: {}\n---\nmodel:\n  ‸": ["name_or_path", "revision"],
    "---\nmodel: {}\n...\n---\ntraining:\n  optim: ‸\n---\nx: 1\n": ["adamw_torch"],
    "# c\n---\nmodel:\n  name_or_path: x\n  ‸": ["revision"],
    "%YAML 1.2\n---\nmodel: {}\n‸": ["data"],
    "? training\n:\n  ‸": ["learning_rate"],
    "data:\n  train:\n    - path: x\n    ‸": ["path", "dataset_name"],
    "data:\n  train: [{‸": ["path", "dataset_name"],
    "training:\n  optim: ‸": ["adamw_torch", "adamw_torch_fused", "adamw_torch_8bit"],
    "training:\n  optim: ada‸": ["adamw_torch"],
    "training:\n  optim: 'sg‸'": ["adamw_torch"],
    "training:\n  gradient_checkpointing: ‸": ["false", "true"],
    "training:\n  save_total_limit: ‸": ["2", "null"],
    "task: ‸": ["text-generation", "classification"],
    "evaluate:\n  metrics: [‸]": ["loss", "perplexity"],
    "evaluate:\n  metrics: [loss, ‸]": ["perplexity"],
    "evaluate:\n  metrics:\n    - loss\n    - ‸": ["perplexity"],
    "export:\n  precision: ‸": ["int4", "int8"],
    "export:\n  precision: [int4, ‸]": ["int8", "fp32"],
    TINY + "method:\n  target_modules: ‸": ["all-linear", "attention", "mlp", "attention+mlp"],
    TINY + "method:\n  target_modules: [‸]": ["q_proj", "k_proj", "v_proj", "o_proj"],
    TINY + "method:\n  target_modules: [q_proj, ‸]": ["k_proj", "v_proj", "o_proj", "gate_proj"],
    TINY + "method:\n  target_modules:\n    - q_proj\n    - ‸": ["k_proj", "v_proj"],
    TINY + "method:\n  target_modules:\n    ‸": ["q_proj", "k_proj"],
    TINY + "method:\n  modules_to_save: [‸]": ["embed_tokens"],
    "data:\n  train:\n    - path: ‸": ["data/", "models/"],
    "data:\n  train:\n    - path: data/‸": ["data/chats.jsonl", "data/more/", "data/phrases.jsonl"],
    "data:\n  train:\n    - path: data/ph‸": ["data/chats.jsonl"],
    "data:\n  train:\n    - path: 'data/‸'": ["data/chats.jsonl"],
    "data:\n  train:\n    - {path: data/‸}": ["data/chats.jsonl"],
    "data:\n  train:\n    - path: x\n      split: ‸": ["train", "train[:90%]"],
    "data:\n  train:\n    - dataset_name: x\n      split: ‸": ["train", "train[:90%]"],
    PHRASES + "      columns:\n        prompt: ‸": ["phrase", "tone"],
    PHRASES + "  stratify_by: ‸": ["phrase", "tone"],
    PHRASES + "  prompt_template: Say {‸": ["phrase", "tone"],
    PHRASES + "  prompt_template: 'Say {ph‸}'": ["phrase", "tone"],
    PHRASES + "  prompt_template: |\n    Say {‸\n": ["phrase", "tone"],
    "x: &one 1\ntraining:\n  seed: *‸": ["*one"],
    "x: &one {seed: 1}\ntraining:\n  <<: *‸": ["*one"],
    "compute:\n  target: ‸": ["RTX 2060"],
    "model:\n  name_or_path: ‸": ["data/", "models/", "org/cached-model"],
    "model:\n  name_or_path: models/‸": ["models/tiny", "models/plain"],
    PHRASES + "  prompt_template: Say\n    {‸\n": ["phrase", "tone"],
    "training:\n  optim: |\n    ‸\n": ["adamw_torch", "adamw_torch_fused"],
    "training:\n  optim: >-\n    ad‸a": ["adamw_torch", "adamw_torch_fused"],
    "evaluate:\n  metrics:\n  - loss\n  ‸": [
        "max_rows",
        "generations",
        "max_new_tokens",
        "- perplexity",
    ],
    "evaluate:\n  metrics:\n  - loss\n  ‸\n  - f1\n": [
        "- perplexity",
        "- exact_match",
        "- accuracy",
    ],
    "evaluate:\n  metrics:\n  - loss\n  - ‸": ["perplexity"],
    "data:\n  train:\n  ‸": ["- path", "- dataset_name"],
    "data:\n  train:\n  -‸": ["path", "dataset_name"],
    "data:\n  train:\n  - path: x\n    ‸": ["split", "format"],
    "data:\n  train:\n  - path: x\n  ‸": ["eval", "test", "val_size"],
    "data:\n  train:\n  - path: x\n‸": ["model"],
    "model:\r\n  ‸\r\n": ["name_or_path"],
    "name: 🎼\nmo‸": ["model"],
    "model:\n  name_or_path: x\n broken\ndata:\n  ‸": ["train", "eval"],
    "model: [\ndata:\n  ‸": ["train", "eval"],
}


@pytest.mark.parametrize("text", FIRST)
def test_what_comes_first(text: str) -> None:
    wanted = FIRST[text]
    assert labels(text)[: len(wanted)] == wanted


NEVER = {
    "model:‸\n  dtype: auto\n": "dtype",
    "x: &two 2\ntraining:\n  <<: *‸": "*two",
    "training: {seed: 1} ‸": None,
    PHRASES + "  prompt_template: |\n    Say ph‸": None,
    "training:\n  optim: |\n    sgd\n    ‸": None,
    "training:\n  optim: sgd\n    a‸": None,
    "training: |\n  op‸": None,
    "training:\n  seed: |\n    ‸": None,
    "evaluate:\n  metrics:\n  - loss\n  ‸": "- loss",
    "training:\n  gradient_checkpointing: '‸'": "true",
    "compute:\n  threads: '‸'": "null",
    "x: &two 2\ntraining:\n  <<: ‸": "*two",
    "training:\n  ‸": "<<: *one",
    'model: "na‸"': "name_or_path",
    "# com‸": None,
    "training:\n  seed: 1  # ‸": None,
    "method:\n  type: lora\n ‸": None,
    "data:\n  packing: true\n  ‸": "packing",
    "evaluate:\n  metrics: [loss, ‸]": "loss",
    TINY + "method:\n  target_modules: [q_proj, ‸]": "q_proj",
    "data:\n  train:\n    - path: x\n      split: ‸": "validation",
    "x: 1\ntraining:\n  seed: *‸\ny: &later 1\n": "*later",
    PHRASES + "  prompt_template: 'Say {{‸'": "phrase",
    PHRASES + "  prompt_template: 'Say {phrase} ‸'": "phrase",
    "data:\n  train:\n    - path: data/‸": "data/readme.md",
}


@pytest.mark.parametrize("text", NEVER)
def test_what_is_not_offered(text: str) -> None:
    unwanted = NEVER[text]
    assert unwanted not in labels(text) if unwanted else not labels(text)


IDLE = {
    "method:\n  type: full\n  ‸": "r",
    "method: {type: full, ‸}": "target_modules",
    "training:\n  save_strategy: no\n  ‸": "save_total_limit",
    "training:\n  eval_strategy: epoch\n  ‸": "eval_steps",
    "data:\n  train:\n    - path: x\n      ‸": "dataset_name",
    "data:\n  eval: [{path: x}]\n  ‸": "val_size",
    "export: {format: none, ‸}": "precision",
}


@pytest.mark.parametrize("text", IDLE)
def test_what_would_say_nothing_comes_last(text: str) -> None:
    completions = at(text)
    assert completions
    found = completions.items
    idle = [item.label for item in found if item.detail.startswith("not beside")]
    assert IDLE[text] in idle
    assert [item.label for item in found][-len(idle) :] == idle


TAKEN = {
    ("model:‸\n    dtype: auto\n", "revision"): "model:\n    revision: ‸\n    dtype: auto\n",
    ("data:\n  train: ‸\n  - path: x\n", "path"): "data:\n  train: \n  - path: ‸\n  - path: x\n",
    (PHRASES + "  prompt_template: {‸\n", "tone"): PHRASES + '  prompt_template: "{tone}"‸\n',
    (PHRASES + "  prompt_template: {to‸}  # c\n", "tone"): (
        PHRASES + '  prompt_template: "{tone}"‸  # c\n'
    ),
    ("data: {train: [{path: data/phrases.jsonl}], prompt_template: '{‸}'}\n", "tone"): (
        "data: {train: [{path: data/phrases.jsonl}], prompt_template: '{tone‸}'}\n"
    ),
    ("compute:\n  target: 2x RTX 4‸", "2x RTX 4090"): "compute:\n  target: 2x RTX 4090‸",
    ("data:\n  train:\n    -pa‸\n", "path"): "data:\n  train:\n    - path: ‸\n",
    ("training: {optim:‸}", "sgd"): "training: {optim: sgd‸}",
    ("data: {train: ‸}", "[{…}]"): "data: {train: [{‸}]}",
    ("training: {seed: 1, # c, d\n  op‸\n}", "optim"): (
        "training: {seed: 1, # c, d\n  optim: ‸\n}"
    ),
    ("training:\n  optim: ‸# why", "sgd"): "training:\n  optim: sgd ‸# why",
    ("train‸ # why\n", "training"): "training:‸ # why\n",
    ("training:\n  op‸ # why\n", "optim"): "training:\n  optim: ‸ # why\n",
    ("evaluate:\n  metrics: ‸", "loss"): "evaluate:\n  metrics: [loss]‸",
    ('model:\n  "na‸"', "name_or_path"): 'model:\n  "name_or_path": ‸',
    ('training:\n  seed: 1\n  "o‸"\n', "optim"): 'training:\n  seed: 1\n  "optim": ‸\n',
    ("training:\n  'o‸'\n  seed: 1\n", "optim"): "training:\n  'optim': ‸\n  seed: 1\n",
    ("training:\n  seed: 1\n  'o‸\n", "optim"): "training:\n  seed: 1\n  'optim': ‸\n",
    ('model:\n  "na‸": x', "name_or_path"): 'model:\n  "name_or_path‸": x',
    ('model: {"name_or_path": "x", "‸"}', "dtype"): 'model: {"name_or_path": "x", "dtype": ‸}',
    (TINY + "method:\n  rank_pattern: {q‸}", "q_proj"): (
        TINY + "method:\n  rank_pattern: {q_proj: ‸}"
    ),
    ("model:\n  dtype: |\n    fl‸oat\n", "float32"): "model:\n  dtype: |\n    float32‸\n",
    ("training:\n  optim: >-\n\n    ad‸a\n  seed: 1\n", "sgd"): (
        "training:\n  optim: >-\n\n    sgd‸\n  seed: 1\n"
    ),
    ("data:\n  train:\n    - path: >\n        data/ph‸.csv", "data/phrases.jsonl"): (
        "data:\n  train:\n    - path: >\n        data/phrases.jsonl‸"
    ),
    (PHRASES + "  prompt_template: |\n    a {to‸n\n    b\n", "tone"): (
        PHRASES + "  prompt_template: |\n    a {tone}‸\n    b\n"
    ),
    (PHRASES + "  prompt_template: |\n    a\n    {to‸ne} b\n", "tone"): (
        PHRASES + "  prompt_template: |\n    a\n    {tone‸} b\n"
    ),
    (PHRASES + "  prompt_template: Say {‸more", "phrase"): (
        PHRASES + "  prompt_template: Say {phrase}‸more"
    ),
    ("data:\n  train:\n  - path: x\n  ‸\n", "- path"): (
        "data:\n  train:\n  - path: x\n  - path: ‸\n"
    ),
    ("data:\n  train:\n  - path: x\n  sp‸\n  packing: true\n", "- split"): (
        "data:\n  train:\n  - path: x\n  - split: ‸\n  packing: true\n"
    ),
    ("data:\n  train:\n  - path: x\n  ‸\n", "eval"): (
        "data:\n  train:\n  - path: x\n  eval:\n  - path: ‸\n"
    ),
    ("evaluate:\n  metrics:\n  ‸", "- loss"): "evaluate:\n  metrics:\n  - loss‸",
    ("x: &one {seed: 1}\ntraining:\n  ‸", "<<: *one"): (
        "x: &one {seed: 1}\ntraining:\n  <<: *one‸"
    ),
    ("a: 1\r\n‸", "data"): "a: 1\r\ndata:\r\n  train:\r\n    - path: ‸",
    ("‸", "model"): "model:\n  name_or_path: ‸",
    ("‸", "data"): "data:\n  train:\n    - path: ‸",
    ("‸", "method"): "method:\n  ‸",
    ("‸", "output_dir"): "output_dir: ‸",
    ("model:\n  name_or_path: x\n‸", "data"): (
        "model:\n  name_or_path: x\ndata:\n  train:\n    - path: ‸"
    ),
    ("a:\n    b: 1\n‸", "data"): "a:\n    b: 1\ndata:\n    train:\n      - path: ‸",
    ("a:\n- b: 1\n‸", "data"): "a:\n- b: 1\ndata:\n  train:\n  - path: ‸",
    ("mo‸", "model"): "model:\n  name_or_path: ‸",
    ("mo‸: x", "model"): "model‸: x",
    ("model:\n  ‸", "dtype"): "model:\n  dtype: ‸",
    ("model: ‸", "dtype"): "model: \n  dtype: ‸",
    ("model: {‸}", "dtype"): "model: {dtype: ‸}",
    ("data: {‸}", "train"): "data: {train: [‸]}",
    ("data:\n  train: ‸", "path"): "data:\n  train: \n    - path: ‸",
    ("data:\n  train:\n    ‸", "path"): "data:\n  train:\n    - path: ‸",
    ("data:\n  train:\n    -‸", "path"): "data:\n  train:\n    - path: ‸",
    ("data:\n  train:\n    - ‸", "columns"): "data:\n  train:\n    - columns:\n        ‸",
    ("data:\n  train:\n    - path: a\n    ‸", "path"): (
        "data:\n  train:\n    - path: a\n    - path: ‸"
    ),
    ("data:\n  train:\n    - path: a\n      ‸", "columns"): (
        "data:\n  train:\n    - path: a\n      columns:\n        ‸"
    ),
    ("training:\n  optim:‸", "sgd"): "training:\n  optim: sgd‸",
    ("training:\n  optim: ada‸grad  # c", "sgd"): "training:\n  optim: sgd‸  # c",
    ("training:\n  optim: 'a‸b'", "sgd"): "training:\n  optim: 'sgd‸'",
    ("evaluate:\n  metrics:\n    ‸", "loss"): "evaluate:\n  metrics:\n    - loss‸",
    ("evaluate:\n  metrics:\n    - loss\n    ‸", "f1"): (
        "evaluate:\n  metrics:\n    - loss\n    - f1‸"
    ),
    ("data:\n  train:\n    - path: x\n      split: ‸", "train[:90%]"): (
        'data:\n  train:\n    - path: x\n      split: "train[:90%]"‸'
    ),
    ("data:\n  train:\n    - path: x\n      split: '‸'", "train[:90%]"): (
        "data:\n  train:\n    - path: x\n      split: 'train[:90%]‸'"
    ),
    ("data:\n  train:\n    - path: data/ph‸rases.csv", "data/phrases.jsonl"): (
        "data:\n  train:\n    - path: data/phrases.jsonl‸"
    ),
    (PHRASES + "  prompt_template: Say {ph‸ more", "phrase"): (
        PHRASES + "  prompt_template: Say {phrase}‸ more"
    ),
    (PHRASES + "  prompt_template: 'Say {to‸}'", "phrase"): (
        PHRASES + "  prompt_template: 'Say {phrase‸}'"
    ),
    (TINY + "method:\n  target_modules: ‸", "[q_proj, k_proj, v_proj, o_proj]"): (
        TINY + "method:\n  target_modules: [q_proj, k_proj, v_proj, o_proj]‸"
    ),
    (TINY + "method:\n  target_modules: [q_proj, v‸]", "v_proj"): (
        TINY + "method:\n  target_modules: [q_proj, v_proj‸]"
    ),
}


@pytest.mark.parametrize(("text", "label"), TAKEN)
def test_what_stands_there_afterwards(text: str, label: str) -> None:
    check_taken(text, label, TAKEN[text, label])


@pytest.mark.parametrize(
    ("text", "label", "matched"),
    [
        ("data:\n  train:\n    -pa‸", "path", "-path"),
        ("data:\n  train:\n  - path: x\n  -pa‸", "- path", "-path"),
        ("data:\n  train:\n  - path: x\n  pa‸", "- path", "path"),
        ("evaluate:\n  metrics:\n    - f1\n    -l‸", "loss", "-loss"),
        ("evaluate:\n  metrics:\n    - f1\n    l‸", "loss", "loss"),
        ("data:\n  train:\n    -‸", "path", "path"),
    ],
)
def test_what_is_typed_is_compared_with_what_is_offered(
    text: str, label: str, matched: str
) -> None:
    _, found = item(text, label)
    assert (found.filter or found.label) == matched


def test_without_snippets_the_cursor_stands_at_the_end() -> None:
    check_taken("‸", "data", "data:\n  train:\n    - path: ‸", Client(snippets=False))
    check_taken("model: {‸}", "dtype", "model: {dtype: ‸}", Client(snippets=False))


def test_module_names_say_what_they_are() -> None:
    _, found = item(TINY + "method:\n  target_modules: [‸]", "q_proj")
    assert found.detail == "query · 128 × 128 · 2 modules"


def test_published_models_come_with_their_size() -> None:
    _, found = item("model:\n  name_or_path: ‸", "HuggingFaceTB/SmolLM2-135M-Instruct")
    assert found.detail == "135M · llama"


def test_the_default_is_chosen_beforehand() -> None:
    found = at("training:\n  optim: ‸")
    assert found
    assert [i.label for i in found.items if i.preselect] == ["adamw_torch"]


DOCUMENTED = {
    ("‸", "model"): "# `model`",
    ("training:\n  ‸", "optim"): "The optimizer.",
    ("method:\n  type: ‸", "full"): "`full`: trains every weight",
    ("model:\n  name_or_path: ‸", "HuggingFaceTB/SmolLM2-135M-Instruct"): "134,515,008",
    (
        TINY + "method:\n  target_modules: [‸]",
        "q_proj",
    ): "| `model.layers.*.self_attn.q_proj` | 2 |",
}


@pytest.mark.parametrize(("text", "label"), DOCUMENTED)
def test_items_are_documented_when_asked(text: str, label: str) -> None:
    found, _ = under_cursor(text)
    _, chosen = item(text, label)
    assert DOCUMENTED[text, label] in document(found, chosen.key)


def test_nothing_is_known_of_a_key_of_nobody() -> None:
    assert document(snapshot(""), "key:no.such.key") == ""
    assert document(snapshot(""), "model:no/such-model") == ""
    assert document(snapshot(""), "") == ""


def test_a_world_that_knows_nothing_offers_what_the_schema_says() -> None:
    empty = replace(
        PROJECT, facts=replace(WORLD, files={}, models={}, shapes={}), folders={}, cached=()
    )
    found = complete(*under_cursor(TINY + "method:\n  target_modules: ‸", empty))
    assert found
    assert [i.label for i in found.items][:2] == ["all-linear", "attention"]
    assert complete(*under_cursor(TINY + "method:\n  target_modules: [‸]", empty)) is None


DASHES_BELOW_THEIR_KEY = (
    TINY
    + """data:
  train:
  - path: data/phrases.jsonl
    split: train
  - {path: x, format: text}
  prompt_template: |
    a {phrase}
  labels: [a, b]
method: {type: lora, r: 8}
training:
  optim: "sgd"  # c

  seed: 1
evaluate:
  metrics:
    - loss
x: &a {seed: 1}
"""
)
FOUR_COLUMNS = """# about
model:
    name_or_path: models/tiny # c
data:
    train:
      - path: x
        columns:
            prompt: phrase

      -   split: train
method:
export: # none
    format: none
"""


@pytest.mark.parametrize("text", [DASHES_BELOW_THEIR_KEY, FOUR_COLUMNS])
def test_what_is_taken_leaves_a_text_that_can_be_read(text: str) -> None:
    """Wherever it is taken, and whichever."""
    dice = random.Random(4)
    for offset in range(len(text) + 1):
        found = complete(snapshot(text), offset)
        marked = text[:offset] + CURSOR + text[offset:]
        for one in dice.sample(found.items, min(2, len(found.items))) if found else ():
            after = taken(marked, found, one).replace(CURSOR, "") if found else ""
            assert not parse(after).problems, (marked, one.label)


MARKS = ("", "\n", ": ", "- ", "{", "]", "'", "\t", "#")


def test_no_text_and_no_place_makes_it_stumble() -> None:
    whole = (
        TINY + PHRASES + "  prompt_template: |\n    Say {phrase}\n  labels: [a, 'b', \"c\"]\n"
        "method: {type: lora, target_modules: [q_proj]}\nx: &a {b: *a}\n"
    )
    dice = random.Random(20261124)
    for _ in range(400):
        text = whole
        for _ in range(dice.randrange(4)):
            start = dice.randrange(len(text))
            end = min(len(text), start + dice.randrange(6))
            text = (
                text[:start]
                + dice.choice(["", "\n", ": ", "- ", "{", "]", "'", "\t", "#"])
                + text[end:]
            )
        offset = dice.randrange(len(text) + 1)
        found = complete(snapshot(text), offset)
        if found:
            assert found.replace.start <= offset <= found.replace.end
            assert found.insert.end == offset
            marked = text[:offset] + CURSOR + text[offset:]
            for one in found.items[:3]:
                assert taken(marked, found, one)
