"""Regular expressions that users write, tried on module names with bounded effort.

`re` may take exponential time on a pattern with a repetition in a repetition. Such a pattern is
walked here instead, by sets of positions, which takes polynomial time whatever it is; it can't
follow back references.
"""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

_MANY = 3  # open repetitions that `re` may try by itself on a name of some hundred characters


class PatternProblem(Exception):
    """`invalid`: no regular expression; else one that can't be tried in bounded time."""

    def __init__(self, message: str, *, invalid: bool) -> None:
        super().__init__(message)
        self.invalid = invalid


@dataclass(frozen=True, slots=True)
class Pattern:
    """`knows_digits`: two names that differ in their digits alone may be told apart by it."""

    source: str
    knows_digits: bool
    _compiled: re.Pattern[str] = field(repr=False, compare=False)
    _tree: Any = field(repr=False, compare=False)  # None where `re` itself is quick enough

    def full(self, name: str) -> bool:
        """Whether all of `name` matches."""
        if self._tree is None:
            return self._compiled.fullmatch(name) is not None
        return len(name) in _ends(self._tree, name, frozenset({0}))

    def start(self, name: str) -> bool:
        """Whether `name` begins with a match."""
        if self._tree is None:
            return self._compiled.match(name) is not None
        return bool(_ends(self._tree, name, frozenset({0})))

    def part(self, name: str, group: str) -> str | None:
        """What `group` holds where `name` begins with a match. Raises `PatternProblem`."""
        if self._tree is not None:
            raise PatternProblem("repetitions within repetitions", invalid=False)
        match = self._compiled.match(name)
        return match[group] if match else None


@lru_cache(maxsize=256)
def compiled(source: str) -> Pattern:
    """Raises `PatternProblem`."""
    try:
        pattern = re.compile(source)
        tree = _parser.parse(source)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternProblem(str(error), invalid=True) from error
    plain = _freedom(tree) <= _MANY
    if not plain:
        _check(tree, pattern.flags)
    # Without a digit in its text a pattern can single out no digit, but by a back reference.
    knows_digits = re.search(r"[0-9]|\(\?P=|\\N", source) is not None
    return Pattern(source, knows_digits, pattern, None if plain else tree)


_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


def _freedom(node: Any, *, within: bool = False) -> int:
    """Between how many repetitions `re` may have to share out a name, trying all ways.

    Within a repetition, another one, alternatives and optional parts are too many by themselves.
    """
    total = 0
    for operation, argument in node:
        kind = str(operation)
        if kind in _REPEATS and (argument[1] > 1 or within):
            if within:
                return _MANY + 1
            total += 1 + _freedom(argument[2], within=True)
        elif kind == "BRANCH":
            if within:
                return _MANY + 1
            total += max(_freedom(branch) for branch in argument[1])
        else:
            total += sum(_freedom(child, within=within) for child in _children(kind, argument))
    return total


def _children(operation: str, argument: Any) -> list[Any]:
    if operation in _REPEATS:
        return [argument[2]]
    if operation == "SUBPATTERN":
        return [argument[3]]
    if operation == "BRANCH":
        return list(argument[1])
    if operation in {"ASSERT", "ASSERT_NOT"}:
        return [argument[1]]
    if operation == "ATOMIC_GROUP":
        return [argument]
    if operation == "GROUPREF_EXISTS":
        return [part for part in argument[1:] if part is not None]
    return []


_KNOWN = {
    "LITERAL", "NOT_LITERAL", "ANY", "IN", "BRANCH", "SUBPATTERN", "MAX_REPEAT", "MIN_REPEAT", "AT",
}  # fmt: skip
_AT_START = {"AT_BEGINNING", "AT_BEGINNING_STRING"}
_AT_END = {"AT_END", "AT_END_STRING"}


def _check(tree: Any, flags: int) -> None:
    if flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII):
        raise PatternProblem("repetitions within repetitions, and flags", invalid=False)
    for operation, argument in tree:
        known = str(operation) in _KNOWN and (
            operation is not _parser.AT or str(argument) in _AT_START | _AT_END
        )
        if not known:
            raise PatternProblem("repetitions within repetitions", invalid=False)
        for child in _children(str(operation), argument):
            _check(child, 0)


def _ends(node: Any, text: str, starts: frozenset[int]) -> frozenset[int]:
    """Every position where `node` may end in `text` if it begins at one of `starts`."""
    for operation, argument in node:
        if not starts:
            break
        starts = _step(str(operation), argument, text, starts)
    return starts


def _step(operation: str, argument: Any, text: str, starts: frozenset[int]) -> frozenset[int]:
    if operation == "BRANCH":
        found: frozenset[int] = frozenset()
        for branch in argument[1]:
            found |= _ends(branch, text, starts)
        return found
    if operation == "SUBPATTERN":
        return _ends(argument[3], text, starts)
    if operation in _REPEATS:
        return _repeated(argument, text, starts)
    if operation == "AT":
        return starts & {0 if str(argument) in _AT_START else len(text)}
    return frozenset(
        at + 1 for at in starts if at < len(text) and _is(operation, argument, text[at])
    )


def _repeated(argument: Any, text: str, starts: frozenset[int]) -> frozenset[int]:
    """A round brings every position forward or leaves it, so that they soon are the same again."""
    least, most, body = argument
    reached: frozenset[int] = starts if least == 0 else frozenset()
    frontier, rounds = starts, 0
    while frontier and rounds < most:
        rounds += 1
        following = _ends(body, text, frontier)
        if rounds >= least:
            following -= reached
            reached |= following
        elif following == frontier:  # and so it stays up to the last round that must be
            rounds = least - 1
        frontier = following
    return reached


def _is(operation: str, argument: Any, character: str) -> bool:
    if operation == "LITERAL":
        return ord(character) == argument
    if operation == "NOT_LITERAL":
        return ord(character) != argument
    if operation == "ANY":
        return character != "\n"
    return _is_in(argument, character)


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
}  # fmt: skip


def _is_in(members: Any, character: str) -> bool:
    negated, found = False, False
    for operation, argument in members:
        kind = str(operation)
        if kind == "NEGATE":
            negated = True
        elif kind == "RANGE":
            found = found or argument[0] <= ord(character) <= argument[1]
        elif kind == "CATEGORY":
            found = found or re.match(_CATEGORIES[str(argument)], character) is not None
        else:
            found = found or ord(character) == argument
    return found != negated
