"""A model: what it is and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pitchpipe import amounts
from pitchpipe.ide.cards.tables import pairs
from pitchpipe.modules import ModelShape
from pitchpipe.published import PublishedModel


def published_card(model: PublishedModel) -> str:
    """What the table of published models has on one."""
    config = model.config
    inner = config.get("text_config", config)
    rows = [("architecture", str(config.get("model_type", "")))]
    rows.append(("parameters", f"{model.parameters:,}"))
    rows += _dimensions(inner)
    if model.context_length:
        rows.append(("context", f"{model.context_length:,} tokens"))
    rows += _terms(model)
    link = f"https://huggingface.co/{model.name}"
    return f"**[{model.name}]({link})**\n\n" + pairs(rows)


def _terms(model: PublishedModel) -> Iterator[tuple[str, str]]:
    """Under which terms one gets it, and whether it knows how to chat."""
    if model.license:
        yield "licence", model.license
    if model.chat_template is not None:
        yield "chat template", "yes" if model.chat_template else "no: a base model"
    if model.gated is not None:
        yield "gated", "yes: the hub wants its terms accepted" if model.gated else "no"


def shape_card(
    name: str, shape: ModelShape, context: int | None, published: PublishedModel | None
) -> str:
    """What a model consists of, with what the table of published models adds."""
    rows = [("architecture", f"{shape.model_type} ({shape.class_name})")]
    count = f"{shape.numel:,}"
    rows.append(("parameters", count if shape.exact else f"{count}, not exactly known"))
    rows += _dimensions(shape.config)
    if context:
        rows.append(("context", f"{context:,} tokens"))
    if published is not None:
        rows += _terms(published)
    rows.append(("known from", shape.source.detail))
    head = f"[{name}](https://huggingface.co/{published.name})" if published else name
    return f"**{head}**\n\n" + pairs(rows)


def _dimensions(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for label, *keys in (
        ("layers", "num_hidden_layers", "n_layer", "num_layers"),
        ("width", "hidden_size", "n_embd", "d_model"),
        ("heads", "num_attention_heads", "n_head"),
        ("vocabulary", "vocab_size"),
    ):
        value = next((v for k in keys if isinstance(v := config.get(k), int)), None)
        if value is not None:
            rows.append((label, amounts.number(value)))
    return rows
