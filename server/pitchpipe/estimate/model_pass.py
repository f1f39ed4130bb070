"""A whole step: all sections forward, the loss, all of them backward.

Layers of a kind are gone through once; the others repeat what that one left behind and needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pitchpipe.estimate.ledger import INDEX, Block, Change
from pitchpipe.estimate.passing import Passing, Place
from pitchpipe.estimate.programs import Program, Section, Stack
from pitchpipe.estimate.tape import Node, Tensor

_KEPT = INDEX["layer inputs"]

Values = list[Tensor | None]


@dataclass(slots=True)
class Kind:
    """A layer that was gone through for all that are like it.

    `shared` is what it uses of what was made before its stack or in the first layer: masks, angles.
    `casts` are the weights that autocast has converted in it.
    """

    section: Section
    place: Place
    given: Tensor
    made: Tensor
    forward: Change
    nodes: list[Node]
    held: list[Block]
    packed: int
    shared: list[Tensor]
    casts: list[Tensor]
    backward: Change | None = None


@dataclass(slots=True)
class Part:
    """What was gone through: a section, or the layers of a stack in their order.

    `lent` are memories that layers share, by the first layer that uses them: the last one to let
    go of them on the way back.
    """

    made: Tensor
    nodes: list[Node] = field(default_factory=list[Node])
    layers: list[Kind] = field(default_factory=list[Kind])
    lent: dict[int, list[Block]] = field(default_factory=dict[int, list[Block]])


class ModelPass:
    def __init__(self, passing: Passing, program: Program, types: tuple[str, ...] | None) -> None:
        self._p = passing
        self._program = program
        self._types = types
        self._parts: list[Part] = []
        self._outer: list[Values] = []
        step = passing.step
        self._checkpoints = step.checkpointing
        # What the first layer gets and somebody holds, and what layers like it were tried with.
        self._held: tuple[Block, Block] | None = None

    def forward(self) -> Tensor:
        """The output of the model."""
        given: Tensor | None = None
        last = self._program.parts[-1]
        for part in self._program.parts:
            self._p.holding = part is last and self._p.step.loss != "selected"
            if isinstance(part, Stack):
                assert given is not None, "a model does not begin with its layers"
                given = self._stack(part, given)
            else:
                given = self._section(part, given)
        self._p.holding = False
        assert given is not None, "a model makes something"
        return given

    def _section(self, section: Section, given: Tensor | None) -> Tensor:
        values = self._p.run(section, Place(), given, self._outer)
        self._outer.append(values)
        made = values[section.made] if section.made is not None else None
        assert made is not None, "a section makes what the next one gets"
        if self._p.step.method == "prompt-tuning" and not self._parts:
            made.needs = True  # virtual tokens' embeddings are trained and put in front
        self._parts.append(Part(made, self._take()))
        return made

    def _stack(self, stack: Stack, given: Tensor) -> Tensor:
        modules = self._p.weights.layers[stack.path]
        kinds: dict[Any, Kind] = {}
        part = Part(given)
        for index in range(len(modules)):
            section = stack.kind(index, modules[index], self._types)
            signature = self._p.weights.signature(stack.path, index)
            key = (id(section), given.needs, given.form, signature)
            known = kinds.get(key)
            if known is None:
                holds = index == 0 and stack.keeps
                known = kinds[key] = self._layer(section, stack, index, given, holds=holds)
                given = known.made
            else:
                self._p.ledger.repeat(known.forward, f"{stack.path}.{index}")
                self._p.cast_again(known.casts)
                given = _another(known.made)
            part.layers.append(known)
            self._lend(part, index, known)
        part.made = given
        self._parts.append(part)
        return given

    def _layer(
        self, section: Section, stack: Stack, index: int, given: Tensor, *, holds: bool
    ) -> Kind:
        tape, ledger = self._p.tape, self._p.ledger
        place = Place(stack.path, index)
        again = self._checkpoints
        begun = Tensor(given.numel, given.form, given.block, needs=given.needs)
        if holds and given.block is not None:
            begun.block = Block(given.block.bytes, given.block.part)  # counted already
        tape.keeping, tape.packed = not again, 0
        before = len(self._p.casts())
        ledger.mark()
        values = self._p.run(section, place, begun, self._outer)
        made = values[section.made] if section.made is not None else None
        assert made is not None, "a layer makes what the next one gets"
        if index == 0:
            self._outer.append(values)
        held = self._hold(begun) if again and made.needs else []
        if not holds and begun.block is not None:
            ledger.drop(begun.block)
        change = ledger.change()
        if holds and given.block is not None and begun.block is not None:
            change = self._as_behind(change, given.block, begun.block, _part(made))
        tape.keeping = True
        shared = [t for v, t in zip(section.values, values, strict=True) if v.kind == "made" and t]
        nodes, casts = self._take(), self._p.casts()[before:]
        return Kind(section, place, begun, made, change, nodes, held, tape.packed, shared, casts)

    def _as_behind(self, change: Change, held: Block, stood_in: Block, part: int) -> Change:
        """The change of the first layer, whose input is held, as it is of those behind it.

        They let go of theirs, which the layer before each has made as `part`.
        """
        was, size = held.part, held.bytes
        stood_in.refs -= 1
        if not stood_in.refs:
            return change.without([Block(size, part)])
        held.refs += 1  # what is kept of the stand-in is the held one itself
        self._held = (held, stood_in)
        if stood_in.part == was:
            stood_in.part = part
            return change
        held.part = stood_in.part
        return change.without([Block(size, part), Block(-size, was)])

    def _hold(self, begun: Tensor) -> list[Block]:
        """Checkpointing keeps what a layer is given."""
        if begun.block is None:
            return []
        begun.block.refs += 1
        self._p.ledger.move(begun.block, _KEPT)
        return [begun.block]

    def _lend(self, part: Part, index: int, kind: Kind) -> None:
        """Keeps what this layer shares with later ones until it has gone backward itself."""
        if self._checkpoints:
            kept = {id(t.block) for t in kind.shared} if kind.made.needs else set[int]()
        else:
            kept = {id(block) for node in kind.nodes for block in node.kept}
        kept -= {id(block) for blocks in part.lent.values() for block in blocks}
        for t in kind.shared:
            if t.block is not None and id(t.block) in kept:
                kept.remove(id(t.block))
                t.block.refs += 1
                part.lent.setdefault(index, []).append(t.block)

    def backward(self) -> None:
        """From the gradient of the output, which is there, to the weights' gradients."""
        ledger = self._p.ledger
        inner = "inside a checkpointed layer" if self._checkpoints else "backward"
        for at, part in reversed(list(enumerate(self._parts))):
            first = at == 0
            if not part.layers:
                if first:
                    ledger.begin("end of backward")
                self._p.tape.backward(part.nodes)
                continue
            ledger.begin(inner)
            self._layers_back(part, self._parts[at - 1].made)

    def _layers_back(self, part: Part, begun: Tensor) -> None:
        gradient = part.made.grad
        part.made.grad = None
        for index, kind in reversed(list(enumerate(part.layers))):
            if gradient is None:
                return
            if kind.backward is None:
                kind.made.grad = gradient
                kind.backward = self._first_back(kind)
                gradient, kind.given.grad = kind.given.grad, None
            else:
                self._p.ledger.repeat(kind.backward, kind.place.layer)
            for block in part.lent.get(index, ()):
                self._p.ledger.drop(block)
        if self._held is not None:
            held, stood_in = self._held
            self._p.ledger.back(stood_in)
            self._p.ledger.drop(held)
            self._held = None
        begun.grad = gradient

    def _first_back(self, kind: Kind) -> Change:
        """Gradients of what layers share are added up: only this layer leaves new ones behind."""
        new = [t for t in kind.shared if t.grad is None]
        self._p.ledger.mark()
        self._layer_back(kind)
        return self._p.ledger.change().without(t.grad for t in new if t.grad is not None)

    def _layer_back(self, kind: Kind) -> None:
        tape, ledger = self._p.tape, self._p.ledger
        if not kind.held:
            tape.backward(kind.nodes)
            return
        tape.backward(kind.nodes, until_unpacked=True)  # the first that did computes all again
        tape.packed, tape.stop_at = 0, kind.packed
        values = self._p.run(kind.section, kind.place, kind.given, self._outer)
        self._p.end_autocast()
        tape.ghost, tape.stop_at = False, None
        made = values[kind.section.made] if kind.section.made is not None else None
        assert made is not None
        if made.block is not None:
            ledger.drop(made.block)
        nodes = self._take()
        for node in nodes[len(kind.nodes) :]:
            for block in node.kept:
                ledger.drop(block)
        del nodes[len(kind.nodes) :]
        for old, new in zip(kind.nodes, nodes, strict=True):
            for before, after in zip(old.outputs, new.outputs, strict=True):
                if before is not after:
                    after.grad, before.grad = before.grad, None
        tape.backward(nodes)
        for block in kind.held:
            ledger.drop(block)

    def _take(self) -> list[Node]:
        nodes, self._p.tape.nodes = self._p.tape.nodes, []
        return nodes


def _another(made: Tensor) -> Tensor:
    """What a repeated layer made: counted already, but not yet let go of."""
    size = made.block.bytes if made.block is not None else 0
    return Tensor(made.numel, made.form, Block(size, _part(made)), needs=made.needs)


def _part(made: Tensor) -> int:
    return made.block.part if made.block is not None else _KEPT
