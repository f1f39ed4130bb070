"""Rules about single values: their type, their range, the words that a key allows."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, cast

from pitchpipe.checks.context import Context, Report
from pitchpipe.facts import json_type
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Rule, Violation
from pitchpipe.suggest import nearest, one_of
from pitchpipe.syntax.nodes import Data, Scalar, Style
from pitchpipe.syntax.scalars import reader_1_1, resolve

_LONGEST = 40  # characters of a value that a message shows

_NAMES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping of keys",
}
_WORDS_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_RANGES = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "greater than",
    "exclusiveMaximum": "less than",
}


def wrong_type(context: Context) -> Iterator[Report]:
    """A value of another type than its key wants."""
    for violation in context.reading.violations:
        if violation.keyword == "type":
            yield _wrong_type(context, violation)


def out_of_range(context: Context) -> Iterator[Report]:
    """A number that is too small or too large, or a text or list that is too short or too long."""
    for violation in context.reading.violations:
        if message := _range(violation, context.reading.schema.at(violation.path) or {}):
            span = context.reading.value_span(violation.path)
            yield Report(f"{_key(violation.path)} {message}", span, violation.path)


def invalid_value(context: Context) -> Iterator[Report]:
    """A value that is none of those that its key allows, or one that a list holds twice."""
    for violation in context.reading.violations:
        if violation.keyword in {"enum", "const"}:
            yield _not_one_of(context, violation)
        elif violation.keyword == "uniqueItems":
            yield _twice(context, violation)


def yaml11_float(context: Context) -> Iterator[Report]:
    """A number such as `2e-5`, which readers of YAML 1.1 (PyYAML) take for a string."""
    for path in _scalars(context.reading.data, ()):
        scalar = context.reading.scalar(path)
        if scalar and scalar.style is Style.PLAIN and scalar.tag is None and _only_1_2(scalar):
            number = _readable(scalar.raw)
            fix = Fix(f"Write `{number}`", (Edit(scalar.span, number),))
            message = (
                f"readers of YAML 1.1, PyYAML among them, take `{scalar.raw}` for a string; write `{number}`"
            )
            yield Report(message, scalar.span, path, fix)


def _wrong_type(context: Context, violation: Violation) -> Report:
    path, found = violation.path, violation.found
    types = cast("list[str]", violation.expected)
    types = [types] if isinstance(types, str) else types
    span = context.reading.value_span(path)
    wanted = " or ".join(_NAMES[t] for t in types)
    if not path:
        return Report(f"a workflow is a mapping of keys, not {_shown(found)}", span)
    if found is None:
        return _empty(context, path, types, wanted)
    message = f"{_key(path)} must be {wanted}, not {_shown(found)}"
    scalar = context.reading.scalar(path)
    if scalar and isinstance(found, str) and (meant := _meant(scalar, types)):
        fix = Fix(f"Write `{meant}`", (Edit(scalar.span, meant),))
        advice = "remove the quotes" if meant == scalar.raw else f"write `{meant}`"
        return Report(f"{message}; {advice}", span, path, fix)
    return Report(message + _for_example(context, path, types), span, path)


def _empty(context: Context, path: KeyPath, types: list[str], wanted: str) -> Report:
    span = context.reading.key_span(path)
    if types == ["object"]:
        return Report(f"{_key(path)} is empty; write keys under it, or remove it", span, path)
    default = (context.reading.schema.at(path) or {}).get("default")
    advice = "" if default is None else f"; remove it for the default, `{json.dumps(default)}`"
    return Report(f"{_key(path)} has no value; it must be {wanted}{advice}", span, path)


def _meant(scalar: Scalar, types: list[str]) -> str | None:
    """What a string would be as the number or truth value that somebody meant."""
    raw = scalar.raw.strip()
    value = resolve(raw)
    if json_type(value) in types and not isinstance(value, str) and value is not None:
        return raw
    if isinstance(value, int) and not isinstance(value, bool) and "number" in types:
        return raw
    if "boolean" in types:
        return _WORDS_1_1.get(raw.lower())
    if ({"integer", "number"} & set(types)) and re.fullmatch(r"[0-9][0-9_]*[0-9]", raw):
        return raw.replace("_", "")
    if "number" in types and re.fullmatch(r"[0-9]+,[0-9]+", raw):
        return raw.replace(",", ".")
    return None


def _for_example(context: Context, path: KeyPath, types: list[str]) -> str:
    """How a list or a mapping is written; nothing for plain values."""
    rule = context.reading.schema.at(path) or {}
    examples = rule.get("examples", ())
    if not examples or not {"array", "object"} & set(types):
        return ""
    return f"; for example `{_flow(examples[-1])}`"


def _flow(value: Any) -> str:
    """A value as YAML would have it on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, cast('list[Any]', value)))}]"
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in pairs) + "}"
    return value if isinstance(value, str) else json.dumps(value)


def _range(violation: Violation, rule: Rule) -> str | None:
    expected, found = violation.expected, violation.found
    if violation.keyword == "finite":
        return f"must be a finite number, not {_shown(found)}"
    if violation.keyword in _RANGES:
        message = f"must be {_RANGES[violation.keyword]} {expected}, not {_shown(found)}"
        share = str(rule.get("x-unit", "")).startswith("share")
        if share and isinstance(found, (int, float)) and 1 < found < 100:
            message += f"; {found:g} % is {found / 100:g}"
        return message
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
    span = context.reading.value_span(path)
    message = f"{_key(path)} can't be {_shown(found).removeprefix('the string ')}"
    rule = context.reading.schema.at(path) or {}
    near = rule.get("x-value-aliases", {}).get(str(found).lower()) or nearest(str(found), words)
    if near in words and near != str(found):
        scalar = context.reading.scalar(path)
        fix = Fix(f"Write `{near}`", (Edit(scalar.span, near),)) if scalar else None
        return Report(f"{message}; did you mean `{near}`?", span, path, fix)
    return Report(f"{message}; it can be {one_of(words)}", span, path)


def _twice(context: Context, violation: Violation) -> Report:
    items = [json.dumps(v, sort_keys=True) for v in cast("list[Data]", violation.found)]
    index = next(i for i, item in enumerate(items) if item in items[:i])
    path = (*violation.path, index)
    value = cast("list[Data]", violation.found)[index]
    message = f"{_key(violation.path)} names {_shown(value).removeprefix('the string ')} twice"
    return Report(message, context.reading.value_span(path), path)


def _scalars(data: Data, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _scalars(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _scalars(value, (*path, index))
    elif isinstance(data, float) and math.isfinite(data):
        yield path


def _only_1_2(scalar: Scalar) -> bool:
    return isinstance(scalar.value, float) and isinstance(reader_1_1(scalar.raw), str)


def _readable(raw: str) -> str:
    """The same float as every reader of YAML takes it for one: with a point and a sign in its exponent."""
    mantissa, _, exponent = raw.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    number = f"{whole if whole.strip('+-') else whole + '0'}.{fraction or '0'}"
    if not exponent:
        return number
    return f"{number}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _key(path: KeyPath) -> str:
    """The value in a message: its key; for a list item, its path from the nearest key on."""
    names = [i for i, step in enumerate(path) if isinstance(step, str)]
    return f"`{dotted(path[names[-1] :])}`" if names else "a workflow"


def _shown(value: Data) -> str:
    """The value as a message names it."""
    if isinstance(value, str):
        short = value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
        return f"the string `{short}`" if short.strip() and "\n" not in short else "a string"
    if isinstance(value, (list, dict)):
        return _NAMES[json_type(value)]
    text = "null" if value is None else json.dumps(value)
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}`"
