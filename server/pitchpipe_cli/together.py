"""`--with BASE FILE`: a part of a workflow checked, estimated and run together with a whole one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pitchpipe import composing
from pitchpipe.syntax.nodes import Data
from pitchpipe_cli import listing, workflow_file
from pitchpipe_cli.errors import Exit
from pitchpipe_cli.workflow_file import Checked, Readers


@dataclass(frozen=True, slots=True)
class Together:
    """What is to be said of a workflow, and of the part that is laid over it, if there is one.

    `whole.analysis` is of both. `laid` are the workflow's keys that the part gives.
    """

    whole: Checked
    part: Checked | None = None
    part_can_run: bool = True
    laid: frozenset[str] = frozenset()

    @property
    def files(self) -> list[Checked]:
        return [self.whole] if self.part is None else [self.whole, self.part]

    @property
    def can_run(self) -> bool:
        return self.whole.can_run and self.part_can_run

    @property
    def verdict(self) -> Exit:
        return max(checked.verdict for checked in self.files)

    @property
    def refusal(self) -> Exit:
        return self.verdict or Exit.WRONG_FILE

    def tell(self) -> None:
        """Prints the findings to stderr."""
        for checked in self.files:
            listing.tell(checked)


def of_arguments(arguments: argparse.Namespace) -> Together:
    """What a command's FILE, `--with` and `--set` name.

    Raises:
        CommandError: a file can't be read, or `--set` is no setting.
    """
    settings = workflow_file.overrides(arguments.overrides)
    return check(arguments.file, arguments.base, settings)


def check(
    name: str,
    base: str | None,
    settings: Mapping[str, Data],
    dialect: str | None = None,
    *,
    readers: Readers | None = None,
    stdin_name: str | None = None,
) -> Together:
    """The file `name`, laid over `base` where that is given.

    Raises:
        CommandError: one of them can't be read.
    """

    def one(laid: Mapping[str, Data]) -> Checked:
        return workflow_file.check(name, laid, dialect, readers=readers, stdin_name=stdin_name)

    if base is None:
        return Together(one(settings))
    part = one({})
    laid = composing.laid_over(part.analysis) if part.analysis else {}
    whole = workflow_file.check(base, {**laid, **settings}, readers=readers)
    if whole.analysis is None or part.analysis is None:
        return Together(whole, part, part_can_run=False)
    found = composing.composed(whole.analysis, part.analysis, settings)
    whole = replace(whole, findings=found.of_base)
    given = frozenset(laid) - frozenset(settings)
    return Together(whole, replace(part, findings=found.of_part), found.part_can_run, given)
