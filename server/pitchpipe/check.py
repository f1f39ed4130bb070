"""Everything that is wrong with a workflow file, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence as AbstractSequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TypeAlias

from pitchpipe.checks import RULES, Rule
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Finding, Severity, in_order, moved_finding
from pitchpipe.keypath import KeyPath, dotted, parse_dotted
from pitchpipe.not_yet import NotYet
from pitchpipe.reading import Reading, located
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Data, Mapping, Node, Sequence, origin
from pitchpipe.workflow import SOURCES, Present, Setting, Source

_Collection: TypeAlias = "Mapping | Sequence"

_MOST = 500  # findings of one rule, or of all about sources, beyond which nobody reads on


@dataclass(frozen=True, slots=True)
class _Said:
    """What the rules said of the source at `path`, which stood `by` behind where it was read.

    `node` is how it was read; it is kept so that no other gets its identity.
    """

    node: _Collection
    by: int
    path: KeyPath
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What was said of single sources, by the identity of the nodes that they were read as.

    It holds as long as `around`, what else the rules look at, is the same, and the facts are.
    `sound` is the reading's, which holds anyway.
    """

    around: str = ""
    said: AbstractMapping[int, _Said] = field(default_factory=dict[int, _Said])
    sound: AbstractMapping[int, Data] = field(default_factory=dict[int, Data])


NOTHING_KNOWN = Known()


def check(context: Context, known: Known = NOTHING_KNOWN) -> tuple[list[Finding], Known]:
    """What the parser and all rules have to say, sorted by place, and what to keep of it.

    `known` is of an earlier state of the same file, with the same facts. What comments silence is
    left out.
    """
    found = [*context.reading.problems, *_given_wrongly(context)]
    waiting: set[str] = set()
    for rule in RULES:
        if rule.find is not None:
            said = _findings(context, rule, partial(rule.find, context))
            found += said or ()
            if said is None:
                waiting.add(rule.code)
    of_sources, known = _of_sources(context, known, waiting)
    found += of_sources
    unknown = {f.span for f in found if f.code == "unknown-key"}
    # Of a key that is unknown anyway, it is no matter what YAML takes it for.
    found += (
        problem
        for problem in context.document.problems
        if problem.severity is Severity.ERROR or problem.span not in unknown
    )
    return in_order(_not_silenced(context, found, waiting)), known


def _not_silenced(context: Context, found: list[Finding], waiting: set[str]) -> list[Finding]:
    """Without what comments silence, and with what there is to say of those.

    `waiting` are the codes of rules that need what nobody knows yet.
    """
    if "pitchpipe:" not in context.document.text:
        return found
    from pitchpipe.silencing import ignores, sorted_out  # noqa: PLC0415  # few texts have it

    comments = ignores(context.document)
    if not comments:
        return found

    def from_command_line(finding: Finding) -> bool:
        laid = bool(context.reading.overrides and finding.path)
        return laid and context.reading.overridden(parse_dotted(finding.path))

    # Rules are silent where another has called something wrong, and what `--set` says passes.
    has_errors = any(f.severity is Severity.ERROR for f in found)
    unsure = has_errors or context.blind or bool(context.reading.overrides)
    open_codes = None if unsure else waiting
    left, outcome = sorted_out(found, comments, _SEVERITIES, open_codes, from_command_line)
    for rule in RULES:
        if rule.of_ignores is not None:
            left += [_finding(rule, r, context) for r in rule.of_ignores(context, outcome)]
    return left


def _findings(
    context: Context, rule: Rule, reports: Callable[[], Iterable[Report]]
) -> list[Finding] | None:
    """What a rule reports first; None where it needs what nobody knows yet."""
    try:
        return [_finding(rule, report, context) for report in islice(reports(), _MOST)]
    except NotYet:
        return None


def _given_wrongly(context: Context) -> Iterator[Finding]:
    """What the command line says against the schema, where the file itself has another."""
    if context.written is context.reading or not context.reading.overrides:
        return
    alone = replace(context, reading=context.reading.without_file())
    for rule in RULES:
        if rule.foreign and rule.find is not None:
            for finding in _findings(alone, rule, partial(rule.find, alone)) or ():
                if context.reading.overridden(parse_dotted(finding.path)):
                    yield finding


def _finding(rule: Rule, report: Report, context: Context) -> Finding:
    finding = Finding(
        rule.code,
        report.message,
        report.span,
        rule.severity,
        dotted(report.path),
        report.related,
        report.fix,
        rule.tags,
    )
    found = located(finding, context.reading)
    if context.written is context.reading or rule.foreign:
        return found
    return _in_own_words(found, report.path, context.reading)


def _in_own_words(finding: Finding, path: KeyPath, reading: Reading) -> Finding:
    """What is said about a workflow, as one says it about the foreign file that it comes from."""
    own = None if reading.overridden(path) else reading.own(path)
    related = tuple(replace(r, message=reading.respelt(r.message)) for r in finding.related)
    fix = finding.fix and replace(finding.fix, title=reading.respelt(finding.fix.title))
    return replace(
        finding,
        message=reading.respelt(finding.message),
        path=finding.path if own is None else dotted(own),
        related=related,
        fix=fix,
    )


_OF_SOURCES = tuple((rule, rule.of_source) for rule in RULES if rule.of_source is not None)
_FIRST = {rule.code for rule in RULES if rule.first}
_SEVERITIES = {rule.code: rule.severity for rule in RULES}


def _of_sources(context: Context, known: Known, waiting: set[str]) -> tuple[list[Finding], Known]:
    """What is said of each source. Adds to `waiting` the codes of rules that can't say it yet."""
    around = _around(context)
    before = (known if known.around == around else NOTHING_KNOWN).said
    said: dict[int, _Said] = {}
    found: list[Finding] = []
    for listed, path, nodes in _lists(context):
        for index, node in enumerate(nodes):
            if len(found) >= _MOST:
                break
            read = origin(node) if isinstance(node, (Mapping, Sequence)) else None
            kept = before.get(id(read[0])) if read else None
            if read and kept and (not kept.findings or kept.path == (*path, index)):
                said[id(read[0])] = kept
                if kept.findings:
                    found += [moved_finding(f, read[1] - kept.by) for f in kept.findings]
                continue
            findings, late = _of_source(context, listed[index])
            found += findings
            waiting |= late
            if read and not late and _stands_alone(read[0], node, findings):
                said[id(read[0])] = _Said(*read, (*path, index), tuple(findings))
    return _first_ones(found), Known(around, said, context.reading.sound)


def _around(context: Context) -> str:
    """What the rules about sources look at beside them, the facts aside."""
    root = context.reading.data
    data = root.get("data") if isinstance(root, dict) else None
    lists = {path[-1] for path in SOURCES}
    others = {k: v for k, v in data.items() if k not in lists} if isinstance(data, dict) else data
    task = root.get("task") if isinstance(root, dict) else None
    return repr((context.root, task, others, "\r\n" in context.document.text))


def _lists(
    context: Context,
) -> Iterator[tuple[AbstractSequence[Source], KeyPath, AbstractSequence[Node | None]]]:
    """Each list of sources, its path and the nodes of its items, None where they are not known."""
    document = context.document
    for path in SOURCES:
        listed: Setting[AbstractSequence[Source]] = getattr(context.workflow.data, str(path[-1]))
        if isinstance(listed, Present):
            node = document.node_at(path)
            node = node and document.resolved(node)
            items = node.items if isinstance(node, Sequence) else ()
            alike = len(items) == len(listed.value) and not context.reading.overrides
            alike = alike and context.written is context.reading
            yield listed.value, path, items if alike else [None] * len(listed.value)


def _of_source(context: Context, source: Source) -> tuple[list[Finding], set[str]]:
    """What the rules say of a source, and the codes of those that need what nobody knows yet."""
    found: list[Finding] = []
    late: set[str] = set()
    for rule, of_source in _OF_SOURCES:
        said = _findings(context, rule, partial(of_source, context, source))
        found += said or ()
        if said is None:
            late.add(rule.code)
    return found, late


def _stands_alone(read: _Collection, node: Node | None, findings: list[Finding]) -> bool:
    """Whether nothing outside of a source has a part in what is said of it."""
    if node is None or read.kept is None:  # it holds aliases
        return False
    spans = [s for f in findings for s in (f.span, *(r.span for r in f.related), *_changed(f))]
    return all(node.span.start <= s.start and s.end <= node.span.end for s in spans)


def _changed(finding: Finding) -> Iterator[Span]:
    if finding.fix:
        yield from (edit.span for edit in finding.fix.edits)


def _first_ones(findings: list[Finding]) -> list[Finding]:
    """Without those of further sources where a rule names the first alone."""
    told: set[tuple[str, Span]] = set()
    found: list[Finding] = []
    for finding in findings:
        place = (finding.code, finding.span)
        if finding.code not in _FIRST or place not in told:
            found.append(finding)
        told.add(place)
    return found
