"""Which architectures the catalogue describes, beside those that PEFT has default targets for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import peft
import transformers
from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING

import pitchpipe_schemas
from pitchpipe_runner.cataloguing.classes import text_types

_SHOWN = ("q", "k", "v", "qkv", "o", "mlp", "expert", "shared-expert", "mixer", "router", "tower")
_ORIGIN = (
    "Written by `python -m pitchpipe_runner.cataloguing --coverage docs/coverage.md`. "
    "The columns behind the third count kinds of modules by role."
)


def table() -> str:
    """The page `docs/coverage.md`."""
    shards = {name: pitchpipe_schemas.architecture(name) for name in text_types()}
    mapped = set(TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING)
    lines = [
        "# Architectures",
        "",
        _summary(shards, len(mapped & set(shards))),
        "",
        _ORIGIN,
        "",
        f"| model type | catalogue | PEFT's default | {' | '.join(_SHOWN)} |",
        f"|---|---|---|{'---|' * len(_SHOWN)}",
    ]
    lines += [_row(name, shard, name in mapped) for name, shard in shards.items()]
    return "\n".join(lines) + "\n"


def _summary(shards: dict[str, dict[str, Any] | None], mapped: int) -> str:
    described = [shard for shard in shards.values() if shard]
    exact = sum(shard["exact"] for shard in described)
    return (
        f"Text architectures of transformers {transformers.__version__}: {len(shards)}. "
        f"The catalogue describes {len(described)} of them, {exact} exactly: names, shapes and "
        "counts were equal on configurations that it was not made from. "
        f"PEFT {peft.__version__} has default targets for LoRA for {mapped}."
    )


def _row(name: str, shard: dict[str, Any] | None, mapped: bool) -> str:
    said = "–" if shard is None else "exact" if shard["exact"] else "approximate"
    roles = Counter(group["role"] for group in shard["groups"]) if shard else Counter[str]()
    counts = " | ".join(str(roles[role] or "") for role in _SHOWN)
    return f"| {name} | {said} | {'yes' if mapped else ''} | {counts} |"
