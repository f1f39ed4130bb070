"""`--setup`: what the Python that trains lacks, listed, and installed after consent."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata

from pitchpipe_cli import terminal
from pitchpipe_cli.errors import CommandError

_ASK = """\
import json, sys
from importlib import metadata
def lacks(name):
    try:
        return not metadata.version(name)
    except metadata.PackageNotFoundError:
        return True
print(json.dumps([n for n in json.load(sys.stdin) if lacks(n)]))
"""
_RUNNER = re.compile(r"""extra\s*==\s*['"]runner['"]""")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def set_up(python: str, trackers: tuple[str, ...], *, consent: bool) -> None:
    """Sees that `python` has what a run with these trackers needs.

    Raises:
        CommandError: something is missing, and is not to be or can't be installed.
    """
    wanted = {**_of_runner(), **{name: name for name in trackers}}
    missing = [wanted[name] for name in _missing(python, list(wanted))]
    if not missing:
        terminal.err("pitchpipe: nothing is missing\n")
        return
    terminal.err(f"pitchpipe: {python} lacks\n")
    terminal.err("".join(f"    {requirement}\n" for requirement in missing))
    if not consent and not _agreed():
        raise CommandError("nothing is installed; say `--yes` to install without being asked")
    command = [python, "-m", "pip", "install", *missing]
    if subprocess.run(command, check=False).returncode != 0:
        raise CommandError("pip could not install them")


def trackers(report_to: str | Sequence[str]) -> tuple[str, ...]:
    """The packages of `training.report_to`."""
    named = (report_to,) if isinstance(report_to, str) else tuple(report_to)
    return tuple(name for name in named if name != "none")


def _of_runner() -> dict[str, str]:
    """What training needs, as this package says itself: requirements by name."""
    found: dict[str, str] = {}
    for line in metadata.requires("pitchpipe") or ():
        requirement, _, marker = line.partition(";")
        name = _NAME.match(requirement)
        if _RUNNER.search(marker) and name:
            found[name[0]] = requirement.strip()
    return found


def _missing(python: str, names: list[str]) -> list[str]:
    done = subprocess.run(
        [python, "-c", _ASK], input=json.dumps(names), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CommandError(f"{python} does not answer: {done.stderr.strip()[-200:]}")
    return json.loads(done.stdout)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    terminal.err("install them there? [y/N] ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
