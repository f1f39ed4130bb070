"""Adapters of single parameters, which PEFT adds to the parameter before its module runs.

Peft 0.21, tuners/lora/layer.py: ParamWrapper puts a parametrization on the parameter for the time
of the forward pass. That makes the sum of the whole parameter, all experts of it, and autograd
keeps the sum as long as what was computed with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pitchpipe.estimate.ledger import INDEX, Block
from pitchpipe.estimate.operations import Rule
from pitchpipe.estimate.tape import Tape, Tensor
from pitchpipe.estimate.weights import Weight

_PART = INDEX["activations: adapters"]
_VIEW = Rule(gradients=("same",))
_TURNED = Rule()  # the gradient of a view that is no row-major one: a copy
_SCALED = Rule()  # by a number, which keeps nothing

Held: TypeAlias = "tuple[str, list[Tensor]]"


@dataclass(slots=True)
class Folds:
    """Of one section: values that are made when they are first used, by their index in it.

    `held` are tensors that live while the module of this name, relative to the section, runs.
    """

    later: dict[int, str] = field(default_factory=dict[int, str])
    held: list[Held] = field(default_factory=list[Held])


def sides(shape: Sequence[int]) -> tuple[int, int, int]:
    """(experts, one side, the other) of a parameter; a matrix is one expert.

    Raises:
        ValueError: it has another number of dimensions, which PEFT refuses.
    """
    if len(shape) == 2:
        return 1, shape[0], shape[1]
    experts, one, other = shape
    return experts, one, other


def factor_pair(shape: Sequence[int], rank: int) -> tuple[int, int]:
    """Elements of the two factors, those of all experts together."""
    experts, one, other = sides(shape)
    return experts * rank * other, experts * rank * one


def folded(
    tape: Tape, w: Tensor, rank: int, form: str, there: Block | None
) -> tuple[Tensor, list[Tensor]]:
    """The sum of a parameter and its adapter, and what lives while the module runs, it included.

    `form` is the factors' format, `there` their gradient from earlier batches.
    """
    assert w.weight is not None
    shape = w.weight.shape
    down, up = (_factor(n, form, there) for n in factor_pair(shape, rank))
    if sides(shape)[0] == 1:
        return _added(tape, w, down, up)
    return _multiplied(tape, w, down, up)


def _factor(numel: int, form: str, there: Block | None) -> Tensor:
    weight = Weight((numel,), form, trained=True)
    weight.grad = there
    return Tensor(numel, form, needs=True, weight=weight)


def _multiplied(tape: Tape, w: Tensor, down: Tensor, up: Tensor) -> tuple[Tensor, list[Tensor]]:
    """One product for all experts (_LoraFactorsProxy), of factors in the parameter's format."""
    left = _cast(tape, _seen(tape, up, _TURNED), w.form)
    right = _cast(tape, _seen(tape, down, _VIEW), w.form)
    tape.about_to("baddbmm", [w, left, right])
    made = tape.tensor(w.numel, w.form, _PART)
    # The gradient of a factor is multiplied by the scale into a second tensor.
    tape.apply("baddbmm", [w, left, right], [made], extra=right.bytes)
    return made, [made, left, right]


def _added(tape: Tape, w: Tensor, down: Tensor, up: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Of a matrix the product is made, scaled, converted and then added (_LoraParameterProxy)."""
    tape.about_to("mm", [up, down])
    product = tape.tensor(w.numel, up.form, _PART)
    tape.apply("mm", [up, down], [product])
    scaled = tape.tensor(w.numel, up.form, _PART)
    tape.apply("mul", [product], [scaled], _SCALED)
    _drop(tape, product)
    delta = _cast(tape, scaled, w.form)
    if delta is not scaled:
        _drop(tape, scaled)
    made = tape.tensor(w.numel, w.form, _PART)
    tape.apply("add", [w, delta], [made])
    return made, [made, delta]


def _seen(tape: Tape, factor: Tensor, how: Rule) -> Tensor:
    """A factor by experts. It takes no memory."""
    made = Tensor(factor.numel, factor.form)
    tape.apply("view", [factor], [made], how)
    return made


def _cast(tape: Tape, x: Tensor, form: str) -> Tensor:
    if x.form == form:
        return x
    tape.about_to("_to_copy", [x])
    made = tape.tensor(x.numel, form, _PART)
    tape.apply("_to_copy", [x], [made])
    return made


def _drop(tape: Tape, t: Tensor) -> None:
    if t.block is not None:
        tape.ledger.drop(t.block)
