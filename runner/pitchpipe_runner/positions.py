"""How many tokens a model's positions reach."""

from __future__ import annotations

from typing import Any

from pitchpipe.model_config import context_length


def context_of(config: Any) -> int | None:
    """Of a transformers configuration, stretched positions included; None where there is no end.

    What the core makes of the same fields, so that checks, estimates and runs agree. A class of the
    model's own may know its length by an attribute that the core has not heard of.
    """
    text = config.get_text_config()
    return context_length(text.to_dict()) or getattr(text, "max_position_embeddings", None)
