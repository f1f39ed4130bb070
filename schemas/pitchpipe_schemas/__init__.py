"""The contracts as data. Hover texts, defaults and ranges live in these files and nowhere else."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """The JSON Schema `name`: "workflow", "plan" or "event". Parsed anew at each call."""
    return json.loads(text(name))


def text(name: str) -> str:
    """The JSON Schema `name` as it is shipped."""
    return files("pitchpipe_schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
