"""YAML texts to try readers on: written by hand, generated, and broken on purpose."""

from __future__ import annotations

import json

from hypothesis import strategies as st

WORKFLOW = """\
# A workflow with a bit of everything.
version: 1
name: phrase-tone  # shown in the list of runs
model: &model
  name_or_path: org/base-135M
  dtype: bfloat16
  trust_remote_code: false
data:
  train:
  - path: data/phrases.jsonl
    split: "train[:90%]"
    columns: {prompt: phrase, "completion": 'the tone'}
  - {path: more.csv, format: prompt-completion}
  template: |
    User: {phrase}

      indented: 😀
    Tone:
  max_length: 512
method:
    type: lora
    target_modules: [q_proj, v_proj,
      "k_proj" # the keys
    ]
training: {learning_rate: 2.0e-4, num_train_epochs: 3}
description: >-
  folded
  text

  of two paragraphs
base: *model
search:
  <<: *model
  space:
    training.learning_rate: {type: float, low: 1e-6}
    ? r
    : [8, 16]
notes: a plain text
  over two lines
empty:
output_dir: runs
"""

BY_HAND = (
    "",
    "# only a comment\n",
    "\n\n",
    "plain",
    "plain\n over\n\n lines # and a comment\n",
    "'single''s'",
    '"double \\n \\x41 \\u263a \\U0001F600 \\\n  joined\n  folded"\n',
    "a: 1\nb: 2\n",
    "a: 1\r\nb:\r\n  - x\r\n  - y: |\r\n      z\r\n",
    "- a\n- b\n-\n- - c\n  - d\n- e: 1\n  f: 2\n-\n  - g\n",
    "a:\n- 1\n- 2\nb:\n  - 3\n",
    "a: # comment\n  # more\n  b: 1 # c\n  # last\nc: 2\n",
    "a: |\n  x\n   y\n\n  z\n\n\nb: |-\n  x\nc: |+\n  x\n\nd: >\n  a\n  b\n\n   c\n  d\n",
    "a: |2\n    x\n   y\nb: >2-\n   x\n",
    "a: |\n\nb: >+\n\n",
    "a: | # comment\n  # no comment\n",
    "k: {a, b: , c: 1, 'd': [x, {y: z}], \"e\":1}\n",
    "k: [a, [b, c], {d: e}, f: g, ? h : i, ]\n",
    "k: [\n  a,\n  b c\n  d # e\n  , 'f\n  g'\n  ]\n",
    "{a: 1, b: [2, 3]}\n",
    "[a, b]\n",
    "a: &x 1\nb: *x\nc: &y\n  d: 1\ne: *y\nf: &z\n- 1\n",
    "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
    "a: !!str 5\nb: !!int '5'\nc: !include other.yaml\nd: !!map\n  e: 1\nf: &g !!str\nh: ! x\n",
    "!!map\n&a b: 1\n",
    "&a b: &c d\n",
    "? a\n: b\n? c\n? - d\n  - e\n: f: 1\n  g: 2\n? |\n  h\n: - i\n",
    "[a, b]: c\n{d: e}: f\n*g : h\n",
    "1: a\ntrue: b\n~: c\n1.5: d\n",
    "a: http://x.org:80/#y\nb: x:y\nc: -1\ne: -x\nf: ?x\ng: :x\n",
    "a: 0o17\nb: 0x1F\nc: 1e-4\nd: .5\ne: 1.\nf: -.inf\ng: yes\nh: 012\ni: 1_000\n",
    '"a b" : c\n\'d\': e\n"f": "g" # h\n',
    "   a: 1\n   b:\n     c: 2\n",
    "---\na: 1\n",
    "--- # comment\n- a\n",
    "--- text\n",
    "%YAML 1.2\n---\na: 1\n",
    "é: ü\n😀: [🎵, x]\na: '😀' # 😀\nb: 😀 x\n",
    "a: x\u2028  y\n",
    "a: 'x\n\n\n  y'\n",
    "a:\n    deep\n  shallow\nb: 1\n",
    "- # comment\n  a: 1\n\n\n-   b: 1\n    c: 2\n",
    "a:\n\n\n  b: 1\n\n\n\nc: 2",
    WORKFLOW,
    WORKFLOW.replace("\n", "\r\n"),
)

_WORDS = st.one_of(
    st.sampled_from(["a", "b", "key", "model.name", "lora_alpha", "x-y", "a:b", "c#d"]),
    st.sampled_from(["1", "-2", "3.5", "1e-4", "true", "no", "~", "null", "0x1F", "2024-01-01"]),
    st.sampled_from(["é", "😀", "über", "…"]),
    st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z"),
)
_TEXT = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\u2028\u2029\ufffe\uffff"
    ),
    max_size=12,
)


def _double(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_PLAIN = st.lists(_WORDS, min_size=1, max_size=3).map(" ".join)
_QUOTED = _TEXT.map(_double) | _TEXT.map(_single)
_KEYS = _WORDS | _TEXT.map(_double)
_COMMENT = st.sampled_from(["", "", "", " # comment", "  # 😀: [x"])


@st.composite
def _flow(draw: st.DrawFn, depth: int = 2) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(_PLAIN | _QUOTED)
    gap = draw(st.sampled_from(["", " ", "\n      "]))
    inner = st.lists(_flow(depth - 1), max_size=3)
    if draw(st.booleans()):
        items = draw(inner)
        if items and draw(st.booleans()):
            items[0] = f"{draw(_KEYS)}: {items[0]}"
        return f"[{gap}{f', {gap}'.join(items)}{gap}]"
    pairs = [f"{draw(_KEYS)}: {value}" for value in draw(inner)]
    return f"{{{gap}{f', {gap}'.join(pairs)}{gap}}}"


@st.composite
def _several_lines(draw: st.DrawFn, indent: int) -> str:
    lines = draw(st.lists(_PLAIN, min_size=1, max_size=3))
    gap = "\n" * draw(st.integers(1, 2)) + " " * indent
    quote = draw(st.sampled_from(["", "'", '"']))
    text = gap.join(lines)
    if quote == '"' and draw(st.booleans()):
        text = text.replace(gap, f"\\{gap}")
    return f"{quote}{text}{quote}"


@st.composite
def _block_scalar(draw: st.DrawFn, indent: int) -> str:
    header = draw(st.sampled_from(["|", "|-", "|+", ">", ">-", ">+"])) + draw(_COMMENT)
    line = st.sampled_from(["text", "a: b", "# no comment", "- item", "😀 'x", "   deeper"])
    lines = [draw(st.sampled_from(["text", "a: b"]))]
    lines += draw(st.lists(line | st.just(""), max_size=4))
    return "\n".join([header, *(f"{' ' * indent}{each}" if each else "" for each in lines)])


@st.composite
def _node(draw: st.DrawFn, parent: int, depth: int, indentless: bool) -> str:
    """What stands behind a `:` or `-` of a collection at column `parent`, its blank included."""
    name = draw(st.sampled_from(["", "", "", "", " &a", " !!str", " !t &b"]))
    kinds = ["empty", "plain", "quoted", "flow", "lines", "block"]
    kind = draw(st.sampled_from(kinds + ["mapping", "sequence"] * 2 if depth else kinds))
    if kind == "empty":
        return name + draw(_COMMENT)
    if kind in {"mapping", "sequence"}:
        inner = parent + draw(st.sampled_from([1, 2, 4]))
        if kind == "sequence" and indentless and draw(st.booleans()):
            inner = parent
        blank = draw(st.sampled_from(["", "", "\n", f"\n{' ' * inner}# comment"]))
        collection = _mapping if kind == "mapping" else _sequence
        body = draw(collection(inner, depth - 1))
        return f"{name}{draw(_COMMENT)}{blank}\n{' ' * inner}{body}"
    if kind == "plain":
        return f"{name} {draw(_PLAIN)}{draw(_COMMENT)}"
    if kind == "quoted":
        return f"{name} {draw(_QUOTED)}{draw(_COMMENT)}"
    if kind == "flow":
        text = draw(_flow()).replace("\n      ", "\n" + " " * (parent + 2))
        return f"{name} {text}{draw(_COMMENT)}"
    make = _several_lines if kind == "lines" else _block_scalar
    return f"{name} {draw(make(parent + 2))}"


@st.composite
def _mapping(draw: st.DrawFn, column: int, depth: int) -> str:
    entries: list[str] = []
    for key in draw(st.lists(_KEYS, min_size=1, max_size=4)):
        if draw(st.integers(0, 9)) == 0:
            key_node = draw(_node(column, 0, indentless=False))
            entries.append(f"?{key_node}\n{' ' * column}:{draw(_node(column, depth, True))}")
        else:
            entries.append(f"{key}:{draw(_node(column, depth, indentless=True))}")
    return _joined(draw, entries, column)


@st.composite
def _sequence(draw: st.DrawFn, column: int, depth: int) -> str:
    items: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        if depth and draw(st.booleans()):
            gap = draw(st.integers(1, 3))
            collection = _mapping if draw(st.booleans()) else _sequence
            items.append(f"-{' ' * gap}{draw(collection(column + 1 + gap, depth - 1))}")
        else:
            items.append(f"-{draw(_node(column, depth, indentless=False))}")
    return _joined(draw, items, column)


def _joined(draw: st.DrawFn, parts: list[str], column: int) -> str:
    between = draw(st.sampled_from(["\n", "\n", "\n\n", "\n# left\n"]))
    return f"{between}{' ' * column}".join(parts)


@st.composite
def _text(draw: st.DrawFn) -> str:
    column = draw(st.sampled_from([0, 0, 0, 2]))
    body = draw(_mapping(column, 3) | _sequence(column, 3))
    text = f"{' ' * column}{body}" + draw(st.sampled_from(["", "\n", "\n\n# end\n"]))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


yaml_texts = _text
"""Block style most of all; nearly always valid."""

_PIECES = st.sampled_from([
    *("", "a", "b:", "c: 1\n", "- ", "[", "]", "{", "}", ", ", ": ", "\n", "\n  ", "\n    "),
    *('"', "'", "#", " # c", "|", ">", "&x ", "*x", "!!str ", "? ", "  ", "\t", "''", "\\"),
    *("1", "~", "|-\n    t\n", "é", "😀", "%", "@", "-", "\r\n", "\r", "\0", "\ud800", "\ufeff"),
    *("---\n", "...\n", "\u2028", "<<: *x", "\x85", "\x07"),
])


@st.composite
def splices(draw: st.DrawFn, text: str = WORKFLOW, most: int = 3) -> list[str]:
    """The text and what it becomes by cutting and typing here and there, step by step."""
    steps = [text]
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 0, 1, 2, 7, 60, 400])))
        text = text[:start] + draw(_PIECES) + draw(_PIECES) + text[end:]
        steps.append(text)
    return steps


anything = st.text(max_size=60) | st.lists(_PIECES, max_size=30).map("".join)
