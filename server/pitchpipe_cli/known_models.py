"""The models that this machine knows: those that lie on it, and those that ship with Pitchpipe."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import pitchpipe_schemas
from pitchpipe.published import PublishedModel, find_model
from pitchpipe_facts.model_shapes import ModelShapes, Shelf

if TYPE_CHECKING:
    from pitchpipe_facts.built import Builder


def shapes(builder: Builder | None = None) -> ModelShapes:
    """What models consist of. With a `builder` they are built, whatever the catalogue says."""
    shelf = Shelf(pitchpipe_schemas.architecture, published)
    return ModelShapes(os.environ, shelf, builder, build_always=builder is not None)


@cache
def table() -> dict[str, Any]:
    """The table of published models."""
    return pitchpipe_schemas.models()


def published(name: str) -> PublishedModel | None:
    """What the table has on a model of the hub."""
    return find_model(name, table())
