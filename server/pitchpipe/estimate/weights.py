"""A model's weights as a step finds them: their formats, what is trained, what it adds up to."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pitchpipe.estimate.formats import BYTES, CODES, of_code
from pitchpipe.estimate.ledger import Block
from pitchpipe.estimate.step import Step
from pitchpipe.modules import ModelShape, ModuleGroup, Parameter

_INDEX = re.compile(r"(?:^|(?<=\.))\d+(?=\.|$)")


@lru_cache(maxsize=1 << 15)
def _placed(name: str) -> tuple[str, tuple[int, ...]]:
    """A name as a path and its indices: ("model.layers.{}.mlp", (3,))."""
    return _INDEX.sub("{}", name), tuple(map(int, _INDEX.findall(name)))


_WHOLE = frozenset(("full", "freeze"))


class Weight:
    """`form` is the format that it computes in, `quantization` "" or how it is stored.

    `grad` is filled while a step is gone through.
    """

    __slots__ = ("form", "grad", "numel", "quantization", "shape", "trained")

    def __init__(
        self, shape: tuple[int, ...], form: str, trained: bool = False, quantization: str = ""
    ) -> None:
        self.shape = shape
        self.numel = 1
        for side in shape:
            self.numel *= side
        self.form = form
        self.trained = trained
        self.quantization = quantization
        self.grad: Block | None = None


@dataclass(slots=True)
class Totals:
    """Bytes by part, and parameters.

    `trained` lists what an optimizer gets: (elements, format, how many such tensors). `idle` are
    trained parameters of towers, which rows of text go past: no gradient and no state is made.
    `tables` are the elements of each trained embedding.
    """

    weights: int = 0
    constants: int = 0
    adapters: int = 0
    parameters: int = 0
    trained: list[tuple[int, str, int]] = field(default_factory=list[tuple[int, str, int]])
    idle: int = 0
    tables: list[int] = field(default_factory=list[int])

    @property
    def trainable(self) -> int:
        return self.idle + sum(numel * count for numel, _, count in self.trained)

    @property
    def gradient_bytes(self) -> int:
        return sum(numel * BYTES[form] * count for numel, form, count in self.trained)


class Choice:
    """Modules named in full or by their group: `path` → which of them (None: all).

    `whole`: only whole groups are named.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._found: dict[str, set[tuple[int, ...]] | None] = {}
        for name in names:
            if "{}" in name:
                self._found[name] = None
                continue
            path, at = _placed(name)
            known = self._found.setdefault(path, set())
            if known is not None:
                known.add(at)
        self.whole = all(chosen is None for chosen in self._found.values())

    def __bool__(self) -> bool:
        return bool(self._found)

    def has(self, path: str, at: tuple[int, ...]) -> bool:
        if path not in self._found:
            return False
        chosen = self._found[path]
        return chosen is None or at in chosen

    def count(self, group: ModuleGroup) -> int:
        """How many of the group's modules are chosen."""
        return len(self.of(group.path, group))

    def of(self, path: str, group: ModuleGroup) -> tuple[tuple[int, ...], ...]:
        """Which are chosen of what is at `path` once in each of the group's modules."""
        if path not in self._found:
            return ()
        chosen = self._found[path]
        return group.at if chosen is None else tuple(at for at in group.at if at in chosen)

    def paths(self) -> frozenset[str]:
        return frozenset(self._found)


class Weights:
    """Looks weights up by name. `stacks` are the paths of the layers' lists, in their order."""

    def __init__(self, shape: ModelShape, step: Step, stacks: tuple[str, ...]) -> None:
        self.shape = shape
        self.step = step
        self.groups: dict[str, list[ModuleGroup]] = defaultdict(list)
        for group in shape.groups:
            self.groups[group.path].append(group)
        self.adapted = Choice(step.adapted)
        self.saved = Choice(step.modules_to_save)
        # Adapted by themselves and not with their module, which LoRA alone can.
        parameters = self.adapted.paths() - self.groups.keys()
        self.folded = parameters if step.method == "lora" else frozenset[str]()
        self._ranks = dict(step.ranks)
        self._even = self.adapted.whole and all("{}" in name for name in self._ranks)
        self._stacks = stacks
        self._outer: dict[str, Weight] = {}
        self._of_layers: dict[tuple[str, object], frozenset[tuple[str, int]]] = {}
        self.layers = {stack: self._modules(stack, shape) for stack in stacks}
        self._first_trained = self._first_trained_layer()

    def _modules(self, stack: str, shape: ModelShape) -> list[frozenset[str]]:
        """For each layer the modules with parameters, relative to it ("" is the layer itself)."""
        prefix = f"{stack}.{{}}"
        found: dict[int, set[str]] = defaultdict(set)
        for group in shape.groups:
            if group.path == prefix or group.path.startswith(prefix + "."):
                if not any(not p.buffer for p in group.parameters):
                    continue
                inner = group.path[len(prefix) + 1 :]
                for first, *rest in group.at:
                    found[first].add(inner.format(*rest) if rest else inner)
        return [frozenset(found[i]) for i in range(max(found, default=-1) + 1)]

    def _first_trained_layer(self) -> int:
        """Of the last stack; for methods other than `freeze` none."""
        if self.step.method != "freeze" or not self._stacks:
            return 0
        return max(0, len(self.layers[self._stacks[-1]]) - self.step.trained_layers)

    def in_layer(self, stack: str, index: int, name: str) -> Weight:
        """The weight `name` of a layer, relative to it. A new one at each call."""
        found = self._find(f"{stack}.{index}.{name}")
        if found is None:
            raise KeyError(name)
        return self._weight(*found)

    def outside(self, name: str) -> Weight:
        """A weight that belongs to no layer; the same one for names that share its storage."""
        found = self._find(name)
        if found is None and name.endswith("inv_freq"):
            return Weight((0,), "f4")  # a buffer that some configurations have; hundreds of bytes
        if found is None:
            raise KeyError(name)
        parameter = found[1]
        tied = parameter.tied_to
        if tied and not self._saves(found[0], found[2]) and self.has(tied):
            return self.outside(tied)
        if name not in self._outer:
            self._outer[name] = self._weight(*found)
        return self._outer[name]

    def signature(self, stack: str, index: int) -> tuple[object, ...]:
        """What decides whether two layers with the same modules train the same of them."""
        trains = self.step.method != "freeze" or (
            stack == self._stacks[-1] and index >= self._first_trained
        )
        return trains, self._chosen(stack, index)

    def _chosen(self, stack: str, index: int) -> frozenset[tuple[str, int]]:
        """What gets an adapter in a layer, with its rank."""
        if not self.adapted:
            return frozenset()
        modules = self.layers[stack][index]
        key = (stack, modules if self._even else index)
        if key not in self._of_layers:
            own = {module: f"{stack}.{index}.{module}" for module in modules}
            folded = (p.removeprefix(f"{stack}.{{}}.") for p in self.folded if p.startswith(stack))
            own |= {path: f"{stack}.{index}.{path}" for path in folded}
            adapted = ((short, self.rank(n)) for short, n in own.items() if self.adapts(n))
            self._of_layers[key] = frozenset(adapted)
        return self._of_layers[key]

    def has(self, name: str) -> bool:
        return self._find(name) is not None

    def group_of(self, module: str) -> ModuleGroup | None:
        path, at = _placed(module)
        groups = self.groups.get(path, ())
        return next((g for g in groups if at in g.at), None)

    def adapts(self, name: str) -> bool:
        """Whether a module or a parameter has an adapter of its own."""
        return self.adapted.has(*_placed(name))

    def rank(self, name: str) -> int:
        if not self._ranks:
            return self.step.rank
        return self._ranks.get(name) or self._ranks.get(_placed(name)[0], self.step.rank)

    def by_rank(self, path: str, group: ModuleGroup) -> Mapping[int, int]:
        """How many adapters of each rank there are at `path`."""
        chosen = self.adapted.of(path, group)
        if not self._ranks or path in self._ranks:
            return {self.rank(path): len(chosen)} if chosen else {}
        return Counter(self.rank(path.format(*at)) for at in chosen)

    def _find(self, name: str) -> tuple[ModuleGroup, Parameter, tuple[int, ...]] | None:
        module, _, own = name.rpartition(".")
        path, at = _placed(module)
        for group in self.groups.get(path, ()):
            if at in group.at:
                for parameter in group.parameters:
                    if parameter.name == own:
                        return group, parameter, at
        return None

    def _weight(self, group: ModuleGroup, parameter: Parameter, at: tuple[int, ...]) -> Weight:
        if self._saves(group, at):
            return Weight(parameter.shape, self.form(group, parameter, saved=True), trained=True)
        trained = not parameter.buffer and self._trains(group, parameter, at)
        return Weight(
            parameter.shape,
            self.form(group, parameter, saved=trained),
            trained,
            self.quantization(group, parameter, at),
        )

    def _saves(self, group: ModuleGroup, at: tuple[int, ...]) -> bool:
        """PEFT trains a copy of the module (peft.utils.other.ModulesToSaveWrapper)."""
        return self.saved.has(group.path, at)

    def _trains(self, group: ModuleGroup, parameter: Parameter, at: tuple[int, ...]) -> bool:
        step = self.step
        if step.method == "full":
            return True
        if step.method == "freeze":
            if not self._stack_of(group):
                return group.kind in ("norm", "linear", "conv1d")
            return self._stack_of(group) == self._stacks[-1] and at[0] >= self._first_trained
        if step.bias == "none" or parameter.name != "bias":
            return False
        return step.bias == "all" or self.adapted.has(group.path, at)

    def _stack_of(self, group: ModuleGroup) -> str:
        return next((s for s in self._stacks if group.path.startswith(f"{s}.{{}}")), "")

    def form(self, group: ModuleGroup, parameter: Parameter, *, saved: bool) -> str:
        step = self.step
        if parameter.buffer:
            return of_code(parameter.dtype) or "f4"
        if saved:
            return CODES[step.trained_dtype or step.dtype]
        if step.upcast_kbit and not self._quantized(group, parameter):
            return "f4"
        return CODES[step.dtype]

    def quantization(
        self, group: ModuleGroup, parameter: Parameter, at: tuple[int, ...] = ()
    ) -> str:
        if not self._quantized(group, parameter):
            return ""
        return self.step.quantization or ""

    def _quantized(self, group: ModuleGroup, parameter: Parameter) -> bool:
        """Transformers 5.23, integrations/bitsandbytes.py: linear layers other than the head."""
        return (
            self.step.quantization is not None
            and parameter.name == "weight"
            and group.kind in ("linear", "conv1d")
            and group.role != "head"
            and "{}" in group.path
        )

    def totals(self) -> Totals:
        """Of the model itself and of the copies that PEFT trains; adapters come on top."""
        found = Totals()
        for groups in self.groups.values():
            for group in groups:
                for parameter in group.parameters:
                    self._count(found, group, parameter)
        return found

    def _count(self, found: Totals, group: ModuleGroup, parameter: Parameter) -> None:
        copies = self.saved.count(group)
        form = self.form(group, parameter, saved=True)
        if copies and not parameter.buffer:
            found.adapters += copies * parameter.numel * BYTES[form]
            found.trained.append((parameter.numel, form, copies))
            if group.kind == "embedding":
                found.tables += [parameter.numel] * copies
            found.parameters += copies * parameter.numel
        if parameter.tied_to is not None:
            return
        if parameter.buffer:
            buffer_form = self.form(group, parameter, saved=False)
            found.weights += group.count * parameter.numel * BYTES[buffer_form]
            return
        found.parameters += group.count * parameter.numel
        trained = sum(self._trains(group, parameter, at) for at in group.at) if self._any() else 0
        if trained:
            if group.role == "tower":
                found.idle += trained * parameter.numel
            else:
                found.trained.append((parameter.numel, form, trained))
                if group.kind == "embedding":
                    found.tables += [parameter.numel] * trained
            found.weights += trained * parameter.numel * BYTES[form]
        frozen = group.count - trained
        how = self.quantization(group, parameter)
        if how:
            stored, constants = stored_bytes(parameter, how, self.step.double_quantization)
            found.weights += frozen * stored
            found.constants += frozen * constants
        else:
            kept = self.form(group, parameter, saved=False)
            found.weights += frozen * parameter.numel * BYTES[kept]

    def _any(self) -> bool:
        return self.step.method in _WHOLE or self.step.bias != "none"


def stored_bytes(parameter: Parameter, how: str, double: bool) -> tuple[int, int]:
    """(weights, constants) of a quantized matrix, as bitsandbytes 0.50 keeps it.

    4 bits (functional.quantize_4bit): a float32 scale for each 64 elements; with double
    quantization a byte for each 64, a float32 for each 256 of those, a table of 256 float32 and
    their mean. Either has a table of 16 float32. 8 bits: a float32 for each row.
    """
    numel = parameter.numel
    if how == "int8":
        return numel, 4 * parameter.shape[0]
    scales = -(-numel // 64)
    if double:
        return numel // 2, scales + 4 * -(-scales // 256) + 4 * 256 + 4 + 4 * 16
    return numel // 2, 4 * scales + 4 * 16
