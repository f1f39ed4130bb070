"""Goes through all rows of a Parquet or Arrow file, for the light half, which can't read them.

It reads a question from standard input (`pitchpipe_facts.surveys` writes it) and prints the survey
as JSON, or `not_read`, a clause that says why there is none.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from pitchpipe import splits
from pitchpipe.facts import FACTS_VERSION
from pitchpipe.survey import Survey, View
from pitchpipe.survey_json import to_json
from pitchpipe.surveying import Surveyor
from pitchpipe_runner.failures import RunFailure

_ENDLESS = sys.maxsize  # rows


def main() -> int:
    """Answers the question on standard input; the exit code is 0."""
    question: dict[str, Any] = json.load(sys.stdin)
    answer: dict[str, Any]
    try:
        answer = {"survey": to_json(survey(Path(question["file"]), View.of(question["view"])))}
    except ImportError as error:
        answer = {"not_read": f"{error.name} is not installed in the runner's environment"}
    except RunFailure as error:
        answer = {"not_read": str(error)}
    json.dump({"version": FACTS_VERSION, **answer}, sys.stdout)
    return 0


def survey(file: Path, view: View) -> Survey:
    """What the rows of `view` hold, a thousand of which are in memory at once.

    Raises:
        RunFailure: the file can't be read as what its name says.
    """
    from pitchpipe_runner import rows  # noqa: PLC0415  # imports what may not be installed

    split = splits.parse(view.split)
    total = _ENDLESS
    if not split.from_the_start:
        total = sum(1 for _ in rows.of_file(file, "data"))
    first, last = split.bounds(total)
    surveyor = Surveyor(view, by_line=False)
    for number, row in enumerate(islice(rows.of_file(file, "data"), first, last), start=first + 1):
        surveyor.add(row, number)
    return surveyor.survey(whole=True)


if __name__ == "__main__":
    raise SystemExit(main())
