"""Rows as the model will see them, made in the runner's Python: the light half has no tokenizer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pitchpipe import preview
from pitchpipe.facts import NotRead
from pitchpipe.plan import Plan, to_json
from pitchpipe.preview import Preview
from pitchpipe_facts import row_counts, runner_python
from pitchpipe_facts.runner_process import install_command
from pitchpipe_facts.runner_python import Stop

_PATIENCE = 600.0  # seconds; a JSON array of some gigabytes takes minutes


@dataclass(frozen=True, slots=True)
class NoPreview:
    """Why there are no rows: a sentence without a full stop.

    `file_is_wrong`: the workflow or its data are to blame, not this machine.
    """

    message: str
    file_is_wrong: bool = False


def show(
    plan: Plan, python: str, *, rows: int, skip: int = 0, stop: Stop | None = None
) -> Preview | NoPreview:
    """`rows` rows of the training data behind the first `skip`. Takes seconds; `stop` ends it."""
    asked: dict[str, Any] = {
        "plan": to_json(plan),
        "rows": rows,
        "skip": skip,
        "counts": _counts(plan),
    }
    answer = runner_python.ask(
        python,
        "pitchpipe_runner.preview",
        (),
        doing="show rows",
        patience=_PATIENCE,
        given=json.dumps(asked),
        stop=stop,
    )
    if isinstance(answer, NotRead):
        return NoPreview(_mended(answer.reason, python))
    if failure := cast("dict[str, Any] | None", answer.get("failure")):
        return NoPreview(failure["message"], file_is_wrong=failure["exit_code"] == 1)
    try:
        return preview.from_json(answer["preview"])
    except (KeyError, TypeError):
        return NoPreview("the runner's Python holds another version of Pitchpipe")


def _counts(plan: Plan) -> dict[str, int]:
    """The rows of each training file, where they can be counted."""
    found: dict[str, int] = {}
    for path in {source.path for source in plan.data.train if source.path is not None}:
        try:
            count = row_counts.count(Path(plan.root, path))
        except OSError:
            continue
        if not isinstance(count, NotRead):
            found[path] = count
    return found


def _mended(reason: str, python: str) -> str:
    """With what would help where the interpreter lacks the runner."""
    if "No module named" not in reason:
        return reason
    return f"{reason}; install what it lacks with `{install_command(python)}`"
