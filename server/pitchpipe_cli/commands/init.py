"""`pitchpipe init`: writes a workflow file to start from."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pitchpipe.facts import NotRead
from pitchpipe_cli import interpreter, listing, template, terminal, workflow_file
from pitchpipe_cli.errors import CommandError, Exit, reason
from pitchpipe_cli.template import Mapped
from pitchpipe_facts import run_index
from pitchpipe_facts.reader import Reader

_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
_DATA = "data/train.jsonl"


def execute(arguments: argparse.Namespace) -> Exit:
    file = Path(arguments.file)
    if file.exists() and not arguments.force:
        raise CommandError(f"{file} exists already; `--force` overwrites it")
    text = template.workflow(
        workflow_file.schema(),
        name=file.name.partition(".")[0] or "workflow",
        task=arguments.task,
        model=_model(arguments.model, file.parent),
        data=_spelt(Path(arguments.data), file.parent) if arguments.data else _DATA,
        parts=_parts(arguments.data, arguments.task),
    )
    try:
        run_index.write_atomically(file, text)
    except OSError as error:
        raise CommandError(f"cannot write {file}: {reason(error)}") from error
    terminal.out(f"wrote {file}\n")
    listing.tell(workflow_file.check(arguments.file))
    return Exit.DONE


def _model(name: str | None, folder: Path) -> str:
    """A folder is spelt from where the workflow will lie; anything else is a hub name."""
    if name is None:
        return _MODEL
    return _spelt(Path(name), folder) if Path(name).is_dir() else name


def _spelt(path: Path, folder: Path) -> str:
    """How a file in `folder` has to spell `path`, which starts from the working directory."""
    if path.is_absolute():
        return path.as_posix()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        # On Windows there is no way from one drive to another.
        return path.absolute().as_posix()


def _parts(data: str | None, task: str) -> Mapped:
    """What the columns of the data file are for, as far as the file is there and tells."""
    if data is None:
        return Mapped()
    path = Path(data).absolute()
    table = Reader(path.parent, python=interpreter.named()).table(str(path))
    if isinstance(table, NotRead):
        terminal.err(f"pitchpipe: {data} was not read: {table.reason}\n")
        return Mapped()
    found = template.mapped(table)
    if found is None:
        names = ", ".join(f"`{column.name}`" for column in table.columns) or "none"
        terminal.err(
            f"pitchpipe: set `columns` yourself: it is not clear which of the columns of {data} "
            f"is the prompt and which the completion (there are {names})\n"
        )
        return Mapped()
    if task == "classification" and found.label and not template.few_labels(table, found.label):
        return Mapped(found.columns, found.prompt_template)
    return found
