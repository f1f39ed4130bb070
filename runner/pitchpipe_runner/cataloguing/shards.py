"""A model type → its shard, and how well it stands up to configurations that it has not seen."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import transformers

from pitchpipe.catalog import model_shape
from pitchpipe.facts import NotRead
from pitchpipe.modules import Head, ShapeSource
from pitchpipe_runner.cataloguing.defaults import defaults_of
from pitchpipe_runner.cataloguing.deriving import Known, derive, fields_in
from pitchpipe_runner.cataloguing.grouping import learn_head
from pitchpipe_runner.cataloguing.hints import hints_for
from pitchpipe_runner.cataloguing.learning import Learner
from pitchpipe_runner.cataloguing.overrides import OVERRIDES
from pitchpipe_runner.cataloguing.probing import (
    Probe,
    Sample,
    configured,
    explore,
    mixed,
    nested,
    probe,
    sampled,
)
from pitchpipe_runner.cataloguing.tracing import part_types, parts, text_part

_MIXED = 24
_HELD_OUT = 6
_ROUNDS = 4


@dataclass(slots=True)
class Result:
    """`missed`: what no formula was found for. `wrong`: held-out models that came out otherwise."""

    model_type: str
    shard: dict[str, Any] | None
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    held_out: int = 0


def make(model_type: str) -> Result:
    """Learns the shard, tries it on held-out models, and learns from those that it got wrong."""
    found = probe(model_type)
    if found is None:
        return Result(model_type, None, missed=["no class of it could be built"])
    dice = random.Random(f"pitchpipe {model_type}")
    explore(found)
    samples = [found.base, *found.samples, *_some_mixed(found, dice, _MIXED)]
    shard: dict[str, Any] = {}
    missed, wrong, tried = list[str](), list[str](), list[Sample]()
    for _ in range(_ROUNDS):
        shard, missed = _learnt(found, samples)
        tried = [*_some_mixed(found, dice, _HELD_OUT), *_in_full_depth(found)]
        outcomes = {i: differences(shard, sample) for i, sample in enumerate(tried)}
        wrong = [text for texts in outcomes.values() for text in texts]
        if not wrong and not missed:
            break
        samples += [tried[i] for i, texts in outcomes.items() if texts]
    shard["exact"] = not wrong and bool(tried)
    return Result(model_type, shard, missed, wrong, len(tried))


def _in_full_depth(found: Probe) -> list[Sample]:
    """The default configuration, which the base is a shallow form of; none if it doesn't build."""
    whole = sampled(found.model_type, found.heads, OVERRIDES.get(found.model_type, {}), found.names)
    return [whole] if whole else []


def _some_mixed(found: Probe, dice: random.Random, count: int) -> list[Sample]:
    return [s for s in (mixed(found, dice) for _ in range(count)) if s]


def _learnt(found: Probe, samples: list[Sample]) -> tuple[dict[str, Any], list[str]]:
    hints = hints_for(found.model_type, found.names)
    learner = Learner(samples, found.names, hints=hints)
    places: list[str] = []
    by_head: dict[Head, list[dict[str, Any]]] = {
        head: learn_head(learner, head, places) for head in found.heads
    }
    config = configured(found.model_type, found.base.given)
    groups = _merged(by_head)
    defaults, absent = defaults_of(config)
    used = set[str]().union(
        *(_used(group) for group in groups), *(_fields_of_place(json.loads(p)) for p in places)
    )
    derived = derive(samples, used, Known(defaults, absent), learner.missed, hints)
    for name in sorted(used.union(*(fields_in(d[1]) for d in derived))):
        if name not in {d[0] for d in derived}:
            defaults.setdefault(name, None)
    shard = {
        "model_type": found.model_type,
        "transformers": transformers.__version__,
        "exact": False,
        "heads": found.heads,
        "text": text_part(config),
        "parts": [prefix for prefix, _ in parts(config) if prefix],
        "aliases": _aliases(config),
        "defaults": defaults,
        "derived": [list(d) for d in derived],
        "places": [json.loads(p) for p in places],
        "groups": groups,
    }
    if types := part_types(config):
        shard["types"] = types
    if absent:
        shard["absent"] = absent
    if learner.undescribed:
        shard["undescribed"] = sorted(set(learner.undescribed))
    return shard, learner.missed


def _merged(by_head: Mapping[Head, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Groups that all heads share stand once."""
    heads: dict[str, list[Head]] = {}
    for head, groups in by_head.items():
        for group in groups:
            heads.setdefault(json.dumps(group), []).append(head)
    return [
        json.loads(text) | ({} if len(having) == len(by_head) else {"heads": having})
        for text, having in heads.items()
    ]


def _used(group: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for _, dims, more in group["parameters"]:
        found |= set().union(*map(fields_in, dims), fields_in(more.get("if")))
        for condition, _, *at in more.get("tied", ()):
            found |= set().union(fields_in(condition), *map(fields_in, at[0] if at else ()))
    return found


def _fields_of_place(where: dict[str, Any]) -> set[str]:
    conditions = [a.get("where") for a in where["axes"]] + [a["count"] for a in where["axes"]]
    return set().union(*map(fields_in, conditions), fields_in(where.get("if")))


def _aliases(config: Any) -> dict[str, str]:
    return {
        f"{prefix}.{alias}" if prefix else alias: f"{prefix}.{name}" if prefix else name
        for prefix, part in parts(config)
        for alias, name in type(part).attribute_map.items()
    }


def differences(shard: dict[str, Any], sample: Sample) -> list[str]:
    """What the shard says of the sample's models that is not so."""
    found: list[str] = []
    for head, built in sample.built.items():
        shape = model_shape(shard, nested(sample.given), head, ShapeSource("config", "held out"))
        if isinstance(shape, NotRead):
            found.append(f"{head}: {shape.reason}")
            continue
        told = {
            (name, group.class_name): _weights(group.parameters)
            for name, group in shape.modules()
            if _weights(group.parameters)
        }
        real = {(m.name, m.class_name): _weights(m.parameters) for m in built.modules}
        real = {key: weights for key, weights in real.items() if weights}
        wrong = [k for k in {*told, *real} if told.get(k) != real.get(k)]
        if wrong:
            first = min(wrong)
            found.append(
                f"{head}: {len(wrong)} of {len(real)}, {first}: "
                f"{told.get(first)} for {real.get(first)}"
            )
    return found


def _weights(parameters: Any) -> tuple[Any, ...]:
    return tuple((p.name, p.shape, p.tied_to) for p in parameters if not p.buffer)


def told(result: Result) -> str:
    return json.dumps(result.shard, separators=(",", ":"), ensure_ascii=False)
