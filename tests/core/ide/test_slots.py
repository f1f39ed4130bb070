"""Where the cursor stands, from the columns and the tree."""

from __future__ import annotations

import pytest

from pitchpipe.document import parse
from pitchpipe.ide.slots import Slot, slot_at
from pitchpipe.keypath import dotted

# text → kind, path, what is written, what would be replaced
CASES: dict[str, tuple[str, str, str, str] | None] = {
    # Nothing yet, and the top level
    "‸": ("key", "", "", ""),
    "ver‸": ("key", "", "ver", "ver"),
    "version: 1\n‸": ("key", "", "", ""),
    "dat‸a:\n  packing: true": ("key", "", "dat", "data"),
    "model:\n  dtype: auto\n\n‸\n\ndata: {}\n": ("key", "", "", ""),
    "---\nmo‸": ("key", "", "mo", "mo"),
    "version: 1\n\n# comment\nmo‸\n# more\n": ("key", "", "mo", "mo"),
    "\ufeffmo‸": ("key", "", "mo", "mo"),
    # Below a key
    "model:\n  ‸": ("new", "model", "", ""),
    "model:\n  na‸": ("new", "model", "na", "na"),
    "model:\n    na‸": ("new", "model", "na", "na"),
    "model:\n\n  ‸\n\ndata:\n  packing: true": ("new", "model", "", ""),
    "model:  # comment\n  ‸": ("new", "model", "", ""),
    "model:\n  # comment\n  ‸": ("new", "model", "", ""),
    "model:\n  name_or_path: x\n  ‸": ("key", "model", "", ""),
    "model:\n  name_or_path: x\n‸": ("key", "", "", ""),
    "model:\n  ‸\n  dtype: auto\n": ("key", "model", "", ""),
    "model:\n  dtype: auto\n  ‸\n  revision: main\n": ("key", "model", "", ""),
    "model:\n  name_or_path: x\n  dt‸\ndata:\n  train: []\n": ("key", "model", "dt", "dt"),
    "model:\n  name_or_path: x\n  dt‸ype: auto\n": ("key", "model", "dt", "dtype"),
    "data:\n  train:\n    - path: x\n      columns:\n        ‸": (
        "new", "data.train[0].columns", "", "",
    ),
    # Columns at which nothing can begin
    "method:\n  type: lora\n ‸": None,
    "method:\n  type: lora\n    ‸": None,
    "model:\n\t‸": None,
    # Values
    "model: ‸": ("value", "model", "", ""),
    "model:\n  dtype: ‸": ("value", "model.dtype", "", ""),
    "model:\n  dtype:‸": ("value", "model.dtype", "", ""),
    "model:\n  dtype: bf‸\ndata:\n  packing: true\n": ("value", "model.dtype", "bf", "bf"),
    "model:\n  dtype: b‸f16  # why\n": ("value", "model.dtype", "b", "bf16"),
    "model:\n  dtype:   bf‸": ("value", "model.dtype", "bf", "bf"),
    "model:\n  dtype: &x bf‸": ("value", "model.dtype", "bf", "bf"),
    "model:\n  'dtype': bf‸": ("value", "model.dtype", "bf", "bf"),
    "training:\n  optim: *‸": ("value", "training.optim", "*", "*"),
    "data:\n  prompt_template: a {‸": ("value", "data.prompt_template", "a {", "a {"),
    "model:\n  name_or_path: a: ‸": ("value", "model.name_or_path", "a: ", "a: "),
    # In quotes and block scalars
    "model:\n  dtype: 'flo‸at32'": ("text", "model.dtype", "flo", "float32"),
    'model:\n  dtype: "flo‸': ("text", "model.dtype", "flo", "flo"),
    "data:\n  prompt_template: |\n    Say {‸}\n": (
        "text", "data.prompt_template", "Say {", "Say {}",
    ),
    "data:\n  prompt_template: >-\n    Say‸\n    it\n": (
        "text", "data.prompt_template", "Say", "Say\n    it",
    ),
    "model:\n  dtype: |\n    fl‸oat  \n\n": ("text", "model.dtype", "fl", "float"),
    "model:\n  dtype: |\n    ‸": ("text", "model.dtype", "", ""),
    "model:\n  dtype: |\n    - ‸": ("text", "model.dtype", "- ", "- "),
    "model:\n  dtype: |\n    a\n    ‸\ndata: {}\n": ("text", "model.dtype", "a\n    ", "a\n    "),
    "data:\n  prompt_template: a\n    {b‸": (
        "text", "data.prompt_template", "a\n    {b", "a\n    {b",
    ),
    # Lists
    "data:\n  train:\n    ‸": ("new", "data.train", "", ""),
    "data:\n  train:\n    -‸": ("value", "data.train[0]", "", ""),
    "data:\n  train:\n    - ‸": ("value", "data.train[0]", "", ""),
    "data:\n  train:\n  - ‸": ("value", "data.train[0]", "", ""),
    "data:\n  train:\n    - pa‸": ("value", "data.train[0]", "pa", "pa"),
    "data:\n  train:\n    - path: ‸": ("value", "data.train[0].path", "", ""),
    "data:\n  train:\n    - path: x\n      ‸": ("key", "data.train[0]", "", ""),
    "data:\n  train:\n    - path: x\n      sp‸": ("key", "data.train[0]", "sp", "sp"),
    "data:\n  train:\n    - path: x\n    ‸": ("item", "data.train", "", ""),
    "data:\n  train:\n  - path: x\n  ‸": ("key", "data", "", ""),
    "data:\n  train:\n  - path: x\n    ‸": ("key", "data.train[0]", "", ""),
    "data:\n  train:\n    - path: x\n    - ‸": ("value", "data.train[1]", "", ""),
    "data:\n  train:\n    - path: x\n    - ‸\n    - path: y\n": ("value", "data.train[1]", "", ""),
    "data:\n  train:\n    - path: x\n  ‸": ("key", "data", "", ""),
    "data:\n  train:\n    - path: x\n‸": ("key", "", "", ""),
    "method:\n  target_modules:\n    - q_proj\n    - v‸": (
        "value", "method.target_modules[1]", "v", "v",
    ),
    "method:\n  target_modules:\n  - q‸_proj": ("value", "method.target_modules[0]", "q", "q_proj"),
    "- ‸": ("value", "[0]", "", ""),
    "- - ‸": ("value", "[0][0]", "", ""),
    # Flow style
    "data:\n  train: [‸]": ("value", "data.train[0]", "", ""),
    "data:\n  train: [{‸}]": ("key", "data.train[0]", "", ""),
    "data:\n  train: [{path: ‸}]": ("value", "data.train[0].path", "", ""),
    "data:\n  train: [{path: a, ‸}]": ("key", "data.train[0]", "", ""),
    "data:\n  train: [{path: a}, {‸}]": ("key", "data.train[1]", "", ""),
    "data:\n  train: [{path: 'a, b', sp‸}]": ("key", "data.train[0]", "sp", "sp"),
    "model: {name_or_path: a, dt‸: x}": ("key", "model", "dt", "dt"),
    "model: {‸": ("key", "model", "", ""),
    "model: {\n  name_or_path: a,\n  ‸\n}\n": ("key", "model", "", ""),
    "method:\n  target_modules: [‸": ("value", "method.target_modules[0]", "", ""),
    "method:\n  target_modules: [q_proj, ‸": ("value", "method.target_modules[1]", "", ""),
    "method:\n  target_modules: [q_proj, v‸_proj]": (
        "value", "method.target_modules[1]", "v", "v_proj",
    ),
    "method:\n  target_modules: ['q‸']": ("text", "method.target_modules[0]", "q", "q"),
    "model: {name_or_path: a}‸": None,
    "model: {name_or_path: a} ‸": None,
    "model:\n  dtype: 'auto' ‸": None,
    "model: &‸": None,
    "model:\n  dtype: ‸|\n    auto\n": None,
    "model:\n  dtype:‸ >-\n    auto\n": None,
    "data:\n ‸ packing: true\n": None,
    "data:\n  train:\n  ‸- path: x\n": None,
    "data:\n  train:\n    ‸- path: x\n": None,
    "model:\n  dtype: !‸": None,
    "--‸": None,
    "--- ‸": None,
    "--- # ‸": None,
    "..‸": None,
    "training: {seed: 1, # c, d\n  optim: ‸}": ("value", "training.optim", "", ""),
    "training: {seed: 1, # c, d\n  o‸}": ("key", "training", "o", "o"),
    "evaluate: {metrics: [loss, # x, y\n  ‸]}": ("value", "evaluate.metrics[1]", "", ""),
    "model:\n  dtype: ‸# why": ("value", "model.dtype", "", ""),
    # Comments
    "# com‸": None,
    "a: 1  # com‸": None,
    "a: [1, # com‸\n  2]": None,
    "a: 'it # is' # com‸": None,
    "a: b#c‸": ("value", "a", "b#c", "b#c"),
    # Line breaks and characters of other planes
    "a:\r\n  ‸\r\nb: 1": ("new", "a", "", ""),
    "a: x‸y\r\nb: 1": ("value", "a", "x", "xy"),
    "🎼: 1\nmo‸": ("key", "", "mo", "mo"),
    # What is no word of ours
    "? ‸": None,
    "%YA‸": None,
    "a: |‸": None,
}  # fmt: skip


def slot_of(text: str) -> tuple[Slot | None, str]:
    offset = text.index("‸")
    plain = text.replace("‸", "")
    return slot_at(parse(plain), offset), plain


@pytest.mark.parametrize("text", CASES)
def test_the_slot(text: str) -> None:
    found, plain = slot_of(text)
    shown = found and (
        found.kind,
        dotted(found.path),
        found.written,
        plain[found.replace.start : found.replace.end],
    )
    assert shown == CASES[text]


def test_the_keys_beside_the_one_at_the_cursor_are_taken() -> None:
    found, _ = slot_of("model:\n  name_or_path: x\n  dt‸ype: auto\n  revision: main\n")
    assert found
    assert found.taken == {"name_or_path", "revision"}
    assert found.colon


def test_what_is_inserted_ends_at_the_cursor() -> None:
    found, _ = slot_of("model:\n  dtype: b‸f16\n")
    assert found
    assert (found.insert.start, found.insert.end) == (16, 17)


BESIDE = {
    "data:\n  train:\n  - path: x\n  ‸": ("data.train", False),
    "data:\n  train:\n  - path: x\n  ‸\n  val_size: 0.1\n": ("data.train", False),
    "data:\n  train:\n  - path: x\n  ‸\n\n  # more\n  - path: y\n": ("data.train", True),
    "data:\n  train:\n  ‸": ("data.train", True),
    "data:\n  train:\n  ‸\n  - path: x\n": ("data.train", True),
    "evaluate:\n  metrics:\n  - f1\n  ‸": ("evaluate.metrics", False),
    "training:\n  seed: 1\n  ‸": None,
    "data:\n  train:\n    - path: x\n  ‸": None,
    "data:\n  train:\n    - path: x\n    ‸": None,
    "data:\n  train: [x]\n  ‸": None,
    "data:\n  train:\n  - path: x\n    ‸": None,
    "data:\n  train:\n  - path: x\n  - ‸": None,
}


@pytest.mark.parametrize("text", BESIDE)
def test_items_whose_dashes_stand_below_their_key(text: str) -> None:
    found, _ = slot_of(text)
    assert found
    shown = found.list and (dotted(found.list), found.list_first)
    assert shown == BESIDE[text]
