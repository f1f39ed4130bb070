"""The contracts as data. Hover texts, defaults and ranges live in these files and nowhere else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
"""Where the package lies. importlib.resources would take as long to import as a file to check."""

_LONGEST = 100  # of a name that is looked up; a file system refuses much longer ones


def load(name: str) -> dict[str, Any]:
    """The JSON Schema `name`: "workflow", "plan" or "event". Parsed anew at each call."""
    return json.loads(text(name))


def text(name: str) -> str:
    """The JSON Schema `name` as it is shipped."""
    return FOLDER.joinpath(f"{name}.schema.json").read_text(encoding="utf-8")


def dialect(name: str) -> dict[str, Any]:
    """The JSON Schema of a dialect's own files, with what each key is in a workflow."""
    return load(f"dialects/{name}")


def pages() -> tuple[str, ...]:
    """The codes of findings, and of failures and warnings of a run, sorted. Each has a page."""
    names = {entry.name for folder in _pages() for entry in folder.iterdir()}
    return tuple(sorted(n.removesuffix(".md") for n in names if n.endswith(".md")))


def page(code: str) -> str | None:
    """What there is to say about a code, in Markdown; None where there is no such code."""
    if len(code) <= _LONGEST and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code):
        for folder in _pages():
            file = folder.joinpath(f"{code}.md")
            if file.is_file():
                return file.read_text(encoding="utf-8")
    return None


def _pages() -> tuple[Path, ...]:
    return FOLDER / "checks", FOLDER / "failures"


def architectures() -> tuple[str, ...]:
    """The model types that the catalogue describes, sorted."""
    names = (entry.name for entry in _architectures().iterdir())
    return tuple(sorted(n.removesuffix(".json") for n in names if n.endswith(".json")))


def architecture(model_type: str) -> dict[str, Any] | None:
    """The catalogue's shard on `model_type`, as `pitchpipe.catalog` reads it. Parsed anew."""
    if len(model_type) > _LONGEST or not re.fullmatch(r"[\w-][\w.-]*", model_type):
        return None
    shard = _architectures().joinpath(f"{model_type}.json")
    try:
        return json.loads(shard.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _architectures() -> Path:
    return FOLDER / "catalog" / "architectures"


def models() -> dict[str, Any]:
    """The table of published models, as `pitchpipe.published` reads it. Parsed anew."""
    return _table("models")


def devices() -> dict[str, Any]:
    """The table of devices, as `pitchpipe.published` reads it. Parsed anew."""
    return _table("devices")


def _table(name: str) -> dict[str, Any]:
    file = FOLDER / "catalog" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))
