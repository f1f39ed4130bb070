"""Plans for tests of the runner, made from YAML as the command `pitchpipe` makes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.plan import Plan
from pitchpipe.schema import Schema
from pitchpipe_facts.reader import Reader

FILE = "flow.yaml"


def plan_of(yaml_text: str, folder: Path, *, smoke: bool = False) -> Plan:
    """The plan of a workflow file that lies in `folder`.

    Raises:
        AssertionError: the text has errors; says them all.
    """
    found = analysis_of(yaml_text, folder)
    errors = [f"{f.code}: {f.message}" for f in found.findings if f.severity.value == "error"]
    assert not errors, "\n".join(errors)
    return found.plan(smoke=smoke)


def analysis_of(yaml_text: str, folder: Path) -> Analysis:
    """What the core says to a workflow file that lies in `folder`."""
    return analyse(
        dedent(yaml_text).lstrip("\n"),
        schema=Schema(pitchpipe_schemas.load("workflow"), others=pitchpipe_schemas.dialect),
        facts=Reader(folder, environment={}),
        path=str(folder / FILE),
    )


def changed(plan: Plan, section: str, **values: Any) -> Plan:
    """`plan` with values of a section replaced, also by those that no check would let through."""
    return replace(plan, **{section: replace(getattr(plan, section), **values)})
