"""Files that show a contract. A change to one is made on purpose: `UPDATE_GOLDEN=1 pytest …`."""

from __future__ import annotations

import os
from pathlib import Path

UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))


def check_golden(file: Path, text: str) -> None:
    """`file` holds `text`, or is made to where the run says so."""
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    written = file.read_text(encoding="utf-8") if file.exists() else ""
    assert written == text, (
        f"{file.name} is stale; look at the change, then run with UPDATE_GOLDEN=1"
    )
