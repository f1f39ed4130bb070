"""Values in files that another version may have written."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, cast


def content(file: Path) -> dict[str, Any]:
    """The object in a JSON file; {} where there is none."""
    try:
        return mapping(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}


def mapping(value: object) -> dict[str, Any]:
    """The value where it is an object, {} otherwise."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects among the elements that hold anything, where the value is an array."""
    if not isinstance(value, list):
        return []
    return [found for item in cast("list[Any]", value) if (found := mapping(item))]


def number(value: object) -> float | None:
    """The value where it is a finite number, None otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
