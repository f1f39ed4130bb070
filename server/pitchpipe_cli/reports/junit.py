"""Findings as the results of tests, one a file, in the XML that JUnit's Ant task writes.

There is no standard; these are the elements and attributes that Jenkins and GitLab read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from pitchpipe import amounts
from pitchpipe.findings import Finding
from pitchpipe_cli import listing
from pitchpipe_cli.workflow_file import Checked

_NAME = "pitchpipe check"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(
    files: Sequence[Checked], unreadable: Mapping[str, str], fails: Callable[[Finding], bool]
) -> str:
    """All files by name; one with a finding that `fails` has failed."""
    cases = {checked.name: _case(checked, fails) for checked in files}
    cases |= {name: _unreadable(name, why) for name, why in unreadable.items()}
    failed = sum(any(map(fails, checked.findings)) for checked in files)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="{len(unreadable)}"'
    body = "".join(case for _, case in sorted(cases.items()))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites name={_attribute(_NAME)} {counts}>\n"
        f"  <testsuite name={_attribute(_NAME)} {counts}>\n"
        f"{body}"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def _case(checked: Checked, fails: Callable[[Finding], bool]) -> str:
    start = _start(checked.name)
    if not checked.findings:
        return f"    {start}/>\n"
    lines = listing.text(checked, lambda _, text: text, details=False)
    failing = [finding for finding in checked.findings if fails(finding)]
    if not failing:
        return f"    {start}>\n      <system-out>{_text(lines)}</system-out>\n    </testcase>\n"
    others = amounts.plural(len(failing) - 1, "other")
    message = failing[0].message + (f", and {others}" if len(failing) > 1 else "")
    kind = f"message={_attribute(message)} type={_attribute(failing[0].code)}"
    return f"    {start}>\n      <failure {kind}>{_text(lines)}</failure>\n    </testcase>\n"


def _unreadable(name: str, why: str) -> str:
    error = f'<error message={_attribute(why)} type="unreadable"/>'
    return f"    {_start(name)}>\n      {error}\n    </testcase>\n"


def _start(name: str) -> str:
    return (
        f"<testcase name={_attribute(name)} classname={_attribute(_NAME)} file={_attribute(name)}"
    )


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("\ufffd", text))
