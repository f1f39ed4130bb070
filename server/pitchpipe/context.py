"""A workflow file as rules, estimates and editors look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar, cast

from pitchpipe import formats, paths
from pitchpipe.document import Document
from pitchpipe.facts import Facts, FileFact, ModelFact, Table, TableFact
from pitchpipe.formats import RowFormat
from pitchpipe.model_config import ModelConfig
from pitchpipe.modules import Head, ModelShape
from pitchpipe.paths import ResolvedPath, is_path
from pitchpipe.reading import Reading
from pitchpipe.workflow import Missing, Present, Setting, Source, Workflow, Wrong

T = TypeVar("T")

_READABLE = {"duplicate-key", "non-string-key"}


def half_typed(document: Document) -> bool:
    """Whether parts of a document can't be read, so that nobody knows what is not in it."""
    return any(problem.code not in _READABLE for problem in document.problems)


@dataclass(frozen=True, eq=False)
class Context:
    """One file.

    `root` is the absolute folder that its paths start from. `lower` makes the workflow, of which
    some that ask about a file need nothing. `blind`: it lies on no disk, so nobody can tell what
    lies beside it.
    """

    reading: Reading
    lower: Callable[[Reading], Workflow]
    facts: Facts
    root: str
    blind: bool = False
    _tables: dict[int, tuple[Present[str], Table] | None] = field(
        default_factory=dict[int, "tuple[Present[str], Table] | None"], init=False, repr=False
    )

    @cached_property
    def workflow(self) -> Workflow:
        return self.lower(self.reading)

    @property
    def half_typed(self) -> bool:
        """Whether parts of the text can't be read, so that nobody knows what is not in it."""
        return half_typed(self.document)

    @property
    def written(self) -> Reading:
        """The text as its own format has it, where `reading` is the workflow that it means."""
        return self.reading.written

    @property
    def document(self) -> Document:
        return self.reading.document

    def effective(self, setting: Setting[T]) -> T | Wrong:
        """The value that counts: what was written, or else the schema's default."""
        if isinstance(setting, Present):
            return setting.value
        if isinstance(setting, Wrong):
            return setting
        return cast(T, self.reading.default(setting.path))

    def shape(self, head: Head | None = "causal-lm") -> ModelShape | None:
        """What the base model consists of with the class for `head`, or the one it was saved with.

        None where nobody here knows, or there is no such class.
        """
        found = self._of_model(self.facts.shape, head=head)
        return found if isinstance(found, ModelShape) else None

    def model_config(self) -> ModelConfig | None:
        """What the base model's configuration says; None where nobody here knows."""
        found = self._of_model(self.facts.model_config)
        return found if isinstance(found, ModelConfig) else None

    def local_model(self) -> ModelFact | None:
        """What lies in the base model's folder; None where it is no folder, or not read."""
        name = self.workflow.model.name_or_path
        found = self.file(name.value) if isinstance(name, Present) else None
        if not isinstance(name, Present) or found is None or not found.is_dir:
            return None
        model = self.facts.model(self.resolve(name.value).absolute)
        return model if isinstance(model, ModelFact) else None

    def resolve(self, written: str) -> ResolvedPath:
        """Where a path of the file leads."""
        return paths.resolve(written, self.root, self.facts)

    def file(self, written: str) -> FileFact | None:
        """What lies at a path of the file; None where nobody can tell.

        That is so where it names an unset variable.
        """
        resolved = self.resolve(written)
        return None if self.blind or resolved.unset else self.facts.file(resolved.absolute)

    def sources(self) -> Iterator[Source]:
        """Every source that is named, in the order train, eval, test."""
        data = self.workflow.data
        for listed in (data.train, data.eval, data.test):
            if isinstance(listed, Present):
                yield from listed.value

    def data_file(self, source: Source) -> tuple[Present[str], Table] | None:
        """The `path` of a source that is an existing file alone, and the head of the file.

        Kept, because one rule after the other asks.
        """
        key = id(source)  # it lives as long as the workflow does
        if key not in self._tables:
            self._tables[key] = self._data_file(source)
        return self._tables[key]

    def rows(self, source: Source) -> tuple[Present[str], TableFact] | None:
        """The same of a file that was read and has rows."""
        found = self.data_file(source)
        if found and isinstance(found[1], TableFact) and found[1].rows:
            return found[0], found[1]
        return None

    def files(self) -> Iterator[tuple[Source, Present[str], Table]]:
        """Every source that is an existing file alone, its `path`, and the head of the file."""
        for source in self.sources():
            if found := self.data_file(source):
                yield source, *found

    def tables(self) -> Iterator[tuple[Source, Present[str], TableFact]]:
        """Those of `files` that were read and have rows."""
        for source in self.sources():
            if found := self.rows(source):
                yield source, *found

    def row_format(self, source: Source, table: TableFact) -> RowFormat | None:
        """What the rows of `source` hold; None where the settings that tell are wrong."""
        written = self.effective(source.format)
        templates = _templates(self)
        parts = [p for p in formats.PARTS if not isinstance(self.part_column(source, p), Missing)]
        if isinstance(written, Wrong) or templates is None:
            return None
        return formats.decide(written, parts, templates, [c.name for c in table.columns])

    def part_column(self, source: Source, part: str) -> Setting[str]:
        """The column that plays `part`, one of `formats.PARTS`, if the file names one."""
        return cast("Setting[str]", getattr(source.columns, part))

    def _data_file(self, source: Source) -> tuple[Present[str], Table] | None:
        path = source.path
        if not isinstance(path, Present) or not isinstance(source.dataset_name, Missing):
            return None
        file = self.file(path.value)
        if file is None or not file.exists or file.is_dir:
            return None
        return path, self.facts.table(self.resolve(path.value).absolute)

    def _of_model(self, ask: Callable[..., T], **more: Any) -> T | None:
        name, revision = (
            self.workflow.model.name_or_path,
            self.effective(self.workflow.model.revision),
        )
        if not isinstance(name, Present) or isinstance(revision, Wrong):
            return None
        resolved = self.resolve(name.value)
        if not self.blind and self.facts.file(resolved.absolute).is_dir:
            return ask(resolved.absolute, local=True, **more)
        if resolved.unset or is_path(name.value):
            return None
        return ask(name.value, local=False, revision=revision, **more)


@lru_cache(maxsize=4)
def _templates(context: Context) -> tuple[str, ...] | None:
    """The parts for which there is a template; None where a template is wrong."""
    found: list[str] = []
    for part in formats.TEMPLATED:
        value = context.effective(getattr(context.workflow.data, f"{part}_template"))
        if isinstance(value, Wrong):
            return None
        if value is not None:
            found.append(part)
    return tuple(found)
