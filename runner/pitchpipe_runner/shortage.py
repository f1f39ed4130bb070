"""Explains a training that ran out of memory: what it needed, and which change would fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch

import pitchpipe_schemas
from pitchpipe.schema import Schema
from pitchpipe_runner import checkpoints, resources
from pitchpipe_runner.failures import RunFailure, understood
from pitchpipe_runner.predict import Forecast


@contextmanager
def explained(forecast: Forecast, kind: str, saved: Path) -> Iterator[None]:
    """Within, what a library raises where memory is short becomes a failure that says what helps.

    `kind` is the device's, `saved` the folder of the checkpoints.
    """
    try:
        yield
    except Exception as error:
        failure = understood(error, "train")
        if failure is None or failure.code != "out-of-memory":
            raise
        raise _better(failure, forecast, memory_to_have(kind), saved) from error


def memory_to_have(kind: str) -> int:
    """Bytes of the memory that training lies in which no other program has."""
    if kind == "cuda":
        free, _ = torch.cuda.mem_get_info()
        return free + torch.cuda.memory_reserved()
    return psutil.virtual_memory().available + resources.rss()


def _better(failure: RunFailure, forecast: Forecast, memory: int, saved: Path) -> RunFailure:
    kept = checkpoints.last_whole(saved)
    still = f"; {kept.name} is kept, for a resume where there is more memory" if kept else ""
    found = forecast.remedy(memory, Schema(pitchpipe_schemas.load("workflow")))
    if found is None:
        return RunFailure(
            failure.code, failure.message, path=failure.path, hint=f"{failure.hint}{still}"
        )
    needed, change, then = found
    message = (
        f"{failure.message}: the largest batch likely needs {needed / 1e9:.2f} GB, "
        f"and {memory / 1e9:.2f} GB are to be had"
    )
    hint = f"with `{change.text}` it would likely need {then / 1e9:.2f} GB{still}"
    return RunFailure(failure.code, message, path=change.keys[0][0], hint=hint)
