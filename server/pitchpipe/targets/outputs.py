"""The output layer as `get_output_embeddings()` gives it, which "all-linear" leaves out."""

from __future__ import annotations

from pitchpipe.modules import Head, ModelShape, ModuleGroup

_PATHS = frozenset({
    "cls.predictions.decoder",
    "decoder",
    "decoder.cls.predictions.decoder",
    "embed_out",
    "generator_lm_head",
    "head",
    "head.decoder",
    "lm_head",
    "lm_head.decoder",
    "lm_head.out_proj",
    "lm_loss",
    "output",
    "output_projection",
    "pred_layer.proj",
    "predictions.decoder",
    "proj_out",
    "vocab_projector",
})  # those of all classes of transformers 5.23; the bench of targets compares

_CLASSIFIERS: frozenset[Head] = frozenset({"sequence-classification", "token-classification"})


def is_output(group: ModuleGroup, shape: ModelShape) -> bool:
    return (
        shape.head not in _CLASSIFIERS
        and group.path in _PATHS
        and group.kind in {"linear", "conv1d"}
        and group.features is not None
        and group.features[1] == shape.config.get("vocab_size", group.features[1])
    )


def trained_heads(shape: ModelShape) -> tuple[str, ...]:
    """What PEFT adds to `modules_to_save` by the task: `peft/peft_model.py` of 0.21.2."""
    return ("classifier", "score") if shape.head in _CLASSIFIERS else ()


def kept_from_adapters(shape: ModelShape) -> tuple[str, ...]:
    """Those of `trained_heads` that PEFT adds before it looks for targets.

    For tokens it adds them afterwards, and raises where they have got an adapter.
    """
    return trained_heads(shape) if shape.head == "sequence-classification" else ()
