"""What plain scalars mean: YAML 1.2's core schema, and what YAML 1.1 readers take them for."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, TypeAlias, cast

import yaml

from pitchpipe.syntax.nodes import Style

Value: TypeAlias = "bool | int | float | str | None"

_WORDS: dict[str, Value] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_WORD_STARTS = frozenset("~nNtTfF.+-")
_NUMBER_STARTS = frozenset("0123456789.+-")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_INT = 1000
"""Digits. Python refuses to print integers of more than 4,300 decimal digits."""


def resolve(raw: str) -> Value:
    """The value of a plain scalar by YAML 1.2's core schema; what fits nothing is a string."""
    if not raw:
        return None
    first = raw[0]
    if first in _WORD_STARTS and raw in _WORDS:
        return _WORDS[raw]
    return _number(raw) if first in _NUMBER_STARTS else raw


def _number(raw: str) -> Value:
    if _INT.fullmatch(raw):
        return int(raw) if len(raw) <= _LONGEST_INT else raw
    if _FLOAT.fullmatch(raw):
        return float(raw)
    if len(raw) > _LONGEST_INT:
        return raw
    if _OCTAL.fullmatch(raw):
        return int(raw, 8)
    if _HEX.fullmatch(raw):
        return int(raw, 16)
    return raw


def valued(raw: str, style: Style, tag: str | None) -> Value:
    """The value of a scalar as it is written."""
    if tag is not None:
        return tagged(raw, tag)
    return resolve(raw) if style is Style.PLAIN else raw


def tagged(raw: str, tag: str) -> Value:
    """The value of a scalar with a tag.

    `!!int "5"` is 5; where the content doesn't fit the tag, or nobody here knows the tag, the value
    is the string.
    """
    value = resolve(raw)
    if tag == "!!int" and type(value) is int:
        return value
    if tag == "!!float" and type(value) in (int, float):
        return float(cast("float", value))
    if tag == "!!bool" and type(value) is bool:
        return value
    if tag == "!!null" and value is None:
        return None
    return raw


_READER: Any = yaml.SafeLoader("")


def reader_1_1(raw: str) -> Value | date:
    """What a YAML 1.1 reader (PyYAML) makes of the same plain scalar.

    Timestamps become a date or a datetime. What makes PyYAML raise (`<<`, `=`, `2001-99-99`)
    comes back as it is.
    """
    tag = _READER.resolve(yaml.ScalarNode, raw, (True, False))
    construct = _READER.yaml_constructors.get(tag)
    if construct is None:
        return raw
    try:
        return construct(_READER, yaml.ScalarNode(tag, raw))
    except (ValueError, OverflowError, yaml.YAMLError):
        return raw


def readable(raw: str) -> str:
    """A number for every reader of YAML: with a point, and a sign in its exponent."""
    mantissa, _, exponent = raw.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    number = f"{whole if whole.strip('+-') else whole + '0'}.{fraction or '0'}"
    if not exponent:
        return number
    return f"{number}e{exponent if exponent[0] in '+-' else '+' + exponent}"
