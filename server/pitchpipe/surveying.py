"""Makes a survey of rows that come one after the other, in memory that doesn't grow with them.

What is kept of each row is a hash of it and one of its prompt, of 64 bits each. Up to 131,072
distinct ones are kept, and until then all counts are exact; with more, only those whose last bits
are 0 are kept on, so that what is known of each is still exact and the numbers are scaled up. That
is the adaptive sampling of Wegman and Flajolet ("On adaptive sampling", Computing 43, 1990): with n
hashes kept, the relative error of a number of distinct ones is about 1.2 / sqrt(n), below 0.5 %;
that of repeats is larger where few rows make up most of them. A pair of rows that is named is one,
but for a chance below 1 in 10^7 with a million rows. All else is exact.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Generic, TypeVar, cast

from pitchpipe import conversations
from pitchpipe.facts import TableProblem, json_type
from pitchpipe.survey import Label, Repeated, Seen, Sketch, Survey, View

V = TypeVar("V")

MOST_KEPT = 2**17  # distinct hashes
MOST_LABELS = 1000  # distinct completions, of at most:
_MOST_LABEL_TEXT = 2**18  # characters together
_MOST_KINDS = 20  # of disorder, each with a count of its own
_GARBLED = ((b"\0", "NUL"), ("\ufffd".encode(), "U+FFFD"))
_BETWEEN = "\x01"  # the texts of two columns; unlike "\x1f" it is no white space


class Surveyor:
    """Takes the rows of `view`, in order. `most` bounds the hashes that are kept."""

    def __init__(self, view: View, *, by_line: bool, most: int = MOST_KEPT) -> None:
        self._view = view
        self._by_line = by_line
        self._rows = self._size = self._longest = 0
        self._odd: dict[str, dict[str, Seen]] = {}
        self._blank: dict[str, Seen] = {}
        self._garbled: dict[str, Seen] = {}
        self._roles: dict[str, Seen] = {}
        self._labels: dict[tuple[str, ...], list[int]] = {}
        self._label_text = 0
        self._many = False
        self._seen = Sampled[int](most)  # whole rows
        self._prompts = Sampled[tuple[int, int]](most)  # the first place, the hash of its answer
        self._repeats = _Repeats()
        self._contradictions = _Repeats()

    def add(self, row: Mapping[str, Any], at: int) -> None:
        """The next row, which stands at `at`."""
        self._rows += 1
        texts = self._conversation(row, at) if self._view.messages else self._cells(row, at)
        if texts is None:
            return
        given, learnt = texts
        said, answer = _BETWEEN.join(given), _BETWEEN.join(learnt)
        try:
            raw = f"{said}\x1e{answer}".encode()
        except UnicodeEncodeError:  # JSON can say half of a surrogate pair
            self._half(given, learnt, at)
            return
        self._size += len(raw) - 1
        self._longest = max(self._longest, len(raw) - 1)
        for mark, name in _GARBLED:
            if mark in raw:
                _count(self._garbled, name, at)
        if _may_be_blank(said) or _may_be_blank(answer):
            self._look_for_gaps(given, learnt, at)
        if not self._many:
            self._label(learnt, at)
        self._remember(said, answer, raw, at)

    def survey(self, *, whole: bool, problem: TableProblem | None = None) -> Survey:
        """What was found so far."""
        labels = None
        if not self._many:
            labels = tuple(Label(v, rows, at) for v, (rows, at) in self._labels.items())
        kept = self._prompts.kept
        places = array("Q", (place for place, _ in kept.values()))
        return Survey(
            rows=self._rows,
            whole=whole,
            by_line=self._by_line,
            exact=self._seen.level == 0 and self._prompts.level == 0,
            odd=self._odd,
            blank=self._blank,
            garbled=self._garbled,
            roles=self._roles,
            answers=len(self._labels),
            labels=labels,
            longest=self._longest,
            size=self._size,
            repeated=self._repeats.found(self._seen.level),
            contradicted=self._contradictions.found(self._prompts.level),
            prompts=Sketch(self._prompts.level, array("Q", kept), places),
            problem=problem,
        )

    def _cells(self, row: Mapping[str, Any], at: int) -> tuple[list[str], list[str]] | None:
        given = [
            value if isinstance(value := row.get(name), str) else self._other(row, name, at)
            for name in self._view.given
        ]
        learnt = [
            value if isinstance(value := row.get(name), str) else self._other(row, name, at)
            for name in self._view.learnt
        ]
        if None in given or None in learnt:
            return None
        return cast("list[str]", given), cast("list[str]", learnt)

    def _other(self, row: Mapping[str, Any], name: str, at: int) -> str | None:
        """The text of a cell that is no string; None where it has none."""
        value = row.get(name)
        kind = "missing" if name not in row else json_type(value)
        if isinstance(value, float) and math.isnan(value):
            kind = "null"
        if kind in {"missing", "null", "array", "object"}:
            _count(self._odd.setdefault(name, {}), kind, at)
        if kind in {"missing", "null"}:
            return None
        return json.dumps(value, ensure_ascii=False, default=str)

    def _conversation(self, row: Mapping[str, Any], at: int) -> tuple[list[str], list[str]] | None:
        name = self._view.messages or ""
        value: Any = row.get(name)
        if wrong := conversations.problem(value):
            _count(self._odd.setdefault(name, {}), "conversation", at, wrong)
            return None
        messages = cast("list[dict[str, Any]]", value)
        roles = [str(message["role"]) for message in messages]
        if strange := conversations.disorder(roles):
            told = strange in self._roles or len(self._roles) < _MOST_KINDS
            _count(self._roles, strange if told else "…", at)
        last = len(roles) - 1 - roles[::-1].index("assistant")
        before = [str(m["content"]) for m in messages[:last] if m["role"] != "system"]
        return before, [str(messages[last]["content"])]

    def _half(self, given: list[str], learnt: list[str], at: int) -> None:
        names = (*self._view.given, *self._view.learnt)
        for name, text in zip(names, (*given, *learnt), strict=False):
            if text != text.encode("utf-8", "replace").decode("utf-8"):
                _count(self._odd.setdefault(name, {}), "half a character", at)
                return
        if name := self._view.messages:
            _count(self._odd.setdefault(name, {}), "half a character", at)

    def _look_for_gaps(self, given: list[str], learnt: list[str], at: int) -> None:
        view = self._view
        if learnt and not any(text and not text.isspace() for text in learnt):
            is_text = not view.given and view.messages is None
            _count(self._blank, "text" if is_text else "completion", at)
        if view.given and not any(text and not text.isspace() for text in given):
            _count(self._blank, "prompt", at)

    def _label(self, values: list[str], at: int) -> None:
        key = tuple(values)
        if counted := self._labels.get(key):
            counted[0] += 1
        else:
            self._label_text += sum(map(len, key))
            self._labels[key] = [1, at]
            self._many = len(self._labels) > MOST_LABELS or self._label_text > _MOST_LABEL_TEXT

    def _remember(self, said: str, answer: str, raw: bytes, at: int) -> None:
        row = _hash(raw)
        if not row & self._seen.mask:
            first = self._seen.kept.get(row)
            if first is None:
                self._seen.add(row, at)
            else:
                self._repeats.count(row, at, first)
        key = _hash(normalised(said or answer).encode())
        if not key & self._prompts.mask:
            answered = hash(answer.strip())  # never leaves this process
            known = self._prompts.kept.get(key)
            if known is None:
                self._prompts.add(key, (at, answered))
            elif known[1] != answered:
                self._contradictions.count(key, at, known[0])


class Sampled(Generic[V]):
    """Hashes with what is known of each: all, or those whose last `level` bits, `mask`, are 0."""

    def __init__(self, most: int) -> None:
        self.level = self.mask = 0
        self.kept: dict[int, V] = {}
        self._most = most

    def add(self, key: int, value: V) -> None:
        """Keeps what has these bits 0."""
        self.kept[key] = value
        while len(self.kept) > self._most:
            self.level += 1
            self.mask = (1 << self.level) - 1
            self.kept = {k: v for k, v in self.kept.items() if not k & self.mask}


class _Repeats:
    """Rows of sampled hashes that come again, by how many last bits of the hash are 0."""

    def __init__(self) -> None:
        self._by_zeros = [0] * 65
        self._first: tuple[int, int] | None = None

    def count(self, key: int, at: int, of: int) -> None:
        zeros = (key & -key).bit_length() - 1 if key else 64
        self._by_zeros[zeros] += 1
        self._first = self._first or (at, of)

    def found(self, level: int) -> Repeated | None:
        """With the number scaled up from the rows that count at `level`."""
        if self._first is None:
            return None
        return Repeated(max(1, sum(self._by_zeros[level:]) << level), *self._first)


def normalised(prompt: str) -> str:
    """Prompts that are equal after this are the same message: case and white space don't count.

    It is what the runner goes by when it holds rows out (`pitchpipe_runner.splitting`).
    """
    return " ".join(prompt.casefold().split())


def _may_be_blank(text: str) -> bool:
    """By its first character, which is quick."""
    first = text[:1]
    return not first or first == _BETWEEN or first.isspace()


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def _count(counted: dict[str, Seen], what: str, at: int, detail: str = "") -> None:
    known = counted.get(what)
    counted[what] = Seen(known.rows + 1, known.at, known.detail) if known else Seen(1, at, detail)
