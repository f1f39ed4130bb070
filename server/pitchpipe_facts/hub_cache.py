"""Models in the hub's cache on this machine, as huggingface_hub lays them out.

    <cache>/models--owner--name/refs/main                a commit's hash
    <cache>/models--owner--name/snapshots/<commit>/…     links into blobs/, or files without links

The network is never asked. https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pitchpipe.facts import NotRead

_NAME = re.compile(r"(?!.*(?:--|\.\.))[\w-][\w.-]*(?:/[\w-][\w.-]*)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)


def folder(environment: Mapping[str, str]) -> Path:
    """Where the cache lies, by the variables that huggingface_hub 2.4 reads (`constants.py`)."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if named := environment.get(variable):
            return _expanded(named, environment)
    if home := environment.get("HF_HOME"):
        return _expanded(home, environment) / "hub"
    if caches := environment.get("XDG_CACHE_HOME"):
        return _expanded(caches, environment) / "huggingface" / "hub"
    return _expanded("~/.cache/huggingface/hub", environment)


def is_name(text: str) -> bool:
    """Whether the hub could have a model of that name (`owner/name`, of old also `name`)."""
    return _NAME.fullmatch(text) is not None


def snapshot(
    name: str, revision: str | None, environment: Mapping[str, str]
) -> Path | NotRead | None:
    """The folder that holds the files of the model `name` at `revision` (None: main).

    None where the cache has no files of the model at all.
    """
    if not is_name(name):
        return None
    model = folder(environment) / f"models--{name.replace('/', '--')}"
    revision = revision or "main"
    try:
        if not model.is_dir():
            return None
        commit = _commit(model, revision)
        found = model / "snapshots" / commit if commit else None
        if found is not None and found.is_dir():
            return found
        others = any((model / "snapshots").glob("*/*"))
    except (OSError, ValueError):
        return None
    why = f"the hub's cache has other revisions of `{name}`, but not `{revision}`"
    return NotRead(why) if others else None


def names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The models of which the cache has a folder, sorted."""
    try:
        found = [e.name for e in folder(environment).iterdir() if e.name.startswith("models--")]
    except OSError:
        return ()
    return tuple(sorted(name.removeprefix("models--").replace("--", "/", 1) for name in found))


def _commit(model: Path, revision: str) -> str | None:
    """The commit that a branch, a tag or a commit's own hash stands for."""
    if _COMMIT.fullmatch(revision):
        return revision
    parts = revision.split("/")
    if any(part in {"", ".", ".."} or "\\" in part or ":" in part for part in parts):
        return None
    reference = model.joinpath("refs", *parts)
    if not reference.is_file():
        return None
    with reference.open(encoding="ascii", errors="replace") as stream:
        said = stream.read(80).strip()
    return said if _COMMIT.fullmatch(said) else None


def _expanded(path: str, environment: Mapping[str, str]) -> Path:
    """`path` with `~`, `$NAME` and `${NAME}` replaced; what is not set stays as it is."""

    def value(variable: re.Match[str]) -> str:
        return environment.get(variable[1] or variable[2], variable.group())

    path = _VARIABLE.sub(value, path)
    if path == "~" or path.startswith(("~/", "~\\")):
        # As Windows' Python does, its own variable goes first there.
        order = ("USERPROFILE", "HOME") if os.name == "nt" else ("HOME", "USERPROFILE")
        home = next((environment[name] for name in order if environment.get(name)), None)
        path = path if home is None else home + path[1:]
    return Path(path)
