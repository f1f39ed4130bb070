"""A workflow to start from: what there is to choose, and the commented file."""

from pitchpipe.draft.choices import Choice, methods, tasks
from pitchpipe.draft.columns import Mapped, parts, unseen
from pitchpipe.draft.paths import ENDING, file_name, is_dataset, spelt
from pitchpipe.draft.text import DATA, MODEL, fitted, workflow

__all__ = [
    "DATA",
    "ENDING",
    "MODEL",
    "Choice",
    "Mapped",
    "file_name",
    "fitted",
    "is_dataset",
    "methods",
    "parts",
    "spelt",
    "tasks",
    "unseen",
    "workflow",
]
