"""The edge between the core and the disk: reads workflow files and has them analysed."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.dialects.recognise import NATIVE, dialect_of
from pitchpipe.document import LONGEST
from pitchpipe.findings import Finding, Severity
from pitchpipe.keypath import parse_dotted
from pitchpipe.overrides import parse_setting
from pitchpipe.schema import Schema
from pitchpipe.span import Lines, Span
from pitchpipe.syntax.nodes import Data
from pitchpipe_cli import interpreter
from pitchpipe_cli.errors import CommandError, Exit, reason
from pitchpipe_facts import shipped
from pitchpipe_facts.reader import Reader, token_counts

if TYPE_CHECKING:
    pass

STDIN = "-"
_DECODER = codecs.getincrementaldecoder("utf-8")
_MOST_BYTES = 4 * LONGEST


@dataclass(frozen=True, slots=True)
class Checked:
    """A file and what is to be said about it.

    `name` is the file as the user named it. `analysis` is None where the bytes are no text.
    """

    name: str
    text: str
    lines: Lines
    findings: tuple[Finding, ...]
    analysis: Analysis | None

    @property
    def has_errors(self) -> bool:
        return bool(self._errors)

    @property
    def verdict(self) -> Exit:
        """The exit code that the findings call for; what `--set` says is not the file's fault."""
        if not self.has_errors:
            return Exit.DONE
        blameless = all(self.from_command_line(finding) for finding in self._errors)
        return Exit.WRONG_ENVIRONMENT if blameless else Exit.WRONG_FILE

    def from_command_line(self, finding: Finding) -> bool:
        """Whether the finding is about a value that `--set` gave, so about no place in the file."""
        if self.analysis is None:
            return False
        reading = self.analysis.context.reading
        if not finding.path:
            return finding in reading.problems
        return reading.overridden(parse_dotted(finding.path))

    @property
    def can_run(self) -> bool:
        """Whether there is a plan for it."""
        return self.analysis is not None and self.analysis.can_run

    @property
    def refusal(self) -> Exit:
        """The exit code of whoever wanted to run it, and it can't."""
        return self.verdict or Exit.WRONG_FILE

    @property
    def _errors(self) -> list[Finding]:
        return [f for f in self.findings if f.severity is Severity.ERROR]


@cache
def schema() -> Schema:
    """The native format's."""
    return Schema(pitchpipe_schemas.load("workflow"), fast=True, others=pitchpipe_schemas.dialect)


class Readers:
    """What the files of one command share: what is known of models, and each folder's facts."""

    def __init__(self) -> None:
        self._models = shipped.shapes()
        self._python = interpreter.named()
        self._machine = cache(shipped.this_machine)
        self._counts = cache(token_counts)
        self._made: dict[Path, Reader] = {}

    def of(self, folder: Path) -> Reader:
        """The facts for files whose paths start from `folder`."""
        if folder not in self._made:
            self._made[folder] = Reader(
                folder,
                python=self._python,
                models=self._models,
                devices=shipped.devices,
                machine=self._machine,
                records=shipped.records,
                counts=self._counts,
            )
        return self._made[folder]


def check(
    name: str,
    overrides: Mapping[str, Data] | None = None,
    dialect: str | None = None,
    *,
    readers: Readers | None = None,
    stdin_name: str | None = None,
) -> Checked:
    """Reads and analyses the file `name`; `-` is stdin, taken for a file called `stdin_name`.

    `dialect` is whose format it has; where it is None, the file tells. `readers` are those of the
    whole command.

    Raises:
        CommandError: the file can't be read.
    """
    data = _read(name)
    shown = (stdin_name or "<stdin>") if name == STDIN else name
    try:
        # Of a file that was cut the last character may be half there.
        text = _DECODER().decode(data, final=len(data) <= _MOST_BYTES)
    except UnicodeDecodeError as error:
        return _no_text(shown, data, error)
    called = (stdin_name or "stdin.yaml") if name == STDIN else name
    path = os.path.normpath(Path.cwd() / called)
    format_ = dialect or dialect_of(path, text) or NATIVE
    start = Path(path).parent if format_ == NATIVE else Path.cwd()
    analysis = analyse(
        text,
        schema=schema(),
        facts=(readers or Readers()).of(start),
        path=path,
        overrides=overrides or {},
        dialect=format_,
        start=str(start),
    )
    return Checked(shown, text, analysis.document.lines, analysis.findings, analysis)


def another(analysis: Analysis, text: str) -> Analysis:
    """What another text comes to in the place of one without overrides."""
    context = analysis.context
    return analyse(
        text,
        schema=schema(),
        facts=context.facts,
        path=analysis.path,
        reuse=context.document,
        dialect=analysis.dialect,
        start=context.root,
    )


def overrides(settings: Sequence[str]) -> dict[str, Data]:
    """The values of `--set key=value`, of which the last one for a key counts.

    Raises:
        CommandError: one of them is no setting.
    """
    try:
        return dict(parse_setting(setting, schema()) for setting in settings)
    except ValueError as error:
        raise CommandError(f"--set: {error}") from error


def _read(name: str) -> bytes:
    """The file's bytes, or so many that it is surely too large to be read as a workflow."""
    if name == STDIN:
        return sys.stdin.buffer.read(_MOST_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot read {name}: {reason(error)}") from error


def _no_text(name: str, data: bytes, error: UnicodeDecodeError) -> Checked:
    """Only where the first wrong byte is can be said."""
    before = data[: error.start].decode("utf-8")
    message = f"the byte 0x{data[error.start]:02x} is no UTF-8; save the file as UTF-8"
    place = Span(len(before), len(before))
    return Checked(name, before, Lines(before), (Finding("not-utf-8", message, place),), None)
