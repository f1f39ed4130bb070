"""Presets by role, as arguments that make PEFT adapt these modules and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from pitchpipe.modules import ModelShape, ModuleGroup, Role
from pitchpipe.targets.choice import PRESETS, Choice, Method
from pitchpipe.targets.defaults import DEFAULTS
from pitchpipe.targets.names import At, Node, by_entry, nodes, union
from pitchpipe.targets.result import Asked
from pitchpipe.targets.rewriting import old_names
from pitchpipe.targets.support import is_adaptable

_ATTENTION: frozenset[Role] = frozenset({"q", "k", "v", "qkv", "o", "attention"})
_MLP: frozenset[Role] = frozenset({"mlp", "expert", "shared-expert"})

ROLES: dict[str, frozenset[Role]] = {
    "attention": _ATTENTION,
    "mlp": _MLP,
    "attention+mlp": _ATTENTION | _MLP,
}


def peft_arguments(shape: ModelShape, choice: Choice, method: Method | None = None) -> Asked:
    """What to hand to PEFT's configuration class for `choice`."""
    return asked_of(shape, choice, method or Method(), nodes(shape))


def asked_of(shape: ModelShape, choice: Choice, method: Method, found: Sequence[Node]) -> Asked:
    targets = choice.target_modules
    parameters = choice.target_parameters or None
    if isinstance(targets, str) and targets in PRESETS:
        return _resolved(shape, method, found, ROLES[targets], choice.target_parameters)
    if targets is not None:
        return Asked(targets, parameters)
    if old_names(shape, method):  # PEFT makes an empty list of None before it asks its table
        return Asked((), parameters)
    return Asked(DEFAULTS[method.type].get(shape.model_type), parameters)


def _resolved(
    shape: ModelShape,
    method: Method,
    found: Sequence[Node],
    roles: frozenset[Role],
    more: tuple[str, ...],
) -> Asked:
    """Last names where they are enough, whole names as a pattern where not.

    A matrix that PEFT would rewrite onto the experts if it were named as a module is named as a
    parameter, which it leaves alone.
    """
    wanted = [n for n in found if n.group and n.group.role in roles and _is_linear(n.group, method)]
    renamed = old_names(shape, method)
    direct = [node for node in wanted if node.parts[-1] not in renamed]
    tensors = [Node(f"{n.path}.weight", n.group) for n in wanted if n.parts[-1] in renamed]
    if method.type == "lora":
        tensors += [
            Node(f"{node.path}.{p.name}", node.group)
            for node in found
            if node.group and node.group.role in roles and node.group.kind == "experts"
            for p in node.group.parameters
            if len(p.shape) == 3 and not p.buffer
        ]
    modules = _short(direct, found)
    if direct and not modules:
        modules = _names(direct) if renamed else _pattern(direct, found)
    names = _short(tensors, list(_tensors(shape.groups))) or _names(tensors)
    return Asked(modules, (*names, *more) or None)


def _is_linear(group: ModuleGroup, method: Method) -> bool:
    """Also a convolution of width one, as SqueezeBERT has for all its linear layers."""
    if group.kind in {"linear", "conv1d"}:
        return True
    return (
        group.kind == "convolution"
        and is_adaptable(group, method)
        and all(p.shape[2:] == (1,) for p in group.parameters if p.name == "weight")
    )


def _tensors(groups: Iterable[ModuleGroup]) -> Iterable[Node]:
    for group in groups:
        for parameter in group.parameters:
            if not parameter.buffer:
                yield Node(f"{group.path}.{parameter.name}".lstrip("."), group)


def _short(wanted: Sequence[Node], every: Sequence[Node]) -> tuple[str, ...]:
    """Ends of names, the shortest that match what is wanted alone; empty where one can't."""
    allowed: dict[str, set[tuple[int, ...]]] = {}
    for node in wanted:
        allowed.setdefault(node.path, set()).update(node.at)

    ending: dict[str, list[Node]] = {}
    for node in every:
        ending.setdefault(node.parts[-1], []).append(node)

    @cache
    def fits(entry: str) -> bool:
        return all(
            node.path in allowed and allowed[node.path].issuperset(at)
            for node in ending[entry.rpartition(".")[2]]
            if (at := by_entry(node, entry))
        )

    entries: dict[str, None] = {}
    for node in wanted:
        entry = _shortest(node, fits)
        if entry is None:
            return ()
        entries[entry] = None
    return tuple(entries)


def _shortest(node: Node, fits: Callable[[str], bool]) -> str | None:
    parts = node.parts
    for start in range(len(parts) - 1, -1, -1):
        if parts[start] == "{}":
            return None
        entry = ".".join(parts[start:])
        if fits(entry):
            return entry
    return None


def _names(wanted: Iterable[Node]) -> tuple[str, ...]:
    return tuple(node.name(at) for node in wanted for at in node.at)


def _pattern(wanted: Sequence[Node], every: Sequence[Node]) -> str:
    """A regular expression that matches the whole names of these modules, and no others."""
    same: dict[str, list[Node]] = {}
    for node in wanted:
        same.setdefault(node.path, []).append(node)
    meant = set(wanted)
    others = {node.path for node in every if node not in meant}
    ends: dict[str, list[str]] = {}
    for path, several in same.items():
        at = union(node.at for node in several)
        spell = path in others or path.endswith("{}")  # between those lies what has no weights
        for spelt in _spelt(path, at) if spell else [_any_index(path)]:
            start, dot, last = spelt.rpartition(r"\.")
            ends.setdefault(start + dot, []).append(last)
    return "|".join(
        start + (last[0] if len(last) == 1 else f"({'|'.join(last)})")
        for start, last in ends.items()
    )


def _any_index(path: str) -> str:
    return re.escape(path).replace(r"\{\}", r"\d+")


def _spelt(path: str, at: At) -> list[str]:
    return [re.escape(path.format(*index)) for index in at]
