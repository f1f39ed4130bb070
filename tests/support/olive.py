"""A run configuration of Olive, and what is said of one, in the world that tests make up."""

from __future__ import annotations

from typing import Any

from pitchpipe.analyse import Analysis, analyse
from support.analysis import SCHEMA, lines_of
from support.facts import ROOT, WORLD

TODAY = """\
input_model:
  type: HfModel
  model_path: models/tiny
data_configs:
  - name: train_data
    type: HuggingfaceContainer
    load_dataset_config:
      data_name: json
      data_files: data/phrases.jsonl
      split: train
    pre_process_data_config:
      text_template: "{phrase} => {tone}"
      strategy: line-by-line
passes:
  f:
    type: LoRA
    train_data_config: train_data
"""


def olive(text: str) -> Analysis:
    return analyse(text, schema=SCHEMA, facts=WORLD, path=f"{ROOT}/flow.yaml", dialect="olive")


def said(text: str) -> list[str]:
    return lines_of(olive(text).findings, text)


def codes(text: str, severity: str = "") -> list[str]:
    return [f.code for f in olive(text).findings if severity in ("", f.severity.value)]


def value(text: str, path: str) -> Any:
    """What the workflow has at a dotted path, whoever says it."""
    found: Any = olive(text).workflow
    for step in path.split("."):
        found = found.value[int(step)] if step.isdigit() else getattr(found, step)
    return olive(text).context.effective(found)


def with_pass(lines: str) -> str:
    return TODAY + "".join(f"    {line}\n" for line in lines.splitlines())
