"""`pitchpipe init`: writes a workflow file to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from pitchpipe import draft
from pitchpipe.draft import Mapped
from pitchpipe_cli import interpreter, listing, terminal, workflow_file
from pitchpipe_cli.errors import CommandError, Exit, reason
from pitchpipe_facts import run_index
from pitchpipe_facts.reader import Reader


def execute(arguments: argparse.Namespace) -> Exit:
    file = Path(arguments.file)
    if file.exists() and not arguments.force:
        raise CommandError(f"{file} exists already; `--force` overwrites it")
    text = draft.workflow(
        workflow_file.schema(),
        name=file.name.partition(".")[0] or "workflow",
        task=arguments.task,
        model=_model(arguments.model, file.parent),
        data=_data(arguments.data, file.parent),
        parts=_parts(arguments.data, arguments.task),
        method=arguments.method,
        hub=arguments.data is not None and _is_dataset(arguments.data),
    )
    _write(file, text)
    checked = workflow_file.check(arguments.file)
    if (fitted := draft.fitted(text, checked.findings)) != text:
        _write(file, fitted)
        checked = workflow_file.check(arguments.file)
    terminal.out(f"wrote {file}\n")
    listing.tell(checked)
    return Exit.DONE


def _write(file: Path, text: str) -> None:
    try:
        run_index.write_atomically(file, text)
    except OSError as error:
        raise CommandError(f"cannot write {file}: {reason(error)}") from error


def _model(name: str | None, folder: Path) -> str:
    """A folder is spelt from where the workflow will lie; anything else is a hub name."""
    if name is None:
        return draft.MODEL
    return _spelt(Path(name), folder) if Path(name).is_dir() else name


def _data(name: str | None, folder: Path) -> str:
    """The rows as the file has to name them."""
    if name is None:
        return draft.DATA
    return name if _is_dataset(name) else _spelt(Path(name), folder)


def _is_dataset(name: str) -> bool:
    return draft.is_dataset(name, is_there=Path(name).exists())


def _spelt(path: Path, folder: Path) -> str:
    """How a file in `folder` has to spell `path`, which starts from the working directory."""
    if path.is_absolute():
        return path.as_posix()
    return draft.spelt(str(path.absolute()), str(folder.absolute()))


def _parts(data: str | None, task: str) -> Mapped:
    """What the columns of the data file are for, as far as the file is there and tells."""
    if data is None:
        return Mapped()
    if _is_dataset(data):
        terminal.err(f"pitchpipe: {draft.unseen(data)}\n")
        return Mapped()
    path = Path(data).absolute()
    table = Reader(path.parent, python=interpreter.named()).table(str(path))
    parts, unclear = draft.parts(table, task, data)
    if unclear is not None:
        terminal.err(f"pitchpipe: {unclear}\n")
    return parts
