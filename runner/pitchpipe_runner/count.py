"""Prints how many tokens a plan's rows have: the facts that the stage `prepare` would find.

The light half calls this in the runner's environment, writes the plan to standard input and reads
the answer from standard output. The answer has `version` (of the facts), and `facts`, or `not_read`
(why there are none). Nothing is downloaded, and nothing is left behind.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from pitchpipe.facts import FACTS_VERSION
from pitchpipe.plan import Plan, PlanError, from_json


def main() -> int:
    """Returns the exit code: 0 whenever there is an answer."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported
    try:
        answer = count(from_json(json.load(sys.stdin)))
    except PlanError as error:
        answer = {"not_read": str(error)}
    json.dump({"version": FACTS_VERSION, **answer}, sys.stdout, ensure_ascii=True)
    return 0


def count(plan: Plan) -> dict[str, Any]:
    """The answer, as the module's docstring tells."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    from pitchpipe_runner import prepare  # noqa: PLC0415
    from pitchpipe_runner.events import Events  # noqa: PLC0415
    from pitchpipe_runner.failures import RunFailure  # noqa: PLC0415
    from pitchpipe_runner.stages import Artifact, write_json  # noqa: PLC0415

    model = plan.model
    try:
        folder = (
            Path(plan.root, model.name_or_path)
            if model.local
            else Path(snapshot_download(model.name_or_path, revision=model.revision))
        )
    except (LocalEntryNotFoundError, OSError):
        return {"not_read": f"`{model.name_or_path}` is not on this machine; a run downloads it"}
    # On Windows what is mapped into memory can't be removed, and goes with the system's clean-up.
    with tempfile.TemporaryDirectory(prefix="pitchpipe-", ignore_cleanup_errors=True) as made:
        base = Artifact(Path(made), "", {})
        write_json(base.folder / "model.json", {"folder": str(folder)})
        events = Events(base.folder / "events.jsonl", plan.origins)
        try:
            return {"facts": prepare.run(plan, base, base.folder, events)}
        except RunFailure as failure:
            return {"not_read": failure.message}
        except Exception as error:  # noqa: BLE001  # of libraries, about this machine's files
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            return {"not_read": first[:300]}
        finally:
            events.close()


if __name__ == "__main__":
    raise SystemExit(main())
