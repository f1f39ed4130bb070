"""A judgement where the catalogue has no record of how an architecture computes.

Every linear layer's output and every norm's float32 input are taken to be kept, as they are by the
architectures that are recorded. What lies between is not known: scans of state spaces and attention
within windows keep many times as much, and kernels of other packages keep less. So the interval
goes from a tenth of that to twenty times as much, for rows filled up to whole windows.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TypeAlias

from pitchpipe.estimate import memory
from pitchpipe.estimate.adapters import Adapters, Fragment
from pitchpipe.estimate.formats import BYTES, CODES
from pitchpipe.estimate.ledger import INDEX, Ledger
from pitchpipe.estimate.numbers import size_of
from pitchpipe.estimate.optimizers import OptimizerBytes, optimizer_bytes
from pitchpipe.estimate.result import Peak
from pitchpipe.estimate.step import Step
from pitchpipe.estimate.weights import Totals, Weights
from pitchpipe.modules import ModelShape

Ends: TypeAlias = tuple[int, int]

_LEAST, _MOST = 0.1, 20
"""Of what is counted here. Chosen so that 745 real steps of 257 model types (4 x 90 tokens), judged
without their records, lay between them; `tests/bench/recorded.py --coarse` tries longer ones.
Windows and scans kept up to 12 times as much, and what is counted for towers that text goes past is
not kept at all."""

_WINDOW = 512
"""Longformer and LED fill rows up to this many tokens, others to fewer."""

_LOGITS = 12  # log-softmax, its gradient and that of the logits, float32 each


def peaks(
    shape: ModelShape, step: Step, fragments: Mapping[str, Fragment]
) -> tuple[list[Peak], Totals, OptimizerBytes]:
    weights = Weights(shape, step, ())
    adapters = Adapters(fragments, step, weights)
    totals = memory.all_totals(weights, adapters, shape)
    optimizer = optimizer_bytes(step, totals)
    ledger = Ledger(1)
    memory.settle(ledger, step, totals, optimizer)
    ledger.begin("start of backward")
    form = CODES[step.autocast or step.dtype]
    linear, norms, adapted, layers, hidden = _wide(shape, weights)
    kept = {
        "activations: mlp": linear * BYTES[form],
        "activations: norms": norms * 4,
        "activations: adapters": adapted * BYTES[adapters.form],
    }
    if step.checkpointing and layers:
        kept = {name: size // layers for name, size in kept.items()}
        kept["layer inputs"] = layers * hidden * BYTES[form]
    for name, size in kept.items():
        ledger.new(step.tokens * size, INDEX[name])
    sums, widest = _folded(weights)
    if step.checkpointing and layers:
        sums //= layers
    ledger.new(sums * BYTES[form], INDEX["activations: adapters"])
    ledger.new(widest * BYTES[form], INDEX["temporaries"])
    learnt = step.learnt_tokens or step.tokens if step.loss == "selected" else step.tokens
    vocabulary = size_of(shape.config, "vocab_size")
    ledger.new(learnt * vocabulary * (_LOGITS + BYTES[form]), INDEX["logits and loss"])
    ledger.finish()
    found = [*ledger.peaks.values(), memory.optimizer_step(step, totals, optimizer)]
    return sorted(found, key=lambda p: -p.bytes), totals, optimizer


def ends(found: list[Peak], step: Step, totals: Totals, optimizer: OptimizerBytes) -> Ends:
    """Between which bytes the peak lies, of which `found` is the judgement.

    Nothing but weights is sure to be there: what a step does not go through (BART's cross-attention
    in its causal model, Luke's entities) gets no gradient, and the optimizer no states for it.
    """
    settled = Ledger(1)
    memory.settle(settled, step, totals, optimizer)
    held = settled.now
    begun = next(p.bytes for p in found if p.moment == "start of backward")
    kept = max(0, begun - held)
    filled = -(-step.length // _WINDOW) * _WINDOW / step.length
    least = totals.weights + totals.constants + int(_LEAST * kept)
    most = held + totals.gradient_bytes + int(_MOST * filled * kept)
    return min(least, found[0].bytes), max(most, found[0].bytes)


def _folded(weights: Weights) -> tuple[int, int]:
    """Elements of all parameters that have an adapter, and of the widest, which gets a gradient."""
    sums = widest = 0
    if weights.folded:
        for group in itertools.chain.from_iterable(weights.groups.values()):
            for p in group.parameters:
                count = len(weights.adapted.of(f"{group.path}.{p.name}", group))
                sums += count * p.numel
                widest = max(widest, p.numel if count else 0)
    return sums, widest


def _wide(shape: ModelShape, weights: Weights) -> tuple[int, int, int, int, int]:
    """Elements a token: linear outputs, norms' inputs, adapters' inputs; layers; hidden size."""
    linear = norms = adapted = layers = hidden = 0
    for group in shape.groups:
        if group.role == "norm" and group.kind == "norm":
            width = max((p.numel for p in group.parameters), default=0)
            norms += width * group.count
            layers, hidden = max(layers, group.count), max(hidden, width)
        elif group.kind in ("linear", "conv1d") and group.role != "head" and group.features:
            inward, outward = group.features
            linear += outward * group.count
            adapted += inward * weights.adapted.count(group)
    return linear, norms, adapted, layers, hidden
