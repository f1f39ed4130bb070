"""Settings without which the default configuration of a model type does not build."""

from __future__ import annotations

from typing import Any

OVERRIDES: dict[str, dict[str, Any]] = {}
