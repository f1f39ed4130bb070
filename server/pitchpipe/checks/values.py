"""Rules about single values: their type, their range, the words that a key allows."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import cast

from pitchpipe.checks.report import Report
from pitchpipe.checks.wording import TYPES, bare, example, key, shown
from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath, value_at
from pitchpipe.schema import Rule, Violation
from pitchpipe.suggest import nearest, one_of
from pitchpipe.syntax.nodes import Data, Scalar, Style
from pitchpipe.syntax.scalars import readable, reader_1_1, resolve
from pitchpipe.workflow import SOURCES, Source

_WORDS_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_RANGES = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "greater than",
    "exclusiveMaximum": "less than",
}


def wrong_type(context: Context) -> Iterator[Report]:
    """A value of another type than its key wants."""
    for violation in context.written.violations:
        unread = violation.found is None and context.half_typed
        if violation.keyword == "type" and not unread:
            yield _wrong_type(context, violation)


def out_of_range(context: Context) -> Iterator[Report]:
    """A number that is too small or too large, or a text or list that is too short or too long."""
    for violation in context.written.violations:
        if message := _range(violation, context.written.schema.at(violation.path) or {}):
            span = context.written.value_span(violation.path)
            yield Report(f"{key(violation.path)} {message}", span, violation.path)


def invalid_value(context: Context) -> Iterator[Report]:
    """A value that is none of those that its key allows, or one that a list holds twice."""
    for violation in context.written.violations:
        if violation.keyword in {"enum", "const"}:
            yield _not_one_of(context, violation)
        elif violation.keyword == "uniqueItems":
            yield _twice(context, violation)


def yaml11_float(context: Context) -> Iterator[Report]:
    """A number such as `2e-5`, which readers of YAML 1.1 (PyYAML) take for a string."""
    return _floats_1_1(context, _scalars(context.written.data, ()))


def source_yaml11_float(context: Context, source: Source) -> Iterator[Report]:
    """The same of a source."""
    if context.reading is not context.written:  # `yaml11_float` has seen all of a foreign file
        return iter(())
    place = source.path.path[:-1]
    return _floats_1_1(context, _scalars(value_at(context.written.data, place), place))


def _floats_1_1(context: Context, paths: Iterator[KeyPath]) -> Iterator[Report]:
    if context.reading.reads_old_floats:
        return
    for path in paths:
        scalar = context.written.scalar(path)
        if scalar and scalar.style is Style.PLAIN and scalar.tag is None and _only_1_2(scalar):
            number = readable(scalar.raw)
            fix = Fix(f"Write `{number}`", (Edit(scalar.span, number),))
            message = (
                f"readers of YAML 1.1, such as PyYAML, take `{scalar.raw}` for a string; "
                f"write `{number}`"
            )
            yield Report(message, scalar.span, path, fix)


def _wrong_type(context: Context, violation: Violation) -> Report:
    path, found = violation.path, violation.found
    types = _types(violation)
    span = context.written.value_span(path)
    wanted = " or ".join(TYPES[t] for t in types)
    if not path:
        return Report(f"a workflow is a mapping of keys, not {shown(found)}", span)
    if found is None:
        return _empty(context, path, types, wanted)
    message = f"{key(path)} must be {wanted}, not {shown(found)}"
    scalar = context.written.scalar(path)
    rule = context.written.schema.at(path) or {}
    if scalar and scalar.tag:  # which says what the value is, whatever is written behind it
        return Report(message, span, path)
    if scalar and (meant := _meant(scalar, types, rule) or _in_full(context, path, scalar, types)):
        fix = Fix(f"Write `{meant}`", (Edit(scalar.span, meant),))
        quoted = scalar.style in {Style.SINGLE, Style.DOUBLE}
        advice = "remove the quotes" if quoted and meant == scalar.raw else f"write `{meant}`"
        return Report(f"{message}; {advice}", span, path, fix)
    return Report(message + _for_example(context, path, types), span, path)


def _types(violation: Violation) -> list[str]:
    named: str | list[str] = violation.expected
    return [named] if isinstance(named, str) else named


def _empty(context: Context, path: KeyPath, types: list[str], wanted: str) -> Report:
    span = context.written.key_span(path)
    if types == ["object"]:
        return Report(f"{key(path)} is empty; write keys under it, or remove it", span, path)
    default = (context.written.schema.at(path) or {}).get("default")
    advice = "" if default is None else f"; remove it for the default, `{json.dumps(default)}`"
    return Report(f"{key(path)} has no value; it must be {wanted}{advice}", span, path)


def _meant(scalar: Scalar, types: list[str], rule: Rule) -> str | None:
    """What was meant, rightly written: without quotes, in quotes, `true` for `yes`."""
    raw = scalar.raw.strip()
    if not isinstance(scalar.value, str):
        word = rule.get("x-value-aliases", {}).get(raw.lower())
        return word or (f'"{raw}"' if "string" in types and "enum" not in rule else None)
    value = resolve(raw)
    numbers = {"integer", "number"} & set(types)
    if isinstance(value, bool):
        return raw if "boolean" in types else None
    if isinstance(value, int) or (isinstance(value, float) and "number" in types):
        return raw if numbers and "\n" not in raw else None
    if "boolean" in types:
        return _WORDS_1_1.get(raw.lower())
    if numbers and re.fullmatch(r"[0-9]+(_[0-9]+)+", raw):
        return raw.replace("_", "")
    if "number" in types and re.fullmatch(r"[0-9]+(\.[0-9]+)? ?%", raw):
        return f"{float(raw.rstrip('% ')) / 100:g}"
    if "number" in types and re.fullmatch(r"[0-9]+,[0-9]+", raw):
        return raw.replace(",", ".")
    return None


def _in_full(context: Context, path: KeyPath, scalar: Scalar, types: list[str]) -> str | None:
    """What a lone string stands for where a list or a mapping is wanted: `[x]`, `{path: x}`."""
    written = context.document.text[scalar.span.start : scalar.span.end]
    if not isinstance(scalar.value, str) or "\n" in written:
        return None
    if scalar.style is Style.PLAIN and any(mark in written for mark in ",[]{}"):
        return None
    schema = context.written.schema
    if "object" in types:
        key = (schema.at(path) or {}).get("x-shorthand")
        return f"{{{key}: {written}}}" if key else None
    if "array" in types:
        item = schema.at((*path, 0)) or {}
        key = item.get("x-shorthand")
        return f"[{{{key}: {written}}}]" if key else f"[{written}]"
    return None


def _for_example(context: Context, path: KeyPath, types: list[str]) -> str:
    """How a list or a mapping is written; nothing for plain values."""
    if not {"array", "object"} & set(types):
        return ""
    written = example(context.written.schema, path)
    return f"; for example `{written}`" if written else ""


def _range(violation: Violation, rule: Rule) -> str | None:
    expected, found = violation.expected, violation.found
    if violation.keyword == "finite":
        return f"must be a finite number, not {shown(found)}"
    if violation.keyword in _RANGES:
        message = f"must be {_RANGES[violation.keyword]} {expected}, not {shown(found)}"
        share = str(rule.get("x-unit", "")).startswith("share")
        if share and isinstance(found, (int, float)) and 1 < found < 100:
            message += f"; {found:g} % is {found / 100:g}"
        return message
    if violation.keyword == "not":
        return f"must not be {shown(found)}"
    if violation.keyword in {"minLength", "minItems"}:
        if not found:
            return "must not be empty"
        what = "characters" if violation.keyword == "minLength" else "items"
        return f"must have at least {expected} {what}, not {len(cast('list[Data]', found))}"
    if violation.keyword == "maxLength":
        return f"must have at most {expected} characters, not {len(cast(str, found))}"
    return None


def _not_one_of(context: Context, violation: Violation) -> Report:
    path, found = violation.path, violation.found
    allowed = violation.expected if violation.keyword == "enum" else [violation.expected]
    words = [str(w) for w in cast("list[Data]", allowed) if w is not None]
    span = context.written.value_span(path)
    message = f"{key(path)} can't be {bare(found)}"
    rule = context.written.schema.at(path) or {}
    near = rule.get("x-value-aliases", {}).get(str(found).lower()) or _near(str(found), words)
    if near in words and near != str(found):
        scalar = context.written.scalar(path)
        fix = Fix(f"Write `{near}`", (Edit(scalar.span, near),)) if scalar else None
        return Report(f"{message}; did you mean `{near}`?", span, path, fix)
    return Report(f"{message}; it can be {one_of(words)}", span, path)


def _near(word: str, words: list[str]) -> str | None:
    """The nearest word, but not one that only counts otherwise: `int2` may mean any `int`."""
    near = nearest(word, words)
    return near if (near and _letters(near) != _letters(word)) or near == word.lower() else None


def _letters(word: str) -> str:
    return re.sub(r"[0-9]", "", word.lower())


def _twice(context: Context, violation: Violation) -> Report:
    items = [_comparable(v) for v in cast("list[Data]", violation.found)]
    index = next(i for i, item in enumerate(items) if item in items[:i])
    path = (*violation.path, index)
    value = cast("list[Data]", violation.found)[index]
    message = f"{key(violation.path)} names {bare(value)} twice"
    return Report(message, context.written.value_span(path), path)


def _comparable(value: Data) -> object:
    """Equal where JSON Schema calls values equal: 0 and 0.0 are, 0 and false are not."""
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {name: _comparable(item) for name, item in value.items()}
    return (isinstance(value, bool), value)


def _scalars(data: Data, path: KeyPath) -> Iterator[KeyPath]:
    """The paths of all numbers with a point, but for those of sources, of which there are many."""
    if isinstance(data, dict):
        for key, value in data.items():
            if not (isinstance(value, list) and (*path, key) in SOURCES):
                yield from _scalars(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _scalars(value, (*path, index))
    elif isinstance(data, float) and math.isfinite(data):
        yield path


def _only_1_2(scalar: Scalar) -> bool:
    return isinstance(scalar.value, float) and isinstance(reader_1_1(scalar.raw), str)
