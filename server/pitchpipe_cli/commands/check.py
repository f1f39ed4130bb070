"""`pitchpipe check`: everything that is wrong with workflow files."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pitchpipe import amounts
from pitchpipe_cli import choosing, gathering, listing, terminal, together
from pitchpipe_cli.choosing import Choice
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_cli.workflow_file import STDIN, Checked, Readers

if TYPE_CHECKING:
    from pitchpipe_cli.mending import Mended


@dataclass(slots=True)
class _Seen:
    """The files in order, those of them that fixes change, and why others can't be had."""

    files: list[Checked] = field(default_factory=list[Checked])
    mended: list[Mended] = field(default_factory=list["Mended"])
    unreadable: dict[str, str] = field(default_factory=dict[str, str])


def execute(arguments: argparse.Namespace) -> Exit:
    """What is not shown counts for nothing; a file that can't be read outweighs all findings."""
    choice = choosing.choice(arguments)
    if arguments.format != "text":
        _refuse_mixed_output(arguments)
    if arguments.base is not None and (arguments.fix or arguments.diff):
        raise CommandError("--with looks at two files together, of which --fix mends each alone")
    gathered = gathering.gather(arguments.paths)
    seen = _Seen(unreadable=gathered.missing)
    readers = Readers()
    for name in gathered.files:
        why = _see(name, arguments, choice, readers, seen)
        if why:
            seen.unreadable[name] = why
    if arguments.diff:
        _print_differences(seen)
    else:
        _print(seen, arguments, choice)
    if seen.unreadable:
        return Exit.WRONG_ENVIRONMENT
    failed = any(choice.fails(finding) for checked in seen.files for finding in checked.findings)
    return Exit.WRONG_FILE if failed else Exit.DONE


def _refuse_mixed_output(arguments: argparse.Namespace) -> None:
    if arguments.diff:
        raise CommandError("--diff prints what would change, for which there is no --format")
    if arguments.fix and STDIN in arguments.paths:
        raise CommandError("--fix prints standard input mended, for which there is no --format")


def _see(
    name: str, arguments: argparse.Namespace, choice: Choice, readers: Readers, seen: _Seen
) -> str:
    """Adds a file, mended if that is wanted; gives why it can't be read or written, or ""."""
    try:
        found = together.check(
            name,
            arguments.base,
            {},
            arguments.dialect,
            readers=readers,
            stdin_name=arguments.stdin_filename,
        ).files
        if arguments.fix or arguments.diff:
            found = [_mended(found[0], name, choice, arguments.diff, seen)]
    except CommandError as error:
        return str(error)
    for checked in found:
        told = tuple(filter(choice.shows, checked.findings))
        # Of what a thousand files mean, nothing is needed any more.
        seen.files.append(replace(checked, findings=told, analysis=None))
    return ""


def _mended(checked: Checked, name: str, choice: Choice, only_show: bool, seen: _Seen) -> Checked:
    """The file as it is afterwards.

    Raises:
        CommandError: it can't be written.
    """
    from pitchpipe_cli import mending

    mended = mending.mend(checked, choice.shows)
    if only_show:
        after = mended.before
    elif name == STDIN:
        terminal.out_bytes(mended.after.text.encode("utf-8"))
        after = mended.after
    else:
        if mended.taken:
            mending.write(name, mended)
        after = mended.after
    if mended.taken:
        seen.mended.append(mended.alone())
    return after


def _print(seen: _Seen, arguments: argparse.Namespace, choice: Choice) -> None:
    if arguments.format == "json":
        mended = seen.mended if arguments.fix else None
        terminal.out_json(listing.as_json(seen.files, seen.unreadable, mended))
    elif arguments.format == "sarif":
        from pitchpipe_cli.reports import sarif

        terminal.out_json(sarif.log(seen.files, seen.unreadable))
    elif arguments.format == "junit":
        from pitchpipe_cli.reports import junit

        xml = junit.document(seen.files, seen.unreadable, choice.fails)
        terminal.out_bytes(xml.encode("utf-8"))
    elif arguments.format == "github":
        from pitchpipe_cli.reports import github

        terminal.out(github.commands(seen.files, seen.unreadable))
    else:
        _print_text(seen, arguments)


def _print_text(seen: _Seen, arguments: argparse.Namespace) -> None:
    """To stdout, or to stderr where stdout has what standard input has become."""
    if arguments.fix and STDIN in arguments.paths:
        stream, write = sys.stderr, terminal.err
    else:
        stream, write = sys.stdout, terminal.out
    paint, details = terminal.painter(stream), terminal.is_terminal(stream)
    write("".join(listing.mended(mended, paint) for mended in seen.mended))
    write("".join(listing.text(checked, paint, details) for checked in seen.files))
    _print_unreadable(seen)
    if seen.files:
        made = f"; {_count(seen)} made" if arguments.fix else ""
        write(f"{listing.summary(seen.files)}{made}\n")


def _print_differences(seen: _Seen) -> None:
    from pitchpipe_cli import mending

    terminal.out("".join(mending.difference(mended) for mended in seen.mended))
    _print_unreadable(seen)
    terminal.err(f"{_count(seen)} to make in {amounts.plural(len(seen.mended), 'file')}\n")


def _print_unreadable(seen: _Seen) -> None:
    for message in seen.unreadable.values():
        terminal.err(f"pitchpipe: {message}\n")


def _count(seen: _Seen) -> str:
    count = sum(len(mended.taken) for mended in seen.mended)
    return "1 fix" if count == 1 else f"{count:,} fixes"
