"""Prints how many milliseconds an estimate takes, over models and steps. No verdict.

python tests/bench/estimate.py

Of one step, and of a whole workflow as an editor asks for it: its data, the step at three ends of
what it may be, its work and its time. What was worked out before is forgotten before each, since
an estimate that is asked for again is not computed again. Wall-clock time, and the processor's,
which a busy machine makes little longer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from memory import CONFIGURATIONS, shape_of  # this folder's

import pitchpipe_schemas
from pitchpipe.costs.cost import cost
from pitchpipe.costs.looking import NothingCounted
from pitchpipe.costs.machine import named
from pitchpipe.costs.settings import of_context
from pitchpipe.estimate import Records, Step, decode, decode_fragments, estimate, memory
from pitchpipe.estimate.choices import linear_layers
from pitchpipe.modules import ModelShape
from pitchpipe_schemas import recorded
from support.analysis import analysis, whole
from support.facts import WORLD

_ROUNDS = 5
_WORKFLOWS = (
    "",
    "training: {gradient_checkpointing: true}",
    "method: {type: full}",
    "data: {train: [{dataset_name: owner/rows}], max_length: 2048}",
)


class Times:
    """Seconds, by two clocks."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._wall: list[float] = []
        self._own: list[float] = []

    def take(self, work: Callable[[], object]) -> None:
        work()
        for _ in range(_ROUNDS):
            memory.forget()
            wall, own = time.perf_counter(), time.thread_time()
            work()
            self._wall.append(time.perf_counter() - wall)
            self._own.append(time.thread_time() - own)

    def show(self) -> None:
        for clock, seconds in (("wall", self._wall), ("processor", self._own)):
            found = sorted(1000 * s for s in seconds)
            print(
                f"{self._name}, {clock}: n {len(found)}, median {median(found):.2f} ms,"
                f" p95 {quantiles(found, n=20)[-1]:.2f} ms, most {found[-1]:.2f} ms"
            )


def main() -> None:
    fragments = decode_fragments(recorded.adapters())
    machine = named("RTX 4090", pitchpipe_schemas.devices(), "this bench")
    assert machine is not None
    of_steps, of_workflows = Times("one step"), Times("one workflow")
    settings = [of_context(analysis(whole(text)).context) for text in _WORKFLOWS]
    loading: list[float] = []
    for name in CONFIGURATIONS:
        shape = shape_of(name)
        start = time.perf_counter()
        shard = recorded.activations(shape.model_type)
        records = Records(decode(shard) if shard else None, fragments)
        loading.append(time.perf_counter() - start)
        for step in steps(shape):
            of_steps.take(partial(estimate, shape, step, records))
        for found in settings:
            of_workflows.take(
                partial(cost, found, shape, machine, WORLD, NothingCounted(), records)
            )
    of_steps.show()
    of_workflows.show()
    print(f"a model's record, read and decoded: at most {1000 * max(loading):.1f} ms, once a type")


def steps(shape: ModelShape) -> Iterator[Step]:
    adapted = linear_layers(shape)
    for batch, length, method, checkpointing, quantization in product(
        (1, 8), (256, 4096), ("full", "lora", "ia3"), (False, True), (None, "nf4")
    ):
        yield Step(
            batch_size=batch,
            length=length,
            method=method,  # type: ignore[arg-type]
            adapted=() if method == "full" else adapted,
            checkpointing=checkpointing,
            quantization=None if method == "full" else quantization,  # type: ignore[arg-type]
        )


if __name__ == "__main__":
    main()
