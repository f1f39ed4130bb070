"""What an editor's answers may ask of the world beside `Facts`.

Every answer comes at once. What takes longer than a keystroke is `None` the first time; whoever
implements this finds it out behind the scenes and has the editor ask again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pitchpipe.context import Context
from pitchpipe.facts import NotRead

if TYPE_CHECKING:
    from pitchpipe.costs.cost import Cost


@dataclass(frozen=True, slots=True)
class Lengths:
    """Quantiles of the tokens in rows, 0 to 1 → tokens, and how many rows were counted.

    `of` says which rows these are, where they are not just the file's: "rows to train on".
    """

    rows: int
    quantiles: Mapping[float, int]
    of: str = "rows"


@dataclass(frozen=True, slots=True)
class Child:
    """A name in a folder."""

    name: str
    is_dir: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the workflow, as far as an editor shows it.

    `at` is when it last said something, in seconds since 1970, `share` how much of it is done, None
    where nobody can tell. `best` is the metric to show first and its value. `report` and `folder`
    are absolute paths.
    """

    id: str
    folder: str
    state: Literal["waiting", "running", "done", "failed", "interrupted", "stopped"]
    smoke: bool
    at: float | None
    stage: str | None
    step: int | None
    total_steps: int | None
    share: float | None
    best: tuple[str, float] | None
    report: str | None


class World(Protocol):
    """The world as an editor's features see it. Paths are absolute."""

    def cost(self, context: Context) -> Cost | NotRead | None:
        """What the workflow costs; `None` while that is being worked out."""
        ...

    def rows(self, path: str) -> int | NotRead | None:
        """How many rows a data file has; `None` while they are being counted."""
        ...

    def lengths(self, path: str, context: Context) -> Lengths | NotRead | None:
        """How long a data file's rows are in tokens; `None` while they are being counted."""
        ...

    def children(self, folder: str) -> tuple[Child, ...]:
        """What lies in a folder, sorted by name; nothing where it can't be read."""
        ...

    def published(self) -> Mapping[str, Any]:
        """The table of models that `pitchpipe.published` reads."""
        ...

    def models(self) -> tuple[str, ...]:
        """The hub names whose files lie in this machine's cache, sorted."""
        ...

    def page(self, code: str) -> str | None:
        """The documentation page of a finding's code, in Markdown."""
        ...

    def runs(self, path: str) -> tuple[Run, ...]:
        """The runs of the workflow file at `path`, newest first."""
        ...
