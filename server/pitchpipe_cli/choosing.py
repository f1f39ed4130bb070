"""Which findings `check` speaks of, and which of them fail."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pitchpipe.checks import RULES
from pitchpipe.findings import Finding, Severity
from pitchpipe.suggest import nearest
from pitchpipe_cli.errors import CommandError

_FROM_EDGES = ("not-utf-8", "file-too-large")
"""Codes that no rule has: what can't be read never reaches the rules."""

_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options say. `only` None: findings of all codes. `least`: and of graver ones."""

    only: frozenset[str] | None
    never: frozenset[str]
    least: Severity
    strict: bool

    def shows(self, finding: Finding) -> bool:
        """Whether it is spoken of; what is not counts for nothing."""
        wanted = self.only is None or finding.code in self.only
        grave = _ORDER.index(finding.severity) <= _ORDER.index(self.least)
        return wanted and grave and finding.code not in self.never

    def fails(self, finding: Finding) -> bool:
        """Whether the command fails for it."""
        failing = (Severity.ERROR, Severity.WARNING) if self.strict else (Severity.ERROR,)
        return finding.severity in failing


def choice(arguments: argparse.Namespace) -> Choice:
    """What `--select`, `--ignore`, `--severity` and `--strict` come to.

    Raises:
        CommandError: one of them names a code that no finding has.
    """
    only = frozenset(_named("--select", arguments.select))
    never = frozenset(_named("--ignore", arguments.ignore))
    return Choice(only or None, never, Severity(arguments.severity), arguments.strict)


def codes() -> tuple[str, ...]:
    """All that a finding can have."""
    return (*(rule.code for rule in RULES), *_FROM_EDGES)


def _named(option: str, given: Iterable[str]) -> Iterator[str]:
    for code in (part.strip() for text in given for part in text.split(",")):
        if code and code not in codes():
            near = nearest(code, codes())
            hint = f"; did you mean {near}?" if near else ""
            raise CommandError(f"{option}: no finding has the code {code}{hint}")
        if code:
            yield code
