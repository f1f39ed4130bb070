"""What the core may ask of the world.

The core itself reads no files and no environment: whoever calls it hands in `Facts`.

Every answer is a value, also "not read" and "not there"; none of these functions raises, but
`NotYet` where an editor would have to wait. Paths are absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from pitchpipe.model_config import ModelConfig
from pitchpipe.modules import Head, ModelShape
from pitchpipe.plan import Fingerprint

if TYPE_CHECKING:
    from pitchpipe.costs.machine import Machine
    from pitchpipe.costs.settings import Settings
    from pitchpipe.estimate import Records
    from pitchpipe.published import PublishedModel
    from pitchpipe.survey import Survey, View

JsonType = Literal["string", "integer", "number", "boolean", "null", "array", "object"]
TableFormat = Literal["jsonl", "json", "csv", "tsv", "text", "parquet", "arrow"]

FACTS_VERSION = 2
"""Of these answers as JSON: what the runner's interpreter hands to the light half."""

HEAD_ROWS = 200
"""How many rows of a data file are looked at before a run."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """Why there is no answer: a clause that fits behind "was not read:"."""

    reason: str


@dataclass(frozen=True, slots=True)
class FileFact:
    """What lies at a path. `size` is in bytes, 0 for a folder.

    `siblings` are the names in the same folder, sorted; only filled where nothing lies at the path
    itself.
    """

    exists: bool
    is_dir: bool = False
    size: int = 0
    siblings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableProblem:
    """What keeps a data file from being read whole.

    `line` counts from 1; None where no line is to blame.
    """

    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the rows that were read.

    `types` are those of its values, sorted; `missing` is the number of the first row (from 1) that
    lacks it, None where every row has it.
    """

    name: str
    types: tuple[JsonType, ...]
    missing: int | None = None


@dataclass(frozen=True, slots=True)
class TableFact:
    """The head of a data file. `columns` are in the order of first appearance.

    `complete` tells that `rows` are all the rows there are. `problem` may lie behind the rows that
    were kept.
    """

    format: TableFormat
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    complete: bool
    problem: TableProblem | None = None

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class ModelFact:
    """What a model's folder holds.

    `model_type` is None where `config.json` is absent or doesn't name one. `has_end_token`: the
    tokenizer names an `eos_token`; None where its class may have one of its own.
    `special_tokens` are sorted, and empty where the folder doesn't list them all.
    """

    has_config: bool
    model_type: str | None
    has_tokenizer: bool
    has_chat_template: bool
    has_end_token: bool | None = None
    special_tokens: tuple[str, ...] = ()


Table: TypeAlias = "TableFact | NotRead"


class Facts(Protocol):
    """The world as the core sees it."""

    def file(self, path: str) -> FileFact:
        """What lies at `path`."""
        ...

    def table(self, path: str) -> Table:
        """The first `HEAD_ROWS` rows of the data file at `path`."""
        ...

    def json(self, path: str) -> Mapping[str, Any] | NotRead:
        """The JSON object in the file at `path`."""
        ...

    def survey(self, path: str, view: View) -> Survey | NotRead:
        """What all rows of `view` in the data file at `path` hold.

        Where that takes longer than one can wait for, it is a survey of the head at first.
        """
        ...

    def counted(self, settings: Settings) -> Mapping[str, Any] | None:
        """The facts of the stage `prepare` for a workflow of these settings, if somebody has them.

        They are from earlier runs, or from counts that were asked for.
        """
        ...

    def model(self, path: str) -> ModelFact | NotRead:
        """What the model folder at `path` holds."""
        ...

    def model_config(
        self, name_or_path: str, *, local: bool, revision: str | None = None
    ) -> ModelConfig | NotRead:
        """The configuration of the model at a path (`local`) or of a name on the hub.

        No more than this machine knows: the hub is not asked. `revision`: None is `main`.
        """
        ...

    def shape(
        self,
        name_or_path: str,
        *,
        local: bool,
        revision: str | None = None,
        head: Head | None = None,
    ) -> ModelShape | NotRead:
        """What that model consists of, with the class for `head`.

        None: the class that it was saved with, else the first that its type has.
        """
        ...

    def fingerprint(self, path: str) -> Fingerprint | NotRead:
        """The hash and size of the file at `path`. Reads all of it."""
        ...

    def environment(self, name: str) -> str | None:
        """The environment variable `name`, None where it is unset."""
        ...

    def published(self, name: str) -> PublishedModel | None:
        """What is known of a model of the hub that is widely used."""
        ...

    def devices(self) -> Mapping[str, Any]:
        """The table of devices that `pitchpipe.published` reads; empty where there is none."""
        ...

    def machine(self, device: str) -> Machine | None:
        """What `compute.device` is on this machine; None where nobody looks."""
        ...

    def records(self, model_type: str) -> Records:
        """What the catalogue knows of how a model type computes."""
        ...


def json_type(value: object) -> JsonType:
    """What JSON would call `value`; "object" for whatever is no JSON value at all."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, (list, tuple)) else "object"


def columns_of(rows: tuple[Mapping[str, Any], ...]) -> tuple[Column, ...]:
    """The columns of `rows`, in the order of first appearance."""
    types: dict[str, set[JsonType]] = {}
    for row in rows:
        for name, value in row.items():
            types.setdefault(name, set()).add(json_type(value))
    return tuple(
        Column(name, tuple(sorted(found)), _first_without(name, rows))
        for name, found in types.items()
    )


def _first_without(name: str, rows: tuple[Mapping[str, Any], ...]) -> int | None:
    return next((number for number, row in enumerate(rows, 1) if name not in row), None)
