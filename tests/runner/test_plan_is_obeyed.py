"""A key of the workflow that nothing reads would be a promise that nobody keeps."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

import pitchpipe_runner
from pitchpipe import formats, plan

SECTIONS = {
    "model": plan.ModelPlan,
    "data": plan.DataPlan,
    "data.train[0]": plan.SourcePlan,
    "method": plan.MethodPlan,
    "training": plan.TrainingPlan,
    "evaluate": plan.EvaluatePlan,
    "export": plan.ExportPlan,
    "compute": plan.ComputePlan,
}
FIELDS = [(s, f.name) for s, kind in SECTIONS.items() for f in dataclasses.fields(kind)]
# Read by name alone: `plan.training`, but also the `t` that a function calls it.
OWNERS = {
    "model": {"model", "m"},
    "data": {"data", "_data"},
    "data.train[0]": {"source"},
    "method": {"method", "asked"},  # `asked`: what the core makes of it for PEFT
    "training": {"training", "t"},
    "evaluate": {"evaluate"},
    "export": {"export"},
    "compute": {"compute"},
}


def reads() -> set[tuple[str, str]]:
    """(owner, attribute) of every attribute that the runner's code looks at."""
    found: set[tuple[str, str]] = set()
    for file in Path(pitchpipe_runner.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                owner = node.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                found.add((name, node.attr))
    return found


READS = reads()


@pytest.mark.parametrize(("section", "field"), FIELDS)
def test_every_value_of_the_plan_is_read(section: str, field: str) -> None:
    assert any((owner, field) in READS for owner in OWNERS[section]), (
        f"nothing in the runner reads `{section}.{field}`"
    )


def test_a_value_that_nothing_reads_would_be_found() -> None:
    assert not any((owner, "no_such_key") in READS for owner in OWNERS["training"])
    assert not any(("training", field) in READS for field in ("attn_implementation", "packing"))


def test_every_section_is_looked_at() -> None:
    sections = {f.name for f in dataclasses.fields(plan.Plan)} & set(SECTIONS)
    assert sections == {s for s in SECTIONS if "[" not in s}
    assert set(formats.PARTS) == {"prompt", "completion", "messages", "text"}
