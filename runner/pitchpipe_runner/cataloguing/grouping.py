"""The modules of a model type's samples, grouped by path → groups and places of its shard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pitchpipe.catalog.formulas import Formula
from pitchpipe.modules import Head, Parameter
from pitchpipe_runner.cataloguing.build import Built, Module
from pitchpipe_runner.cataloguing.learning import Index, Learner, NotLearnt
from pitchpipe_runner.cataloguing.roles import role_of

_NUMBERED = re.compile(r"(.*?)(\d+)")  # an entry of a list, or of a mapping: "3", "expert_3"


@dataclass(frozen=True, slots=True)
class Place:
    """A module's name without its variable indices: "layers.{}.q_proj" and (3,)."""

    path: str
    index: Index


@dataclass(slots=True)
class Sighting:
    """All modules of one path and class, by sample and index."""

    path: str
    class_name: str
    kind: Any
    seen: dict[int, dict[Index, Module]] = field(default_factory=dict)


def varying_lists(built: Iterable[Built]) -> set[str]:
    """Paths of ModuleLists whose length differs: "layers", "layers.{}.mlp.experts"."""
    models = list(built)
    varying: set[str] = set()
    depth = 0
    while True:
        lengths: dict[str, set[int]] = {}
        for model in models:
            for name, length in model.lists.items():
                if name.count(".") == depth:
                    lengths.setdefault(place(name, varying).path, set()).add(length)
        varying |= {path for path, found in lengths.items() if len(found) > 1}
        depth += 1
        if depth > 24:
            return varying


def place(name: str, varying: set[str]) -> Place:
    path, index = "", list[int]()
    for step in name.split("."):
        if path in varying and (numbered := _NUMBERED.fullmatch(step)):
            index.append(int(numbered[2]))
            path += f".{numbered[1]}{{}}"
        else:
            path += f".{step}" if path else step
    return Place(path, tuple(index))


def learn_head(learner: Learner, head: Head, places: list[str]) -> list[dict[str, Any]]:
    """The groups of one class. `places`: a shard's places as JSON, added to."""
    built = {i: s.built[head] for i, s in enumerate(learner.samples) if head in s.built}
    varying = varying_lists(built.values())
    lengths: dict[str, dict[tuple[int, Index], int]] = {}
    sightings: dict[tuple[str, str, str], Sighting] = {}
    for i, model in built.items():
        for name, length in model.lists.items():
            where = place(name, varying)
            if where.path in varying:
                lengths.setdefault(where.path, {})[i, where.index] = length
        for module in model.modules:
            where = place(module.name, varying)
            key = (where.path, module.class_name, module.kind)
            known = sightings.setdefault(key, Sighting(where.path, module.class_name, module.kind))
            known.seen.setdefault(i, {})[where.index] = module
    groups: list[dict[str, Any]] = []
    for sighting in sightings.values():
        try:
            groups.append(_group(learner, sighting, built, varying, lengths, places))
        except NotLearnt as problem:  # noqa: PERF203  each group may fail by itself
            if not _holds_weights(sighting):
                continue
            learner.undescribed.append(sighting.path)
            learner.missed.append(f"{head}: {problem}")
    return groups


def _group(
    learner: Learner,
    sighting: Sighting,
    built: Mapping[int, Built],
    varying: set[str],
    lengths: Mapping[str, Mapping[tuple[int, Index], int]],
    places: list[str],
) -> dict[str, Any]:
    where = _place(learner, sighting, built, lengths)
    text = json.dumps(where)
    if text not in places:
        places.append(text)
    parameters: list[Any] = []
    for name, rank in _parameter_names(sighting):
        hints = [d for p in parameters if p for d in p[1]]
        parameters.append(_parameter(learner, sighting, name, rank, varying, hints))
    return {
        "path": sighting.path,
        "kind": sighting.kind,
        "role": role_of(sighting.path, sighting.class_name, sighting.kind),
        "class": sighting.class_name,
        "place": places.index(text),
        "parameters": [p for p in parameters if p],
    }


def _place(
    learner: Learner,
    sighting: Sighting,
    built: Mapping[int, Built],
    lengths: Mapping[str, Mapping[tuple[int, Index], int]],
) -> dict[str, Any]:
    """Where the modules stand: the lengths of the lists around them, and which entries have one."""
    lists = _lists_around(sighting.path)
    axes: list[dict[str, Any]] = []
    for depth, path in enumerate(lists):
        counts = lengths[path]
        seen = [(i, index, n) for (i, index), n in counts.items()]
        axis: dict[str, Any] = {"count": learner.number(seen, f"the number of {path}")}
        prefixes = {
            i: {index[: depth + 1] for index in found} for i, found in sighting.seen.items()
        }
        reached = {i: {index[:depth] for index in found} for i, found in sighting.seen.items()}
        present = [
            (i, (*index, at), (*index, at) in prefixes.get(i, ()))
            for (i, index), n in counts.items()
            if not depth or index in reached.get(i, ())
            for at in range(n)
        ]
        condition = learner.condition(
            present, f"which of {sighting.path} are {sighting.class_name}"
        )
        if condition != 1:
            axis["where"] = condition
        axes.append(axis)
    exists = {i: (i, ()) in lengths[lists[0]] if lists else i in sighting.seen for i in built}
    found: dict[str, Any] = {"axes": axes}
    whether = learner.condition(
        [(i, (), e) for i, e in exists.items()], f"whether there is {sighting.path}"
    )
    if whether != 1:
        found["if"] = whether
    return found


def _holds_weights(sighting: Sighting) -> bool:
    return any(
        not p.buffer
        for found in sighting.seen.values()
        for module in found.values()
        for p in module.parameters
    )


def _lists_around(path: str) -> list[str]:
    return [path[: m.start()].rpartition(".")[0] for m in re.finditer(r"\{\}", path)]


def _parameter_names(sighting: Sighting) -> dict[tuple[str, int], None]:
    return dict.fromkeys(
        (p.name, len(p.shape))
        for found in sighting.seen.values()
        for module in found.values()
        for p in module.parameters
    )


def _parameter(
    learner: Learner,
    sighting: Sighting,
    name: str,
    rank: int,
    varying: set[str],
    hints: list[Formula],
) -> list[Any] | None:
    """None for a buffer without a formula: those aren't promised."""
    there: list[tuple[int, Index, bool]] = []
    seen: list[tuple[int, Index, Parameter]] = []
    for i, found in sighting.seen.items():
        for index, module in found.items():
            own = next(
                (p for p in module.parameters if p.name == name and len(p.shape) == rank), None
            )
            there.append((i, index, own is not None))
            if own:
                seen.append((i, index, own))
    more: dict[str, Any] = {}
    about = f"{sighting.path}.{name}"
    buffer = seen[0][2].buffer
    try:
        if (condition := learner.condition(there, f"whether there is {about}")) != 1:
            more["if"] = condition
        dims = [
            learner.number(
                [(i, at, p.shape[axis]) for i, at, p in seen], f"dimension {axis} of {about}", hints
            )
            for axis in range(rank)
        ]
    except NotLearnt:
        if buffer:
            return None
        raise
    if buffer:
        more["buffer"] = True
    if tied := _tied(learner, seen, about, varying):
        more["tied"] = tied
    return [name, dims, more]


def _tied(
    learner: Learner, seen: Sequence[tuple[int, Index, Parameter]], about: str, varying: set[str]
) -> list[list[Any]]:
    """Conditions with the names of owners, as a shard's `tied` has them."""
    owners = [place(p.tied_to, varying) if p.tied_to else None for _, _, p in seen]
    found: list[list[Any]] = []
    for path in sorted({owner.path for owner in owners if owner}):
        having = [
            (i, at, owner.index)
            for (i, at, _), owner in zip(seen, owners, strict=True)
            if owner and owner.path == path
        ]
        here = [bool(owner and owner.path == path) for owner in owners]
        if all(index == at for _, at, index in having):
            found.append([_condition(learner, seen, here, about), path])
        elif (formulas := _indices(learner, having, about)) is not None:
            found.append([_condition(learner, seen, here, about), path, formulas])
        else:
            for name in sorted({p.tied_to for _, _, p in seen if p.tied_to}):
                if place(name, varying).path == path:
                    this = [p.tied_to == name for _, _, p in seen]
                    found.append([_condition(learner, seen, this, about), name])
    return found


def _condition(
    learner: Learner,
    seen: Sequence[tuple[int, Index, Parameter]],
    here: Sequence[bool],
    about: str,
) -> Formula:
    told = [(i, at, yes) for (i, at, _), yes in zip(seen, here, strict=True)]
    return learner.condition(told, f"what {about} is tied to")


def _indices(
    learner: Learner, having: Sequence[tuple[int, Index, Index]], about: str
) -> list[Formula] | None:
    """Which of the modules of a path own, a formula for every index; None where there is none."""
    try:
        return [
            learner.number([(i, at, own[axis]) for i, at, own in having], f"which owns {about}")
            for axis in range(len(having[0][2]))
        ]
    except NotLearnt:
        return None
