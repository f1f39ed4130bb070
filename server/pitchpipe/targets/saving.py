"""What is trained beside the adapters: copies of `modules_to_save`, and biases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pitchpipe.modules import ModelShape, ModuleGroup
from pitchpipe.targets.choice import Choice, Method
from pitchpipe.targets.names import At, Node, Place, by_test, nodes, union
from pitchpipe.targets.result import Adapted, AdaptedParameter, Refusal, Saved

_WEIGHTLESS = re.compile(
    r"(?:^|[._])(?:act|act_fn|activation(?:_fn|_function)?|drop|dropout\d*|softmax|silu)$"
)
"""What modules without parameters are called in nearly all models of transformers 5.23."""

_TIEABLE = frozenset({"embed_tokens", "lm_head"})  # names that PEFT takes for a tied pair


def saved(
    choice: Choice, shape: ModelShape, found: Sequence[Node], matched: Sequence[Place]
) -> tuple[tuple[Saved, ...], list[Refusal]]:
    """What PEFT copies to train it in full, each module once."""
    copies: list[Saved] = []
    refusals: list[Refusal] = []
    if not choice.modules_to_save:
        return (), []
    tied = _kept_tied(choice, shape)
    adapted = {id(place.node): set(place.at) for place in matched}
    counted: dict[int, set[tuple[int, ...]]] = {}
    for node in found:
        at = _ending(node, choice.modules_to_save)
        if tied is not None and node.path in tied:
            at = node.at if tied[node.path] else ()
        if not at:
            continue
        if node.is_list:
            refusals.append(Refusal("saved-list", "cannot be applied to modules of", (node.path,)))
        elif adapted.get(id(node), set()).intersection(at):
            refusals.append(
                Refusal("saved-adapted", "cannot be applied to modules of", (node.path,))
            )
        else:
            copies.append(_copy(node, at, shape, counted, keep=tied is not None))
    return tuple(copies), refusals


def names_none(modules: Iterable[str], shape: ModelShape) -> tuple[str, ...]:
    """Those of `modules_to_save` that no module's name ends in. PEFT refuses them if all are so.

    A shape has no modules without parameters, so what such are called is left out.
    """
    found = nodes(shape)
    return tuple(
        name
        for name in modules
        if not _WEIGHTLESS.search(name) and not any(_ending(node, (name,)) for node in found)
    )


def biases(
    shape: ModelShape,
    method: Method,
    modules: Iterable[Adapted],
    parameters: Iterable[AdaptedParameter],
    copies: Iterable[Saved],
) -> int:
    """Trained parameters of biases, those in copies left out."""
    if method.bias == "none" or method.type in {"ia3", "loha", "lokr", "ln_tuning"}:
        return 0
    frozen = _inside(shape, copies)
    if method.bias == "all":
        chosen = {id(group): (group, set(group.at)) for group in shape.groups}
    else:
        chosen: dict[int, tuple[ModuleGroup, set[tuple[int, ...]]]] = {}
        for adapted in (*modules, *parameters):
            entry = chosen.setdefault(id(adapted.group), (adapted.group, set()))
            entry[1].update(adapted.at)
    numels: dict[str, int] = {}
    for group, at in chosen.values():
        for parameter in group.parameters:
            if parameter.name == "bias" and not parameter.buffer:
                for index in at:
                    own = f"{group.path}.bias".lstrip(".").format(*index)
                    numels[parameter.tied_to or own] = parameter.numel
    return sum(numel for name, numel in numels.items() if name not in frozen)


def _inside(shape: ModelShape, copies: Iterable[Saved]) -> set[str]:
    """Full names of the biases whose module was copied: the original is frozen."""
    found: set[str] = set()
    for copy in copies:
        depth = copy.path.count("{}")
        chosen = set(copy.at)
        for group in shape.groups:
            if not _is_below(group, copy.path):
                continue
            for parameter in group.parameters:
                if parameter.name == "bias":
                    for index in group.at:
                        if index[:depth] in chosen:
                            own = f"{group.path}.bias".format(*index)
                            found.add(parameter.tied_to or own)
    return found


def _ending(node: Node, modules: Iterable[str]) -> At:
    """Here PEFT looks at the last characters of a name, in whatever middle of a part."""
    return union(
        by_test(node, lambda name, end=module: name.endswith(end), any(c.isdigit() for c in module))
        for module in modules
        if node.path.endswith(module) or "{}" in node.path
    )


def _copy(
    node: Node,
    at: At,
    shape: ModelShape,
    counted: dict[int, set[tuple[int, ...]]],
    *,
    keep: bool,
) -> Saved:
    depth, chosen = node.path.count("{}"), set(at)
    names: dict[str, int] = {}
    for group in shape.groups:
        if not _is_below(group, node.path):
            continue
        seen = counted.setdefault(id(group), set())
        for index in group.at:
            if index[:depth] in chosen and index not in seen:
                seen.add(index)
                names |= _storages(group, index)
    shared = () if keep else tuple(_shared(shape, names, node.path, chosen))
    return Saved(node.path, at, sum(names.values()), shared)


def _storages(group: ModuleGroup, index: tuple[int, ...]) -> dict[str, int]:
    """Sizes of a module's own parameters by the name that owns the storage."""
    return {
        p.tied_to or f"{group.path}.{p.name}".format(*index): p.numel
        for p in group.parameters
        if not p.buffer
    }


def _shared(
    shape: ModelShape, owners: Iterable[str], path: str, at: set[tuple[int, ...]]
) -> list[str]:
    """Names of the parameters outside of a copied module that share storage with one inside."""
    inside: set[str] = set()
    sharing: dict[str, list[str]] = {owner: [owner] for owner in owners}
    for group in shape.groups:
        below, depth = _is_below(group, path), path.count("{}")
        for parameter in group.parameters:
            if not below and parameter.tied_to not in sharing:
                continue
            for index in group.at:
                own = f"{group.path}.{parameter.name}".format(*index)
                if below and index[:depth] in at:
                    inside.add(own)
                elif parameter.tied_to in sharing:
                    sharing[parameter.tied_to].append(own)
    return [name for names in sharing.values() for name in names if name not in inside]


def _is_below(group: ModuleGroup, path: str) -> bool:
    return group.path == path or group.path.startswith(path + ".")


def _kept_tied(choice: Choice, shape: ModelShape) -> dict[str, bool] | None:
    """With `ensure_weight_tying`: paths of the pair, and whether each is copied by itself.

    None where PEFT ties nothing. The head's copy is the embedding's.
    """
    named = {module.rpartition(".")[2] for module in choice.modules_to_save}
    if not choice.ensure_weight_tying or not named & _TIEABLE:
        return None
    pairs = {
        group.path: (p.tied_to or "").rpartition(".")[0]
        for group in shape.groups
        for p in group.parameters
        if p.tied_to is not None and p.name == "weight"
    }
    embeddings = {group.path for group in shape.groups if group.kind == "embedding"}
    tied = {head: source for head, source in pairs.items() if source in embeddings}
    return dict.fromkeys(tied, False) | dict.fromkeys(tied.values(), True) or None
