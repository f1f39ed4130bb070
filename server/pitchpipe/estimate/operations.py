"""What autograd keeps of an operation, and what its backward pass allocates.

From tools/autograd/derivatives.yaml and torch/csrc/autograd/FunctionsManual.cpp of torch 2.13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Gradient = Literal[
    "new",  # a tensor of its own
    "same",  # the gradient that came in, or a view of it
    "none",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is saved, and what becomes of the gradient.

    `keeps` are inputs that are saved, each if the input `needed_by` it needs a gradient (None: if
    any does); `keeps_made` are outputs. `gradients` are those of the inputs, the last stands for
    the rest. `temporaries`: tensors of an input's size that live while its gradient is computed.
    """

    keeps: tuple[tuple[int, int | None], ...] = ()
    keeps_made: tuple[int, ...] = ()
    gradients: tuple[Gradient, ...] = ("new",)
    temporaries: int = 0

    def packs(self, needs: Sequence[bool]) -> bool:
        """Whether something is saved, where `needs` says which inputs need a gradient.

        A number that is written in the code is no input: autograd keeps it without packing it
        (torch/csrc/autograd/saved_variable.cpp, is_wrapped_number).
        """
        return bool(self.keeps_made) or any(
            self.saves(index, by, needs) for index, by in self.keeps
        )

    def saves(self, index: int, needed_by: int | None, needs: Sequence[bool]) -> bool:
        """Whether one of `keeps` is saved."""
        if index >= len(needs):
            return False
        return needed_by is None or (needed_by < len(needs) and needs[needed_by])

    def gradient(self, index: int) -> Gradient:
        return self.gradients[index] if index < len(self.gradients) else self.gradients[-1]


_SELF = Rule(keeps=((0, None),))
_RESULT = Rule(keeps_made=(0,))
_NOTHING = Rule()
_BOTH = Rule(keeps=((1, 0), (0, 1)))

RULES: dict[str, Rule] = {
    "add": Rule(gradients=("same",)),
    "add_": Rule(gradients=("same",)),
    "sub": Rule(gradients=("same", "new")),
    "rsub": _NOTHING,
    "mul": _BOTH,
    "mul_": _BOTH,
    "div": Rule(keeps=((1, None), (0, 1)), temporaries=1),
    "div_": Rule(keeps=((1, None), (0, 1)), temporaries=1),
    "neg": _NOTHING,
    "pow": Rule(keeps=((0, None),), temporaries=2),  # grad * (exponent * self.pow(exponent - 1))
    "mean": _NOTHING,  # the expanded gradient over the count
    "sum": Rule(gradients=("same",)),
    "var": Rule(keeps=((0, None),), temporaries=1),
    "rsqrt": Rule(keeps_made=(0,), temporaries=2),
    "sqrt": Rule(keeps_made=(0,), temporaries=1),
    "reciprocal": Rule(keeps_made=(0,), temporaries=2),
    "exp": _RESULT,
    "exp2": Rule(keeps_made=(0,), temporaries=1),
    "log": _SELF,
    "tanh": _RESULT,
    "sigmoid": _RESULT,
    "relu": _RESULT,
    "silu": _SELF,
    "gelu": _SELF,
    "erf": Rule(keeps=((0, None),), temporaries=3),
    "softplus": _SELF,
    "hardtanh": _SELF,
    "clamp": _SELF,
    "clamp_min": _SELF,
    "abs": Rule(keeps=((0, None),), temporaries=1),
    "square": Rule(keeps=((0, None),), temporaries=2),
    "cos": Rule(keeps=((0, None),), temporaries=2),
    "sin": Rule(keeps=((0, None),), temporaries=1),
    "minimum": Rule(keeps=((0, None), (1, None)), temporaries=1),
    "maximum": Rule(keeps=((0, None), (1, None)), temporaries=1),
    "_softmax": _RESULT,
    "_safe_softmax": _RESULT,
    "_log_softmax": _RESULT,
    "_to_copy": _NOTHING,
    "clone": Rule(gradients=("same",)),
    "contiguous": Rule(gradients=("same",)),
    "copy_": Rule(gradients=("none", "same")),
    "expand": _NOTHING,  # a sum
    "repeat": _NOTHING,
    "slice": _NOTHING,  # zeros of the whole
    "split": _NOTHING,  # a concatenation of the parts
    "cat": Rule(gradients=("same",)),
    "stack": Rule(gradients=("same",)),
    "index": Rule(keeps=((1, None),)),
    "index_select": Rule(keeps=((1, None),)),
    "gather": Rule(keeps=((1, None),)),
    "index_add_": Rule(keeps=((1, None),), gradients=("same", "none", "new")),
    "index_put_": Rule(keeps=((1, None),), gradients=("new", "none", "new")),
    "scatter_add_": Rule(keeps=((1, None),), gradients=("same", "none", "new")),
    "scatter": Rule(keeps=((1, None),), gradients=("new", "none", "new")),
    "masked_fill": Rule(keeps=((1, None),)),
    "masked_fill_": Rule(keeps=((1, None),)),
    "where": Rule(keeps=((0, None),), gradients=("none", "new")),
    "tril": _NOTHING,
    "triu": _NOTHING,
    "roll": _NOTHING,
    "flip": _NOTHING,
    "constant_pad_nd": Rule(gradients=("same",)),
    "topk": Rule(keeps_made=(1,)),
    "sort": Rule(keeps_made=(1,)),
    "cumsum": _NOTHING,
    "bmm": _BOTH,
    "mm": _BOTH,
    "baddbmm": Rule(keeps=((2, 1), (1, 2)), gradients=("same", "new")),
    "addmm": Rule(keeps=((2, 1), (1, 2)), gradients=("new",)),
    "_grouped_mm": _BOTH,
    "native_layer_norm": Rule(keeps=((0, None),), keeps_made=(1, 2)),
    "native_group_norm": Rule(keeps=((0, None),), keeps_made=(1, 2)),
    "_fused_rms_norm": Rule(keeps=((0, None),), keeps_made=(1,)),
    "native_dropout": Rule(keeps_made=(1,)),
    "embedding": Rule(gradients=("new", "none")),
    "convolution": _BOTH,
    "nll_loss": Rule(keeps=((0, None),)),
    "linalg_vector_norm": Rule(keeps=((0, None),), keeps_made=(0,), temporaries=1),
    "lerp": Rule(keeps=((2, None),)),
}

CONSTANT = frozenset((
    "all",
    "any",
    "arange",
    "argmax",
    "argsort",
    "bernoulli_",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "ceil",
    "detach",
    "empty",
    "empty_like",
    "eq",
    "floor",
    "floor_divide",
    "full",
    "full_like",
    "ge",
    "gt",
    "histc",
    "isin",
    "le",
    "logical_and",
    "logical_not",
    "logical_or",
    "lt",
    "ne",
    "new_full",
    "new_ones",
    "new_zeros",
    "nonzero",
    "one_hot",
    "ones",
    "ones_like",
    "remainder",
    "round",
    "scalar_tensor",
    "sign",
    "sub_",
    "zeros",
    "zeros_like",
))
"""Operations through which no gradient flows."""

UNKNOWN = Rule(keeps=tuple((i, None) for i in range(4)), keeps_made=(0,), temporaries=1)
"""Taken for an operation that is not listed: everything is kept."""


ELEMENTWISE = frozenset((
    "add",
    "add_",
    "sub",
    "rsub",
    "mul",
    "mul_",
    "div",
    "div_",
    "where",
    "masked_fill",
    "masked_fill_",
    "minimum",
    "maximum",
    "pow",
))
"""Operations whose inputs are made as large as the largest, and of one format."""


def rule(name: str) -> Rule:
    return RULES.get(name, UNKNOWN)
