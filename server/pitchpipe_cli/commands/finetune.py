"""`pitchpipe finetune`: a workflow from options alone, those of `olive finetune`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pitchpipe import composing
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.converting import convert
from pitchpipe.dialects.recognise import NATIVE
from pitchpipe.findings import Finding, Severity
from pitchpipe.syntax.nodes import Data
from pitchpipe_cli import (
    interpreter,
    launch,
    listing,
    olive_configuration,
    publishing,
    terminal,
    workflow_file,
)
from pitchpipe_cli.commands import run
from pitchpipe_cli.errors import CommandError, Exit, reason
from pitchpipe_cli.view.words import shown
from pitchpipe_cli.workflow_file import Checked, Readers
from pitchpipe_facts import run_index

PROJECT = "pitchpipe.yaml"
"""Whose model and data count where the options name none."""

_NAME = "finetune.tune.yaml"  # of the workflow, which need not lie on the disk
_OF_OPTIONS = {"runner-cannot", "not-carried-over", "ignored-key", "refused-by-tool"}
_TASKS = {"generation": "text-generation"}


@dataclass(frozen=True, slots=True)
class _Made:
    """The workflow that the options come to, and its text where no file has it."""

    checked: Checked
    text: str


def execute(arguments: argparse.Namespace) -> Exit:
    target = Path(arguments.output_path) if arguments.output_path else None
    if target is not None and not arguments.print_workflow:
        publishing.demand_free(target)
    made = _workflow(arguments)
    if isinstance(made, Exit):
        return made
    if arguments.print_workflow:
        terminal.out(made.text)
        return Exit.DONE
    if arguments.save_config_file:
        _save(made.text, (target or Path()) / _NAME)
    analysis = made.checked.analysis
    assert analysis is not None, "it has been checked"
    run.ask_consent(analysis.wants_remote_code, arguments)
    if arguments.dry_run:
        return Exit.DONE
    python = interpreter.find(arguments.python)
    plan = analysis.plan(smoke=arguments.smoke, trust_remote_code=arguments.trust_remote_code)
    folder = launch.create(plan, made.checked.text, datetime.now(timezone.utc))
    code = run.work(folder, python, arguments)
    if code == Exit.DONE and target is not None:
        for published in publishing.publish(folder, target):
            terminal.err(f"pitchpipe: wrote {shown(published)}\n")
    return code


def _save(text: str, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        run_index.write_atomically(file, text)
    except OSError as error:
        raise CommandError(f"cannot write {file}: {reason(error)}") from error
    terminal.err(f"pitchpipe: wrote {file}\n")


def _workflow(arguments: argparse.Namespace) -> _Made | Exit:
    """What the options say, laid over `pitchpipe.yaml` where they name no model or no data."""
    readers = Readers()
    options = _of_options(arguments, readers)
    task = _task(arguments)
    if arguments.model_name_or_path and (arguments.data_name or arguments.data_files):
        _tell(options.findings)
        if options.has_errors:
            return Exit.WRONG_ENVIRONMENT
        text = convert(options, NATIVE).text
        if not options.can_run:
            terminal.out(text if arguments.print_workflow else "")
            return Exit.WRONG_ENVIRONMENT
        found = _analysed(text, NATIVE, readers, task)
        checked = Checked("<workflow>", text, found.document.lines, found.findings, found)
        listing.tell(checked)
        made = _Made(checked, convert(found, NATIVE).text if task else text)
        return made if found.can_run else Exit.WRONG_ENVIRONMENT
    return _over_project(arguments, options, task, readers)


def _over_project(
    arguments: argparse.Namespace, options: Analysis, task: dict[str, Data], readers: Readers
) -> _Made | Exit:
    if not Path(PROJECT).is_file():
        option = "--data_name" if arguments.model_name_or_path else "--model_name_or_path"
        what = "the data are" if arguments.model_name_or_path else "the model is"
        raise CommandError(
            f"error[missing-required]: nothing says what {what}: "
            f"give `{option}`, or write a {PROJECT} here"
        )
    laid = {**composing.laid_over(options), **task}
    checked = workflow_file.check(PROJECT, laid, readers=readers)
    if checked.analysis is None:
        listing.tell(checked)
        return checked.refusal
    found = composing.composed(checked.analysis, options, task)
    whole = Checked(PROJECT, checked.text, checked.lines, found.of_base, checked.analysis)
    listing.tell(whole)
    _tell(found.of_part)
    if not whole.can_run or not found.part_can_run:
        return whole.verdict or Exit.WRONG_ENVIRONMENT
    return _Made(whole, convert(checked.analysis, NATIVE).text)


def _task(arguments: argparse.Namespace) -> dict[str, Data]:
    name = arguments.task_name
    return {"task": _TASKS.get(name, name)} if name else {}


def _of_options(arguments: argparse.Namespace, readers: Readers) -> Analysis:
    text = json.dumps(olive_configuration.configuration(arguments), indent=2, ensure_ascii=False)
    return _analysed(text, "olive", readers, {})


def _analysed(text: str, dialect: str, readers: Readers, laid: dict[str, Data]) -> Analysis:
    return analyse(
        text,
        schema=workflow_file.schema(),
        facts=readers.of(Path.cwd()),
        path=str(Path.cwd() / _NAME),
        overrides=laid,
        dialect=dialect,
        start=str(Path.cwd()),
    )


def _tell(findings: Iterable[Finding]) -> None:
    """What is wrong with the options, which have no place in a file.

    What else is to be said is said of the workflow.
    """
    for finding in findings:
        if finding.severity is Severity.ERROR or finding.code in _OF_OPTIONS:
            name = f"{finding.severity.value}[{finding.code}]"
            terminal.err(f"pitchpipe: {name}: {finding.message}\n")
