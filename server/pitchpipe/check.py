"""Everything that is wrong with a workflow file, all at once."""

from __future__ import annotations

from pitchpipe.checks import RULES, Rule
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Finding, Severity, in_order
from pitchpipe.keypath import dotted
from pitchpipe.not_yet import NotYet
from pitchpipe.reading import located


def check(context: Context) -> list[Finding]:
    """What the parser and all rules have to say, sorted by place."""
    found = [*context.reading.problems]
    for rule in RULES:
        for report in _reports(rule, context):
            finding = Finding(
                rule.code,
                report.message,
                report.span,
                rule.severity,
                dotted(report.path),
                report.related,
                report.fix,
            )
            found.append(located(finding, context.reading))
    unknown = {f.span for f in found if f.code == "unknown-key"}
    # Of a key that is unknown anyway, it is no matter what YAML takes it for.
    found += (
        problem
        for problem in context.document.problems
        if problem.severity is Severity.ERROR or problem.span not in unknown
    )
    return in_order(found)


def _reports(rule: Rule, context: Context) -> list[Report]:
    if rule.find is None:
        return []
    try:
        return list(rule.find(context))
    except NotYet:
        return []
