"""The catalogue beside the totals in the table of published models."""

from __future__ import annotations

import pytest

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe.published import find_model

TABLE = pitchpipe_schemas.models()


@pytest.mark.parametrize("name", TABLE["models"])
def test_a_published_model_has_as_many_parameters_as_the_catalogue_counts(name: str) -> None:
    known = find_model(name, TABLE)
    assert known is not None
    shard = pitchpipe_schemas.architecture(known.config["model_type"])
    assert shard is not None
    found = model_shape(shard, known.config, known.head, ShapeSource("table", "a test"))
    assert isinstance(found, ModelShape), found
    assert found.numel == known.parameters
