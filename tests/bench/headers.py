"""Saves a small model of every text architecture and matches its headers with its modules.

    python tests/bench/headers.py [MODEL_TYPE…]

Files hold the names that transformers converts to, which for some types are older than the
modules'. Prints what does not match, how many do, and the time that it takes.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
import transformers

from pitchpipe_facts import reconcile, weights
from pitchpipe_facts.weights import Weights
from pitchpipe_runner.cataloguing import classes
from pitchpipe_runner.cataloguing.describe import describe
from pitchpipe_runner.cataloguing.small import shrink

LARGEST = 150_000_000  # parameters of a model that is really made


class _TooLarge(Exception):
    """The configuration can't be cut down enough."""


def main(model_types: list[str]) -> int:
    """0 where every model that could be saved has headers that match."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    outcomes: Counter[str] = Counter()
    seconds: list[float] = []
    for model_type in model_types or classes.text_types():
        outcome, took = _compared(model_type)
        kind = outcome.partition(":")[0]
        outcomes[kind] += 1
        seconds += [took] if took else []
        if kind != "equal":
            print(f"{model_type}: {outcome}", flush=True)
    seconds = sorted(seconds) or [0.0]
    print(", ".join(f"{count} {kind}" for kind, count in outcomes.most_common()))
    middle, most = (seconds[at] * 1e3 for at in (len(seconds) // 2, -1))
    print(f"read and matched: median {middle:.1f} ms, at most {most:.1f} ms, n = {len(seconds)}")
    return 0 if set(outcomes) <= {"equal", "not saved"} else 1


def _compared(model_type: str) -> tuple[str, float]:
    head, class_name = next(iter(classes.class_names(model_type).items()))
    with tempfile.TemporaryDirectory() as folder:
        try:
            model = _saved(model_type, class_name, folder)
        except Exception as error:  # noqa: BLE001  # constructors raise whatever they like
            said = " ".join(str(error).split())[:90]
            return f"not saved: {type(error).__name__}: {said}", 0.0
        shape = describe(model, head)
        started = time.perf_counter()
        stored = weights.read(Path(folder))
        if not isinstance(stored, Weights):
            return f"not read: {stored}", 0.0
        compared = reconcile.compare(shape, stored.tensors)
        took = time.perf_counter() - started
    if compared.agrees:
        return "equal", took
    return f"{'different' if compared.contradicts else 'one-sided'}: the weights {compared}", took


def _saved(model_type: str, class_name: str, folder: str) -> Any:
    """A model of the type, cut down. Raises what its constructor raises."""
    for divisible in (True, False):
        config = classes.config_class(model_type)()
        shrink(config, 0)
        if divisible and hasattr(config, "hidden_size"):
            config.hidden_size = getattr(config, "num_attention_heads", 1) * 24
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                model = _small(classes.model_class(class_name), config)
                model.save_pretrained(folder)
            except Exception:
                if not divisible:
                    raise
            else:
                return model
    raise AssertionError


def _small(make: Any, config: Any) -> Any:
    with torch.device("meta"):
        model = make(config)
    if sum(p.numel() for p in model.parameters()) > LARGEST:
        raise _TooLarge(f"more than {LARGEST:,} parameters")
    model.to_empty(device="cpu")
    model.tie_weights()
    return model


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
