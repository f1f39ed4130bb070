"""Workflows of any length without a finding, and the places where a session edits and asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

NAME = "bench.tune.yaml"
ROWS = {"rows.jsonl": "Say it", "held-out.jsonl": "Tell me"}

_HEAD = """\
# A long workflow: many sources, each a few lines
version: 1
name: bench
task: text-generation

model:
  name_or_path: HuggingFaceTB/SmolLM2-135M-Instruct
  dtype: bfloat16

data:
  prompt_template: |-
    How does this sound?
    {phrase}
  max_length: 512
  packing: true
  eval:
    - path: held-out.jsonl
      format: prompt-completion
      columns: {completion: tone}
  train:
"""
_SOURCES = (
    """\
    # é🎼 source {n}
    - path: rows.jsonl
      format: prompt-completion
      columns: {{completion: tone}}
      split: train
""",
    """\
    - path: "rows.jsonl"  # again
      split: train
      format: prompt-completion
      columns: {{completion: tone}}
""",
    """\
    - path: rows.jsonl

      columns:
        # what is learnt
        completion: tone
      format: prompt-completion
""",
)
_TAIL = """\
method:
  type: lora
  r: 16
  lora_alpha: 32
  target_modules: [q_proj, k_proj, v_proj, o_proj]
training:
  learning_rate: 2.0e-4
  num_train_epochs: 1
  per_device_train_batch_size: 2
  lr_scheduler_type: cosine
  optim: adamw_torch
  logging_steps: 5
  eval_strategy: epoch
  save_strategy: epoch
evaluate:
  generations: 4
export:
  format: none
output_dir: runs
"""
# What the schema says of these keys.
_HOVERED = {
    " path:": "a data file",
    "format: prompt": "what a row holds",
    "columns:": "which column of the data",
    "learning_rate:": "peak learning rate",
    "optim:": "the optimizer",
}


@dataclass(frozen=True, slots=True)
class Toggle:
    """A letter behind the value that a line ends in makes it a wrong one."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Typing:
    """A line put in before `line`, the cursor at its end; `expected` must be offered there."""

    line: int
    text: str
    expected: str


@dataclass(frozen=True, slots=True)
class Hover:
    """A place on a key; what is said there holds `expected`, in whatever case."""

    line: int
    column: int
    expected: str


@dataclass(frozen=True, slots=True)
class Workflow:
    lines: tuple[str, ...]
    toggles: tuple[Toggle, ...]
    typings: tuple[Typing, ...]
    hovers: tuple[Hover, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def workflow(lines: int) -> Workflow:
    """A workflow of `lines` lines, with about 20 places of each kind from its start to its end."""
    written = _written(lines)
    formats = _spread(_at(written, "format: prompt-completion"), 20)
    toggles = tuple(Toggle(line, len(written[line])) for line in formats)
    return Workflow(tuple(written), toggles, tuple(_typings(written)), tuple(_hovers(written)))


def project(folder: Path, found: Workflow) -> Path:
    """Writes the workflow and the data that it names; the workflow's path."""
    for name, words in ROWS.items():
        rows = ({"phrase": f"{words} {n}", "tone": "kind"} for n in range(40))
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / NAME
    path.write_text(found.text, encoding="utf-8")
    return path


def _written(lines: int) -> list[str]:
    head, tail = _HEAD.splitlines(), [*_TAIL.splitlines(), ""]
    for n in count():
        source = _SOURCES[n % len(_SOURCES)].format(n=n).splitlines()
        if len(head) + len(source) + len(tail) > lines:
            break
        head += source
    comments = ["# what follows is said once"] * (lines - len(head) - len(tail))
    return [*head, *comments, *tail]


def _typings(written: Sequence[str]) -> Iterator[Typing]:
    """Half a key, a blank line, no value yet and half a value, in turn."""
    kinds = (
        ("      dataset_n", "dataset_name"),
        ("      ", "dataset_name"),
        ("      dataset_config: ", "null"),
    )
    for n, line in enumerate(_spread(_at(written, "format: prompt-completion"), 15)):
        text, expected = kinds[n % 2]
        yield Typing(line + 1, text, expected)
    training = written.index("training:") + 1
    for text, expected in (
        ("  max_gr", "max_grad_norm"),
        ("  weight_d", "weight_decay"),
        ("  gradient_checkpointing: ", "true"),
        ("  gradient_checkpointing: tr", "true"),
        ("  ", "seed"),
    ):
        yield Typing(training, text, expected)


def _hovers(written: Sequence[str]) -> Iterator[Hover]:
    for key, word in _HOVERED.items():
        for line in _spread(_at(written, key), 5):
            yield Hover(line, written[line].index(key) + 1, word)


def _at(written: Sequence[str], part: str) -> list[int]:
    return [n for n, line in enumerate(written) if part in line and "#" not in line]


def _spread(found: Sequence[int], most: int) -> list[int]:
    """At most so many of them, evenly from the first to the last."""
    return sorted({found[n * len(found) // most] for n in range(most)})
