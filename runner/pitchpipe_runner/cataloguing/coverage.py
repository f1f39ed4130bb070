"""Which architectures the catalogue describes, beside those that PEFT has default targets for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import peft
import transformers
from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING

import pitchpipe_schemas
from pitchpipe_runner.cataloguing.classes import image_text_types, text_types
from pitchpipe_runner.cataloguing.probing import why_not_built

Shards = dict[str, dict[str, Any] | None]

_SHOWN = ("q", "k", "v", "qkv", "o", "mlp", "expert", "shared-expert", "mixer", "router", "tower")
_COMMAND = "`python -m pitchpipe_runner.cataloguing --coverage docs/coverage.md`"
_ORIGIN = f"Written by {_COMMAND}. The columns behind the third count kinds of modules by role."
_IMAGES = (
    "The language model is what Pitchpipe trains; the towers beside it are described as well. "
    "A part that may be any model is described for the one that it is by default."
)


def table() -> str:
    """The page `docs/coverage.md`."""
    text, images = _shards(text_types()), _shards(image_text_types())
    mapped = set(TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING)
    lines = ["# Architectures", "", _summary("Text architectures", text, mapped), "", _ORIGIN, ""]
    lines += _rows(text, mapped)
    lines += ["", "## Text about images", "", _summary("Architectures", images, mapped), ""]
    lines += [_IMAGES, "", *_rows(images, mapped)]
    lines += ["", "## Not described", "", *_reasons({**text, **images})]
    return "\n".join(lines) + "\n"


def _shards(types: Iterable[str]) -> Shards:
    return {name: pitchpipe_schemas.architecture(name) for name in types}


def _summary(what: str, shards: Shards, mapped: set[str]) -> str:
    described = [shard for shard in shards.values() if shard]
    exact = sum(shard["exact"] for shard in described)
    return (
        f"{what} of transformers {transformers.__version__}: {len(shards)}. "
        f"The catalogue describes {len(described)} of them, {exact} exactly: names, shapes and "
        "counts were equal on configurations that it was not made from. "
        f"PEFT {peft.__version__} has default targets for LoRA for {len(mapped & set(shards))}."
    )


def _rows(shards: Shards, mapped: set[str]) -> list[str]:
    head = f"| model type | catalogue | PEFT's default | {' | '.join(_SHOWN)} |"
    rule = f"|---|---|---|{'---|' * len(_SHOWN)}"
    return [head, rule, *(_row(name, shard, name in mapped) for name, shard in shards.items())]


def _row(name: str, shard: dict[str, Any] | None, mapped: bool) -> str:
    said = "–" if shard is None else "exact" if shard["exact"] else "approximate"
    roles = Counter(group["role"] for group in shard["groups"]) if shard else Counter[str]()
    counts = " | ".join(str(roles[role] or "") for role in _SHOWN)
    return f"| {name} | {said} | {'yes' if mapped else ''} | {counts} |"


def _reasons(shards: Shards) -> list[str]:
    """Why there is no shard: what transformers says when it builds the default configuration."""
    missing = [name for name, shard in shards.items() if shard is None]
    return [
        f"- `{name}`: {why_not_built(name) or 'it can be built, but has not been described'}"
        for name in missing
    ] or ["None."]
