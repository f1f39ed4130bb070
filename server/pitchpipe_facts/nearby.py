"""Where runs may lie that the index does not know: the output folders near a workflow."""

from __future__ import annotations

from pathlib import Path

from pitchpipe_facts import runs

_LARGEST = 2**20  # bytes; no workflow is larger


def output_dirs(folder: Path) -> set[Path]:
    """`folder`, those folders in it that hold runs, and those that workflows in it name."""
    near = {plan.parent.parent for plan in folder.glob(f"*/*/{runs.PLAN}")}
    named = (output_dir(file) for file in folder.glob("*.y*ml"))
    return {folder} | near | {found for found in named if found is not None}


def output_dir(file: Path) -> Path | None:
    """The folder for runs that a workflow file names; None where it names none."""
    text = _text(file)
    if "output_dir" not in text:
        return None
    # Seldom needed, and `pitchpipe runs list` is to answer at once.
    from pitchpipe import paths  # noqa: PLC0415
    from pitchpipe.document import parse  # noqa: PLC0415
    from pitchpipe_facts.reader import Reader  # noqa: PLC0415

    data = parse(text).data()
    named = data.get("output_dir") if isinstance(data, dict) else None
    if not isinstance(named, str):
        return None
    folder = file.parent
    return Path(paths.resolve(named, str(folder.absolute()), Reader(folder)).absolute)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= _LARGEST else ""
    except (OSError, ValueError):
        return ""
