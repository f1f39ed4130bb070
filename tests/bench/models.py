"""Prints for every published model whether its configuration has the parameters that are said.

python tests/bench/models.py [WORD ...]          (only names that hold one of the words)

Each configuration of the table is built on the meta device and counted; the catalogue counts it
once more without torch. What the hub stores for a model may be more by what is not trained or
stored twice, which is named. The last line is of a run that found nothing wrong, or says what is.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.facts import NotRead
from pitchpipe.modules import ShapeSource
from pitchpipe.published import PublishedModel, find_model
from support.meta_models import built_on_meta
from support.published import stored_extra


def main(words: list[str]) -> int:
    table = pitchpipe_schemas.models()
    chosen = {
        table["models"][name]["shape"]: model
        for name in table["models"]
        if not words or any(word.lower() in name.lower() for word in words)
        if (model := find_model(name, table))
    }
    wrong: list[str] = []
    times: list[float] = []
    catalogued: Counter[str] = Counter()
    for shape, model in chosen.items():
        start = time.perf_counter()
        built = built_on_meta(model).numel
        times.append(time.perf_counter() - start)
        known = by_catalogue(model)
        catalogued["no shard" if known is None else str(known == built)] += 1
        print(f"{shape:32} {model.parameters:>16,} {verdict(model.parameters, built, known)}")
        if built != model.parameters or known not in (None, built):
            wrong.append(shape)
    stored = Counter(
        stored_extra(model) or "the same"
        for name in table["models"]
        if (model := find_model(name, table)) and model.stored_parameters
    )
    print(f"\n{len(table['models'])} models, {len(chosen)} shapes built, {len(wrong)} wrong")
    print(f"built in {min(times):.2f} to {max(times):.2f} s, median {median(times):.2f} s")
    print(f"the catalogue agrees: {dict(catalogued)}")
    print(f"stored beside the parameters: {dict(stored)}")
    print("wrong: " + ", ".join(wrong) if wrong else "all as said")
    return 1 if wrong else 0


def by_catalogue(model: PublishedModel) -> int | None:
    """The catalogue's count, None where it has no shard on the type."""
    shard: dict[str, Any] | None = pitchpipe_schemas.architecture(model.config["model_type"])
    if shard is None:
        return None
    shape = model_shape(shard, model.config, model.head, ShapeSource("table", model.name))
    return -1 if isinstance(shape, NotRead) else shape.numel


def verdict(said: int, built: int, known: int | None) -> str:
    if built != said:
        return f"but {built:,} when built"
    return "" if known in (None, built) else f"but {known:,} by the catalogue"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
