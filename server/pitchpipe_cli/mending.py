"""Safe fixes taken in files: written, or shown as a difference."""

from __future__ import annotations

import difflib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pitchpipe import fixing
from pitchpipe.analyse import Analysis
from pitchpipe.findings import Finding
from pitchpipe.span import Place
from pitchpipe_cli import workflow_file
from pitchpipe_cli.errors import CommandError, reason
from pitchpipe_cli.workflow_file import Checked


@dataclass(frozen=True, slots=True)
class Mended:
    """A file before and after its safe fixes.

    `taken` are the findings that were mended, each with its place when it was.
    """

    before: Checked
    after: Checked
    taken: tuple[tuple[Finding, Place], ...]

    def alone(self) -> Mended:
        """The same without what the texts were found to mean."""
        bare = [replace(side, analysis=None) for side in (self.before, self.after)]
        return Mended(bare[0], bare[1], self.taken)


def mend(checked: Checked, wanted: Callable[[Finding], bool]) -> Mended:
    """What becomes of a file when the safe fixes of `wanted` findings are taken."""
    analysis = checked.analysis
    if analysis is None:
        return Mended(checked, checked, ())
    last = analysis

    def again(text: str) -> Analysis:
        nonlocal last
        last = workflow_file.another(analysis, text)
        return last

    mended = fixing.until_done(analysis, again, wanted)
    after = Checked(checked.name, mended.text, last.document.lines, last.findings, last)
    return Mended(checked, after, mended.taken)


def write(name: str, mended: Mended) -> None:
    """Writes a file so that a reader sees the old text or the new one; links and mode stay.

    Raises:
        CommandError: it can't be written, or holds something else than what was read.
    """
    try:
        file = Path(name).resolve(strict=True)
        if file.read_bytes() != mended.before.text.encode("utf-8"):
            raise CommandError(f"cannot write {name}: it has changed since it was read")
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            temporary.write_bytes(mended.after.text.encode("utf-8"))
            shutil.copymode(file, temporary)
            temporary.replace(file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandError(f"cannot write {name}: {reason(error)}") from error


def difference(mended: Mended) -> str:
    """What the fixes change, as `patch` and `git apply` read it; "" where they change nothing."""
    name = mended.before.name.replace(os.sep, "/")
    before, after = (_lines(side.text) for side in (mended.before, mended.after))
    parts: list[str] = []
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
        whole = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        parts.append(whole)
    return "".join(parts)


def _lines(text: str) -> list[str]:
    """The lines with their ends; a carriage return is a part of them."""
    *whole, last = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([last] if last else [])]
