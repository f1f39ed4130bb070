"""Makes the folder of a new run, and says why where that can't be."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pitchpipe.plan import Plan
from pitchpipe_cli.errors import CommandError, reason
from pitchpipe_facts import run_folder


def create(plan: Plan, workflow_text: str | None, now: datetime) -> Path:
    """The new folder, made as `run_folder.create` does.

    Raises:
        CommandError: the folder can't be made or written.
    """
    try:
        return run_folder.create(plan, workflow_text, now)
    except OSError as error:
        output_dir = Path(plan.root, plan.output_dir)
        raise CommandError(f"no run folder can be made in {output_dir}: {reason(error)}") from error
