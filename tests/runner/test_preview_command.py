"""`pitchpipe preview`, whose rows the runner's Python makes."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from pitchpipe_facts import previews
from pitchpipe_facts.previews import NoPreview
from pitchpipe_facts.runner_python import Stop
from support.cli import Done, pitchpipe
from support.plans import plan_of
from support.workbench import whole, write_rows

ROWS = [
    {"text": "the owl sings", "label": "joy"},
    {"text": "héllo \x1b[31m\U0001f3bc", "label": "fear"},
    {"text": "the owl hides", "label": "fear"},
]


@pytest.fixture
def folder(tmp_path: Path, chat_model: Path) -> Path:
    write_rows(tmp_path, ROWS)
    data = """
        data:
          train: [{path: rows.jsonl}]
          prompt_template: "{text}"
          completion_template: "{label}"
          max_length: 64
        """
    (tmp_path / "a.yaml").write_text(whole(dedent(data), chat_model), encoding="utf-8")
    return tmp_path


def shown(folder: Path, *arguments: str, **variables: str) -> Done:
    return pitchpipe("preview", "a.yaml", *arguments, cwd=folder, **variables)


def test_what_is_learnt_is_marked(folder: Path) -> None:
    done = shown(folder, "--rows", "1")
    assert (done.returncode, done.stderr) == (0, "")
    heading, *text, _, closing = done.stdout.splitlines()
    assert heading.startswith("rows.jsonl, row 1: ")
    assert text == [
        "<|im_start|>user",
        "the owl sings<|im_end|>",
        "<|im_start|>assistant",
        "⟦joy<|im_end|>⟧",
    ]
    assert closing == "1 of 3 rows, at most 64 tokens each; learnt in ⟦⟧"


def test_colours_say_what_is_learnt_and_control_characters_are_no_commands(folder: Path) -> None:
    done = shown(folder, "--rows", "1", "--skip", "1", NO_COLOR="", FORCE_COLOR="1")
    assert "\x1b[2mhéllo \\x1b[31m\U0001f3bc<|im_end|>\x1b[0m\n" in done.stdout
    assert "\x1b[32mfear<|im_end|>\x1b[0m\n" in done.stdout


def test_programs_get_every_token(folder: Path) -> None:
    found = json.loads(shown(folder, "--skip", "1", "--format", "json").stdout)
    assert (found["version"], found["total"], found["max_length"]) == (1, 3, 64)
    first = found["rows"][0]
    assert (first["source"], first["row"], first["cut"]) == ("rows.jsonl", 1, 0)
    assert len(first["tokens"]) == first["length"]
    assert "héllo \x1b[31m\U0001f3bc" in "".join(t["text"] for t in first["tokens"])
    learnt = "".join(t["text"] for t in first["tokens"] if t["learnt"])
    assert learnt == "fear<|im_end|>"


def test_what_is_set_counts(folder: Path) -> None:
    done = shown(folder, "--rows", "1", "--set", "data.loss_on=all", "--set", "data.max_length=8")
    assert "8 learnt" not in done.stdout  # the first token never is
    assert "7 learnt" in done.stdout
    assert "at most 8 tokens each" in done.stdout


def test_a_model_that_is_elsewhere_is_named(folder: Path) -> None:
    text = (folder / "a.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("model:")]
    elsewhere = "\n".join([*lines, "model: {name_or_path: owner/nobody-has-this}"])
    (folder / "a.yaml").write_text(elsewhere, encoding="utf-8")
    done = shown(folder, HF_HOME=str(folder / "hub"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "`owner/nobody-has-this` is not on this machine; a run downloads it" in done.stderr


def test_a_preview_that_nobody_waits_for_does_not_begin(folder: Path, chat_model: Path) -> None:
    stop = Stop()
    stop.stop()
    plan = plan_of(whole("", chat_model), folder)
    found = previews.show(plan, "python", rows=1, stop=stop)
    assert isinstance(found, NoPreview)
