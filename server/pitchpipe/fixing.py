"""Fixes that may be taken without a look at them, all together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pitchpipe.analyse import Analysis
from pitchpipe.findings import Edit, Finding, Fix
from pitchpipe.ide.changes import applied
from pitchpipe.span import Place, Span

SAFE = frozenset({
    "yaml-syntax",
    "tab-indentation",
    "non-string-key",
    "unknown-key",
    "ignored-key",
    "deprecated-key",
    "unknown-code",
    "wrong-type",
    "invalid-value",
    "yaml11-float",
})
"""Codes whose fixes say what was meant, only rightly.

The others change what a run does (`does-not-fit`), take a near name of something outside of the
file for the one that was meant (`data-file-not-found`), or take away what another machine may need
(`unused-ignore`); one looks at those before one takes them.
"""

_MOST_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Mended:
    """A text after its safe fixes, and what they mended.

    Each finding comes with its place in the text that it was found in, which earlier fixes may have
    changed; `rounds` is how often fixes were taken.
    """

    text: str
    taken: tuple[tuple[Finding, Place], ...]
    rounds: int


def together(findings: Iterable[Finding]) -> Iterator[tuple[Finding, Fix]]:
    """Safe fixes, earlier ones first, each only if all of its edits are free of those before it."""
    taken: list[Span] = []
    for finding in findings:
        fix = finding.fix
        if fix is None or finding.code not in SAFE:
            continue
        spans = [edit.span for edit in fix.edits]
        if not any(_collide(span, other) for span in spans for other in taken):
            taken += spans
            yield finding, fix


def edits_of(fixes: Iterable[tuple[Finding, Fix]]) -> tuple[Edit, ...]:
    """The edits of several fixes, in order."""
    return tuple(sorted((e for _, fix in fixes for e in fix.edits), key=lambda edit: edit.span))


def until_done(
    analysis: Analysis,
    again: Callable[[str], Analysis],
    wanted: Callable[[Finding], bool] = lambda _: True,
) -> Mended:
    """The text after all safe fixes of `wanted` findings, again and again.

    Behind a key that was misspelt there may be a misspelt value. `again` analyses another text in
    the place of this one.
    """
    text = analysis.document.text
    taken: list[tuple[Finding, Place]] = []
    for rounds in range(_MOST_ROUNDS):
        fixes = list(together(f for f in analysis.findings if wanted(f)))
        if not fixes:
            return Mended(text, tuple(taken), rounds)
        taken += ((finding, analysis.document.lines.place(finding.span)) for finding, _ in fixes)
        text = applied(text, edits_of(fixes))
        analysis = again(text)
    return Mended(text, tuple(taken), _MOST_ROUNDS)


def _collide(one: Span, other: Span) -> bool:
    """Whether two edits overlap, or start at the same place, so that their order would matter."""
    return one.start == other.start or (one.start < other.end and other.start < one.end)
