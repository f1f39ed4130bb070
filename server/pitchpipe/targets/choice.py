"""What somebody asks of PEFT: where to put adapters, and which kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Preset = Literal["attention", "mlp", "attention+mlp"]

PRESETS: tuple[Preset, ...] = ("attention", "mlp", "attention+mlp")

MethodType = Literal[
    "lora", "adalora", "ia3", "loha", "lokr", "vera", "oft", "hra", "ln_tuning"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """The keys of a PEFT configuration that choose modules, by their names there.

    `target_modules`: "all-linear", a preset, a regular expression that matches whole names, names
    (each matches the end of a module's), or None for PEFT's own table. `layers_to_transform` goes
    by the first index in a name; None: all layers. `ensure_weight_tying` concerns what
    `modules_to_save` copies.
    """

    target_modules: str | tuple[str, ...] | None = "all-linear"
    target_parameters: tuple[str, ...] = ()
    exclude_modules: str | tuple[str, ...] = ()
    modules_to_save: tuple[str, ...] = ()
    layers_to_transform: tuple[int, ...] | None = None
    layers_pattern: tuple[str, ...] = ()
    ensure_weight_tying: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """What decides how many parameters an adapter has. The defaults are PEFT's.

    `r` is `init_r` for AdaLoRA. "ln_tuning" is meant for norms: copies of modules that hold others
    are not simulated. `bias` is "none", "all", or "only" for the adapted layers' own
    (PEFT's `lora_only`, `oft_only` …). `feedforward_modules` is IA3's; None: PEFT's table.
    """

    type: MethodType = "lora"
    r: int = 8
    use_dora: bool = False
    lora_bias: bool = False
    lora_dropout: float = 0.0
    bias: Literal["none", "all", "only"] = "none"
    rank_pattern: Mapping[str, int] = field(default_factory=dict[str, int])
    feedforward_modules: tuple[str, ...] | None = None
    decompose_both: bool = False
    decompose_factor: int = -1
    oft_block_size: int = 32
    block_share: bool = False
