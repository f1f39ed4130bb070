"""The project that the editors open, and how they are asked about it."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from support.cli import ROOT, environment
from support.tiny import tiny_model, tiny_rows

PATIENCE = 60.0  # seconds until what should be shown counts as not shown
RUN = 300.0  # seconds until a run counts as hanging
NAME = "töne of joy.tune.yaml"
WORKFLOW = """\
version: 1
name: tone
task: classification
model: {name_or_path: model, dtype: float32}
data:
  train: [{path: rows.jsonl}]
  prompt_template: "Wie klingt „ü“ 🎺? {text}"
  completion_template: "{label}"
  labels: [joy, fear, anger]
  max_length: 64
  val_size: 0.2
method: {type:   lora, r: 4, target_modules: all-linear}
training:
  max_steps: 4
  loging_steps: 1     # every step
  per_device_train_batch_size: 4
  seed: 7
evaluate: {max_new_tokens: 4, generations: 4}
export: {format: none}
compute: {device: cpu, threads: 1}
"""


class Editor(Protocol):
    """What a user does and sees. Lines count from 1; the cursor goes to the first `word` there."""

    def findings(self) -> list[str]: ...

    def text(self) -> str: ...

    def hover(self, line: int, word: str) -> None: ...

    def hovered(self) -> str:
        """What is shown of the place; empty while nothing is."""
        ...

    def complete(self, line: int, typed: str, then: str) -> None:
        """Types on a new line below, takes the completion, types on."""
        ...

    def fix(self, line: int, word: str) -> None: ...

    def format(self) -> None: ...

    def replace(self, old: str, new: str) -> None: ...

    def save(self) -> None: ...

    def command(self, name: str) -> None:
        """Runs one of the commands that the documented configuration defines: `smoke`."""
        ...

    def progress(self) -> list[str] | None:
        """What the status line showed so far; None where the editor shows no progress."""
        ...

    def log(self) -> str: ...

    def close(self) -> None: ...


def make(folder: Path) -> Path:
    """A project with the broken workflow, tiny rows and a tiny model; the workflow's file."""
    folder.mkdir()
    tiny_rows(folder, 60)
    tiny_model(folder / "model")
    file = folder / NAME
    file.write_text(WORKFLOW, encoding="utf-8")
    return file


def surroundings(home: Path) -> dict[str, str]:
    """The environment of an editor that has never been started: its own home, our `pitchpipe`."""
    program = home / "bin" / "pitchpipe"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pitchpipe_cli "$@"\n', "utf-8")
    program.chmod(0o755)
    return environment(
        PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        HOME=str(home),
        LANG="C.UTF-8",
        LC_ALL="C.UTF-8",
        XDG_CONFIG_HOME=str(home / "config"),
        XDG_DATA_HOME=str(home / "data"),
        XDG_STATE_HOME=str(home / "state"),
        XDG_CACHE_HOME=str(home / "cache"),
        PITCHPIPE_STATE_DIR=str(home / "pitchpipe"),
        HF_HUB_OFFLINE="1",
        OMP_NUM_THREADS="1",
        TOKENIZERS_PARALLELISM="false",
    )


def documented(page: str, heading: str, language: str) -> str:
    """The first block of a language below a heading of `docs/editors/`: what users copy."""
    text = (ROOT / "docs" / "editors" / page).read_text(encoding="utf-8")
    _, found, below = text.partition(f"# {heading}\n")
    assert found, f"{page} has no heading {heading}"
    block = re.search(rf"^```{language}\n(.*?)^```$", below, re.MULTILINE | re.DOTALL)
    assert block, f"{page} has no {language} below {heading}"
    return block[1]


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
