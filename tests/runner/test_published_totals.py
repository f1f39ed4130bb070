"""One model of each type in the table, built: has the class the parameters that the table says?"""

from __future__ import annotations

import pytest

import pitchpipe_schemas
from pitchpipe.published import PublishedModel, find_model
from support.meta_models import built_on_meta

TABLE = pitchpipe_schemas.models()


def smallest_of_each_type() -> list[PublishedModel]:
    found: dict[str, PublishedModel] = {}
    for name in TABLE["models"]:
        model = find_model(name, TABLE)
        assert model is not None
        before = found.get(model.config["model_type"])
        if before is None or model.parameters < before.parameters:
            found[model.config["model_type"]] = model
    return list(found.values())


@pytest.mark.parametrize("model", smallest_of_each_type(), ids=lambda model: model.name)
def test_the_class_has_as_many_parameters_as_the_table_says(model: PublishedModel) -> None:
    built = built_on_meta(model)
    assert built.numel == model.parameters
    assert [built.class_name] == model.config["architectures"]
