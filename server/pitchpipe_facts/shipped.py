"""What ships with Pitchpipe, and this machine, as the facts that they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pitchpipe_schemas
from pitchpipe.facts import NotRead
from pitchpipe.published import PublishedModel, Table, find_model
from pitchpipe_facts.model_shapes import ModelShapes, Shelf

if TYPE_CHECKING:
    from pitchpipe.costs.machine import Machine
    from pitchpipe.estimate import Records
    from pitchpipe_facts.built import Builder
    from pitchpipe_facts.token_counts import TokenCounts


def shapes(builder: Builder | None = None) -> ModelShapes:
    """What models consist of. With a `builder` they are built, whatever the catalogue says."""
    shelf = Shelf(pitchpipe_schemas.architecture, published)
    return ModelShapes(os.environ, shelf, builder, build_always=builder is not None)


@cache
def models() -> dict[str, Any]:
    """The table of published models."""
    return pitchpipe_schemas.models()


def published(name: str) -> PublishedModel | None:
    """What the table has on a model of the hub."""
    return find_model(name, models())


@cache
def devices() -> Table:
    """The table of devices."""
    return pitchpipe_schemas.devices()


def this_machine(device: str) -> Machine:
    """What `compute.device` is here."""
    from pitchpipe_facts import machine  # noqa: PLC0415  # as below

    return machine.here(device, devices())


@cache
def records(model_type: str) -> Records:
    """What the catalogue knows of how a type computes."""
    # A file whose model nobody knows is checked without estimates, and without importing them.
    from pitchpipe.estimate import Records, decode, decode_fragments  # noqa: PLC0415
    from pitchpipe_schemas import recorded  # noqa: PLC0415

    shard = recorded.activations(model_type)
    return Records(decode(shard) if shard else None, decode_fragments(recorded.adapters()))


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows counted on the spot, and tokens where a run or a command has counted them."""

    found: TokenCounts

    def rows(self, path: str) -> int | NotRead:
        from pitchpipe_facts import row_counts  # noqa: PLC0415  # as above

        try:
            return row_counts.count(Path(path))
        except OSError as error:
            return NotRead(str(error))

    def tokens(self, key: str) -> tuple[Mapping[str, Any], str] | None:
        return self.found.find(key)
