"""A document under a cursor, in a world that a test makes up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pitchpipe_schemas
from pitchpipe.analyse import analyse
from pitchpipe.context import Context
from pitchpipe.costs.cost import Cost, cost
from pitchpipe.costs.looking import NothingCounted
from pitchpipe.costs.machine import Machine
from pitchpipe.costs.settings import of_context
from pitchpipe.facts import Facts, NotRead
from pitchpipe.ide.items import CompletionItem, Completions
from pitchpipe.ide.snapshot import Client, Snapshot
from pitchpipe.ide.world import Child, Lengths, Run
from support import facts as worlds
from support.analysis import FILE, SCHEMA

CURSOR = "‸"
CARD = Machine("cuda", "a card", True, 24_000_000_000, None, 1, "made up")
MODELS = pitchpipe_schemas.models()


@dataclass(frozen=True)
class Around:
    """What lies around the files of a project; everything is found out at once."""

    facts: Facts = worlds.WORLD
    folders: Mapping[str, Sequence[Child]] = field(default_factory=dict[str, Sequence[Child]])
    cached: tuple[str, ...] = ()
    row_counts: Mapping[str, int] = field(default_factory=dict[str, int])
    token_lengths: Mapping[str, Lengths | None] = field(default_factory=dict[str, "Lengths | None"])
    past: tuple[Run, ...] = ()
    unknown_cost: NotRead | None = None

    def cost(self, context: Context) -> Cost | NotRead | None:
        if self.unknown_cost:
            return self.unknown_cost
        shape = context.shape()
        if shape is None:
            return NotRead("nobody here knows the model")
        records = self.facts.records(shape.model_type)
        settings = of_context(context)
        return cost(settings, shape, CARD, self.facts, NothingCounted(), records)

    def rows(self, path: str) -> int | NotRead | None:
        return self.row_counts.get(path)

    def lengths(self, path: str, context: Context) -> Lengths | NotRead | None:
        return self.token_lengths.get(path, NotRead("nobody has asked for it"))

    def children(self, folder: str) -> tuple[Child, ...]:
        return tuple(self.folders.get(folder, ()))

    def published(self) -> Mapping[str, Any]:
        return MODELS

    def models(self) -> tuple[str, ...]:
        return self.cached

    def page(self, code: str) -> str | None:
        return pitchpipe_schemas.page(code)

    def runs(self, path: str) -> tuple[Run, ...]:
        return self.past


PROJECT = Around(
    folders={
        worlds.ROOT: (Child("data", True), Child("models", True), Child("notes.md", False)),
        f"{worlds.ROOT}/data": (
            Child("chats.jsonl", False),
            Child("more", True),
            Child("phrases.jsonl", False),
            Child("readme.md", False),
        ),
        f"{worlds.ROOT}/models": (Child("tiny", True), Child("plain", True)),
    },
    cached=("org/cached-model",),
)


def snapshot(text: str, around: Around = PROJECT, client: Client | None = None) -> Snapshot:
    """The snapshot of a text without a cursor mark."""
    found = analyse(text, schema=SCHEMA, facts=around.facts, path=FILE)
    return Snapshot(found, around, client or Client(), now=1_800_000_000.0)


def under_cursor(
    text: str, around: Around = PROJECT, client: Client | None = None
) -> tuple[Snapshot, int]:
    """The snapshot of a text, and where its cursor mark stood."""
    offset = text.index(CURSOR)
    return snapshot(text.replace(CURSOR, ""), around, client), offset


def taken(text: str, list_: Completions, item: CompletionItem) -> str:
    """The text with an item put in as an editor does; the cursor mark where it stands after it."""
    plain = text.replace(CURSOR, "")
    lines = item.text.split("\n")
    inserted = ("\n" + list_.indent).join(lines)
    for mark in ("${1}", "$0", "$1"):
        if item.snippet and mark in inserted:
            inserted = inserted.replace(mark, CURSOR, 1).replace("$0", "")
            break
    else:
        inserted += CURSOR
    return plain[: list_.replace.start] + inserted + plain[list_.replace.end :]
