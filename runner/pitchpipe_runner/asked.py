"""What modules have in common that answer the light half: a question on standard input, JSON back.

They run where a run would, without its stages, and without going to a network.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pitchpipe.facts import FACTS_VERSION
from pitchpipe.plan import Plan, PlanError


def answer(find: Callable[[Any], dict[str, Any]]) -> int:
    """Prints what `find` makes of the JSON on standard input; returns the exit code.

    That is a plan, or an object that has one as `plan`.
    The answer has the version of the facts, too; where the plan is of another version it has
    nothing but `not_read`.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # says that there is no torch
    said = json.load(sys.stdin)
    plan = said.get("plan", said)
    if not plan.get("model", {}).get("trust_remote_code"):  # that code may want torch
        _import_without_torch()
    try:
        found = find(said)
    except PlanError as error:
        found = {"not_read": str(error)}
    json.dump({"version": FACTS_VERSION, **found}, sys.stdout, ensure_ascii=True)
    return 0


def _import_without_torch() -> None:
    """Imports the libraries as where there is no torch, of which tokenizers have no need.

    That takes a third of the time and of the memory. Both look for it once and go by that.
    """
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import datasets  # noqa: F401, PLC0415
        from transformers import AutoConfig, AutoTokenizer  # noqa: F401, PLC0415
    finally:
        del sys.modules["torch"]  # others ask whether it has been imported


def model_folder(plan: Plan) -> Path | None:
    """Where the base model lies on this machine; None where it is not there."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    model = plan.model
    if model.local:
        return Path(plan.root, model.name_or_path)
    try:
        return Path(snapshot_download(model.name_or_path, revision=model.revision))
    except (LocalEntryNotFoundError, OSError):
        return None


def not_here(plan: Plan) -> str:
    """A sentence for people."""
    return f"`{plan.model.name_or_path}` is not on this machine; a run downloads it"


def first_line(error: BaseException) -> str:
    """What a library says of files on this machine, for people."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
