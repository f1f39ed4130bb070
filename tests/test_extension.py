"""What the VS Code extension promises by its mere files; it is run by `make test-editors`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import pitchpipe
from support.cli import pitchpipe as command

EXTENSION = Path(__file__).resolve().parent.parent / "vscode-extension"


def read(name: str) -> Any:
    return json.loads((EXTENSION / name).read_text(encoding="utf-8"))


MANIFEST = read("package.json")
LOCK = read("package-lock.json")
GRAMMAR = read("syntaxes/pitchpipe.tmLanguage.json")


def test_it_has_the_version_of_the_wheel_that_it_carries() -> None:
    assert MANIFEST["version"] == LOCK["version"] == pitchpipe.__version__


def test_what_builds_it_is_pinned_and_comes_from_no_registry_by_name() -> None:
    root, *packages = LOCK["packages"].values()
    assert root["devDependencies"] == MANIFEST["devDependencies"]
    assert [v for v in MANIFEST["devDependencies"].values() if not re.fullmatch(r"[\d.]+", v)] == []
    assert [p for p in packages if "resolved" in p or "integrity" not in p] == []


def test_it_ships_nothing_but_its_bundle() -> None:
    assert "dependencies" not in MANIFEST


def paths(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [path for inner in value.values() for path in paths(inner)]
    if isinstance(value, list):
        return [path for inner in value for path in paths(inner)]
    is_path = isinstance(value, str) and re.fullmatch(r"[./\w-]+/[\w.-]+\.(svg|png|md|json)", value)
    return [value] if is_path else []


def test_its_sample_has_no_findings_and_no_hints() -> None:
    done = command("check", "tones.tune.yaml", cwd=EXTENSION / "samples" / "tones")
    assert done.stdout == "no findings in 1 file\n"


def test_every_file_that_the_manifest_names_is_there() -> None:
    named = [path for path in paths(MANIFEST) if "dist/" not in path]
    assert len(named) > 8
    assert [path for path in named if not (EXTENSION / path).is_file()] == []


@pytest.mark.parametrize(
    ("rule", "text", "found"),
    [
        ("column", "Say {text} and {a b}", ["{text}", "{a b}"]),
        ("column", '{"a": {b: 1}, "c": {}}', []),
        ("escaped-brace", "{{not a column}}", ["{{", "}}"]),
        ("chat-marker", "<|im_start|>user <s>[INST] hi [/INST]</s>", 5),
        ("chat-marker", "<p> a < b > [instead]", []),
        ("chat-marker", "<start_of_turn>model", ["<start_of_turn>"]),
    ],
)
def test_the_grammar_marks_templates(rule: str, text: str, found: list[str] | int) -> None:
    marks = [m[0] for m in re.finditer(GRAMMAR["repository"][rule]["match"], text)]
    assert (len(marks) if isinstance(found, int) else marks) == found
