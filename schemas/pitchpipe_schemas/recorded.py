"""What models and adapters compute in a training step: the shards that estimates are made from."""

from __future__ import annotations

import json
import re
from typing import Any

from pitchpipe_schemas import FOLDER


def activations(model_type: str) -> dict[str, Any] | None:
    """The shard on `model_type`, as `pitchpipe.estimate.decode` reads it; None where there is none.

    Parsed anew at each call.
    """
    return _load(model_type) if re.fullmatch(r"[A-Za-z0-9][\w.-]*", model_type) else None


def adapters() -> dict[str, Any]:
    """The shard on PEFT's layers, as `pitchpipe.estimate.decode_fragments` reads it."""
    found = _load("_adapters")
    assert found is not None, "it is part of the package"
    return found


def recorded_types() -> tuple[str, ...]:
    """The model types that have a shard, sorted."""
    folder = FOLDER / "catalog" / "activations"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n[:-5] for n in names if n.endswith(".json") and n[0] != "_"))


def _load(name: str) -> dict[str, Any] | None:
    shard = FOLDER / "catalog" / "activations" / f"{name}.json"
    try:
        return json.loads(shard.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
