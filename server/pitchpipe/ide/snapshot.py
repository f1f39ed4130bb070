"""One state of one document, as an editor's features look at it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pitchpipe.analyse import Analysis, analyse
from pitchpipe.context import Context
from pitchpipe.document import Document
from pitchpipe.findings import Finding
from pitchpipe.ide.world import World
from pitchpipe.reading import Reading
from pitchpipe.schema import Schema


@dataclass(frozen=True, slots=True)
class Client:
    """What the editor can show, in the terms of these features.

    `schema_elsewhere`: another of its servers has our schema; it validates with it, completes keys
    and values, and explains keys, which need not come twice.
    """

    snippets: bool = True
    schema_elsewhere: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A document, what it means and what is wrong with it, and the world around it.

    Never changes; the next keystroke makes another one. `now` is in seconds since 1970.
    """

    analysis: Analysis
    world: World
    client: Client = field(default_factory=Client)
    now: float = 0.0

    def with_text(self, text: str) -> Analysis:
        """What another text would come to in the place of this one."""
        return analyse(
            text,
            schema=self.schema,
            facts=self.context.facts,
            path=self.analysis.path,
            reuse=self.document,
            blind=self.context.blind,
            dialect=self.analysis.dialect,
            start=self.context.root,
        )

    @property
    def document(self) -> Document:
        return self.analysis.document

    @property
    def context(self) -> Context:
        return self.analysis.context

    @property
    def schema(self) -> Schema:
        """The schema of the workflow, whatever the text's own is."""
        return self.analysis.context.reading.schema

    @property
    def written(self) -> Reading:
        """The text as its own format has it."""
        return self.analysis.context.written

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.analysis.findings

    @property
    def text(self) -> str:
        return self.analysis.document.text
