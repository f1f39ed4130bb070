"""What PEFT would make of a choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitchpipe.modules import Kind, ModuleGroup, Parameter, Role
from pitchpipe.targets.rewriting import Rewriting

Reason = Literal[
    "bad-configuration",  # keys that contradict each other
    "bad-pattern",  # no regular expression
    "costly-pattern",  # ours: trying it might take for ever
    "no-default",  # PEFT has no table for this type
    "half-of-fused",  # one of two halves of a fused parameter
    "unsupported-module",
    "mamba-output",  # a module whose adapter Mamba's kernel would pass over
    "rank-over-groups",  # a grouped convolution asks for a rank that its groups divide
    "unsupported-option",  # a method's option that this kind of module can't have
    "parameter-of-adapted",  # the parameter's module has an adapter of its own
    "parameter-shape",
    "no-match",
    "all-excluded",
    "saved-list",  # modules_to_save hits a list of modules
    "saved-adapted",  # modules_to_save hits what has an adapter
]


@dataclass(frozen=True, slots=True)
class Adapted:
    """Modules of one group that get an adapter. `features` is (in, out), as PEFT reads them.

    `parameters` are those of one adapter. A convolution's features are its channels.
    """

    group: ModuleGroup
    at: tuple[tuple[int, ...], ...]
    features: tuple[int, int]
    rank: int
    parameters: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.group.path.format(*index) for index in self.at)

    @property
    def kind(self) -> Kind:
        return self.group.kind

    @property
    def role(self) -> Role:
        return self.group.role


@dataclass(frozen=True, slots=True)
class AdaptedParameter:
    """A parameter that gets a factor pair by itself, in every module of `at`.

    `size` is (experts, one side, other side); one expert where the parameter is a matrix.
    """

    group: ModuleGroup
    parameter: Parameter
    at: tuple[tuple[int, ...], ...]
    size: tuple[int, int, int]
    rank: int
    parameters: int

    @property
    def names(self) -> tuple[str, ...]:
        path = f"{self.group.path}.{self.parameter.name}"
        return tuple(path.format(*index) for index in self.at)

    @property
    def role(self) -> Role:
        return self.group.role


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the names that were asked for, and what it matches, exclusions not yet applied.

    `paths` have a `{}` for each index. `nearest`: what may have been meant if it matches nothing.
    """

    text: str
    paths: tuple[str, ...]
    count: int
    nearest: str | None = None


_WHY: dict[Reason, str] = {
    "mamba-output": "Mamba's kernel reads these weights itself and would pass over the adapter",
    "unsupported-module": "it can put no adapter on modules of this kind",
    "saved-list": "a list of modules can't be copied; name the modules in it",
    "saved-adapted": "what has an adapter can't be in `modules_to_save` too",
    "parameter-of-adapted": "its module has an adapter already; take one of the two",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why PEFT would raise. `says` is a part of its message, "" where it is not PEFT that refuses.

    `paths` are the modules at fault, with a `{}` for each index.
    """

    reason: Reason
    says: str
    paths: tuple[str, ...] = ()
    detail: str = ""

    @property
    def why(self) -> str:
        """For people, behind the modules' names."""
        return _WHY.get(self.reason) or self.detail or self.says or self.reason.replace("-", " ")


@dataclass(frozen=True, slots=True)
class Saved:
    """A module that is copied and trained in full. `parameters` are those of all its copies.

    `untied`: parameters outside that shared storage with it and don't any more.
    """

    path: str
    at: tuple[tuple[int, ...], ...]
    parameters: int
    untied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a model adapters reach, its head, embeddings and towers left out.

    `layers` of stacked blocks, and the `weights` of linear layers and experts in them.
    """

    layers: int
    layers_reached: int
    weights: int
    weights_reached: int

    @property
    def of_layers(self) -> float:
        return self.layers_reached / self.layers if self.layers else 0.0

    @property
    def of_weights(self) -> float:
        return self.weights_reached / self.weights if self.weights else 0.0


@dataclass(frozen=True, slots=True)
class Targets:
    """`asked` is what PEFT is given: presets and defaults resolved.

    `refusals` are in the order in which PEFT comes to them; it raises at the first. The counts are
    of what would be trained if it didn't. `lost` and `gained` are what the rewriting changed: paths
    of modules that were asked for and get no adapter, or get one and were not asked for.
    `open_ended`: where a pattern takes whatever lies there. PEFT raises if one of those modules has
    no weights, as an activation has, and a shape need not list these.
    """

    asked: Asked
    modules: tuple[Adapted, ...]
    parameters: tuple[AdaptedParameter, ...]
    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]
    rewriting: Rewriting | None
    saved: tuple[Saved, ...]
    biases: int
    coverage: Coverage
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    open_ended: tuple[str, ...] = ()

    @property
    def adapter_parameters(self) -> int:
        return sum(a.parameters * len(a.at) for a in (*self.modules, *self.parameters))

    @property
    def trainable(self) -> int:
        """Parameters that are trained: adapters, copies of `modules_to_save`, biases."""
        return self.adapter_parameters + self.biases + sum(s.parameters for s in self.saved)

    @property
    def module_names(self) -> tuple[str, ...]:
        return tuple(name for adapted in self.modules for name in adapted.names)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(name for adapted in self.parameters for name in adapted.names)

    def hits(self, *roles: Role) -> Iterator[Adapted | AdaptedParameter]:
        """What is adapted in these roles: the head, a tower, a router."""
        for adapted in (*self.modules, *self.parameters):
            if adapted.role in roles:
                yield adapted


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments for PEFT's configuration class. None: leave the argument out."""

    target_modules: str | tuple[str, ...] | None
    target_parameters: tuple[str, ...] | None = None
