"""A section of a program, operation by operation, on a tape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

from pitchpipe.estimate.adapters import Adapters, Fragment
from pitchpipe.estimate.folding import Folds, folded
from pitchpipe.estimate.formats import BYTES, CODES, FLOATS
from pitchpipe.estimate.ledger import INDEX, Block, Ledger
from pitchpipe.estimate.operations import Rule, rule
from pitchpipe.estimate.programs import Operation, Section, Size, product
from pitchpipe.estimate.step import Step
from pitchpipe.estimate.tape import Tape, Tensor
from pitchpipe.estimate.weights import Weight, Weights

_CATEGORY = {
    "attention": INDEX["activations: attention"],
    "mlp": INDEX["activations: mlp"],
    "norms": INDEX["activations: norms"],
    "adapters": INDEX["activations: adapters"],
    "other": INDEX["activations: other"],
    "loss": INDEX["logits and loss"],
}
_NOT_KNOWN: Mapping[int, int] = {}
_TEMPORARY = INDEX["temporaries"]

# A gradient that was there before, from an accumulated batch; it is counted with the rest.
_THERE = Block(0, INDEX["gradients"])


@dataclass(slots=True)
class Place:
    """Where a section is: in a layer, outside of layers, or around an adapted module.

    Of the last: the sizes, and what the fragment's weights are; `bias` is the module's own.
    """

    stack: str = ""
    index: int = 0
    sizes: Callable[[int], int] | None = None
    names: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    bias: Tensor | None = None

    @property
    def layer(self) -> str:
        return f"{self.stack}.{self.index}" if self.stack else ""

    def full(self, name: str) -> str:
        """The name of a module or weight that a section knows by `name`."""
        return name[1:] if name.startswith(":") else f"{self.layer}.{name}"


class Passing:
    """Goes through sections. `sizes` are the program's, `numbers` what their names stand for."""

    def __init__(
        self,
        step: Step,
        ledger: Ledger,
        weights: Weights,
        adapters: Adapters,
        sizes: tuple[Size, ...],
        numbers: Mapping[str, int],
        config: Mapping[str, Any],
        base: str,
    ) -> None:
        self.step = step
        self.tape = Tape(ledger, copies=step.device == "cpu")
        self.ledger = ledger
        self.weights = weights
        self.adapters = adapters
        self.cuda = step.device == "cuda"
        self.computing = CODES[step.dtype]
        self.autocast = CODES[step.autocast] if step.autocast else ""
        self.base = base
        self.hidden_form = base
        self._sizes = sizes
        self._numbers = numbers
        self._config = config
        self._known: dict[int, int] = {}
        self._casts: dict[str, str] = {}
        self._cached: dict[int, Tensor] = {}
        self._repeated: dict[int, int] = defaultdict(int)
        self.accumulating = step.accumulation > 1
        self.hidden = numbers["hidden"]
        self.holding = False
        self.held: list[Block] = []
        # PEFT's models let the embeddings' output ask for a gradient, or checkpointing would
        # compute nothing again (transformers 5.23, enable_input_require_grads)
        self.asks = step.checkpointing and step.method not in ("full", "freeze")
        self._embeddings: Weight | None = None

    # sizes

    def size(self, index: int, place: Place) -> int:
        if place.sizes is not None:
            return place.sizes(index)
        found = self._known.get(index)
        if found is None:
            local = False

            def number(name: str) -> int:
                nonlocal local
                if not name.endswith("]"):
                    return self._numbers[name]
                local = True
                path, _, side = name[:-1].rpartition("[")
                return self._weight(path, place).shape[int(side)]

            found = product(self._sizes[index], number)
            if not local:
                self._known[index] = found
        return found

    def _weight(self, name: str, place: Place) -> Weight:
        if name.startswith(":"):
            return self.weights.outside(name[1:])
        return self.weights.in_layer(place.stack, place.index, name)

    # sections

    def run(
        self,
        section: Section,
        place: Place,
        given: Tensor | None,
        outer: Sequence[Sequence[Tensor | None]],
    ) -> list[Tensor | None]:
        """The tensors of a section's values. What its own code lets go of is let go of."""
        values: list[Tensor | None] = [None] * len(section.values)
        folds = Folds() if self.weights.folded and place.sizes is None else None
        for index, v in section.given:
            if v.kind == "in":
                values[index] = given
            elif v.kind == "weight":
                if folds is not None and self.weights.adapts(place.full(v.name)):
                    folds.later[index] = v.name
                    continue
                values[index] = self._weight_tensor(v.name, place)
            elif v.kind == "made":
                values[index] = outer[v.place][v.of]
            else:
                values[index] = Tensor(self.size(v.size, place), v.dtype)
        operations = section.operations
        for at, operation in enumerate(operations):
            following = operations[at + 1] if at + 1 < len(operations) else None
            if folds is not None:
                self._fold(folds, operation, values, place)
            self._operation(section, operation, following, values, place)
            last = following is None and self.holding and place.sizes is None
            for ended in operation.ends:
                t = values[ended]
                if t is None or t.block is None:
                    continue
                if last:
                    self.held.append(t.block)
                else:
                    self.ledger.drop(t.block)
        if folds is not None:
            self._unfold(folds, "")
        return values

    def _fold(
        self, folds: Folds, operation: Operation, values: list[Tensor | None], place: Place
    ) -> None:
        """Adapted parameters are made before their first use and there while their module runs."""
        self._unfold(folds, operation.module)
        for index in operation.inputs:
            name = folds.later.pop(index, None)
            if name is None:
                continue
            w = self._weight_tensor(name, place)
            rank = self.weights.rank(place.full(name))
            there = _THERE if self.accumulating else None
            made, held = folded(self.tape, w, rank, self.adapters.form, there)
            values[index] = made
            folds.held.append((name.rpartition(".")[0], held))

    def _unfold(self, folds: Folds, module: str) -> None:
        """Lets go of what was folded for modules that `module` is no part of."""
        for owner, held in folds.held:
            if not module or not f"{module}.".startswith(f"{owner}."):
                self.drop(*held)
                held.clear()
        folds.held = [(owner, held) for owner, held in folds.held if held]

    def let_go(self) -> None:
        """What the model's own code held until it returned."""
        for block in self.held:
            self.ledger.drop(block)
        self.held.clear()

    def _weight_tensor(self, name: str, place: Place) -> Tensor:
        bound = place.names.get(name)
        if bound is not None:
            return bound
        weight = self._weight(name, place)
        if self.accumulating and weight.grad is None:
            weight.grad = _THERE
        return Tensor(weight.numel, weight.form, needs=weight.trained, weight=weight)

    def _operation(
        self,
        section: Section,
        operation: Operation,
        following: Operation | None,
        values: list[Tensor | None],
        place: Place,
    ) -> None:
        inputs = [values[i] for i in operation.inputs]
        given = [t for t in inputs if t is not None]
        name = operation.name
        self.ledger.where = operation.module
        if name == "attention":
            made = self._attention(section, operation, given, place)
        elif name == "dropout":
            made = self._dropout(section, operation, given[0], place)
        elif name == "_to_copy":
            made = self._cast(section, operation, following, given[0], place)
        elif name in ("mm", "addmm") and given[-1].weight is not None:
            made = self._linear(section, operation, given, place)
        elif (name == "clone" and self._repeats_one(operation, given[0])) or (
            name == "index" and self._keeps_all(section, operation, given, place)
        ):
            made = self._alias(given[0])
        else:
            self._generic(section, operation, given, values, place)
            return
        values[operation.outputs[0]] = made

    def _keeps_all(
        self, section: Section, operation: Operation, given: list[Tensor], place: Place
    ) -> bool:
        """`logits_to_keep` was recorded with columns; where all are kept nothing is copied."""
        return (
            self.step.loss != "selected"
            and place.sizes is None
            and section.values[operation.inputs[-1]].kind == "input"
            and self.size(section.values[operation.outputs[0]].size, place) == given[0].numel
        )

    def _repeats_one(self, operation: Operation, x: Tensor) -> bool:
        """The only head of keys or values, for all queries: still a view of it when reshaped."""
        return (
            operation.category == "attention"
            and self._numbers["num_key_value_heads"] == 1
            and x.block is not None
            and x.bytes > x.block.bytes
        )

    def _generic(
        self,
        section: Section,
        operation: Operation,
        given: list[Tensor],
        values: list[Tensor | None],
        place: Place,
    ) -> None:
        part = _CATEGORY[operation.category]
        tape = self.tape
        known_sizes = self._known if place.sizes is None else _NOT_KNOWN
        if tape.stop_at is not None:
            tape.about_to(operation.name, given)
        outputs: list[Tensor] = []
        for index in operation.outputs:
            v = section.values[index]
            known = values[index]
            if known is not None:  # a part of a buffer
                outputs.append(known)
                continue
            form = tape.form_of(v.dtype, given, self._default(v.dtype, place))
            numel = known_sizes.get(v.size) or self.size(v.size, place)
            if v.kind == "view":
                owner = values[v.of]
                block = owner.block if owner is not None else None
                made = Tensor(numel, form, block)
            else:
                made = tape.tensor(numel, form, part)
            values[index] = made
            outputs.append(made)
        if tape.copies and outputs and section.values[operation.outputs[0]].kind == "new":
            tape.promote(operation.name, given, outputs[0].form)
        tape.apply(operation.name, given, outputs)
        if operation.name == "embedding":
            self._embedded(given[0], outputs[0])
        elif operation.name == "leaf" and self.step.checkpointing:
            self._leaf(outputs[0])

    def _embedded(self, w: Tensor, made: Tensor) -> None:
        """Masks and angles get the format of the embeddings, which may be trained in another.

        Output that asks for a gradient is a leaf of the graph, and there as long as the graph.
        """
        if self._embeddings is None and w.weight is not None:
            self._embeddings = w.weight
            self.hidden_form = w.form
        asks = self.asks and w.weight is self._embeddings
        if asks and not made.needs and made.block is not None:
            made.needs = True
            made.block.refs += 1

    def _leaf(self, made: Tensor) -> None:
        """T5's biases ask for a gradient where layers are checkpointed (modeling_t5.py, forward).

        Their graph's end holds them; not in the second pass, whose graph is gone before.
        """
        made.needs = True
        if self.tape.stop_at is None and made.block is not None:
            made.block.refs += 1

    def _default(self, code: str, place: Place) -> str:
        if code == "a":
            return self.adapters.form
        return self.hidden_form if place.sizes is None else self.base

    # what depends on the step

    def _cast(
        self,
        section: Section,
        operation: Operation,
        following: Operation | None,
        x: Tensor,
        place: Place,
    ) -> Tensor:
        v = section.values[operation.outputs[0]]
        target = self._target(v.dtype, operation, x, place)
        if target == x.form:
            return self._alias(x)
        if self.cuda and target == "f4" and following and following.name == "_softmax":
            # the kernel converts while it reads (aten/src/ATen/native/SoftMax.cpp, half_to_float)
            made = Tensor(x.numel, target)
            self.tape.apply("_to_copy", [x], [made], Rule(gradients=("same",)))
            return made
        return self.cast(x, target, _CATEGORY[operation.category])

    def _target(self, code: str, operation: Operation, x: Tensor, place: Place) -> str:
        if code == "w":
            return self._casts.get(operation.module, self._default(code, place))
        if code == "a":
            return self.adapters.form
        if code == "f4" and x.form in FLOATS:
            self._casts[operation.module] = x.form
        return code

    def cast(self, x: Tensor, form: str, part: int) -> Tensor:
        if x.form == form:
            return self._alias(x)
        self.tape.about_to("_to_copy", [x])
        made = self.tape.tensor(x.numel, form, part)
        self.tape.apply("_to_copy", [x], [made])
        return made

    @staticmethod
    def _alias(x: Tensor) -> Tensor:
        """The same tensor under a second name."""
        if x.block is not None:
            x.block.refs += 1
        return x

    def _dropout(self, section: Section, operation: Operation, x: Tensor, place: Place) -> Tensor:
        if self._chance(operation, place) == 0.0:
            return self._alias(x)
        part = _CATEGORY[operation.category]
        tape = self.tape
        tape.about_to("native_dropout", [x])
        # CUDA keeps a byte for each element (aten/src/ATen/native/cuda/Dropout.cu); elsewhere the
        # noise is a tensor in the input's format (aten/src/ATen/native/Dropout.cpp).
        noise = tape.tensor(x.numel, "b1" if self.cuda else x.form, part)
        made = tape.tensor(x.numel, x.form, part)
        tape.apply("native_dropout", [x], [made, noise])
        if noise.block is not None:
            self.ledger.drop(noise.block)
        return made

    def _chance(self, operation: Operation, place: Place) -> float:
        if operation.chance is None:
            return 0.0
        if place.sizes is not None:
            return self.step.dropout
        said = self._config.get(operation.chance)
        return float(said) if isinstance(said, int | float) else 0.0

    # linear layers

    def _linear(
        self, section: Section, operation: Operation, given: list[Tensor], place: Place
    ) -> Tensor:
        x, w = given[-2], given[-1]
        numel = self.size(section.values[operation.outputs[0]].size, place)
        part = _CATEGORY[operation.category]
        bias = given[0] if len(given) > 2 else None
        if place.sizes is not None:
            own = w is place.names.get(":base_layer.weight")
            return self.linear(x, w, place.bias if own else bias, numel, part)
        chosen = self._adapts(operation, place)
        if chosen is not None:
            return self._adapted(*chosen, x, w, bias, numel)
        return self.linear(x, w, bias, numel, part)

    def _adapts(self, operation: Operation, place: Place) -> tuple[Fragment, int] | None:
        return self.adapters.of(place.full(operation.module))

    def linear(self, x: Tensor, w: Tensor, bias: Tensor | None, numel: int, part: int) -> Tensor:
        """Y = x W. What is converted before is converted here."""
        weight = w.weight
        assert weight is not None
        before = x
        form = self.computing if weight.quantization else (self.autocast or weight.form)
        x = self.cast(x, form, part)
        extra = 0
        kept = w
        if weight.quantization:
            # bitsandbytes 0.50, backends/default/ops.py and autograd/_functions.py: the weight is
            # made whole again for the product, forward and backward
            extra = weight.numel * BYTES[form] + weight.numel // 16
        elif weight.form != form:
            kept = self._cast_weight(w, form)
        self.tape.about_to("mm", [x, w])
        if extra and not self.tape.ghost:
            whole = self.ledger.new(extra, _TEMPORARY)
            made = self.tape.tensor(numel, form, part)
            self.ledger.drop(whole)
        else:
            made = self.tape.tensor(numel, form, part)
        inputs = [x, kept] if bias is None else [x, kept, bias]
        how = rule("mm")
        self.tape.apply("mm", inputs, [made], how, extra)
        self.drop(x)
        if kept is not w and id(weight) not in self._cached:
            self.drop(kept)
        if weight.quantization and before.form != form:  # Linear4bit gives back what it got
            back = self.cast(made, before.form, part)
            self.drop(made)
            made = back
        return made

    def _cast_weight(self, w: Tensor, form: str) -> Tensor:
        """Autocast keeps converted weights that are trained until it ends (autocast_mode.cpp).

        What is gathered for a layer arrives converted and goes again with it
        (torch.distributed.fsdp.MixedPrecisionPolicy; ZeRO-3 the same): sharding counts it.
        """
        weight = w.weight
        assert weight is not None
        if weight.trained and id(weight) in self._cached:
            return self._cached[id(weight)]
        if weight.trained and self.step.sharding.gathers:
            made = Tensor(w.numel, form)
        else:
            made = self.tape.tensor(w.numel, form, _TEMPORARY)
        self.tape.apply("_to_copy", [w], [made])
        if weight.trained:
            self._cached[id(weight)] = made
        return made

    def casts(self) -> list[Tensor]:
        """Converted weights that are kept until autocast ends."""
        return list(self._cached.values())

    def cast_again(self, casts: list[Tensor]) -> None:
        """A layer like the one that made `casts` has made its own."""
        for made in casts:
            self._repeated[id(made)] += 1

    def end_autocast(self) -> None:
        for made in self._cached.values():
            block = made.block
            if block is None:
                continue
            if block.refs == 1 and self._repeated[id(made)]:
                self.ledger.drop(Block(block.bytes * self._repeated[id(made)], block.part))
            self.ledger.drop(block)
        self._cached.clear()
        self._repeated.clear()

    def _adapted(
        self, fragment: Fragment, rank: int, x: Tensor, w: Tensor, bias: Tensor | None, numel: int
    ) -> Tensor:
        """The module with what PEFT computes around it."""
        rows = max(1, isqrt(x.numel * numel // max(1, w.numel)))
        inward, outward = x.numel // rows, numel // rows
        names = {":base_layer.weight": w}
        for name, (shape, added) in self.adapters.shapes(fragment, inward, outward, rank).items():
            weight = self.adapters.weight(shape, added)
            if self.accumulating:
                weight.grad = _THERE
            names[f":{name}"] = Tensor(
                weight.numel, weight.form, needs=weight.trained, weight=weight
            )
        sizes = self.adapters.sizes(fragment, rows, inward, outward, rank)
        section = fragment.section
        begun = len(self.tape.nodes)
        values = self.run(section, Place(sizes=sizes, names=names, bias=bias), x, ())
        made = values[section.made] if section.made is not None else None
        if made is None:
            raise ValueError(f"{fragment.name} makes nothing")
        self._forget_detached(begun, made)
        return made

    def _forget_detached(self, begun: int, made: Tensor) -> None:
        """What leads to no result is gone with its output: autograd has no list of its nodes."""
        leads = {id(made)}
        for node in reversed(self.tape.nodes[begun:]):
            if any(id(t) in leads for t in node.outputs):
                leads.update(id(t) for t in node.inputs)
                continue
            for block in node.kept:
                self.ledger.drop(block)
            node.kept = []

    # attention

    def _attention(
        self, section: Section, operation: Operation, given: list[Tensor], place: Place
    ) -> Tensor:
        """Which kernel torch 2.13 takes, and what that one needs.

        aten/src/ATen/native/transformers/sdp_utils_cpp.cpp and cuda/sdp_utils.cpp: on a CPU the
        flash kernel unless there is dropout or a mask with a gradient; on CUDA flash in half
        precision without a mask, else the memory-efficient one, which knows no grouped heads.
        """
        q, k, v, *masks = given
        rows, scores, wide_k, wide_v = (self.size(i, place) for i in operation.attended)
        part = _CATEGORY[operation.category]
        numel = self.size(section.values[operation.outputs[0]].size, place)
        if self.autocast:
            casts = [self.cast(t, self.autocast, part) for t in (q, k, v)]
        else:
            casts = [self._alias(t) for t in (q, k, v)]
        q, k, v = casts
        if self.step.method == "prefix-tuning":
            k, v = (self._with_prefix(t, part) for t in (k, v))
        masks = [self._added(m, q.form, part) for m in masks]
        chance = self._chance(operation, place)
        grouped = k.numel < wide_k
        if self.cuda:
            whole = q.form == "f4" and grouped
        else:
            whole = chance > 0 or any(m.needs for m in masks) or wide_k != wide_v
        if whole:
            sizes = (scores, wide_k, wide_v, numel)
            made = self._plain_attention(q, k, v, masks, sizes, chance, part)
        else:
            made = self._fused_attention(q, k, v, masks, rows, wide_k, numel, part)
        self.drop(*casts, *masks)
        return made

    def _added(self, mask: Tensor, form: str, part: int) -> Tensor:
        """What is added to scores for a mask of bools, anew in every layer.

        aten/src/ATen/native/transformers/attention.cpp, convert_boolean_attn_mask.
        """
        return (
            self._alias(mask) if mask.form in FLOATS else self.tape.tensor(mask.numel, form, part)
        )

    def _fused_attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        masks: list[Tensor],
        rows: int,
        wide_k: int,
        numel: int,
        part: int,
    ) -> Tensor:
        """Keeps its input, its output and a float32 a row of scores.

        CUDA's flash kernel sums the gradient of the queries in float32, has a float32 a row, and
        makes gradients of keys and values for every query head before it adds them up
        (aten/src/ATen/native/transformers/cuda/flash_attn/flash_api.cpp, mha_bwd).
        """
        inputs = [q, k, v, *masks]
        self.tape.about_to("bmm", inputs)
        made = self.tape.tensor(numel, q.form, part)
        logsumexp = self.tape.tensor(rows, "f4", part)
        extra = 0
        if self.cuda:
            extra = 4 * q.numel + 4 * rows
            if k.numel < wide_k:
                extra += 2 * wide_k * BYTES[q.form]
        keeps = tuple((i, None) for i in range(len(inputs)))
        how = Rule(keeps=keeps, keeps_made=(0, 1))
        self.tape.apply("fused attention", inputs, [made, logsumexp], how, extra)
        logsumexp.needs = False
        if logsumexp.block is not None:
            self.ledger.drop(logsumexp.block)
        return made

    def _plain_attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        masks: list[Tensor],
        sizes: tuple[int, int, int, int],
        chance: float,
        part: int,
    ) -> Tensor:
        """Half precision is computed in float32.

        aten/src/ATen/native/transformers/attention.cpp, _scaled_dot_product_attention_math.
        """
        scores, wide_k, wide_v, numel = sizes
        form = q.form
        q32, k32, v32 = (self.cast(t, "f4", part) for t in (q, k, v))
        scaled_q = self.simple("mul", [q32], q32.numel, "f4", part)
        scaled_k = self.simple("mul", [k32], wide_k, "f4", part)
        left = self.simple("clone", [scaled_q], q32.numel, "f4", part)
        right = self.simple("clone", [scaled_k], wide_k, "f4", part)
        attention = self.simple("bmm", [left, right], scores, "f4", part)
        self.drop(left, right)
        if masks:
            attention = self._in_place("add_", attention, masks)
        softmax = self.simple("_safe_softmax", [attention], scores, "f4", part)
        self.drop(attention)
        if chance > 0:
            noise = self.tape.tensor(scores, "f4", part)
            dropped = self.simple("native_dropout", [softmax], scores, "f4", part, noise)
            self.drop(softmax, noise)
            softmax = dropped
        # The weights are a result too, although nobody asks for them; they are converted first.
        unused = self.cast(softmax, form, part)
        values = self.simple("clone", [v32], wide_v, "f4", part)
        out = self.simple("bmm", [softmax, values], numel, "f4", part)
        self.drop(values)
        narrow = self.cast(out, form, part)
        self.drop(out, scaled_q, scaled_k, q32, k32, v32, softmax, unused)
        made = self.simple("clone", [narrow], numel, form, part)  # the caller's contiguous()
        self.drop(narrow)
        return made

    def _with_prefix(self, t: Tensor, part: int) -> Tensor:
        """Behind the prefix of the cache (transformers' DynamicCache concatenates)."""
        prefix = t.numel * self.step.virtual_tokens // self.step.length
        trained = Tensor(prefix, t.form, needs=True)
        return self.simple("cat", [t, trained], t.numel + prefix, t.form, part)

    def _in_place(self, name: str, t: Tensor, others: list[Tensor]) -> Tensor:
        made = Tensor(t.numel, t.form, t.block)
        self.tape.apply(name, [t, *others], [made])
        return made

    def simple(
        self,
        name: str,
        inputs: list[Tensor],
        numel: int,
        form: str,
        part: int,
        kept: Tensor | None = None,
    ) -> Tensor:
        """An operation with one result. `kept` is a second one that only its gradient needs."""
        self.tape.about_to(name, inputs)
        made = self.tape.tensor(numel, form, part)
        self.tape.apply(name, inputs, [made] if kept is None else [made, kept])
        return made

    def drop(self, *tensors: Tensor) -> None:
        for t in tensors:
            if t.block is not None:
                self.ledger.drop(t.block)
