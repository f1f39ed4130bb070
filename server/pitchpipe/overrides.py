"""Settings from the command line: `training.max_steps=5`."""

from __future__ import annotations

from typing import Any, cast

from pitchpipe.document import parse
from pitchpipe.keypath import parse_dotted
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Data


def parse_setting(text: str, schema: Schema) -> tuple[str, Data]:
    """The key path and the value of `key=value`.

    The value is read as YAML would be in the file, except where the key takes a string: there `5`
    and `{phrase}` stand for themselves, and need no quotes.

    Raises:
        ValueError: there is no `=`, the key is no key path, or the value is no YAML. The message
            says which.
    """
    key, equals, written = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise ValueError(
            f"`{text}` must be of the form `key=value`, such as `training.max_steps=5`"
        )
    path = parse_dotted(key)
    rule = schema.at(path) or {}
    if _stands_for_itself(written.strip(), rule):
        return key, written
    document = parse(written)
    if document.problems:
        raise ValueError(f"the value of `{key}` is no YAML: {document.problems[0].message}")
    return key, document.data()


def _stands_for_itself(written: str, rule: dict[str, Any]) -> bool:
    types = rule.get("type", ())
    types = [types] if isinstance(types, str) else cast("list[str]", types)
    if "string" not in types or written[:1] in {'"', "'"}:
        return False
    if "null" in types and written in {"", "~", "null"}:
        return False
    return not ("array" in types and written.startswith("["))
