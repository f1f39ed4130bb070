"""Documents as PyYAML reads them, which keeps to YAML 1.1.

There `yes` and `off` are booleans, `500_000` is a number and `010` is eight. Numbers such as
`2e-5`, strings for PyYAML, stay numbers: most tools make them so, and what the others do is told by
another rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pitchpipe.document import Document
from pitchpipe.keypath import KeyPath
from pitchpipe.reading import Reading
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Data, Mapping, Node, Scalar, Sequence, Style
from pitchpipe.syntax.scalars import reader_1_1

_DEEPEST = 60
_PERHAPS = re.compile(
    r"(?i)(?<![\w.-])(?:yes|no|on|off|[-+]?0[0-9][0-9_]*|[-+]?0b[01_]+|[-+]?[0-9][0-9:]*[_:][0-9_:]+)"
    r"(?![\w.-])"
)
"""What may be read otherwise; most files have nothing of the kind."""

_NUMBER = re.compile(r"[ ]*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[ ]*")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read(document: Document, schema: Schema, *, lax: bool = False) -> Reading:
    """The document's values as PyYAML has them.

    `lax`: the tool makes numbers and booleans of strings that hold one where it wants one, and 0 of
    false, as pydantic does.
    """
    return OldReading(document, schema, {}, {}, lax)


@dataclass(frozen=True, eq=False)
class OldReading(Reading):
    """A document of a tool that reads YAML 1.1."""

    lax: bool

    def _said(self) -> Data:
        data, root = self.document.data(), self.document.root
        if root is not None and _PERHAPS.search(self.document.text):
            data = _meant(data, root, self.document, 0)
        return _fitted(data, self.schema, ()) if self.lax else data


def _meant(data: Data, node: Node, document: Document, depth: int) -> Data:
    node = document.resolved(node)
    if isinstance(node, Scalar):
        return _scalar(data, node)
    if depth > _DEEPEST:
        return data
    if isinstance(node, Mapping) and isinstance(data, dict):
        found = dict(data)
        for entry in document.entries(node):
            key = entry.key.raw
            if key in data:  # of duplicates the last one counts, here as in `data`
                found[key] = _meant(data[key], entry.value, document, depth + 1)
        return found
    if isinstance(node, Sequence) and isinstance(data, list) and len(data) == len(node.items):
        pairs = zip(data, node.items, strict=True)
        return [_meant(item, inner, document, depth + 1) for item, inner in pairs]
    return data


def _scalar(data: Data, node: Scalar) -> Data:
    if node.style is not Style.PLAIN or node.tag is not None or node.value != data:
        return data
    if not _PERHAPS.fullmatch(node.raw):
        return data
    found = reader_1_1(node.raw)
    return found if isinstance(found, (bool, int, str)) else data


def _fitted(data: Data, schema: Schema, path: KeyPath) -> Data:
    """With strings as what the schema wants; the very same where nothing is to change."""
    if len(path) > _DEEPEST:
        return data
    if isinstance(data, dict):
        changed = {key: _fitted(value, schema, (*path, key)) for key, value in data.items()}
        return changed if any(changed[key] is not data[key] for key in data) else data
    if isinstance(data, list):
        items = [_fitted(item, schema, (*path, i)) for i, item in enumerate(data)]
        return items if any(a is not b for a, b in zip(items, data, strict=True)) else data
    if not isinstance(data, str) and data is not False:
        return data
    return _value(data, (schema.at(path) or {}).get("type", "string"))


def _value(data: str | Literal[False], kinds: str | list[str]) -> Data:
    if "string" in kinds:
        return data
    numbers = "number" in kinds or "integer" in kinds
    if data is False:
        return 0 if numbers and "boolean" not in kinds else data
    if "boolean" in kinds and data.lower() in _WORDS:
        return _WORDS[data.lower()]
    if not numbers or not _NUMBER.fullmatch(data):
        return data
    number = float(data)
    return (
        int(number) if number.is_integer() and "." not in data and abs(number) < 2**53 else number
    )
