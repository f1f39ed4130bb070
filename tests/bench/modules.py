"""What one module list costs: every published model, described from its configuration.

    python tests/bench/modules.py

Prints milliseconds for the first model of a type (its part of the catalogue is read), for further
ones, and for an answer that is kept. Totals that differ from the published ones are named.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import pitchpipe_schemas
from pitchpipe.facts import NotRead
from pitchpipe.published import find_model
from pitchpipe_facts.model_shapes import ModelShapes, Shelf


def main() -> int:
    """1 where a total that is called exact differs from the published one."""
    table = pitchpipe_schemas.models()
    models = ModelShapes({}, Shelf(pitchpipe_schemas.architecture))
    first: list[float] = []
    further: list[float] = []
    kept: list[float] = []
    seen: set[str] = set()
    wrong = unknown = 0
    with tempfile.TemporaryDirectory() as root:
        for number, name in enumerate(table["models"]):
            published = find_model(name, table)
            assert published is not None
            folder = Path(root, str(number))
            folder.mkdir()
            (folder / "config.json").write_text(json.dumps(published.config), encoding="utf-8")
            model_type = published.config["model_type"]
            times = further if model_type in seen else first
            seen.add(model_type)
            for took in (times, kept):
                started = time.perf_counter()
                shape = models.shape(str(folder), local=True, head=published.head)
                took.append((time.perf_counter() - started) * 1e3)
            if isinstance(shape, NotRead):
                unknown += 1
                print(f"{name}: {shape.reason}")
            elif shape.numel != published.parameters:
                wrong += shape.exact
                how = "exact" if shape.exact else "inexact"
                print(f"{name}: {how} {shape.numel:,} instead of {published.parameters:,}")
    count = len(table["models"])
    print(f"{count} models: {wrong} with a wrong total called exact, {unknown} not described")
    for what, times in (("first of a type", first), ("further", further), ("kept", kept)):
        times.sort()
        p95 = times[int(0.95 * (len(times) - 1))]
        middle = statistics.median(times)
        print(f"{what}: n {len(times)}, median {middle:.2f}, p95 {p95:.2f}, max {times[-1]:.2f} ms")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
