"""Tries the catalogue on configurations that it was not made from, and says what it costs.

    python tests/bench/catalog.py [--only llama qwen3_moe] [--configurations 4] [--images]

Of every type, models are built on the meta device: the default one, and some in which several
fields are changed at random. Names, classes, shapes and ties of their parameters are compared with
what the shard says. Prints how many types are described and equal everywhere, those that call
themselves exact and are not, what loading and evaluating one takes, and the zipped size.
"""

from __future__ import annotations

import argparse
import io
import logging
import random
import statistics
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import transformers

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.facts import NotRead
from pitchpipe.modules import ShapeSource
from pitchpipe_runner.cataloguing.choices import choices
from pitchpipe_runner.cataloguing.classes import config_class, image_text_types, text_types
from pitchpipe_runner.cataloguing.overrides import OVERRIDES
from pitchpipe_runner.cataloguing.probing import (
    Probe,
    Sample,
    configured,
    nested,
    probe,
    sampled,
)
from pitchpipe_runner.cataloguing.shards import differences
from pitchpipe_runner.cataloguing.tracing import parts

TRIES = 12  # for each configuration: most changes make sizes that don't fit together
CHANGES = (1, 2, 3, 4, 6)
CALLS = 9


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wrong` is empty where all `tried` models are as the shard says."""

    model_type: str
    described: bool
    said_exact: bool
    tried: int
    equal: int
    totals: int
    wrong: str

    @property
    def held(self) -> bool:
        return bool(self.tried) and self.equal == self.tried


def main() -> int:
    """1 where a type calls itself exact and is not."""
    options = _options()
    transformers.logging.set_verbosity(logging.CRITICAL)
    types = options.only or (image_text_types() if options.images else text_types())
    outcomes: list[Outcome] = []
    for name in types:
        outcomes.append(tried(name, options.configurations))
        _say(outcomes[-1])
    _summary(outcomes)
    _cost([o.model_type for o in outcomes if o.described])
    return 1 if any(o.said_exact and o.wrong for o in outcomes) else 0


def tried(model_type: str, count: int) -> Outcome:
    shard = pitchpipe_schemas.architecture(model_type)
    if shard is None:
        return Outcome(model_type, False, False, 0, 0, 0, "no shard")
    several = list(_models(model_type, count))
    wrong = [differences(shard, sample) for sample in several]
    totals = sum(_total_is_right(shard, sample) for sample in several)
    first = next((texts[0] for texts in wrong if texts), "")
    right = sum(not texts for texts in wrong)
    return Outcome(model_type, True, shard["exact"], len(several), right, totals, first)


def _total_is_right(shard: dict[str, object], sample: Sample) -> bool:
    for head, built in sample.built.items():
        shape = model_shape(shard, nested(sample.given), head, ShapeSource("config", "a bench"))
        told = 0 if isinstance(shape, NotRead) else shape.numel
        real = sum(
            p.numel for m in built.modules for p in m.parameters if not p.buffer and not p.tied_to
        )
        if told != real:
            return False
    return True


def _models(model_type: str, count: int) -> Iterator[Sample]:
    """The default one where it can be built, and `count` others."""
    found = probe(model_type)
    if found is None:
        return
    whole = sampled(model_type, found.heads, OVERRIDES.get(model_type, {}), found.names)
    if whole:
        yield whole
    dice = random.Random(f"bench {model_type}")
    for _ in range(count):
        for _ in range(TRIES):
            given = {**found.base.given, **_changes(found, dice)}
            if sample := sampled(model_type, found.heads, given, found.names):
                yield sample
                break


def _changes(found: Probe, dice: random.Random) -> dict[str, object]:
    names = dice.sample(found.names, min(dice.choice(CHANGES), len(found.names)))
    changes: dict[str, object] = {}
    layers = found.base.fields.get("num_hidden_layers")
    depth = layers if isinstance(layers, int) else 5
    owners = dict(parts(configured(found.model_type, found.base.given)))
    for name in names:
        owner = owners.get(name.rpartition(".")[0])
        of = type(owner) if owner is not None else config_class(found.model_type)
        if values := choices(of, name, found.base.fields.get(name), depth):
            changes[name] = dice.choice(values)
    return changes


def _say(outcome: Outcome) -> None:
    if outcome.wrong or not outcome.tried:
        claim = "says exact" if outcome.said_exact else "says approximate"
        print(
            f"{outcome.model_type}: {claim}, {outcome.equal} of {outcome.tried} equal; "
            f"{outcome.wrong[:220]}",
            flush=True,
        )


def _summary(outcomes: list[Outcome]) -> None:
    models = sum(o.tried for o in outcomes)
    print(
        f"\n{len(outcomes)} types, {models} models: "
        f"{sum(o.described for o in outcomes)} described, "
        f"{sum(o.said_exact for o in outcomes)} say exact, "
        f"{sum(o.held for o in outcomes)} equal in "
        f"all their models; totals right in {sum(o.totals for o in outcomes)} models"
    )
    false = [o.model_type for o in outcomes if o.said_exact and o.wrong]
    print(f"exact by their word alone: {', '.join(false) or 'none'}")


def _cost(types: list[str]) -> None:
    times: list[float] = []
    for name in types:
        took: list[float] = []
        for _ in range(CALLS):
            started = time.perf_counter()
            shard = pitchpipe_schemas.architecture(name)
            assert shard is not None
            config = OVERRIDES.get(name, {})
            for head in list(shard["heads"])[:1]:
                model_shape(shard, nested(config), head, ShapeSource("config", "a bench"))
            took.append((time.perf_counter() - started) * 1e3)
        times.append(statistics.median(took))
    times.sort()
    if times:
        p95 = times[int(0.95 * (len(times) - 1))]
        print(
            f"load and evaluate one type: n {len(times)} (medians of {CALLS}), "
            f"median {statistics.median(times):.2f}, p95 {p95:.2f}, max {times[-1]:.2f} ms"
        )
    folder = files("pitchpipe_schemas") / "catalog" / "architectures"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        shards = [entry for entry in folder.iterdir() if entry.name.endswith(".json")]
        for entry in shards:
            archive.writestr(entry.name, entry.read_bytes())
    print(f"{len(shards)} shards, zipped {len(packed.getvalue()) / 1e6:.2f} MB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="these model types")
    parser.add_argument("--configurations", type=int, default=4, help="changed ones of a type")
    parser.add_argument("--images", action="store_true", help="types for text about images")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
