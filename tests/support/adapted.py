"""Which modules of a real model have an adapter of PEFT's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def adapters(model: Any) -> Iterator[tuple[str, int]]:
    """What has an adapter, with its rank: PEFT doubles that of experts' fused parameters."""
    for name, module in model.base_model.model.named_modules():
        if hasattr(module, "lora_A") and hasattr(module, "base_layer"):
            held = getattr(module, "parameter_name", None)
            plain = name.replace(".base_layer", "")
            yield f"{plain}.{held}" if held else plain, module.r["default"]
