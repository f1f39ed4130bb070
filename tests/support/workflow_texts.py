"""Workflows in every way of writing, with right and wrong keys and values, and cut to pieces."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

import pitchpipe_schemas
from pitchpipe.keypath import KeyPath
from pitchpipe.schema import Schema
from support import yaml_texts
from support.facts import WORLD
from support.yaml_texts import splices

_SCHEMA = Schema(pitchpipe_schemas.load("workflow"))

_WRONG = (
    *(
        "",
        "~",
        "no",
        "On",
        "1e-4",
        "1_000",
        "0x1F",
        "012",
        "-1",
        "0",
        "3.5",
        "1e999",
        "-.inf",
        ".nan",
    ),
    *("9" * 30, "1e999999999", "9" * 5000, "5 %", "1,5", "12:30:45", "2024-01-01", "TRUE", "'1'"),
    *('"2.0"', "'x'", "!!str 5", "!!int '7'", "!other x", "&a 1", "*a", "*nowhere", "[]", "{}"),
    *("[1, x]", "{x: 1}", "{lora}", "[[a]]", "lora", "adamw", "cosin", "é🎼", "a: b", "x # c"),
    *(
        '"a\\tb"',
        "'it''s'",
        "|-\n{i}text\n{i}more",
        ">\n{i}folded\n",
        "@x",
        "`x`",
        "%x",
        "- x",
        "? x",
    ),
)
_KEYS = (
    "",
    "lr",
    "learning_rat",
    "train",
    "type",
    "r",
    "é🎼",
    "no",
    "1",
    "'quoted'",
    '"q"',
    "a b",
    "<<",
)
_PATHS = (*WORLD.files, "data/phrasez.jsonl", "", "../x.jsonl", "${HOME}/x.csv", "data", "a\\b")
_COMMENTS = ("", "", "", "", "  # why", "  # é🎼: [x", " #")
_TEMPLATES = (
    "{prompt}", "{phrase} {tone}", "{phrse}", "{", "}", "{{x}}", "a {prompt} b", "{a.b}",
    "<|user|>{x}",
)  # fmt: skip
_SPECIAL: dict[str, tuple[str, ...]] = {
    "path": tuple(path for path in _PATHS if path),
    "name_or_path": (*WORLD.models, *WORLD.configs, *WORLD.shapes, "org/other", "models/tin"),
    "prompt_template": _TEMPLATES,
    "completion_template": _TEMPLATES,
    "text_template": _TEMPLATES,
    "split": (
        "train",
        "train[:10%]",
        "train[10:]+test",
        "train[",
        "test[:-5%](pct1_dropremainder)",
    ),
    "target_modules": ("all-linear", "[q_proj, v_proj]", "[q_porj]", ".*proj", "(a+)+x", "(", "[]"),
    "exclude_modules": ("[lm_head]", "q_proj", "(.*)*x"),
    "type": ("lora", "qlora", "full", "dora", "lorra"),
    "optim": ("adamw_torch", "adam", "paged_adamw_8bit"),
    "task": ("text-generation", "classification", "text-classification", "seq2seq"),
}
_BREAKS = ("\n", "\n", "\n", "\r\n", "\r\n", "\r", "\n\n", "\u2028", "\x85")


@st.composite
def workflows(draw: st.DrawFn) -> str:
    """Texts that look like workflows; about half of them can be read whole."""
    write = _Writer(draw)
    present = ["model", "data"] if draw(st.integers(0, 4)) else []
    optional = [key for key in _SCHEMA.keys(()) if key not in present]
    chosen = present + draw(st.lists(st.sampled_from(optional), max_size=4, unique=True))
    text = write.block((), chosen, 0)
    if draw(st.integers(0, 5)) == 0:
        text = (
            draw(st.sampled_from(("\ufeff", "%YAML 1.2\n---\n", "---\n", "# pitchpipe\n"))) + text
        )
    if draw(st.integers(0, 7)) == 0:
        text += draw(st.sampled_from(("---\n", "...\n---\n", "...\n"))) + write.block((), chosen, 0)
    newline = draw(st.sampled_from(_BREAKS)) if draw(st.integers(0, 3)) == 0 else "\n"
    return text if newline == "\n" else text.replace("\n", newline)


class _Writer:
    """Writes what the schema has at a path, mostly as it should be."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def block(self, path: KeyPath, keys: list[str], column: int) -> str:
        """Entries of a mapping, each on its own lines."""
        lead = " " * column
        lines = [f"{lead}{self._key(key)}:{self._value((*path, key), column)}\n" for key in keys]
        if self._one_in(12):
            lines.insert(0, f"{lead}# above\n\n")
        return "".join(lines)

    def _value(self, path: KeyPath, column: int) -> str:
        """What stands behind a colon, the blank included and the last break not."""
        rule = _SCHEMA.at(path) or {}
        name = self._name()
        comment = self._of(_COMMENTS)
        if self._one_in(7):
            return f"{name} {self._of(_WRONG)}".replace("{i}", " " * (column + 2))
        keys, items = (
            self._keys(path),
            _SCHEMA.at((*path, 0)) is not None and "array" in _types(rule),
        )
        if items and str(path[-1]) not in _SPECIAL:
            return self._items(path, column, name, comment)
        if not keys:
            return f"{name} {self._scalar(path, rule)}{comment}"
        if self._one_in(4):
            return f"{name} {self._flow(path, keys)}{comment}"
        inner = column + self._of((2, 2, 2, 4, 1))
        return f"{name}{comment}\n{self.block(path, keys, inner)}".rstrip("\n")

    def _items(self, path: KeyPath, column: int, name: str, comment: str) -> str:
        count = self._of((1, 1, 2, 3))
        if self._one_in(3):
            return f"{name} [{', '.join(self._item(path) for _ in range(count))}]{comment}"
        lead = " " * (column + self._of((2, 2, 0)))
        lines: list[str] = []
        for _ in range(count):
            keys = self._keys((*path, 0))
            if keys and self._one_in(2):
                body = self.block((*path, 0), keys, len(lead) + 2).strip(" \n")
                lines.append(f"{lead}- {body}")
            else:
                lines.append(f"{lead}-{self._name()} {self._item(path)}{self._of(_COMMENTS)}")
        return f"{name}{comment}\n" + "\n".join(lines)

    def _item(self, path: KeyPath) -> str:
        keys = self._keys((*path, 0))
        return (
            self._flow((*path, 0), keys)
            if keys
            else self._scalar((*path, 0), _SCHEMA.at((*path, 0)) or {})
        )

    def _flow(self, path: KeyPath, keys: list[str]) -> str:
        pairs: list[str] = []
        for key in keys:
            inner = self._keys((*path, key))
            rule = _SCHEMA.at((*path, key)) or {}
            value = self._flow((*path, key), inner) if inner else self._scalar((*path, key), rule)
            pairs.append(f"{self._key(key)}: {value}")
        return f"{{{', '.join(pairs)}}}"

    def _scalar(self, path: KeyPath, rule: dict[str, Any]) -> str:
        special = _SPECIAL.get(str(path[-1]))
        if special:
            text = self._of(special)
            return text if text[0] not in "{}%" else json.dumps(text)
        known = [*rule.get("enum", ()), *rule.get("examples", ())]
        known += [rule[key] for key in ("const", "default") if key in rule]
        return json.dumps(self._of(known)) if known else self._of(_WRONG[:20])

    def _keys(self, path: KeyPath) -> list[str]:
        """Some keys of the object at `path`, all that it can't do without most of the time."""
        known = _SCHEMA.keys(path)
        if not known:
            return []
        needed = list(_SCHEMA.required(path)) if not self._one_in(8) else []
        some = self._draw(st.lists(st.sampled_from(known), max_size=4, unique=True))
        keys = needed + [key for key in some if key not in needed]
        return keys or [known[0]]

    def _key(self, key: str) -> str:
        if self._one_in(25):
            return self._of(_KEYS)
        if self._one_in(25):
            at = self._draw(st.integers(0, len(key) - 1))
            return key[:at] + key[at + 1 :]
        return json.dumps(key) if self._one_in(25) else key

    def _name(self) -> str:
        return self._of((" &a", " &b", " !!map", " !!str", " *a")) if self._one_in(20) else ""

    def _one_in(self, count: int) -> bool:
        return self._draw(st.integers(1, count)) == count

    def _of(self, choices: Any) -> Any:
        return self._draw(st.sampled_from(choices))


def _types(rule: dict[str, Any]) -> list[str]:
    types = rule.get("type", [])
    return [types] if isinstance(types, str) else list(types)


@st.composite
def edited(draw: st.DrawFn, most: int = 3) -> list[str]:
    """A workflow and what it becomes by cutting and typing, step by step."""
    return draw(splices(draw(workflows()), most=most))


any_text = st.one_of(
    workflows(),
    edited().map(lambda steps: steps[-1]),
    edited(most=12).map(lambda steps: steps[-1]),
    splices().map(lambda steps: steps[-1]),
    yaml_texts.yaml_texts(),
    yaml_texts.anything,
)
"""Workflows most of all."""
