"""Everything that is wrong with a workflow file, all at once."""

from __future__ import annotations

from pitchpipe.checks import RULES
from pitchpipe.context import Context
from pitchpipe.findings import Finding, Severity, in_order
from pitchpipe.keypath import dotted
from pitchpipe.reading import located


def check(context: Context) -> list[Finding]:
    """What the parser and all rules have to say, sorted by place."""
    found = [*context.reading.problems]
    for rule in RULES:
        for report in rule.find(context) if rule.find else ():
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
