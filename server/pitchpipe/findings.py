"""What Pitchpipe has to say about a file: findings, each with a code, a place, perhaps a fix."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from pitchpipe.span import Span

_LONGEST = 1000  # code points of a message; users' words in it may be megabytes
_END = 300  # of those, what is kept of its end
_GAP = " … "
_RUN = re.compile(r"\s+")


class Severity(Enum):
    """Only an error keeps a file from running."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class Tag(Enum):
    """How editors show what a finding is about, beside its severity."""

    UNNECESSARY = "unnecessary"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the text of `span` by `new_text`; an empty span inserts."""

    span: Span
    new_text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that a user can take with one key.

    `title` is an imperative sentence without a full stop.
    """

    title: str
    edits: tuple[Edit, ...]

    def __post_init__(self) -> None:
        if not _is_presentable(self.title):
            object.__setattr__(self, "title", presentable(self.title))


@dataclass(frozen=True, slots=True)
class Related:
    """Another place in the same file that explains a finding."""

    message: str
    span: Span

    def __post_init__(self) -> None:
        if not _is_presentable(self.message):
            object.__setattr__(self, "message", presentable(self.message))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about one place.

    `code` is kebab-case and stable. `message` is lower case without a full stop, names things in
    backticks, says what was found and what would be right, and stands alone; what of it can't be
    shown in a line is escaped or left out. `path` is the dotted
    key path that the finding is about (`training.learning_rate`, `data.train[0].path`), "" when it
    is about the text itself.
    """

    code: str
    message: str
    span: Span
    severity: Severity = Severity.ERROR
    path: str = ""
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    tags: tuple[Tag, ...] = ()

    def __post_init__(self) -> None:
        if not _is_presentable(self.message):
            object.__setattr__(self, "message", presentable(self.message))


def presentable(text: str) -> str:
    """`text` in one line of bearable length, without what would steer a terminal or an editor."""
    line = _RUN.sub(" ", _shortened(text))
    return _shortened("".join(c if c.isprintable() else _escaped(c) for c in line))


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - _END - len(_GAP)]}{_GAP}{text[-_END:]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _is_presentable(text: str) -> bool:
    return len(text) <= _LONGEST and text.isprintable()


def moved_finding(finding: Finding, by: int) -> Finding:
    """The same finding `by` code points further on in the text."""
    if not by:
        return finding
    related = tuple(Related(r.message, r.span.shifted(by)) for r in finding.related)
    fix = finding.fix and Fix(
        finding.fix.title,
        tuple(Edit(edit.span.shifted(by), edit.new_text) for edit in finding.fix.edits),
    )
    return replace(finding, span=finding.span.shifted(by), related=related, fix=fix)


def in_order(findings: list[Finding]) -> list[Finding]:
    """Sorted by place, then code; equal ones once."""
    return sorted(
        dict.fromkeys(findings), key=lambda f: (f.span.start, f.span.end, f.code, f.message)
    )
