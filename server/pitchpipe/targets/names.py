"""Which modules of a shape a name or a pattern matches, group by group.

A group's modules differ in their indices alone, so a name that spells no index, and a pattern that
knows no digit, need one look at a group and not one at a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pitchpipe.modules import ModelShape, ModuleGroup
from pitchpipe.targets.patterns import Pattern, compiled

At = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Node:
    """Modules of one path. `group` is None for modules that only hold others.

    `members` are the groups below a module that only holds others.
    """

    path: str
    group: ModuleGroup | None
    members: tuple[ModuleGroup, ...] = ()

    @cached_property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("."))

    @cached_property
    def at(self) -> At:
        if self.group is not None:
            return self.group.at
        depth = self.path.count("{}")
        return tuple(dict.fromkeys(at[:depth] for group in self.members for at in group.at))

    @property
    def is_list(self) -> bool:
        """Whether this looks like a `ModuleList`: nothing but indices below it."""
        here = len(self.parts)
        return self.group is None and all(
            group.path.split(".")[here] == "{}" for group in self.members
        )

    def name(self, at: tuple[int, ...]) -> str:
        return self.path.format(*at)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Some of a node's modules."""

    node: Node
    at: At

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.node.name(at) for at in self.at)


def nodes(shape: ModelShape) -> tuple[Node, ...]:
    """Every module but the model itself, those that only hold others too, parents first."""
    own: dict[str, list[ModuleGroup]] = {}
    holders: dict[str, dict[int, ModuleGroup]] = {}
    order: dict[str, None] = {}
    for group in shape.groups:
        path = group.path
        end = path.find(".")
        while end >= 0:
            holders.setdefault(path[:end], {})[id(group)] = group
            order[path[:end]] = None
            end = path.find(".", end + 1)
        if path:
            own.setdefault(path, []).append(group)
            order[path] = None
    found: list[Node] = []
    for path in order:
        groups = own.get(path, ())
        found += [Node(path, group) for group in groups]
        members = tuple(holders.get(path, {}).values())
        if members and not groups:
            found.append(Node(path, None, members))
        elif members:
            found += _holders_beside(path, groups, members)
    return tuple(found)


def _holders_beside(
    path: str, groups: Sequence[ModuleGroup], members: tuple[ModuleGroup, ...]
) -> Iterator[Node]:
    """The modules of `path` that hold no parameter while others of the same path do."""
    node = Node(path, None, members)
    missing = set(node.at).difference(*(group.at for group in groups))
    if missing:
        depth = path.count("{}")
        kept = (
            ModuleGroup(
                member.path,
                tuple(at for at in member.at if at[:depth] in missing),
                member.kind,
                member.role,
                member.class_name,
                member.parameters,
            )
            for member in members
        )
        yield Node(path, None, tuple(member for member in kept if member.at))


def ends_with(parts: Sequence[str], entry: Sequence[str]) -> dict[int, int] | None:
    """Whether a path ends in the names of `entry`; and the index that it demands of a slot.

    Slots count from the first index of the path. None: no match.
    """
    if len(entry) > len(parts):
        return None
    demanded: dict[int, int] = {}
    slot = parts.count("{}")
    for part, wanted in zip(reversed(parts), reversed(entry), strict=False):
        if part == "{}":
            slot -= 1
            if not wanted.isdigit() or str(int(wanted)) != wanted:
                return None
            demanded[slot] = int(wanted)
        elif part != wanted:
            return None
    return demanded


def by_entry(node: Node, entry: str) -> At:
    """Those whose name is `entry` or ends in it after a dot."""
    demanded = ends_with(node.parts, entry.split("."))
    if demanded is None:
        return ()
    if not demanded:
        return node.at
    return tuple(at for at in node.at if all(at[slot] == n for slot, n in demanded.items()))


def by_pattern(node: Node, pattern: Pattern, *, whole: bool = True) -> At:
    """Those whose name `pattern` matches: all of it, or its beginning."""
    return by_test(node, pattern.full if whole else pattern.start, pattern.knows_digits)


def by_test(node: Node, test: Callable[[str], bool], knows_digits: bool) -> At:
    path = node.path
    if "{}" not in path:
        return node.at if test(path) else ()
    if knows_digits:
        return tuple(at for at in node.at if test(path.format(*at)))
    seen: dict[tuple[int, ...], bool] = {}
    found: list[tuple[int, ...]] = []
    for at in node.at:
        lengths = tuple([len(str(n)) for n in at])
        if lengths not in seen:
            seen[lengths] = test(path.format(*at))
        if seen[lengths]:
            found.append(at)
    return node.at if len(found) == len(node.at) else tuple(found)


def by_choice(node: Node, wanted: str | tuple[str, ...]) -> At:
    """As PEFT reads `target_modules` and `exclude_modules`: a pattern, or names."""
    if isinstance(wanted, str):
        return by_pattern(node, compiled(wanted))
    return union(by_entry(node, entry) for entry in wanted)


def saved_excludes(node: Node, module: str) -> At:
    """Those that PEFT leaves out of the targets as `module` is in `modules_to_save`."""
    if module.isidentifier():
        return node.at if module in node.parts else ()
    pattern = compiled(rf"(^|.*\.){module}($|\..*)")
    return by_pattern(node, pattern, whole=False)


def union(several: Iterable[At]) -> At:
    found = [at for at in several if at]
    return found[0] if len(found) == 1 else tuple(dict.fromkeys(i for at in found for i in at))


def without(at: At, other: At) -> At:
    if not other:
        return at
    if other is at:
        return ()
    gone = set(other)
    return tuple(index for index in at if index not in gone)
