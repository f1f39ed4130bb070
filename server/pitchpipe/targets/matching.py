"""Which modules are targeted, as PEFT reads its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pitchpipe.modules import ModelShape, ModuleGroup, Parameter
from pitchpipe.suggest import nearest
from pitchpipe.targets.choice import Choice
from pitchpipe.targets.names import At, Node, Place, by_choice, by_entry, by_pattern, union, without
from pitchpipe.targets.patterns import compiled
from pitchpipe.targets.result import AdaptedParameter, Asked, Entry
from pitchpipe.targets.rewriting import Rewriting, excluded

_NO_NAME = "no_such_module"


def matched_modules(
    choice: Choice, found: Sequence[Node], linear: Sequence[Node]
) -> tuple[list[Place], bool]:
    """The targeted modules, and whether any module was excluded."""
    wanted = choice.target_modules
    all_linear = isinstance(wanted, str) and wanted.lower() == "all-linear"
    chosen = {id(node) for node in linear} if all_linear else set[int]()
    lengths = {len(node.parts) for node in linear if "{}" not in node.path} if all_linear else ()
    matched: list[Place] = []
    any_excluded = False
    excludes = bool(choice.exclude_modules or choice.modules_to_save)
    for node in found:
        gone = excluded(node, choice) if excludes else ()
        any_excluded = any_excluded or bool(gone)
        if all_linear:
            at = node.at if id(node) in chosen else _ending_alike(node, linear, lengths)
        else:
            at = _wanted(node, choice)
        at = without(at, gone) if at else ()
        if at:
            matched.append(Place(node, at))
    return matched, any_excluded


def _ending_alike(node: Node, linear: Sequence[Node], lengths: Iterable[int]) -> At:
    """PEFT turns "all-linear" into names, and a name matches whatever ends in it."""
    parts = node.parts
    for length in lengths:
        if length < len(parts) and "{}" not in parts[-length:]:
            end = ".".join(parts[-length:])
            if any(other.path == end for other in linear):
                return node.at
    return ()


def _wanted(node: Node, choice: Choice) -> At:
    wanted = choice.target_modules
    if wanted is None or isinstance(wanted, str):
        return by_pattern(node, compiled(wanted)) if wanted else ()
    at = by_choice(node, wanted)
    layers = choice.layers_to_transform
    if not at or not layers:
        return at
    names = frozenset(wanted)
    kept = [i for i in at if (name := node.name(i)) in names or _layer(name, choice) in layers]
    return tuple(kept)


def _layer(name: str, choice: Choice) -> int | None:
    """The number of the layer that a module lies in, as PEFT reads it off its name."""
    for pattern in choice.layers_pattern or (r".*?\.[^.]*",):
        source = rf"(?:^|.*?\.){pattern}" if choice.layers_pattern else pattern
        found = compiled(rf"{source}\.(?P<idx>\d+)\.").part(name, "idx")
        if found is not None:
            return int(found)
    return None


def changed(
    rewriting: Rewriting | None,
    before: Choice,
    matched: Sequence[Place],
    parameters: Iterable[AdaptedParameter],
    found: Sequence[Node],
    linear: Sequence[Node],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths that lost their adapter by the rewriting, and paths that got one."""
    if rewriting is None or not rewriting.changes:
        return (), ()
    asked = {place.node: place.at for place in matched_modules(before, found, linear)[0]}
    given = {place.node: place.at for place in matched}
    whole = {id(p.group): p.at for p in parameters if p.parameter.name == "weight"}
    lost = [
        node.path
        for node, at in asked.items()
        if without(without(at, given.get(node, ())), whole.get(id(node.group), ()))
    ]
    gained = [node.path for node, at in given.items() if without(at, asked.get(node, ()))]
    return tuple(lost), tuple(gained)


def open_ended(choice: Choice, shape: ModelShape, matched: Iterable[Place]) -> Iterator[str]:
    """Holders below which the pattern would match any name."""
    wanted = choice.target_modules
    if not isinstance(wanted, str) or wanted.lower() == "all-linear":
        return
    if any(not group.parameters for group in shape.groups):
        return  # this shape lists what has no weights
    pattern = compiled(wanted)
    holders = dict.fromkeys(
        (place.node.path.rpartition(".")[0], place.node.name(place.at[0]).rpartition(".")[0])
        for place in matched
    )
    seen: set[str] = set()
    for path, name in holders:
        if path not in seen and pattern.full(f"{name}.{_NO_NAME}"):
            seen.add(path)
            yield path


@dataclass(frozen=True, slots=True)
class ParameterPlace:
    """A parameter of a group, in some of its modules. `node` has the parameter's own path."""

    node: Node
    group: ModuleGroup
    parameter: Parameter
    at: At


def matched_parameters(choice: Choice, shape: ModelShape) -> list[ParameterPlace]:
    """The parameters that `target_parameters` names. Nothing excludes any."""
    found: list[ParameterPlace] = []
    for node, parameter in _tensors(shape) if choice.target_parameters else ():
        at = union(by_entry(node, entry) for entry in choice.target_parameters)
        if at and node.group is not None:
            found.append(ParameterPlace(node, node.group, parameter, at))
    return found


def _tensors(shape: ModelShape) -> Iterator[tuple[Node, Parameter]]:
    for group in shape.groups:
        for parameter in group.parameters:
            if not parameter.buffer:
                path = f"{group.path}.{parameter.name}" if group.path else parameter.name
                yield Node(path, group), parameter


def entries(asked: Asked, found: Sequence[Node], shape: ModelShape) -> Iterator[Entry]:
    if not isinstance(asked.target_modules, str):
        yield from _each(asked.target_modules or (), found)
    if asked.target_parameters:
        tensors = [node for node, _ in _tensors(shape)]
        yield from _each(asked.target_parameters, tensors)


def _each(entries: Iterable[str], found: Sequence[Node]) -> Iterator[Entry]:
    for entry in entries:
        matches = [(node.path, len(at)) for node in found if (at := by_entry(node, entry))]
        near = None if matches else _nearest(entry, found)
        yield Entry(entry, tuple(path for path, _ in matches), sum(n for _, n in matches), near)


def _nearest(entry: str, found: Sequence[Node]) -> str | None:
    """The likeliest end of a name with as many parts as `entry`, of modules with weights."""
    length = entry.count(".") + 1
    ends = (
        ".".join(node.parts[-length:])
        for node in found
        if node.group is not None and "{}" not in node.parts[-length:]
    )
    return nearest(entry, dict.fromkeys(ends))
