"""The grammar of the command line, and what it costs to say it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import pitchpipe_schemas
from pitchpipe import __version__
from pitchpipe_cli import interpreter, parser, shells
from pitchpipe_facts import run_index, runs
from support.cli import TESTS, command, environment, pitchpipe

HEAVY = (
    *("torch", "transformers", "peft", "datasets", "pygls", "lsprotocol", "onnxruntime", "numpy"),
    *("rich", "ruamel", "filelock", "platformdirs"),
)


def test_the_version_names_the_python_too(tmp_path: Path) -> None:
    done = pitchpipe("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"pitchpipe {__version__} (Python {sys.version_info[0]}.")


@pytest.mark.parametrize(
    "arguments",
    [[], ["teleport"], ["check"], ["check", "a", "--format", "xml"], ["run", "a", "--only", "x"]],
)
def test_a_wrong_command_line_is_2_with_the_usage(tmp_path: Path, arguments: list[str]) -> None:
    done = pitchpipe(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: pitchpipe")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command_name", ["check", "plan", "run", "init", "runs", "schema"])
def test_every_command_explains_itself(tmp_path: Path, command_name: str) -> None:
    done = pitchpipe(command_name, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "exit codes: 0 done" in done.stdout


@pytest.mark.parametrize("name", parser.SCHEMAS)
def test_a_schema_is_printed_as_it_is_shipped(tmp_path: Path, name: str) -> None:
    done = pitchpipe("schema", name, cwd=tmp_path)
    assert done.stdout == pitchpipe_schemas.text(name)


def test_stages_and_tasks_are_those_of_the_schemas() -> None:
    event = pitchpipe_schemas.load("event")
    started = next(k for k in event["oneOf"] if k["properties"]["kind"]["const"] == "run-started")
    assert list(parser.STAGES) == started["properties"]["stages"]["items"]["enum"]
    properties = pitchpipe_schemas.load("workflow")["properties"]
    assert list(parser.TASKS) == properties["task"]["enum"]
    assert list(parser.METHODS) == properties["method"]["properties"]["type"]["enum"]


def test_the_golden_events_are_what_the_schema_says() -> None:
    validator = jsonschema.Draft202012Validator(pitchpipe_schemas.load("event"))
    events, _ = runs.tail(TESTS / "golden" / "events.jsonl", 0)
    assert [e["seq"] for e in events] == list(range(len(events)))
    assert [error for event in events for error in validator.iter_errors(event)] == []


@pytest.mark.parametrize("arguments", [["--help"], ["check", "a.yaml"]])
def test_help_and_check_import_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "a.yaml").write_text("model:\n  name_or_path: org/model\n", encoding="utf-8")
    script = (
        "import sys\n"
        "from pitchpipe_cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    line = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(
        line, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert not set(HEAVY) & set(done.stderr.split())


# Completion


def test_every_option_and_command_is_completed_in_every_shell(tmp_path: Path) -> None:
    words = ["check", "runs", "rm", "trust-remote-code", "evaluate", "classification"]
    for shell in parser.SHELLS:
        script = pitchpipe("completion", shell, cwd=tmp_path).stdout
        assert [word for word in words if word not in script] == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["ru"], ["run", "runs"]),
        (["runs", "sh"], ["show"]),
        (["runs", "rm", "--y"], ["--yes"]),
        (["run", "--tr"], ["--trust-remote-code"]),
        (["run", "--only", "t"], ["train"]),
        (["check", "--format", ""], ["text", "json", "sarif", "github", "junit"]),
        (["check", "--ignore", "yaml11"], ["yaml11-float"]),
        (["check", "work"], ["workflow.yaml"]),
        (["run", "--python", "work"], ["workflow.yaml"]),
        (["run", "--set", "x"], []),
        (["plan", "--set", "training.max_s"], ["training.max_steps="]),
        (["run", "--set", "method.rank"], ["method.rank_pattern="]),
        (["runs", "show", "2026"], ["20261124T101500Z-tones"]),
        (["runs", "rm", "2026"], ["20261124T101500Z-tones"]),
        (["run", "--resume", "2026"], ["20261124T101500Z-tones"]),
    ],
)
def test_bash_offers_what_can_stand_there(
    tmp_path: Path, typed: list[str], offered: list[str]
) -> None:
    (tmp_path / "workflow.yaml").write_text("", encoding="utf-8")
    script = pitchpipe("completion", "bash", cwd=tmp_path).stdout
    script += (
        'pitchpipe() { [[ "$*" == "runs list --format ids" ]] && echo 20261124T101500Z-tones; }\n'
    )
    words = " ".join(f"'{word}'" for word in ["pitchpipe", *typed])
    script += f"COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _pitchpipe\n"
    script += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
    done = subprocess.run(
        ["bash", "--norc"],
        cwd=tmp_path,
        input=script,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.split() == offered


def test_python_minus_m_is_the_command(tmp_path: Path) -> None:
    line = command("--version")
    assert line[1:3] == ["-m", "pitchpipe_cli"]
    assert subprocess.run(line, cwd=tmp_path, env=environment(), check=False).returncode == 0


def test_every_command_and_variable_is_documented() -> None:
    page = (TESTS.parent / "docs" / "commands.md").read_text(encoding="utf-8")
    names = [" ".join(c.words) for c in shells.grammar(parser.build()) if c.words]
    names += [interpreter.VARIABLE, run_index.STATE_DIR_VARIABLE]
    assert "runs show" in names
    assert [name for name in names if f"`{name}" not in page] == []
