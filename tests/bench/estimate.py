"""Prints how many milliseconds an estimate takes, over models and steps. No verdict.

python tests/bench/estimate.py
"""

from __future__ import annotations

import time
from itertools import product
from statistics import median, quantiles

from memory import CONFIGURATIONS, shape_of  # this folder's

from pitchpipe.estimate import Records, Step, decode, decode_fragments, estimate
from pitchpipe.estimate.choices import linear_layers
from pitchpipe_schemas import recorded

_ROUNDS = 5


def main() -> None:
    fragments = decode_fragments(recorded.adapters())
    times: list[float] = []
    loading: list[float] = []
    for name in CONFIGURATIONS:
        shape = shape_of(name)
        start = time.perf_counter()
        shard = recorded.activations(shape.model_type)
        records = Records(decode(shard) if shard else None, fragments)
        loading.append(time.perf_counter() - start)
        adapted = linear_layers(shape)
        choices = product(
            (1, 8), (256, 4096), ("full", "lora", "ia3"), (False, True), (None, "nf4")
        )
        for batch, length, method, checkpointing, quantization in choices:
            step = Step(
                batch_size=batch,
                length=length,
                method=method,  # type: ignore[arg-type]
                adapted=() if method == "full" else adapted,
                checkpointing=checkpointing,
                quantization=None if method == "full" else quantization,  # type: ignore[arg-type]
            )
            estimate(shape, step, records)
            for _ in range(_ROUNDS):
                start = time.perf_counter()
                estimate(shape, step, records)
                times.append(time.perf_counter() - start)
    milliseconds = sorted(1000 * t for t in times)
    print(
        f"n {len(times)}: median {median(milliseconds):.2f} ms,"
        f" p95 {quantiles(milliseconds, n=20)[-1]:.2f} ms, most {milliseconds[-1]:.2f} ms"
    )
    print(f"a model's record, read and decoded: at most {1000 * max(loading):.1f} ms, once a type")


if __name__ == "__main__":
    main()
