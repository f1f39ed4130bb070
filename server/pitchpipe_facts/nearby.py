"""Where runs may lie that the index does not know: the output folders near a workflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pitchpipe_facts import runs

_LARGEST = 2**20  # bytes; no workflow is larger


def output_dirs(folder: Path) -> set[Path]:
    """`folder`, those folders in it that hold runs, and those that workflows in it name."""
    near = {plan.parent.parent for plan in folder.glob(f"*/*/{runs.PLAN}")}
    return {folder} | near | set(_named(folder))


def _named(folder: Path) -> Iterator[Path]:
    for file in folder.glob("*.y*ml"):
        text = _text(file)
        if "output_dir" not in text:
            continue
        # Seldom needed, and `pitchpipe runs list` is to answer at once.
        from pitchpipe import paths  # noqa: PLC0415
        from pitchpipe.document import parse  # noqa: PLC0415
        from pitchpipe_facts.reader import Reader  # noqa: PLC0415

        data = parse(text).data()
        named = data.get("output_dir") if isinstance(data, dict) else None
        if isinstance(named, str):
            yield Path(paths.resolve(named, str(folder.absolute()), Reader(folder)).absolute)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= _LARGEST else ""
    except (OSError, ValueError):
        return ""
