"""One operation forward, one backward: what each allocates, keeps and lets go of."""

from __future__ import annotations

from collections.abc import Sequence

from pitchpipe.estimate.formats import BYTES, FLOATS, promoted
from pitchpipe.estimate.ledger import INDEX, Block, Ledger
from pitchpipe.estimate.operations import CONSTANT, ELEMENTWISE, Rule, rule
from pitchpipe.estimate.weights import Weight

_CHOSEN = frozenset(("w", "a", "f4"))  # formats of a record that follow from those of the inputs

_GRADIENTS = INDEX["gradients"]
_TEMPORARY = INDEX["temporaries"]


class Tensor:
    """`block` is None where memory is counted elsewhere: weights, and what the model is given."""

    __slots__ = ("block", "form", "grad", "needs", "numel", "weight")

    def __init__(
        self,
        numel: int,
        form: str,
        block: Block | None = None,
        *,
        needs: bool = False,
        weight: Weight | None = None,
    ) -> None:
        self.numel = numel
        self.form = form
        self.block = block
        self.needs = needs
        self.weight = weight
        self.grad: Block | None = None

    @property
    def bytes(self) -> int:
        return self.numel * BYTES[self.form]


class Node:
    """What the backward pass of an operation finds. `extra`: bytes that it needs while it works."""

    __slots__ = ("extra", "inputs", "kept", "name", "outputs", "packs", "rule")

    def __init__(
        self,
        name: str,
        how: Rule,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        kept: list[Block],
        *,
        packs: bool,
        extra: int = 0,
    ) -> None:
        self.name = name
        self.rule = how
        self.inputs = inputs
        self.outputs = outputs
        self.kept = kept
        self.packs = packs
        self.extra = extra


class Tape:
    """What autograd records.

    `keeping`: what it saves is kept, and not left to checkpointing to compute again. `ghost`:
    nothing is allocated any more (see `about_to`).
    """

    def __init__(self, ledger: Ledger, *, copies: bool) -> None:
        self.ledger = ledger
        self.copies = copies
        self.nodes: list[Node] = []
        self.keeping = True
        self.ghost = False
        self.packed = 0
        self.stop_at: int | None = None
        self._stops = False

    def tensor(self, numel: int, form: str, part: int, *, needs: bool = False) -> Tensor:
        size = 0 if self.ghost else numel * BYTES[form]
        return Tensor(numel, form, self.ledger.new(size, part), needs=needs)

    def apply(
        self,
        name: str,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        how: Rule | None = None,
        extra: int = 0,
    ) -> None:
        """The node of an operation whose outputs exist; they need a gradient if an input does."""
        for t in inputs:
            if t.needs:
                break
        else:
            return
        if name in CONSTANT:
            return
        for made in outputs:
            made.needs = made.form in FLOATS
        how = how or rule(name)
        packs = how.packs([t.needs for t in inputs])
        self.packed += packs and not self.keeping
        kept = self._kept(how, inputs, outputs) if self.keeping else []
        self.nodes.append(Node(name, how, inputs, outputs, kept, packs=packs, extra=extra))
        if self._stops:
            self.ghost, self._stops = True, False

    def about_to(self, name: str, inputs: Sequence[Tensor]) -> None:
        """Before an operation's outputs are made.

        Checkpointing ends its second forward pass at the last tensor that autograd packs
        (torch.utils.checkpoint, early stop): before the operation that it is an input of runs, or
        behind the one that made it.
        """
        if self.stop_at is None or name in CONSTANT or not any(t.needs for t in inputs):
            return
        how = rule(name)
        if how.packs([t.needs for t in inputs]):
            self.packed += 1
            self._stops = self.packed >= self.stop_at
            self.ghost = self.ghost or (self._stops and not how.keeps_made)

    def _kept(self, how: Rule, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Block]:
        kept: list[Block] = []
        needs = [t.needs for t in inputs]
        for index, needed_by in how.keeps:
            if how.saves(index, needed_by, needs):
                block = inputs[index].block
                if block is not None:
                    kept.append(block)
        for index in how.keeps_made:
            if index < len(outputs):
                block = outputs[index].block
                if block is not None:
                    kept.append(block)
        for block in kept:
            block.refs += 1
        return kept

    def promote(self, name: str, inputs: Sequence[Tensor], form: str) -> None:
        """On a CPU an elementwise operation converts its inputs into copies first.

        aten/src/ATen/TensorIterator.cpp, compute_types; CUDA's kernels do it while they read.
        """
        if self.copies and name in ELEMENTWISE and not self.ghost:
            size = sum(t.numel for t in inputs if t.form in FLOATS and t.form != form)
            if size:
                self.ledger.touch(size * BYTES[form])

    def form_of(self, code: str, inputs: Sequence[Tensor], default: str) -> str:
        """The format of a result that was `code` in the record."""
        if code not in _CHOSEN:
            return code
        return promoted([t.form for t in inputs]) or ("f4" if code == "f4" else default)

    def backward(self, nodes: list[Node], *, until_unpacked: bool = False) -> None:
        """Goes through `nodes` from their end; the gradients of what they began with remain.

        `until_unpacked`: stops before the first one that saved something.
        """
        while nodes:
            if until_unpacked and nodes[-1].packs:
                return
            node = nodes.pop()
            grads = [t.grad for t in node.outputs if t.grad is not None]
            if grads:
                self._node(node, grads)
            for block in node.kept:
                self.ledger.drop(block)

    def _node(self, node: Node, grads: list[Block]) -> None:
        found: list[tuple[Tensor, Block]] = []
        new = self.ledger.new
        wide, form = node.outputs[0].numel, node.outputs[0].form
        elementwise = node.name in ELEMENTWISE
        for index, t in enumerate(node.inputs):
            if not t.needs:
                continue
            how = node.rule.gradient(index)
            if how == "none":
                continue
            other = elementwise and (t.numel < wide or t.form != form)
            if how == "same" and not other:
                grads[0].refs += 1
                found.append((t, grads[0]))
                continue
            if other and how == "new":  # computed as the result was, then summed or converted
                whole = new(wide * BYTES[form], _TEMPORARY)
                found.append((t, new(t.bytes, _TEMPORARY)))
                self.ledger.drop(whole)
                continue
            block = new(t.numel * BYTES[t.form], _TEMPORARY)
            block.seen = node.name == "mm"  # rows are put together for it, weights transposed
            found.append((t, block))
        extra = node.extra + node.rule.temporaries * (found[0][0].bytes if found else 0)
        if extra:
            self.ledger.touch(extra)
        for t in node.outputs:
            if t.grad is not None:
                self.ledger.drop(t.grad)
                t.grad = None
        for t, block in found:
            self._accumulate(t, block)

    def _accumulate(self, t: Tensor, block: Block) -> None:
        """As torch/csrc/autograd/input_buffer.cpp: in place where nobody else holds the old sum."""
        if t.weight is not None:
            self._collect(t.weight, block)
        elif t.grad is None:
            t.grad = block
        elif t.grad.refs == 1 and not t.grad.seen:
            self.ledger.drop(block)
        else:
            both = self.ledger.new(t.bytes, _TEMPORARY)
            self.ledger.drop(t.grad)
            self.ledger.drop(block)
            t.grad = both

    def _collect(self, weight: Weight, block: Block) -> None:
        """As torch/csrc/autograd/functions/accumulate_grad.h: the first one is taken over."""
        if weight.grad is None and block.refs == 1:
            self.ledger.move(block, _GRADIENTS)
            weight.grad = block
            return
        if weight.grad is None:
            weight.grad = self.ledger.new(weight.numel * BYTES[weight.form], _GRADIENTS)
        elif weight.grad.seen:  # a tied weight: its two gradients are added before
            both = self.ledger.new(weight.numel * BYTES[weight.form], _GRADIENTS)
            self.ledger.drop(weight.grad)
            weight.grad = both
        self.ledger.drop(block)
