"""LLaMA-Factory's files. What their keys mean stands in the schema; here is the rest."""

from __future__ import annotations

from pitchpipe.dialects import trainer
from pitchpipe.dialects.dialect import Dialect
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.llama_factory import adapters, data, outgoing, purpose, refusals


def _lower(foreign: Foreign) -> None:
    purpose.tell(foreign)
    adapters.lower(foreign)
    trainer.lower(foreign, "adamw_torch")
    trainer.order(foreign, "disable_shuffling")
    data.lower(foreign)
    refusals.tell(foreign)


DIALECT = Dialect("llama-factory", "LLaMA-Factory", _lower, outgoing.write)
