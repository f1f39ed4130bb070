"""Where runs may lie that the index does not know: the output folders near a workflow."""

from __future__ import annotations

from pathlib import Path

from pitchpipe_facts import runs


def output_dirs(folder: Path) -> set[Path]:
    """`folder` and those folders in it that hold run folders.

    An `output_dir` elsewhere is not looked for: its runs are in the index.
    """
    near = {plan.parent.parent for plan in folder.glob(f"*/*/{runs.PLAN}")}
    return near | {folder}
