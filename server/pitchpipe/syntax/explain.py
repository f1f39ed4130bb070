"""Says libyaml's errors in words for people, at the place where something can be done."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from pitchpipe.findings import Edit, Finding, Fix
from pitchpipe.span import Span
from pitchpipe.syntax import problems

_WORD = re.compile(r"[^\s,\[\]{}]+")
_LINE = re.compile(r"[^\r\n]*")
_TAB_STOP = "  "


class _Words(NamedTuple):
    """`at_context`: the place is where the construct begins, not where libyaml gave up."""

    message: str
    at_context: bool = False


_CANNOT_START = "found character that cannot start any token"

# By libyaml's (problem, context), then by its problem alone. `{line}`, `{word}`, `{escape}` and
# `{character}` are what stands at the place.
_WORDS: dict[tuple[str, str | None], _Words] = {
    ("mapping values are not allowed in this context", None): _Words(
        "a `: ` can't stand here; put the value in quotes if it is text"
    ),
    ("could not find expected ':'", None): _Words(
        "{line} is no `key: value`; a `:` is missing", True
    ),
    ("block sequence entries are not allowed in this context", None): _Words(
        "a list begins on its own line below the key, not behind its `:`"
    ),
    ("did not find expected key", None): _Words(
        "{line} can't stand here; is it indented like the keys around it?"
    ),
    ("did not find expected '-' indicator", None): _Words(
        "{line} stands where a `- ` of the list above is expected; is its indentation right?"
    ),
    ("did not find expected ',' or ']'", None): _Words("this `[` is not closed by a `]`", True),
    ("did not find expected ',' or '}'", None): _Words("this `{{` is not closed by a `}}`", True),
    ("found unexpected end of stream", "while scanning a quoted scalar"): _Words(
        "this quote is not closed", True
    ),
    ("found unexpected end of stream", None): _Words("the text ends too early", True),
    ("found unexpected document indicator", None): _Words(
        "this quote is not closed before the document ends", True
    ),
    (_CANNOT_START, None): _Words("a value can't begin with {character}; put it in quotes"),
    ("found unknown escape character", None): _Words(
        "`{escape}` is no escape of YAML; write `\\\\` for a backslash or use single quotes"
    ),
    ("found invalid Unicode character escape code", None): _Words("this escape is no character"),
    ("did not find expected hexdecimal number", None): _Words(
        "hexadecimal digits are missing in this escape"
    ),
    ("did not find expected alphabetic or numeric character", "while scanning an alias"): _Words(
        "`*` begins an alias, whose name is missing; put the value in quotes if it is text", True
    ),
    ("did not find expected alphabetic or numeric character", None): _Words(
        "`&` begins an anchor, whose name is missing; put the value in quotes if it is text", True
    ),
    ("did not find expected comment or line break", None): _Words(
        "{word} can't stand behind `|` or `>`; the text begins on the next line"
    ),
    ("did not find expected node content", None): _Words("a value is missing before {character}"),
    ("found undefined tag handle", None): _Words("{word} is a tag that is nowhere defined"),
    ("did not find the expected '>'", None): _Words("this tag is not closed by a `>`", True),
    ("found unexpected ':'", None): _Words("a space is missing behind this `:`"),
    ("found an indentation indicator equal to 0", None): _Words(
        "an indentation of 0 is not allowed; 1 to 9 are"
    ),
    ("found unknown directive name", None): _Words(
        "{line} is no directive of YAML; put a value that begins with `%` in quotes", True
    ),
    ("found incompatible YAML document", None): _Words("only YAML 1.1 and 1.2 can be read"),
    ("did not find expected <document start>", None): _Words(
        "{line} can't stand here; the document ended before it"
    ),
}
_TABS = frozenset((
    "found a tab character that violates indentation",
    "found a tab character where an indentation space is expected",
))
# How PyYAML's own parser begins the same complaints, for where libyaml isn't built in.
_PURE: dict[str, str] = {
    "mapping values are not allowed here": "mapping values are not allowed in this context",
    "sequence entries are not allowed here": (
        "block sequence entries are not allowed in this context"
    ),
    "expected ',' or ']'": "did not find expected ',' or ']'",
    "expected ',' or '}'": "did not find expected ',' or '}'",
    "expected the node content": "did not find expected node content",
    "expected alphabetic or numeric": "did not find expected alphabetic or numeric character",
    "expected '<document start>'": "did not find expected <document start>",
    "found character ": _CANNOT_START,
    "found unknown escape": "found unknown escape character",
    "expected escape sequence": "did not find expected hexdecimal number",
    "found unexpected document separator": "found unexpected document indicator",
    "expected a comment or a line break": "did not find expected comment or line break",
    "expected chomping or indentation": "did not find expected comment or line break",
    "expected indentation indicator": "found an indentation indicator equal to 0",
    "found incompatible YAML document": "found incompatible YAML document",
    "found undefined tag handle": "found undefined tag handle",
    "expected '>'": "did not find the expected '>'",
}
_PURE_BLOCK_END = {
    "while parsing a block mapping": "did not find expected key",
    "while parsing a block collection": "did not find expected '-' indicator",
}


def _as_libyaml(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if problem.startswith("expected <block end>"):
        return _PURE_BLOCK_END.get(error.context or "", problem)
    same = (words for start, words in _PURE.items() if problem.startswith(start))
    return next(same, problem)


def explained(text: str, base: int, error: yaml.MarkedYAMLError) -> Finding:
    """The finding for what libyaml or PyYAML's own parser raised over `text`."""
    problem = _as_libyaml(error)
    at = min(error.problem_mark.index if error.problem_mark else 0, len(text))
    if problem in _TABS or (problem == _CANNOT_START and text[at : at + 1] == "\t"):
        return tab(text, base, at)
    words = _WORDS.get((problem, error.context)) or _WORDS.get((problem, None))
    if words is None:
        return problems.syntax(_plainly(error), _span(text, base, at))
    if words.at_context and error.context_mark:
        at = min(error.context_mark.index, len(text))
    if problem == "found unknown escape character" and text[at - 1 : at] == "\\":
        at -= 1  # PyYAML's own parser points behind the backslash
    message = words.message.format(
        escape=text[at : at + 2],
        line=problems.quoted(_LINE.match(text, at).group() or "the end"),  # pyright: ignore
        word=problems.quoted(_word(text, at) or "the end"),
        character=problems.quoted(text[at : at + 1].strip() or "the end"),
    )
    return problems.syntax(message, _span(text, base, at))


def tab(text: str, base: int, at: int) -> Finding:
    """The finding for a tab at `at`, with a fix for the whole run of blanks that it stands in."""
    start = end = at
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    while end < len(text) and text[end] in " \t":
        end += 1
    span = Span(base + start, base + end)
    spaces = text[start:end].replace("\t", _TAB_STOP)
    fix = Fix("Replace the tab by spaces", (Edit(span, spaces),))
    return problems.tab_indentation(span, fix)


def _plainly(error: yaml.MarkedYAMLError) -> str:
    parts = (error.context, error.problem)
    return "this is no YAML: " + ", ".join(part for part in parts if part)


def _word(text: str, at: int) -> str:
    match = _WORD.match(text, at)
    return match.group() if match else ""


def _span(text: str, base: int, at: int) -> Span:
    return Span(base + at, base + at + max(len(_word(text, at)), min(1, len(text) - at)))
