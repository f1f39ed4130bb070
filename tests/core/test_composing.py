"""Parts of workflows laid over whole ones."""

from __future__ import annotations

from typing import Any

from pitchpipe import composing
from pitchpipe.composing import Composed
from support.analysis import analysis, lines_of

BASE = """\
model: {name_or_path: models/tiny}
data: {train: [{path: data/pairs.jsonl}]}
method: {r: 8}
training: {max_steps: 20}
"""
PART = """\
# pitchpipe: olive
passes:
  lora:
    type: LoRA
    config:
      lora_alpha: 64
      target_modules: [q_proj, v_porj]
"""


def compose(base: str, part: str, **settings: Any) -> Composed:
    part_of = analysis(part)
    laid = {**composing.laid_over(part_of), **settings}
    return composing.composed(analysis(base, overrides=laid), part_of, settings)


def test_what_a_part_gives_is_in_the_workflows_words() -> None:
    assert composing.laid_over(analysis(PART)) == {
        "method.type": "lora",
        "method.lora_alpha": 64,
        "method.target_modules": ["q_proj", "v_porj"],
    }


def test_a_part_of_our_own_format_is_laid_over_key_by_key() -> None:
    part = (
        "training:\n  weight_decay: 0.01\n  warmup_steps: many\nmethod: {rank_pattern: {a.b: 2}}\n"
    )
    assert composing.laid_over(analysis(part)) == {
        "training.weight_decay": 0.01,
        "method.rank_pattern": {"a.b": 2},
    }


def test_findings_stand_in_the_file_that_they_are_about() -> None:
    base = BASE.replace("max_steps", "max_stesp")
    found = compose(base, PART)
    assert [f.code for f in found.of_base] == ["unknown-key"]
    wrong = next(f for f in found.of_part if f.code == "target-module-not-found")
    (line,) = lines_of([wrong], PART)
    assert line.startswith("7:32: error[target-module-not-found]: ")
    assert "--set" not in line
    assert wrong.path == "passes.lora.config.target_modules[1]"
    assert not found.part_can_run


def test_a_part_is_not_told_that_it_is_one() -> None:
    found = compose(BASE, PART.replace("v_porj", "v_proj"))
    assert {f.code for f in found.of_part} == {"read-otherwise"}
    assert found.part_can_run


def test_the_command_line_has_the_last_word() -> None:
    found = compose(BASE, PART, **{"method.target_modules": ["nothing"]})
    assert "target-module-not-found" not in {f.code for f in found.of_part}
    assert "target-module-not-found" in {f.code for f in found.of_base}
