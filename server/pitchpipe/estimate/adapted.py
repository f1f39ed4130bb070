"""What PEFT adapts, in the names of a step."""

from __future__ import annotations

from pitchpipe.targets import Adapted, AdaptedParameter, Targets


def adapted_names(found: Targets) -> tuple[str, ...]:
    """A group's path where all of it is adapted, else the modules one by one."""
    every = (*found.modules, *found.parameters)
    return tuple(name for one in every for name in _names(one))


def other_ranks(found: Targets, usual: int) -> tuple[tuple[str, int], ...]:
    """The ranks that are not `usual`, by the same names."""
    every = (*found.modules, *found.parameters)
    return tuple((name, one.rank) for one in every if one.rank != usual for name in _names(one))


def _names(one: Adapted | AdaptedParameter) -> tuple[str, ...]:
    if len(one.at) != one.group.count:
        return one.names
    own = f".{one.parameter.name}" if isinstance(one, AdaptedParameter) else ""
    return (one.group.path + own,)
