"""Prints how many tokens a plan's rows have: the facts that the stage `prepare` would find.

The light half calls this in the runner's environment, writes the plan to standard input and reads
the answer from standard output. The answer has `version` (of the facts), and `facts`, or `not_read`
(why there are none). Nothing is downloaded, and nothing is left behind.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pitchpipe.plan import Plan, from_json
from pitchpipe_runner import asked


def main() -> int:
    """Returns the exit code: 0 whenever there is an answer."""
    return asked.answer(lambda plan: count(from_json(plan)))


def count(plan: Plan) -> dict[str, Any]:
    """The answer, as the module's docstring tells."""
    from pitchpipe_runner import prepare  # noqa: PLC0415
    from pitchpipe_runner.events import Events  # noqa: PLC0415
    from pitchpipe_runner.failures import RunFailure  # noqa: PLC0415
    from pitchpipe_runner.stages import Artifact, write_json  # noqa: PLC0415

    folder = asked.model_folder(plan)
    if folder is None:
        return {"not_read": asked.not_here(plan)}
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
            return {"not_read": asked.first_line(error)}
        finally:
            events.close()


if __name__ == "__main__":
    raise SystemExit(main())
