"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Severity, Tag
from pitchpipe.workflow import Source

if TYPE_CHECKING:
    from pitchpipe.silencing import Outcome


@dataclass(frozen=True, slots=True)
class Rule:
    """`code` also names the rule's page, `schemas/pitchpipe_schemas/checks/<code>.md`.

    `find` looks at a file, `of_source` at one of its sources, without a look at the others: what
    it says of one is kept while that source and the sections `data` and `task` are what they were.
    With `foreign`, it speaks of the text as its own tool has it, and names that one's keys.

    With `first`, of several sources that get the same place wrong the first one is named.
    `of_ignores` looks at the comments that silence findings, when all others have spoken. All are
    None where the parser itself finds it. `tags` are those of its findings.
    """

    code: str
    severity: Severity
    find: Callable[[Context], Iterable[Report]] | None = None
    of_source: Callable[[Context, Source], Iterable[Report]] | None = None
    first: bool = False
    foreign: bool = False
    of_ignores: Callable[[Context, Outcome], Iterable[Report]] | None = None
    tags: tuple[Tag, ...] = ()
