"""How long training takes: floating-point operations, and seconds by a device's rates."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.estimate.calibration import (
    NOTHING_LEARNT,
    SPEED_VARIES,
    Calibration,
    Learnt,
    drawn_rate,
    kind_of,
)
from pitchpipe.estimate.numbers import size_of
from pitchpipe.estimate.result import Estimate, Interval
from pitchpipe.estimate.step import Step
from pitchpipe.estimate.weights import Choice
from pitchpipe.modules import ModelShape


@dataclass(frozen=True, slots=True)
class DeviceRates:
    """As the maker states them.

    `flops_per_second`: dense matrix products in the format that is computed in; `bandwidth`: bytes
    a second of the device's memory.
    """

    flops_per_second: float
    bandwidth: float


@dataclass(frozen=True, slots=True)
class Duration:
    """`needed` operations are those of one token without what checkpointing computes again.

    `learnt` is the speed of earlier runs that it goes by; None: the maker's rates.
    """

    seconds: Interval
    flops_per_token: float
    needed_per_token: float
    tokens_per_second: Interval
    learnt: Learnt | None = None


_ACHIEVED = (0.25, 0.45, 0.65)
"""Of the maker's rate: an assumption, so the range is wide. An earlier run replaces it."""


def flops(shape: ModelShape, step: Step) -> tuple[float, float]:
    """(computed, needed) a token.

    A weight takes two operations forward and two for the gradient of its input, and two for its
    own where it is trained (Kaplan et al. 2020, appendix B). Attention adds 4 · length · width
    forward, half of it where it is causal, and twice that backward (Dao 2023, section 4.1). Of
    experts those count that a token is given to. Checkpointing repeats the forward pass.

    An adapter of experts takes a product with their whole parameter, once a pass for all tokens,
    and the parameter's gradient (`estimate.folding`).
    """
    used = trained = 0.0
    for group in shape.groups:
        if group.kind in ("linear", "conv1d", "experts"):
            share = _share(shape) if group.kind == "experts" or group.role == "expert" else 1.0
            used += share * group.numel * group.count
    if step.method == "full":
        trained = used
    elif step.method == "freeze":
        layers = size_of(shape.config, "num_hidden_layers") or step.trained_layers
        trained = used * min(1.0, step.trained_layers / max(layers, 1))
    heads = size_of(shape.config, "num_attention_heads")
    width = heads * (size_of(shape.config, "head_dim") or _head_width(shape, heads))
    layers = size_of(shape.config, "num_hidden_layers")
    causal = 0.5 if shape.head == "causal-lm" else 1.0
    attention = 4.0 * step.length * width * layers * causal
    forward = 2 * used + attention
    if step.method == "lora":
        trained, product = _folded(shape, step)
        forward += product
    else:
        product = 0.0
    backward = 2 * used + 2 * trained + 2 * attention + 2 * product
    again = forward if step.checkpointing else 0.0
    return forward + backward + again, forward + backward


def _folded(shape: ModelShape, step: Step) -> tuple[float, float]:
    """A token's part of experts' adapted parameters, and of the products that are added to them."""
    adapted = Choice(step.adapted)
    trained = product = 0.0
    for group in shape.groups:
        if group.kind == "experts":
            for parameter in group.parameters:
                count = len(adapted.of(f"{group.path}.{parameter.name}", group))
                trained += _share(shape) * parameter.numel * count
                product += 2 * step.rank * parameter.numel * count / step.tokens
    return trained, product


def _share(shape: ModelShape) -> float:
    names = ("num_local_experts", "num_experts", "n_routed_experts")
    total = size_of(shape.config, *names)
    chosen = size_of(shape.config, "num_experts_per_tok") or total
    return min(1.0, chosen / total) if total else 1.0


def _head_width(shape: ModelShape, heads: int) -> int:
    return size_of(shape.config, "hidden_size", "n_embd") // max(heads, 1)


def duration(
    shape: ModelShape,
    step: Step,
    found: Estimate,
    positions: Interval,
    steps: Interval,
    rates: DeviceRates | None,
    calibration: Calibration = NOTHING_LEARNT,
) -> Duration | None:
    """Of `positions` tokens, padding included, in so many optimizer steps.

    The optimizer's step reads and writes weights, gradients and states once at the memory's
    bandwidth; what earlier runs measured has that in it. Of runs that are not alike the speed
    counts only where no rates are known. None where neither is, or nothing is computed.
    """
    computed, needed = flops(shape, step)
    if not needed:
        return None
    learnt = calibration.speed(kind_of(shape, step))
    if learnt is not None and (rates is None or learnt.like != "machine"):
        rate = learnt.value
        if rates is not None:
            rate = drawn_rate(learnt, _ACHIEVED[1] * rates.flops_per_second)
        rate *= computed / needed  # needed operations were counted
        slow, fast = SPEED_VARIES[learnt.like]
        low, likely, high = rate * slow, rate, rate * fast
        update = 0.0
    elif rates is not None:
        low, likely, high = (f * rates.flops_per_second for f in _ACHIEVED)
        learnt, update = None, optimizer_seconds(found, rates)
    else:
        return None
    devices = max(1, step.sharding.devices)
    ends = (
        positions.low * computed / high / devices + steps.low * update,
        positions.likely * computed / likely / devices + steps.likely * update,
        positions.high * computed / low / devices + steps.high * 2 * update,
    )
    seconds = Interval(int(ends[0]), round(ends[1]), int(ends[2]) + 1)
    per_second = Interval(
        int(positions.high / max(ends[2], 1e-9)),
        round(positions.likely / max(ends[1], 1e-9)),
        int(positions.low / max(ends[0], 1e-9)) + 1,
    )
    return Duration(seconds, computed, needed, per_second, learnt)


def optimizer_seconds(found: Estimate, rates: DeviceRates) -> float:
    """Weights and states are read and written, gradients read."""
    parts = {p.name: p.bytes for peak in found.peaks for p in peak.parts}
    states = parts.get("optimizer states", 0)
    moved = 2 * states + 3 * found.trainable * 4
    return moved / rates.bandwidth
