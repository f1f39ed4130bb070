"""What a model computes in one forward pass: the catalogue's records, decoded.

`runner/pitchpipe_runner/cataloguing/encoding.py` says how a shard is made and what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any, TypeAlias, cast

Size: TypeAlias = tuple[tuple[tuple[str, ...], ...], Fraction]
"""A product: for each factor the names of numerator and denominators, and a constant."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor as a section sees it.

    `kind`: "new", "view" (of the value `of`), "weight" (`name`), "in" (what the section before
    made), "made" (the value `of` of the program's section `place`), "input" (given to the model).
    """

    kind: str
    size: int = 0
    dtype: str = ""
    of: int = 0
    place: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """`ends`: values that the model's own code lets go of behind the operation.

    `chance` names the field with the probability of dropout. `attended` are the sizes that matter
    to attention: rows of scores, scores, keys and values (as many heads as there are queries).
    """

    name: str
    module: str
    category: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ends: tuple[int, ...]
    chance: str | None = None
    attended: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """`modules` are those of a layer that hold parameters: they tell kinds of layers apart.

    `given` are the values that are there before its operations, by their index.
    """

    values: tuple[Value, ...]
    operations: tuple[Operation, ...]
    made: int | None
    modules: frozenset[str]
    given: tuple[tuple[int, Value], ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers at `path`. `keeps`: what goes into the first one outlives it."""

    path: str
    layers: tuple[Section, ...]
    keeps: bool

    def kind(self, index: int, modules: frozenset[str], types: tuple[str, ...] | None) -> Section:
        """The recorded layer that the layer `index` of a real model is like.

        `types` are the kinds that a configuration gives to its layers, None where it doesn't; the
        recorded model had every kind in the order of its first appearance, and then again.
        """
        if index == 0:
            return self.layers[0]
        if types is not None and index < len(types):
            kinds = list(dict.fromkeys(types))
            at = kinds.index(types[index])
            again = at + len(kinds)
            at = again if again < len(self.layers) else at
            if at < len(self.layers) and self.layers[at].modules == modules:
                return self.layers[at]
        alike = [layer for layer in self.layers if layer.modules == modules]
        if alike:
            return alike[-1]
        return max(self.layers[1:] or self.layers, key=lambda s: len(s.modules & modules))


@dataclass(frozen=True, slots=True)
class Program:
    parts: tuple[Section | Stack, ...]
    sizes: tuple[Size, ...]

    @property
    def scans(self) -> bool:
        """Rows are gone through part by part, for which other packages have kernels."""
        names = (name for factors, _ in self.sizes for factor in factors for name in factor)
        return any(name.startswith("chunks(") for name in names)


@dataclass(frozen=True, slots=True)
class Activations:
    """A model type's programs by head and attention: "causal-lm/sdpa+mask".

    `packs`: the causal model keeps rows apart that lie behind one another in a sequence and have
    positions of their own (None: it was not tried). `off`: by head, the largest share by which
    real steps of models with other sizes were found apart from the record, where it is above 1 %.
    """

    transformers: str
    packs: bool | None
    programs: Mapping[str, Program]
    off: Mapping[str, float] = field(default_factory=dict[str, float])


def decode(shard: Mapping[str, Any]) -> Activations:
    """A shard of the catalogue, as it is in JSON."""
    sections = decode_sections(shard)
    sizes = tuple(size(text) for text in shard["sizes"])
    programs = {
        name: Program(tuple(_part(item, sections) for item in order), sizes)
        for name, order in shard["programs"].items()
    }
    return Activations(shard["transformers"], shard.get("packs"), programs, shard.get("off", {}))


def decode_sections(shard: Mapping[str, Any]) -> list[Section]:
    modules = [tuple(pair) for pair in shard["modules"]]
    return [_section(raw, modules) for raw in shard["sections"]]


def _part(item: Any, sections: list[Section]) -> Section | Stack:
    if isinstance(item, int):
        return sections[item]
    layers = cast("list[int]", item[1])
    return Stack(str(item[0]), tuple(sections[i] for i in layers), bool(item[2]))


def _section(raw: Mapping[str, Any], modules: list[Any]) -> Section:
    values = tuple(_value(v) for v in raw["values"])
    return Section(
        values,
        tuple(_operation(o, modules) for o in raw["operations"]),
        raw["made"],
        frozenset(raw["modules"]),
        tuple((i, v) for i, v in enumerate(values) if v.kind not in ("new", "view")),
    )


def _value(raw: Any) -> Value:
    if isinstance(raw, str):
        return Value("weight", name=raw)
    if raw[0] == "in":
        return Value("in")
    if raw[0] == "input":
        return Value("input", raw[1], raw[2])
    if isinstance(raw[1], int):
        return Value("made", place=raw[0], of=raw[1])
    return Value("view" if len(raw) > 2 else "new", *raw)


def _operation(raw: Any, modules: list[Any]) -> Operation:
    name, module, inputs, outputs, ends, details = raw
    chance, *attended = cast("list[Any]", details if isinstance(details, list) else [details])
    path, category = modules[module]
    return Operation(
        name, path, category, tuple(inputs), tuple(outputs), tuple(ends), chance, tuple(attended)
    )


def size(text: str) -> Size:
    """An expression such as `B*S*hidden_size/2`, as factors."""
    factors: list[tuple[str, ...]] = []
    constant = Fraction(1)
    for factor in text.split("*"):
        over, *under = factor.split("/")
        if over.isdecimal():
            constant *= int(over)
            over = ""
        names = [name for name in under if not name.isdecimal()]
        constant /= prod(int(name) for name in under if name.isdecimal())
        if over or names:
            factors.append((over, *names))
    return tuple(factors), constant


def product(of: Size, number: Callable[[str], int]) -> int:
    """The size, where `number` says what names stand for."""
    factors, constant = of
    total, share = constant.numerator, constant.denominator
    for over, *under in factors:
        if over:
            total *= number(over)
        for name in under:
            share *= number(name)
    return total // share
