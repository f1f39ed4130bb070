"""A model's modules as rows: one for each kind of layer, with what of it is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TypeAlias

from pitchpipe.modules import ModelShape, ModuleGroup, Parameter
from pitchpipe.targets import Adapted, AdaptedParameter, Saved, Targets

At: TypeAlias = "tuple[tuple[int, ...], ...]"

_MOST_PIECES = 6  # of a list of layers, before the middle is left out

# Roles that people ask for together.
_FAMILIES = {
    "attention": {"q", "k", "v", "qkv", "o", "attention"},
    "experts": {"expert", "shared-expert"},
}


@dataclass(frozen=True, slots=True)
class Trained:
    """What is trained of a group: of how many of its modules, and how many parameters in all.

    `how` is "r=16" ("r=16,8" where ranks differ), "copy" (`modules_to_save`), or "all" (full
    fine-tuning).
    """

    how: str
    modules: int
    parameters: int


@dataclass(frozen=True, slots=True)
class Row:
    """Modules that differ in their layer alone. `path` says which: `layers.{0..31}.q_proj`."""

    path: str
    group: ModuleGroup
    trained: Trained | None

    @property
    def numel(self) -> int:
        """Parameters of all the modules, tied ones and buffers left out."""
        return self.group.numel * self.group.count

    @property
    def size(self) -> str:
        """`576 → 1536` of a linear layer, `49152 × 576` of anything else; of its largest tensor."""
        sides = self.group.features
        if sides is not None and self.group.kind in {"linear", "conv1d"}:
            return f"{sides[0]} → {sides[1]}"
        largest = max(self.group.parameters, key=lambda p: p.numel)
        return " × ".join(map(str, largest.shape)) or "1"

    @property
    def tied_to(self) -> str | None:
        return next((p.tied_to for p in self.group.parameters if p.tied_to), None)


@dataclass(frozen=True, slots=True)
class RoleTotal:
    """All modules of one role. `trained` is a number of modules."""

    role: str
    modules: int
    parameters: int
    trained: int
    trained_parameters: int


def rows(shape: ModelShape, targets: Targets | None, full: bool = False) -> list[Row]:
    """In the model's order. Modules that hold buffers alone are left out.

    `full`: everything is trained.
    """
    trained = _all(shape) if full else _trained(shape, targets) if targets is not None else {}
    return [
        Row(spelt(group.path, group.at), group, trained.get((group.path, group.at)))
        for group in shape.groups
        if any(not parameter.buffer for parameter in group.parameters)
    ]


def totals(found: Iterable[Row]) -> list[RoleTotal]:
    """One entry a role, in the order of first appearance."""
    by_role: dict[str, list[Row]] = {}
    for row in found:
        by_role.setdefault(row.group.role, []).append(row)
    return [
        RoleTotal(
            role,
            sum(row.group.count for row in members),
            sum(row.numel for row in members),
            sum(row.trained.modules for row in members if row.trained),
            sum(row.trained.parameters for row in members if row.trained),
        )
        for role, members in by_role.items()
    ]


def chosen(found: Iterable[Row], pattern: str | None) -> list[Row]:
    """The rows of a role or a family of them, else those whose path or name the glob matches."""
    if pattern is None:
        return list(found)
    listed = list(found)
    of_role = [row for row in listed if row.group.role in _FAMILIES.get(pattern, {pattern})]
    return of_role or [row for row in listed if _matches(row, pattern)]


def _matches(row: Row, pattern: str) -> bool:
    group = row.group
    names = (group.leaf, group.path, row.path)
    return any(fnmatchcase(name, pattern) for name in names) or any(
        fnmatchcase(name, pattern) for name in group.names
    )


def _all(shape: ModelShape) -> dict[tuple[str, At], Trained]:
    return {
        (g.path, g.at): Trained("all", g.count, g.numel * g.count) for g in shape.groups if g.numel
    }


def _trained(shape: ModelShape, targets: Targets) -> dict[tuple[str, At], Trained]:
    """By the group, which may have adapters in a part of its modules."""
    found: dict[tuple[str, At], Trained] = {}
    for copied in targets.saved:
        for group in shape.groups:
            if modules := _copied(group, copied):
                exact = group.path == copied.path and modules == len(copied.at)
                numel = copied.parameters if exact else group.numel * modules
                found[group.path, group.at] = Trained("copy", modules, numel)
    for key, adapters in _by_group(targets).items():
        before = found.get(key)
        modules = len({index for adapted in adapters for index in adapted.at})
        found[key] = Trained(
            f"r={','.join(dict.fromkeys(str(adapted.rank) for adapted in adapters))}",
            max(modules, before.modules if before else 0),
            sum(adapted.parameters * len(adapted.at) for adapted in adapters)
            + (before.parameters if before else 0),
        )
    return found


def _by_group(targets: Targets) -> dict[tuple[str, At], list[Adapted | AdaptedParameter]]:
    """A group has several where its modules have several ranks, or it holds several parameters."""
    found: dict[tuple[str, At], list[Adapted | AdaptedParameter]] = {}
    for adapted in (*targets.modules, *targets.parameters):
        found.setdefault((adapted.group.path, adapted.group.at), []).append(adapted)
    return found


def _copied(group: ModuleGroup, copied: Saved) -> int:
    """How many modules of `group` lie in a copied module, or are one."""
    if group.path != copied.path and not group.path.startswith(f"{copied.path}."):
        return 0
    depth = copied.path.count("{}")
    return sum(index[:depth] in copied.at for index in group.at)


# Layers


def spelt(path: str, at: At) -> str:
    """`path` with its layers: `model.layers.{0..31}.q_proj`."""
    return path.format(*places(at))


def places(at: At) -> tuple[str, ...]:
    """What stands for each index of a path: `{0..31}`, or the number where there is only one.

    Where the numbers of one index depend on another's, each is described by itself.
    """
    if not at or not at[0]:
        return ()
    return tuple(_set(sorted(set(numbers))) for numbers in zip(*at, strict=True))


def _set(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return str(numbers[0])
    pieces = [_piece(first, last) for first, last in _runs(numbers)]
    if len(pieces) > _MOST_PIECES:
        step = numbers[1] - numbers[0]
        if all(b - a == step for a, b in pairwise(numbers)):
            pieces = [str(numbers[0]), str(numbers[1]), "…", str(numbers[-1])]
        else:
            pieces = [*pieces[:3], "…", pieces[-1]]
    return f"{{{','.join(pieces)}}}"


def _piece(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}..{last}"


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


# For programs


def as_json(row: Row) -> Mapping[str, object]:
    """A row for programs; `at` lists what fills the `{}` of `path`, one list a module."""
    group, trained = row.group, row.trained
    return {
        "path": group.path,
        "at": [list(index) for index in group.at],
        "count": group.count,
        "kind": group.kind,
        "role": group.role,
        "class": group.class_name,
        "parameters": row.numel,
        "tensors": [_tensor(parameter) for parameter in group.parameters],
        "trained": trained
        and {"how": trained.how, "modules": trained.modules, "parameters": trained.parameters},
    }


def _tensor(parameter: Parameter) -> Mapping[str, object]:
    return {
        "name": parameter.name,
        "shape": list(parameter.shape),
        "dtype": parameter.dtype,
        "tied_to": parameter.tied_to,
        "buffer": parameter.buffer,
    }
