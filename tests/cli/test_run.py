"""`pitchpipe run` watches over a process, and says how it ended and what can be done next."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pitchpipe_facts import runs
from support.cli import Done, command, environment, pitchpipe, stand_in_python, write_plan

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


class Workplace:
    """A folder with a plan in it, and the command in that folder with the stand-in runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {"PITCHPIPE_STATE_DIR": str(folder / "state")}
        self.plan = write_plan(folder / "tone.json", name="tone", workflow="tone.yaml")
        self.python = stand_in_python(folder)

    def run(self, script: str, *arguments: str, **variables: str) -> Done:
        line = ["run", *(arguments or ["tone.json"]), "--python", str(self.python)]
        variables = {**self.variables, "STAND_IN": script, **variables}
        return pitchpipe(*line, cwd=self.folder, **variables)

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        line = command("run", *(arguments or ["tone.json"]), "--python", str(self.python))
        return subprocess.Popen(
            line,
            cwd=self.folder,
            env=environment(**self.variables, STAND_IN=script),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    @property
    def runs(self) -> list[Path]:
        return sorted((self.folder / "runs").glob("*"))

    def events(self) -> list[dict[str, Any]]:
        """Those of the newest run; none before it has begun."""
        return runs.tail(self.runs[-1] / "events.jsonl", 0)[0] if self.runs else []


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def wait_for(place: Workplace, message: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if any(e.get("message") == message for e in place.events()):
            return
        time.sleep(0.05)
    pytest.fail(f"the stand-in never said {message!r}")


def test_a_run_that_goes_well_ends_with_0_and_names_the_report(place: Workplace) -> None:
    done = place.run("done")
    assert done.returncode == 0, done.stderr
    run = place.runs[0]
    lines = done.stdout.splitlines()
    assert lines[0] == f"run {run.name} started in {Path('runs', run.name)}"
    assert "prepare: done in 0.5 s (rows 9)" in lines
    assert lines[-1] == f"report  {Path('runs', run.name, 'report.html')}"
    assert done.stderr == ""


def test_a_run_folder_holds_the_plan_and_is_named_by_time_and_name(place: Workplace) -> None:
    place.run("done")
    run = place.runs[0]
    assert json.loads((run / "plan.json").read_text(encoding="utf-8"))["name"] == "tone"
    assert (run / "events.jsonl").is_file()
    day, name = run.name.split("-", 1)
    assert time.strptime(day, "%Y%m%dT%H%M%SZ")
    assert name == "tone"


def test_the_workflow_comes_along_when_it_is_still_the_same(place: Workplace) -> None:
    text = b"version: 1\r\nname: tone\r\n"
    (place.folder / "tone.yaml").write_bytes(text)
    sha256 = hashlib.sha256(text).hexdigest()
    write_plan(place.plan, workflow="tone.yaml", workflow_sha256=sha256)
    place.run("done")
    assert (place.runs[0] / "workflow.yaml").read_bytes() == text


def test_a_workflow_that_says_something_else_by_now_stays_away(place: Workplace) -> None:
    (place.folder / "tone.yaml").write_bytes(b"version: 1\n")
    write_plan(place.plan, workflow="tone.yaml", workflow_sha256="0" * 64)
    place.run("done")
    assert not (place.runs[0] / "workflow.yaml").exists()


def test_quiet_prints_the_outcome_alone(place: Workplace) -> None:
    done = place.run("done", "tone.json", "-q")
    report = place.runs[0] / "report.html"
    assert done.stdout.strip() == f"report  {report.relative_to(place.folder)}"


def test_json_gives_the_event_lines_as_they_were_written(place: Workplace) -> None:
    done = place.run("done", "tone.json", "--format", "json")
    assert done.stdout == (place.runs[0] / "events.jsonl").read_text(encoding="utf-8")


def test_what_a_run_measured_is_shown_and_handed_to_the_next(place: Workplace) -> None:
    done = place.run("measured")
    assert "process          -    900 MB      -" in done.stdout.splitlines()
    assert not (place.runs[0] / "calibration.json").exists()
    place.run("done")
    content = json.loads((place.runs[1] / "calibration.json").read_text(encoding="utf-8"))
    assert [o["process_bytes"] for o in content["observations"]] == [500_000_000]


def test_options_for_the_runner_are_passed_on(place: Workplace) -> None:
    options = ["--only", "prepare", "--only", "train", "--fresh", "--trust-remote-code"]
    done = place.run("done", "tone.json", *options)
    assert f"options {options}" in done.stdout


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_failure_is_printed_at_its_place_and_its_exit_code_handed_on(
    place: Workplace, code: int
) -> None:
    done = place.run("failure", STAND_IN_CODE=str(code))
    assert done.returncode == code
    assert "tone.yaml:3:5: error[out-of-memory]: not enough memory\n    halve it" in done.stdout
    # A file that is put right makes another plan.
    assert (f"pitchpipe run --resume {place.runs[0].name}" in done.stderr) == (code != 1)


@posix_only
@pytest.mark.parametrize(
    ("name", "guess"), [("SIGKILL", "short of memory"), ("SIGSEGV", "native library")]
)
def test_a_killed_runner_is_named_with_its_last_words(
    place: Workplace, name: str, guess: str
) -> None:
    done = place.run("crash", STAND_IN_SIGNAL=name)
    assert done.returncode == 3
    assert f"was killed by {name} in the stage `train`" in done.stderr
    assert guess in done.stderr
    assert "    a word before the end" in done.stderr
    assert f"pitchpipe run --resume {place.runs[0].name} --python" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_runner_that_ends_without_a_word_has_failed(place: Workplace) -> None:
    done = place.run("silent")
    assert done.returncode == 3
    assert "ended with the exit code 7, without a word of why in the stage `train`" in done.stderr


def test_a_python_without_the_runner_is_said_with_what_to_install(place: Workplace) -> None:
    done = place.run("missing-package")
    assert done.returncode == 2
    assert "No module named 'torch'" in done.stderr
    assert f'{place.python} -m pip install "pitchpipe[runner]"' in done.stderr
    assert place.runs == []


def test_a_python_that_has_nothing_of_pitchpipe_is_said_too(place: Workplace) -> None:
    if sys.platform == "win32":
        pytest.skip("needs a shell script")
    isolated = place.folder / "isolated"
    isolated.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n', encoding="utf-8")
    isolated.chmod(0o755)
    line = ["run", "tone.json", "--python", str(isolated)]
    done = pitchpipe(*line, cwd=place.folder, **place.variables)
    assert done.returncode == 2
    assert "No module named pitchpipe_runner" in done.stderr
    assert place.runs == []


def test_a_python_that_is_no_program_is_said_before_anything_is_made(place: Workplace) -> None:
    line = ["run", "tone.json", "--python", "no/such/python"]
    done = pitchpipe(*line, cwd=place.folder, **place.variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pitchpipe: --python names no/such/python, which is no program\n"
    assert place.runs == []


def test_two_runs_within_a_second_get_two_folders(place: Workplace) -> None:
    both = [place.start("done") for _ in range(2)]
    assert [p.wait(30) for p in both] == [0, 0]
    for p in both:
        p.communicate()
    assert len(place.runs) == 2


@posix_only
def test_one_ctrl_c_reaches_the_runner_once_and_ends_with_130(place: Workplace) -> None:
    process = place.start("wait")
    wait_for(place, "ready")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "to keep what was learnt" in out
    assert "train: asked 1 times" in out
    assert f"pitchpipe run --resume {place.runs[0].name}" in err


@posix_only
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_asking_politely_from_outside_is_the_same_as_ctrl_c(place: Workplace, name: str) -> None:
    process = place.start("wait")
    wait_for(place, "ready")
    process.send_signal(signal.Signals[name])
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "train: asked 1 times" in out


@posix_only
def test_ctrl_c_to_the_whole_process_group_is_one_request(place: Workplace) -> None:
    process = place.start("wait")
    wait_for(place, "ready")
    assert sys.platform != "win32"
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert "train: asked 1 times" in out
    assert process.returncode == 130


@posix_only
def test_a_second_ctrl_c_kills(place: Workplace) -> None:
    process = place.start("stubborn")
    wait_for(place, "ready")
    process.send_signal(signal.SIGINT)
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "killed" in out
    assert "pitchpipe run --resume" in err


@posix_only
def test_a_reader_that_hangs_up_does_not_end_the_run(place: Workplace) -> None:
    process = place.start("wait")
    wait_for(place, "ready")
    assert process.stdout
    process.stdout.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stderr
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert place.events()[-1]["kind"] == "interrupted"


# Going on with a run


def test_an_interrupted_run_goes_on_in_its_folder(place: Workplace) -> None:
    place.run("failure", STAND_IN_CODE="3")
    run = place.runs[0].name
    done = place.run("done", "--resume", run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith(f"run {run} resumed in")
    assert "options ['--resume']" in done.stdout
    assert [r.name for r in place.runs] == [run]


def test_only_new_lines_are_given_when_a_run_goes_on(place: Workplace) -> None:
    place.run("failure", STAND_IN_CODE="3")
    before = len(place.events())
    done = place.run("done", "--resume", place.runs[0].name, "--format", "json")
    assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == list(
        range(before, len(place.events()))
    )


@pytest.mark.parametrize("order", [["tone.yaml", "--resume"], ["--resume", "tone.yaml"]])
def test_without_a_run_the_newest_unfinished_one_of_the_file_goes_on(
    place: Workplace, order: list[str]
) -> None:
    (place.folder / "tone.yaml").write_text("version: 1\n", encoding="utf-8")
    place.run("failure", STAND_IN_CODE="3")
    place.run("done")
    unfinished = place.runs[0].name
    done = place.run("done", *order)
    assert done.returncode == 0, done.stderr
    assert f"run {unfinished} resumed" in done.stdout
    assert "tone.yaml has changed since" in done.stderr


def test_a_run_is_found_by_its_folder_when_the_index_is_lost(place: Workplace) -> None:
    place.run("failure", STAND_IN_CODE="3")
    place.variables["PITCHPIPE_STATE_DIR"] = str(place.folder / "other-state")
    done = place.run("done", "--resume", str(place.runs[0]))
    assert done.returncode == 0, done.stderr


def test_a_run_that_is_done_has_nothing_to_resume(place: Workplace) -> None:
    place.run("done")
    run = place.runs[0].name
    before = len(place.events())
    done = place.run("done", "--resume", run)
    assert done.returncode == 0
    assert done.stderr == f"pitchpipe: run {run} is done, there is nothing to resume\n"
    assert len(place.events()) == before


@posix_only
def test_a_run_in_progress_is_left_alone(place: Workplace) -> None:
    process = place.start("wait")
    wait_for(place, "ready")
    done = place.run("done", "--resume", place.runs[0].name)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert done.returncode == 2
    assert "is in progress: another process works on it" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "which file?"),
        (["--resume"], "resume which run?"),
        (["--resume", "nope"], "there is no run nope"),
        (["tone.yaml", "--resume"], "tone.yaml has no run yet"),
        (["tone.json", "--set", "training.max_steps=5"], "a plan is run as it is"),
        (["tone.json", "--smoke"], "this plan is for a whole run"),
        (["tone.yaml", "--resume", "--smoke"], "goes on with the plan as it is"),
        (["missing.json"], "cannot read missing.json: no such file or directory"),
    ],
)
def test_a_command_line_that_asks_for_the_impossible_is_refused(
    place: Workplace, arguments: list[str], message: str
) -> None:
    line = ["run", *arguments]
    done = pitchpipe(*line, cwd=place.folder, **place.variables)
    assert done.returncode == 2
    assert message in done.stderr
    assert place.runs == []


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2}', '{"version": 1}'])
def test_a_plan_that_is_none_is_a_wrong_file(place: Workplace, text: str) -> None:
    place.plan.write_text(text, encoding="utf-8")
    done = place.run("done")
    assert done.returncode == 1
    assert done.stderr.startswith("pitchpipe: tone.json")
    assert done.stderr.count("\n") == 1


def test_a_models_own_code_needs_consent_on_the_command_line(place: Workplace) -> None:
    plan = json.loads(place.plan.read_text(encoding="utf-8"))
    plan["model"]["trust_remote_code"] = True
    place.plan.write_text(json.dumps(plan), encoding="utf-8")
    refused = place.run("done")
    assert refused.returncode == 2
    assert "`--trust-remote-code`" in refused.stderr
    assert place.runs == []
    assert place.run("done", "tone.json", "--trust-remote-code").returncode == 0


def test_an_output_folder_that_cannot_be_made_is_said(place: Workplace) -> None:
    (place.folder / "runs").write_text("in the way", encoding="utf-8")
    done = place.run("done")
    assert done.returncode == 2
    assert "no run folder can be made in" in done.stderr
