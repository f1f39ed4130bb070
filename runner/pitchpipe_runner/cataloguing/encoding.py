"""Two recordings of one computation at different sizes → one program for the catalogue.

A program is what comes before a stack of layers, the layers, and what comes behind, each a section.
In a section, values are numbered as they appear. Each is one of

    [size, dtype]             new, with memory of its own
    [size, dtype, value]      in the memory of another one
    "mlp.up_proj.weight"      a parameter; in a layer relative to it, unless it begins with ":"
    ["in"]                    what the section before made
    [place, value]            made in the section at that place of the program
    ["input", size, dtype]    given to the model

and an operation is [name, module, inputs, outputs, ends, chance]: `ends` are values whose memory
the model's own code lets go of behind it, `chance` a dropout's field in the configuration.
Sizes, modules and sections are indices into pools that all programs of a shard share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from pitchpipe_runner.cataloguing.recording import Operation, Recorder
from pitchpipe_runner.cataloguing.sizes import Pair, Vocabulary

CODES = {
    torch.bfloat16: "w",  # as the model's weights
    torch.float64: "a",  # as the adapter's weights
    torch.float32: "f4",
    torch.int64: "i8",
    torch.int32: "i4",
}


_TINY = 64
"""Elements of a tensor whose size needs no name: slopes of some heads, numbers of chosen tokens."""


class NotDescribed(Exception):
    """This computation has no expression in the model's configuration."""


@dataclass(slots=True)
class Section:
    """Operations that belong together. `layer` is a layer's full name, "" for all else."""

    layer: str
    begin: int
    end: int
    given: int | None = None
    made: int | None = None
    values: list[Any] = field(default_factory=list)
    local: dict[int, int] = field(default_factory=dict)
    operations: list[Any] = field(default_factory=list)

    @property
    def stack(self) -> str:
        return self.layer.rpartition(".")[0]


@dataclass(slots=True)
class Pools:
    """Grow as programs are encoded."""

    sizes: list[str] = field(default_factory=list)
    modules: list[list[str]] = field(default_factory=list)
    sections: list[Any] = field(default_factory=list)

    def index(self, pool: list[Any], item: Any) -> int:
        if item not in pool:
            pool.append(item)
        return pool.index(item)


@dataclass(frozen=True, slots=True)
class Naming:
    """What sizes, chances and modules are called.

    `numbers` are further fields of the configuration, `layers` each layer's modules with weights.
    """

    batch: Mapping[str, Pair]
    fields: Mapping[str, Pair]
    numbers: Mapping[str, Pair]
    parameters: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    chances: Mapping[float, str]
    categories: Mapping[str, str]
    layers: Mapping[str, tuple[str, ...]]
    dtype: torch.dtype = torch.bfloat16  # of the weights

    def vocabulary(self, layer: str) -> Vocabulary:
        others = dict(self.numbers)
        own = sorted(self.parameters, key=lambda name: not name.startswith(f"{layer}."))
        for name in own if layer else self.parameters:
            first, second = self.parameters[name]
            short = relative(name, layer)
            for side, pair in enumerate(zip(first, second, strict=True)):
                others.setdefault(f"{short}[{side}]", pair)
        return Vocabulary(self.batch, self.fields, others)


def relative(name: str, layer: str) -> str:
    return name[len(layer) + 1 :] if layer and name.startswith(layer + ".") else f":{name}"


def sections_of(recorder: Recorder) -> list[Section]:
    """Splits the operations at the layers' begins and ends. A module alone is one section."""
    if [span.module for span in recorder.spans] == [""]:
        (span,) = recorder.spans
        return [Section("", 0, len(recorder.operations), span.given, span.made)]
    found: list[Section] = []
    at = 0
    for span in recorder.spans:
        if span.begin > at or not found:
            found.append(Section("", at, span.begin))
        found.append(Section(span.module, span.begin, span.end, span.given, span.made))
        at = span.end
    found.append(Section("", at, len(recorder.operations)))
    return found


class Encoder:
    """Encodes the first recording; the second is there to name sizes."""

    def __init__(self, first: Recorder, second: Recorder, naming: Naming, pools: Pools) -> None:
        if [o.name for o in first.operations] != [o.name for o in second.operations]:
            raise NotDescribed("the operations depend on the sizes")
        self._first, self._second, self._naming = first, second, naming
        self._pools = pools
        self.sections = sections_of(first)
        self._home: dict[int, int] = {}
        self._owner: dict[int, tuple[int, int]] = {}
        self._late: list[int] = []
        for index, section in enumerate(self.sections):
            if not section.layer and first.spans[:1] != [] and first.spans[0].module:
                self._connect(index, section)
            self._encode(index, section, naming.vocabulary(section.layer))

    def _connect(self, index: int, section: Section) -> None:
        """What a section between layers gets and makes; the last one makes the model's output."""
        if index:
            section.given = self.sections[index - 1].made
        if index + 1 < len(self.sections):
            section.made = self.sections[index + 1].given
        else:
            section.made = self._first.operations[-1].outputs[0]

    def _encode(self, index: int, section: Section, vocabulary: Vocabulary) -> None:
        if section.given is not None:
            self._use(index, section.given, vocabulary)
        for at in range(section.begin, section.end):
            operation = self._first.operations[at]
            inputs = [self._use(index, value, vocabulary) for value in operation.inputs]
            for value in operation.outputs:
                self._home.setdefault(value, index)
            outputs = [self._use(index, value, vocabulary) for value in operation.outputs]
            section.operations.append([
                operation.name,
                self._module(operation, section),
                inputs,
                outputs,
                self._ends(index, operation),
                self._details(operation, vocabulary),
            ])
        if section.made is not None:
            self._use(index, section.made, vocabulary)

    def _use(self, index: int, value: int, vocabulary: Vocabulary) -> int:
        section = self.sections[index]
        if value not in section.local:
            entry = self._entry(index, value, vocabulary)
            section.local[value] = len(section.values)
            section.values.append(entry)
        return section.local[value]

    def _entry(self, index: int, value: int, vocabulary: Vocabulary) -> Any:
        section, known = self.sections[index], self._first.values[value]
        if isinstance(known.storage, str):
            return relative(known.storage, section.layer)
        if value == section.given:
            return ["in"]
        if value not in self._home:  # given to the model
            self._home[value] = -1
        home = self._home[value]
        if home == -1:
            return ["input", *self._size(value, vocabulary)]
        if home != index:
            return [self._place(home), self.sections[home].local[value]]
        owner = self._owner.setdefault(known.storage, (index, value))
        if owner == (index, value):
            return self._size(value, vocabulary)
        return [*self._size(value, vocabulary), self._use(index, owner[1], vocabulary)]

    def _size(self, value: int, vocabulary: Vocabulary) -> list[Any]:
        first, second = self._first.values[value], self._second.values[value]
        name = vocabulary.name(first.shape, second.shape)
        if name is None:
            most = max(math.prod(first.shape), math.prod(second.shape))
            if most > _TINY:
                raise NotDescribed(f"no name for the sizes {first.shape} and {second.shape}")
            name = str(most)
        size = self._pools.index(self._pools.sizes, name)
        code = "w" if first.dtype is self._naming.dtype else CODES.get(first.dtype, "b1")
        return [size, code]

    def _place(self, index: int) -> int:
        """Of a section in the program, where a stack of layers is one."""
        places = [s.stack or index for index, s in enumerate(self.sections[: index + 1])]
        return len([p for at, p in enumerate(places) if at == 0 or p != places[at - 1]]) - 1

    def _ends(self, index: int, operation: Operation) -> list[int]:
        """Memory of this section; that of others ends with the next section without a layer."""
        section = self.sections[index]
        ended = list(operation.ends)
        if not section.layer:
            ended, self._late = self._late + ended, []
        found: list[int] = []
        for storage in ended:
            if storage not in self._owner:
                continue
            home, value = self._owner[storage]
            if home == index:
                found.append(section.local[value])
            elif section.layer:
                given = section.given is not None and self._first.values[section.given].storage
                if given != storage:
                    self._late.append(storage)
            else:
                section.local.setdefault(value, len(section.values))
                if section.local[value] == len(section.values):
                    section.values.append([self._place(home), self.sections[home].local[value]])
                found.append(section.local[value])
        return found

    def _module(self, operation: Operation, section: Section) -> int:
        name = operation.module
        short = relative(name, section.layer) if name != section.layer else ""
        category = self._naming.categories.get(name, "other")
        return self._pools.index(self._pools.modules, [short, category])

    def _details(self, operation: Operation, vocabulary: Vocabulary) -> Any:
        """A dropout's field; of attention also [rows of scores, scores, keys, values] by size.

        Keys and values count as many heads here as there are queries.
        """
        chance = operation.chance
        field_name = None if chance is None else self._naming.chances.get(round(chance, 3), "?")
        if operation.name != "attention":
            return field_name
        return [field_name, *self._attention(operation, vocabulary)]

    def _attention(self, operation: Operation, vocabulary: Vocabulary) -> list[int]:
        found: list[int] = []
        shapes = zip(
            self._attended(self._first, operation),
            self._attended(self._second, self._second.operations[self._at(operation)]),
            strict=True,
        )
        for first, second in shapes:
            name = vocabulary.name(first, second)
            if name is None:
                raise NotDescribed(f"no name for the sizes {first} and {second}")
            found.append(self._pools.index(self._pools.sizes, name))
        return found

    def _at(self, operation: Operation) -> int:
        return next(i for i, o in enumerate(self._first.operations) if o is operation)

    @staticmethod
    def _attended(recorder: Recorder, operation: Operation) -> list[tuple[int, ...]]:
        batch, heads, rows, columns, wide, wide_v = operation.attended
        return [
            (batch, heads, rows),
            (batch, heads, rows, columns),
            (batch, heads, columns, wide),
            (batch, heads, columns, wide_v),
        ]


def encode(first: Recorder, second: Recorder, naming: Naming, pools: Pools) -> list[Any]:
    """The program: indices of sections, and for a stack its path and the section of each layer.

    Raises:
        NotDescribed: the recordings differ in more than sizes, or a size has no name.
    """
    encoder = Encoder(first, second, naming, pools)
    found: list[Any] = []
    for section in encoder.sections:
        item = pools.index(
            pools.sections,
            {
                "values": section.values,
                "operations": section.operations,
                "made": None if section.made is None else section.local[section.made],
                "modules": list(naming.layers[section.layer]) if section.layer else [],
            },
        )
        if not section.layer:
            found.append(item)
        elif found and isinstance(found[-1], list) and found[-1][0] == section.stack:
            found[-1][1].append(item)
        else:
            found.append([section.stack, [item], _keeps(first, section)])
    return found


def _keeps(recorder: Recorder, section: Section) -> bool:
    """The code around a layer still holds what it gave to it when the layer has ended."""
    if section.given is None:
        return False
    storage = recorder.values[section.given].storage
    ended = recorder.operations[section.begin : section.end]
    return not any(storage in operation.ends for operation in ended)
