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
            schema=self.workflow_schema,
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
        """The schema of the text's own format."""
        return self.analysis.context.written.schema

    @property
    def workflow_schema(self) -> Schema:
        """The schema of the workflow that the text means, which may be another one."""
        return self.analysis.context.reading.schema

    @property
    def reading(self) -> Reading:
        return self.analysis.context.reading

    @property
    def is_foreign(self) -> bool:
        """Whether the text is one of another tool's, in which a workflow's keys are no keys."""
        return self.reading.written is not self.reading

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.analysis.findings

    @property
    def text(self) -> str:
        return self.analysis.document.text
