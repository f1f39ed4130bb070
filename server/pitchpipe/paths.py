"""Paths as workflows write them: relative to the workflow's folder, with `~` and `${NAME}`."""

from __future__ import annotations

import ntpath
import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from pitchpipe.facts import Facts

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """`absolute` is where the path leads.

    `portable` is how a plan spells it: as it was written where that is relative and names nothing
    of this machine, else absolute. `unset` are the environment variables that it names and that are
    not set; they are left in place.
    """

    absolute: str
    portable: str
    unset: tuple[str, ...] = ()


def resolve(written: str, root: str, facts: Facts) -> ResolvedPath:
    """Where `written` leads from the absolute folder `root`.

    Paths are Windows' where `root` is one of Windows.
    """
    if "$" not in written and not written.startswith("~"):
        return _plain(written, root)
    flavour = flavour_of(root)
    unset: list[str] = []

    def value(variable: re.Match[str]) -> str:
        found = facts.environment(variable["name"])
        if found is None:
            unset.append(variable["name"])
            return variable.group()
        return found

    expanded = _home(_VARIABLE.sub(value, written), facts)
    absolute: str = flavour.normpath(flavour.join(root, expanded))
    portable = written if expanded == written and not flavour.isabs(expanded) else absolute
    return ResolvedPath(absolute, portable, tuple(dict.fromkeys(unset)))


@lru_cache(maxsize=4096)
def _plain(written: str, root: str) -> ResolvedPath:
    """Without variables; a workflow names the same few files at every keystroke."""
    flavour = flavour_of(root)
    absolute: str = flavour.normpath(flavour.join(root, written))
    return ResolvedPath(absolute, absolute if flavour.isabs(written) else written)


def flavour_of(root: str) -> ModuleType:
    """The path rules (`ntpath` or `posixpath`) that the absolute folder `root` follows."""
    return ntpath if _DRIVE.match(root) or root.startswith("\\\\") else posixpath


def is_path(name: str) -> bool:
    """Whether a model's `name` can't be a name on the hub (`name` or `owner/name`)."""
    return (
        name.startswith((".", "/", "~"))
        or "\\" in name
        or "${" in name
        or name.count("/") > 1
        or name.endswith("/")
        or _DRIVE.match(name) is not None
    )


def _home(path: str, facts: Facts) -> str:
    if path != "~" and not path.startswith(("~/", "~\\")):
        return path
    home = facts.environment("HOME") or facts.environment("USERPROFILE")
    return path if home is None else home + path[1:]
