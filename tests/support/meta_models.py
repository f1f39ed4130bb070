"""Published models, built without weights."""

from __future__ import annotations

import torch
import transformers
from transformers import AutoConfig

from pitchpipe.modules import ModelShape
from pitchpipe.published import PublishedModel
from pitchpipe_runner.cataloguing.describe import describe


def built_on_meta(model: PublishedModel) -> ModelShape:
    """The shape of the class that the configuration names, read off a model on the meta device."""
    fields = dict(model.config)
    (class_name,) = fields.pop("architectures")
    config = AutoConfig.for_model(fields.pop("model_type"), **fields)
    with torch.device("meta"):
        return describe(getattr(transformers, class_name)(config), model.head)
