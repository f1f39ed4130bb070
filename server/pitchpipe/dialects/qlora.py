"""Adapters on a base model of 4 bits, as other tools have them."""

from __future__ import annotations

NATIVE_QLORA: str | None = None
"""The workflow's `method.type` for them; None as long as it has none."""
