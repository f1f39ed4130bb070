"""A part of a workflow laid over a whole one, each in whatever format it is written.

The part's values count like those of the command line: over the file's own, and under `--set`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pitchpipe.analyse import Analysis
from pitchpipe.checks.foreign import runner_cannot
from pitchpipe.findings import Finding, Severity, in_order
from pitchpipe.keypath import KeyPath, dotted, parse_dotted
from pitchpipe.reading import FROM_COMMAND_LINE, Reading
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Data

_OF_PARTS = {"incomplete-workflow", "missing-required"}
"""What is said of a part for being none but a part."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What is wrong with both together: the findings of each file, sorted by place.

    `beyond_us`: the part asks for what the runner can't do, whether or not that is silenced.
    """

    of_base: tuple[Finding, ...]
    of_part: tuple[Finding, ...]
    beyond_us: bool

    @property
    def part_can_run(self) -> bool:
        """Whether nothing in the part keeps the whole from running."""
        return not self.beyond_us and all(f.severity is not Severity.ERROR for f in self.of_part)


def laid_over(part: Analysis) -> dict[str, Data]:
    """The workflow's values that `part` gives, by dotted key; those that are wrong are left out."""
    reading = part.context.reading
    return {dotted(path): value for path, value in _leaves(reading, reading.data, ())}


def composed(base: Analysis, part: Analysis, settings: Mapping[str, Data]) -> Composed:
    """The findings of `base`, which was analysed with `part` and `settings` laid over it."""
    laid = [parse_dotted(key) for key in laid_over(part) if key not in settings]
    of_base: list[Finding] = []
    of_part = [f for f in part.findings if f.code not in _OF_PARTS]
    for finding in base.findings:
        key = _key_of(finding, base.context.reading, laid)
        if key is None:
            of_base.append(finding)
        else:
            of_part.append(_moved(finding, key, part.context.reading))
    beyond_us = any(runner_cannot(part.context))
    return Composed(tuple(of_base), tuple(in_order(list(dict.fromkeys(of_part)))), beyond_us)


def _leaves(reading: Reading, data: Data, path: KeyPath) -> Iterator[tuple[KeyPath, Data]]:
    """Sections are gone into; what a user makes up the keys of counts as a whole."""
    schema: Schema = reading.schema
    if isinstance(data, dict) and (not path or schema.keys(path)):
        for key, value in data.items():
            yield from _leaves(reading, value, (*path, key))
    elif schema.at(path) is not None and not reading.wrong(path):
        yield path, data


def _key_of(finding: Finding, base: Reading, laid: list[KeyPath]) -> KeyPath | None:
    """The part's key that a finding is about; None where it is about something else."""
    if not finding.path:
        return None
    path = parse_dotted(finding.path)
    if not base.overridden(path):
        return None
    for key in laid:
        if path[: len(key)] == key or key[: len(path)] == path:
            return key
    return None


def _moved(finding: Finding, key: KeyPath, part: Reading) -> Finding:
    path = parse_dotted(finding.path)
    place = path if len(path) > len(key) else key
    own = part.own(place)
    return replace(
        finding,
        message=part.respelt(finding.message.removesuffix(FROM_COMMAND_LINE)),
        span=part.value_span(place),
        path=finding.path if own is None else dotted(own),
    )
