"""What a model consists of: its modules, their parameters and shapes, without any weights.

The catalogue computes a `ModelShape` from a configuration, the runner reads one off a real model;
estimates, target modules and hovers look at nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

Kind = Literal[
    "linear",  # torch.nn.Linear: weight [out, in]
    "conv1d",  # transformers' Conv1D: weight [in, out]
    "embedding",  # torch.nn.Embedding: weight [entries, width]
    "convolution",  # torch.nn.Conv1d and its like
    "norm",
    "experts",  # holds 3-D parameters, one slice an expert
    "other",
]

Role = Literal[
    "q",  # attention: queries, keys, values, several of them at once, and what comes out
    "k",
    "v",
    "qkv",
    "o",
    "attention",  # in an attention block, and none of these
    "mlp",
    "expert",
    "shared-expert",
    "router",
    "mixer",  # state-space, recurrent and convolutional mixing instead of attention
    "embedding",
    "head",
    "norm",
    "tower",  # vision and audio encoders and what projects their output
    "other",
]

Head = Literal[
    "causal-lm", "seq2seq-lm", "sequence-classification", "token-classification", "masked-lm"
]
"""The task that a model class is made for."""

SourceKind = Literal["weights", "config", "table", "built", "unknown"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A tensor that a module holds itself.

    `tied_to` is the full name of the parameter whose storage it shares (None: it has its own).
    `buffer`: kept with the model but never trained. `dtype` is torch's name for it; None where
    only the weights would tell.
    """

    name: str
    shape: tuple[int, ...]
    tied_to: str | None = None
    buffer: bool = False
    dtype: str | None = None

    @property
    def numel(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class ModuleGroup:
    """Modules that differ in their place alone.

    `path` has a `{}` for every index in it; `at` lists what fills them, one tuple a module, in the
    model's order. A module that stands alone has a path without `{}` and `at == ((),)`.
    """

    path: str
    at: tuple[tuple[int, ...], ...]
    kind: Kind
    role: Role
    class_name: str
    parameters: tuple[Parameter, ...]

    @property
    def count(self) -> int:
        return len(self.at)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.path.format(*index) for index in self.at)

    @property
    def leaf(self) -> str:
        """The last name in the path: "q_proj"."""
        return self.path.rpartition(".")[2]

    @property
    def numel(self) -> int:
        """Parameters of one of the modules, tied ones and buffers left out."""
        return sum(p.numel for p in self.parameters if p.tied_to is None and not p.buffer)

    @property
    def features(self) -> tuple[int, int] | None:
        """(in, out) of a linear layer, (entries, width) of an embedding; None for the others."""
        weight = next((p for p in self.parameters if p.name == "weight"), None)
        if weight is None or len(weight.shape) != 2:
            return None
        first, second = weight.shape
        return (second, first) if self.kind == "linear" else (first, second)


@dataclass(frozen=True, slots=True)
class ShapeSource:
    """Where a shape comes from. `detail` is for people: a file, a table's row, a version."""

    kind: SourceKind
    detail: str


@dataclass(frozen=True)
class ModelShape:
    """A model of one class with one configuration.

    `config` holds the fields of the language model's own configuration, defaults filled in.
    `exact`: parameter names and counts are known to be those of the real model. `undescribed`:
    paths of modules that it also has, or may have, of unknown number and shape; not among `groups`.
    """

    model_type: str
    class_name: str
    head: Head
    groups: tuple[ModuleGroup, ...]
    config: Mapping[str, Any] = field(repr=False)
    exact: bool
    source: ShapeSource
    undescribed: tuple[str, ...] = ()

    @cached_property
    def numel(self) -> int:
        """All parameters, each storage once, buffers left out."""
        return sum(g.numel * g.count for g in self.groups)

    def modules(self) -> Iterator[tuple[str, ModuleGroup]]:
        """Every module that holds parameters, by its full name."""
        for group in self.groups:
            for name in group.names:
                yield name, group
