"""What `pitchpipe check` writes for code scanning, GitHub Actions and readers of test results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

import pitchpipe_schemas
from pitchpipe_cli.reports import sarif
from support.cli import pitchpipe

TEXT = """\
model:
  name_or_path: org/model
data:
  prompt_template: "🎼 %s: {0}, {phrse}"
  train:
    - path: rows.jsonl
training:
  learning_rat: 0.1
  weight_decay: 1e-2
  seed: 1
  seed: 2
"""
WARNED = """\
model: {name_or_path: org/model}
data: {train: [{dataset_name: org/rows}]}
training: {weight_decay: 1e-2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    row = '{"prompt": "a", "phrase": "b", "completion": "c"}\n'
    (tmp_path / "sub" / "rows.jsonl").write_text(row, encoding="utf-8")
    (tmp_path / "sub" / "a b, 50%.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "warned.yaml").write_text(WARNED, encoding="utf-8")
    (tmp_path / "good.yaml").write_text(WARNED.replace("1e-2", "0.01"), encoding="utf-8")
    return tmp_path


PATHS = ("warned.yaml", "good.yaml", "sub/a b, 50%.yaml", "nope.yaml")


def log(folder: Path, *paths: str) -> Any:
    done = pitchpipe("check", *paths, "--format", "sarif", cwd=folder)
    found = json.loads(done.stdout)
    assert found["version"] == "2.1.0"
    (run,) = found["runs"]
    return run


def test_sarif_holds_the_rules_that_its_results_name(folder: Path) -> None:
    run = log(folder, *PATHS)
    driver = run["tool"]["driver"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted({result["ruleId"] for result in run["results"]})
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
    for rule in driver["rules"]:
        assert rule["help"]["markdown"] == pitchpipe_schemas.page(rule["id"])
        assert rule["fullDescription"]["text"].startswith(rule["shortDescription"]["text"])
        assert rule["shortDescription"]["text"].endswith(".")
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels["unknown-key"] == "error"
    assert levels["yaml11-float"] == "warning"


def test_sarif_counts_columns_in_utf16(folder: Path) -> None:
    run = log(folder, "sub/a b, 50%.yaml")
    assert run["columnKind"] == "utf16CodeUnits"
    lines = TEXT.split("\n")
    for result in run["results"]:
        (location,) = result["locations"]
        place = location["physicalLocation"]["region"]
        line = lines[place["startLine"] - 1].encode("utf-16-le")
        cut = line[2 * (place["startColumn"] - 1) : 2 * (place["endColumn"] - 1)].decode(
            "utf-16-le"
        )
        expected = {
            "template-unknown-column": {"{0}", "{phrse}"},
            "unknown-key": {"learning_rat"},
            "yaml11-float": {"1e-2"},
            "duplicate-key": {"seed"},
        }
        assert cut in expected[result["ruleId"]]


def test_sarif_names_files_from_the_working_directory(folder: Path) -> None:
    run = log(folder, "sub/a b, 50%.yaml")
    (artifact,) = run["artifacts"]
    assert unquote(artifact["location"]["uri"]) == "sub/a b, 50%.yaml"
    assert " " not in artifact["location"]["uri"]
    base = run["originalUriBaseIds"][artifact["location"]["uriBaseId"]]["uri"]
    assert base == f"{folder.as_uri()}/"
    (above,) = log(folder / "sub", "../warned.yaml")["artifacts"]
    assert above["location"].keys() == {"uri"}
    assert above["location"]["uri"].startswith("file://")


def test_sarif_has_fixes_as_replacements_and_related_places(folder: Path) -> None:
    results = {r["ruleId"]: r for r in log(folder, "sub/a b, 50%.yaml")["results"]}
    (fix,) = results["unknown-key"]["fixes"]
    assert fix["description"] == {"text": "Rename to `learning_rate`"}
    (change,) = fix["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 8, "startColumn": 3, "endLine": 8, "endColumn": 15},
            "insertedContent": {"text": "learning_rate"},
        }
    ]
    (related,) = results["duplicate-key"]["relatedLocations"]
    assert related["message"] == {"text": "first written here"}
    assert related["physicalLocation"]["region"]["startLine"] == 10
    assert "fixes" not in results["duplicate-key"]


def test_sarif_says_what_could_not_be_read(folder: Path) -> None:
    (invocation,) = log(folder, "nope.yaml")["invocations"]
    assert invocation["executionSuccessful"] is False
    (trouble,) = invocation["toolExecutionNotifications"]
    assert trouble["message"]["text"] == "cannot read nope.yaml: no such file or directory"
    assert log(folder, "good.yaml")["invocations"][0]["executionSuccessful"] is True


def test_sarif_takes_braces_with_a_number_for_placeholders(folder: Path) -> None:
    assert sarif._escaped("`{0}` and `{phrse}`") == "`{{0}}` and `{phrse}`"  # pyright: ignore[reportPrivateUsage]


def test_every_page_gives_a_sentence(folder: Path) -> None:
    for code in pitchpipe_schemas.pages():
        rule = sarif._rule(code)  # pyright: ignore[reportPrivateUsage]
        assert len(rule["shortDescription"]["text"]) > 20, code


def test_github_gets_commands_with_what_would_end_them_escaped(folder: Path) -> None:
    done = pitchpipe("check", *PATHS, "--format", "github", cwd=folder, GITHUB_WORKSPACE="")
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    file = "file=sub/a b%2C 50%25.yaml"
    where = f"{file},line=8,endLine=8,title=unknown-key,col=3,endColumn=15"
    assert lines[2] == (
        f"::error {where}::`training` has no key `learning_rat`; did you mean `learning_rate`?"
    )
    assert lines[-2].startswith("::warning file=warned.yaml,line=3,")
    assert lines[-1] == "::error file=nope.yaml::cannot read nope.yaml: no such file or directory"


def test_github_finds_files_from_the_checkout(folder: Path) -> None:
    done = pitchpipe(
        *("check", "../warned.yaml", "a b, 50%.yaml", "--format", "github"),
        cwd=folder / "sub",
        GITHUB_WORKSPACE=str(folder),
    )
    files = {line.partition("file=")[2].partition(",line")[0] for line in done.stdout.splitlines()}
    assert files == {"warned.yaml", "sub/a b%2C 50%25.yaml"}


def test_junit_has_one_test_a_file(folder: Path) -> None:
    done = pitchpipe("check", *PATHS, "--format", "junit", cwd=folder)
    root = ElementTree.fromstring(done.stdout)
    (suite,) = root
    counts = {"tests": "4", "failures": "1", "errors": "1"}
    assert suite.attrib == root.attrib == {"name": "pitchpipe check", **counts}
    cases = {case.attrib["name"]: [child.tag for child in case] for case in suite}
    assert cases == {
        "good.yaml": [],
        "nope.yaml": ["error"],
        "sub/a b, 50%.yaml": ["failure"],
        "warned.yaml": ["system-out"],
    }
    failure = suite[2][0]
    assert failure.attrib["type"] == "template-unknown-column"
    assert failure.attrib["message"].endswith(", and 3 others")
    assert failure.text
    assert len(failure.text.splitlines()) == 5
    strict = pitchpipe("check", "warned.yaml", "--format", "junit", "--strict", cwd=folder)
    assert ElementTree.fromstring(strict.stdout).attrib["failures"] == "1"


def test_junit_leaves_out_what_no_xml_may_hold(tmp_path: Path) -> None:
    text = 'trai\\x1bning<&"\x01: 1\n'
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    done = pitchpipe("check", "a.yaml", "--format", "junit", cwd=tmp_path)
    assert ElementTree.fromstring(done.stdout).attrib["failures"] == "1"
