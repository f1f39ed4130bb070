"""Reads plan.json, a plan that was made before."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pitchpipe.plan import Plan, PlanError, from_json
from pitchpipe_cli.errors import CommandError, Exit, reason


def read(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        CommandError: the file can't be read, or is no plan of this version.
    """
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except PlanError as error:
        raise CommandError(f"{path}: {error}", Exit.WRONG_FILE) from error
    except OSError as error:
        raise CommandError(f"cannot read {path}: {reason(error)}") from error
    except ValueError as error:
        raise CommandError(f"{path} is no plan: {reason(error)}", Exit.WRONG_FILE) from error


def workflow_text(plan: Plan) -> str | None:
    """The workflow that the plan was made from, or None when it is gone or has changed since."""
    try:
        data = Path(plan.root, plan.workflow).read_bytes()
        return data.decode("utf-8") if same_workflow(plan, data) else None
    except (OSError, ValueError):
        return None


def workflow_changed(plan: Plan) -> bool:
    """Whether the workflow file says something else than when the plan was made.

    One that is gone does not.
    """
    try:
        return not same_workflow(plan, Path(plan.root, plan.workflow).read_bytes())
    except OSError:
        return False


def same_workflow(plan: Plan, data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == plan.workflow_sha256
