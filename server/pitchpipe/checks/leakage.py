"""Rules about rows that are trained on and held out as well."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pitchpipe.checks.report import Report
from pitchpipe.checks.surveyed import place, sound, spot
from pitchpipe.context import Context
from pitchpipe.findings import Related
from pitchpipe.survey import Shared, Survey, shared
from pitchpipe.workflow import Present

_MOST_SOURCES = 64  # beyond, a keystroke would take too long


def rows_in_two_splits(context: Context) -> Iterator[Report]:
    """Prompts of evaluation or test rows that are trained on too."""
    data = context.workflow.data
    if not isinstance(data.train, Present):
        return
    held = [
        s for listed in (data.eval, data.test) if isinstance(listed, Present) for s in listed.value
    ]
    if not held or len(held) + len(data.train.value) > _MOST_SOURCES:
        return
    trained = [found for source in data.train.value if (found := sound(context, source))]
    for source in held:
        if (found := sound(context, source)) is None:
            continue
        path, _, survey = found
        for other_path, _, other in trained:
            both = _shared(_Known(survey), _Known(other))
            if both is None or (path.value == other_path.value and both.at == both.of):
                continue  # the very same rows are another rule's matter
            about = "" if both.exact else "about "
            prompts = "1 prompt" if both.prompts == 1 else f"{both.prompts:,} prompts"
            message = (
                f"{about}{prompts} of `{path.value}` are trained on too, so scores flatter the "
                f"model: {spot(survey, both.at)} is {place(other_path, other, both.of)}"
            )
            if both.prompts == 1:
                message = message.replace(" are ", " is ", 1)
            related = (Related("the rows are trained on here", other_path.span),)
            if context.reading.overridden(other_path.path):
                related = ()
            yield Report(message, path.span, path.path, related=related)
            break


class _Known:
    """A survey that equals itself alone, lest it be compared number by number."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.survey is self.survey

    def __hash__(self) -> int:
        return id(self.survey)


@lru_cache(maxsize=16)
def _shared(one: _Known, other: _Known) -> Shared | None:
    return shared(one.survey, other.survey)
