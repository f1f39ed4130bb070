"""What PEFT's methods put around a layer: their computation and their weights."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from pitchpipe.estimate.folding import factor_pair
from pitchpipe.estimate.formats import BYTES, CODES
from pitchpipe.estimate.programs import Section, Size, decode_sections, product, size
from pitchpipe.estimate.step import Step
from pitchpipe.estimate.weights import Totals, Weight, Weights
from pitchpipe.modules import ModuleGroup
from pitchpipe.targets import Method
from pitchpipe.targets.support import cost

_LAYERED = frozenset(("lora", "ia3", "adalora", "loha", "lokr", "vera", "oft"))


@dataclass(frozen=True, slots=True)
class Added:
    """A tensor that a method adds to a layer. `shared`: all layers have the same one.

    A side is None where the method itself works it out (`_worked_out`).
    """

    name: str
    sides: tuple[Size | None, ...]
    trained: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class Fragment:
    """The computation of one adapted layer. N rows go in, I and O are its features, r the rank."""

    name: str
    section: Section
    sizes: tuple[Size, ...]
    added: tuple[Added, ...]


def decode_fragments(shard: Mapping[str, Any]) -> dict[str, Fragment]:
    """The catalogue's shard on PEFT's layers (runner/pitchpipe_runner/cataloguing/adapters.py)."""
    sections = decode_sections(shard)
    sizes = tuple(size(text) for text in shard["sizes"])
    return {
        name: Fragment(
            name,
            sections[int(raw["section"])],
            sizes,
            tuple(
                Added(
                    own,
                    tuple(None if side is None else size(side) for side in sides),
                    trained,
                    not apart,
                )
                for own, (sides, trained, apart) in raw["weights"].items()
            ),
        )
        for name, raw in shard["fragments"].items()
    }


class Adapters:
    """The adapters of one step."""

    def __init__(self, fragments: Mapping[str, Fragment], step: Step, weights: Weights) -> None:
        self.form = CODES[step.trained_dtype or "float32"]
        self._fragments = fragments
        self._step = step
        self._weights = weights
        self._shapes: dict[tuple[str, int, int, int], Shapes] = {}

    @property
    def layered(self) -> bool:
        return self._step.method in _LAYERED

    def of(self, name: str) -> tuple[Fragment, int] | None:
        """The fragment for the module `name`, and its rank; None where it is not adapted."""
        if not self.layered:
            return None
        group = self._weights.group_of(name)
        if group is None or not self._weights.adapts(name):
            return None
        return self.fragment(group), self._weights.rank(name)

    def fragment(self, group: ModuleGroup) -> Fragment:
        """The fragment for modules of this kind.

        Raises:
            KeyError: the catalogue has none for the method.
        """
        step = self._step
        name: str = step.method
        if step.method == "lora" and step.use_dora:
            name = "dora"
        if step.method == "ia3" and _scales_input(group):
            name = "ia3-feedforward"
        choices = [name]
        if step.dropout:
            choices.insert(0, f"{name}+dropout")
        if step.quantization in ("nf4", "fp4") and group.kind in ("linear", "conv1d"):
            choices = [f"{c}+4bit" for c in choices] + choices
        return next(self._fragments[c] for c in choices if c in self._fragments)

    def shapes(self, fragment: Fragment, inward: int, outward: int, rank: int) -> Shapes:
        key = (fragment.name, inward, outward, rank)
        if key not in self._shapes:
            numbers = {"I": inward, "O": outward, "r": rank}
            self._shapes[key] = {
                added.name: (_sides(added, numbers), added) for added in fragment.added
            }
        return self._shapes[key]

    def sizes(
        self, fragment: Fragment, rows: int, inward: int, outward: int, rank: int
    ) -> Callable[[int], int]:
        """The sizes of a fragment by their index."""
        shapes = self.shapes(fragment, inward, outward, rank)
        numbers = {"N": rows, "I": inward, "O": outward, "r": rank}

        def number(name: str) -> int:
            if not name.endswith("]"):
                return numbers[name]
            own, _, side = name[1:-1].rpartition("[")
            return shapes[own][0][int(side)]

        known: dict[int, int] = {}

        def of(index: int) -> int:
            if index not in known:
                known[index] = product(fragment.sizes[index], number)
            return known[index]

        return of

    def weight(self, shape: tuple[int, ...], added: Added) -> Weight:
        return Weight(shape, self.form, trained=added.trained)

    def totals(self) -> Totals:
        """Of what is added to layers; prompts and prefixes are not among them."""
        found = Totals()
        if not self.layered:
            return found
        shared: dict[str, int] = {}
        for group in itertools.chain.from_iterable(self._weights.groups.values()):
            if group.features is not None:
                self._count(found, group, group.features, shared)
            elif group.kind == "convolution" and self._step.method == "lora":
                self._count_convolution(found, group)
            if self._weights.folded:
                self._count_folded(found, group)
        found.adapters += sum(shared.values()) * BYTES[self.form]
        return found

    def _count(
        self, found: Totals, group: ModuleGroup, features: tuple[int, int], shared: dict[str, int]
    ) -> None:
        for rank, count in self._weights.by_rank(group.path, group).items():
            for shape, added in self.shapes(self.fragment(group), *features, rank).values():
                weight = self.weight(shape, added)
                if added.shared:
                    shared[added.name] = max(shared.get(added.name, 0), weight.numel)
                    continue
                found.adapters += count * weight.numel * BYTES[self.form]
                found.parameters += count * weight.numel
                if added.trained:
                    found.trained.append((weight.numel, self.form, count))

    def _count_convolution(self, found: Totals, group: ModuleGroup) -> None:
        """The pair of factors as one. What convolutions compute around it is not recorded."""
        for rank, count in self._weights.by_rank(group.path, group).items():
            method = Method(r=rank, use_dora=self._step.use_dora)
            wide = cost(group, self._weights.shape, method, rank, forward=False)
            found.adapters += count * wide * BYTES[self.form]
            found.parameters += count * wide
            found.trained.append((wide, self.form, count))

    def _count_folded(self, found: Totals, group: ModuleGroup) -> None:
        """Adapters of parameters."""
        for parameter in group.parameters:
            ranks = self._weights.by_rank(f"{group.path}.{parameter.name}", group)
            for rank, count in ranks.items():
                for wide in factor_pair(parameter.shape, rank):
                    found.adapters += count * wide * BYTES[self.form]
                    found.parameters += count * wide
                    found.trained.append((wide, self.form, count))


Shapes: TypeAlias = "dict[str, tuple[tuple[int, ...], Added]]"


_LAST_IN_MLP = frozenset(("down_proj", "fc2", "wo", "w2", "dense_4h_to_h", "fc_out", "out_lin"))


def _scales_input(group: ModuleGroup) -> bool:
    """PEFT's own feedforward modules for IA3: the last layer of an MLP.

    peft.utils.constants, TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING.
    """
    within = group.leaf in ("c_proj", "dense") and ("mlp." in group.path or "output." in group.path)
    return group.leaf in _LAST_IN_MLP or within


def _sides(added: Added, numbers: Mapping[str, int]) -> tuple[int, ...]:
    if None in added.sides:
        return _worked_out(added.name, numbers["I"], numbers["O"], numbers["r"])
    return tuple(product(side, numbers.__getitem__) for side in added.sides if side is not None)


def _worked_out(name: str, inward: int, outward: int, rank: int) -> tuple[int, ...]:
    """Peft 0.21: tuners/lokr/layer.py (create_adapter_parameters), tuners/oft/layer.py."""
    if name.startswith("oft_R"):
        return inward // rank, rank * (rank - 1) // 2
    (out_l, out_k), (in_m, in_n) = factors(outward), factors(inward)
    if name.startswith("lokr_w1"):
        return out_l, in_m
    small = rank < max(out_k, in_n) / 2
    if name.startswith("lokr_w2_a"):
        return (out_k, rank) if small else (out_k, in_n)
    return (rank, in_n) if small else (0, in_n)


@lru_cache(maxsize=512)
def factors(dimension: int) -> tuple[int, int]:
    """The two factors nearest to each other, the smaller first (lokr/layer.py, factorization)."""
    low = max(1, int(dimension**0.5))
    while dimension % low:
        low -= 1
    return low, dimension // low
