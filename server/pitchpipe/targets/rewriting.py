"""How PEFT 0.21.2 rewrites LoRA targets of mixture-of-experts models, which it does not tell.

Since transformers 5 the experts of these types are one parameter, and no linear layers any more. So
that older adapters load, `peft/utils/transformers_weight_conversion.py` maps the old names onto
the fused parameters, whatever they were meant for: a dense layer's `down_proj` is lost by it, and
a pattern is first reduced to the last names of what it matches, in whatever layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pitchpipe.modules import ModelShape
from pitchpipe.targets.choice import Choice, Method
from pitchpipe.targets.names import (
    Node,
    by_choice,
    by_pattern,
    by_test,
    saved_excludes,
    union,
    without,
)
from pitchpipe.targets.patterns import Pattern, compiled

OLD_NAMES: Mapping[str, Mapping[str, str]] = {
    "mixtral": {
        "gate": "gate.weight",
        "w1": "gate_up_proj",
        "w3": "gate_up_proj",
        "w2": "down_proj",
    },
    "qwen2_moe": {
        "gate": "gate.weight",
        "gate_proj": "gate_up_proj",
        "up_proj": "gate_up_proj",
        "down_proj": "down_proj",
    },
}
_HALVES: Mapping[str, tuple[str, ...]] = {
    "mixtral": ("w1", "w3"),
    "qwen2_moe": ("gate_proj", "up_proj"),
}
FUSED = "gate_up_proj"

FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("minimax", "minimax_m2", "mixtral"), "mixtral"),
    **dict.fromkeys(
        (
            "afmoe", "beam", "cohere2_moe", "deepseek_v2", "deepseek_v3", "deepseek_v32", "dots1",
            "ernie4_5_moe", "exaone_moe", "flex_olmo", "glm4_moe", "glm4_moe_lite", "glm4v_moe",
            "glm_moe_dsa", "hunyuan_v1_moe", "longcat_flash", "mellum", "olmoe", "qwen3_moe",
            "qwen3_next", "qwen3_omni_moe", "qwen3_omni_moe_text", "qwen3_omni_moe_thinker",
            "solar_open",
        ),
        "qwen2_moe",
    ),
}  # fmt: skip
"""Model types whose targets are rewritten, and by whose names (transformers 5.23)."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """`before` is what was asked; `modules` and `parameters` are what PEFT looks for instead.

    `leaves`: the names that a pattern or "all-linear" was reduced to; None for a list. `rank`: that
    of `gate_up_proj`, where the two halves come together. `missing`: the halves without which PEFT
    refuses to rewrite.
    """

    before: str | tuple[str, ...] | None
    leaves: tuple[str, ...] | None
    modules: tuple[str, ...]
    parameters: tuple[str, ...]
    rank: int | None
    missing: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        return self.leaves is not None or bool(self.parameters)


def old_names(shape: ModelShape, method: Method) -> Mapping[str, str]:
    """What PEFT rewrites for this model: the last name of a target → a parameter."""
    family = FAMILIES.get(shape.model_type) if method.type == "lora" else None
    return OLD_NAMES[family] if family else {}


def rewrite(
    shape: ModelShape, choice: Choice, method: Method, found: Sequence[Node], linear: Iterable[Node]
) -> Rewriting | None:
    """None where PEFT leaves the targets as they are. `linear`: what "all-linear" stands for."""
    names = old_names(shape, method)
    asked = choice.target_modules
    if not names:
        return None
    leaves = None
    if isinstance(asked, str):
        if asked.lower() == "all-linear":
            leaves = (*dict.fromkeys(node.parts[-1] for node in linear), *names)
        else:
            leaves = _leaves(shape, choice, asked, found, names)
        if not leaves:
            return None
    kept, parameters, halves = _mapped(tuple(asked or ()) if leaves is None else leaves, names)
    wanted = _HALVES[FAMILIES[shape.model_type]]
    both = len(halves) == len(wanted)
    return Rewriting(
        before=asked,
        leaves=None if leaves is None else tuple(dict.fromkeys(leaves)),
        modules=kept,
        parameters=parameters,
        rank=method.r * len(wanted) if both else None,
        missing=tuple(half for half in wanted if half not in halves) if halves else (),
    )


def _mapped(
    targets: Iterable[str], names: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...], set[str]]:
    """Targets that stay, parameters instead of the others, and the fused halves among those."""
    kept: dict[str, None] = {}
    parameters: dict[str, None] = {}
    halves: set[str] = set()
    for target in targets:
        leaf = target.rpartition(".")[2]
        if leaf not in names:
            kept[target] = None
            continue
        parameters[names[leaf]] = None
        if names[leaf] == FUSED:
            halves.add(leaf)
    return tuple(kept), tuple(parameters), halves


def _leaves(
    shape: ModelShape,
    choice: Choice,
    asked: str,
    found: Sequence[Node],
    names: Mapping[str, str],
) -> tuple[str, ...]:
    """The last names of all modules and parameters that the pattern matches."""
    pattern = compiled(asked)
    leaves: dict[str, None] = {}
    for node in found:
        for at in without(by_pattern(node, pattern), excluded(node, choice)):
            last = node.parts[-1]
            leaves[str(at[-1]) if last == "{}" else last] = None
    parameters = [
        (Node(group.path, group), p.name)
        for group in shape.groups
        for p in group.parameters
        if not p.buffer
    ]
    for node, name in parameters:
        if name not in leaves and _probe(node, name, pattern, choice):
            leaves[name] = None
    for old, new in names.items():
        if old not in leaves and any(
            name == new and _probe(node, old, pattern, choice) for node, name in parameters
        ):
            leaves[old] = None
    return tuple(leaves)


def _probe(holder: Node, name: str, pattern: Pattern, choice: Choice) -> bool:
    """Whether the pattern matches `name` in one of the modules, and nothing excludes it."""
    group = holder.group
    assert group is not None
    inner = Node(f"{group.path}.{name}" if group.path else name, group)
    matched = by_test(inner, pattern.full, pattern.knows_digits)
    return bool(matched) and bool(without(matched, excluded(inner, choice)))


def excluded(node: Node, choice: Choice) -> tuple[tuple[int, ...], ...]:
    """Those that PEFT never adapts: named by `exclude_modules`, or trained in full."""
    several = [saved_excludes(node, module) for module in choice.modules_to_save]
    if choice.exclude_modules:
        several.append(by_choice(node, choice.exclude_modules))
    return union(several)
