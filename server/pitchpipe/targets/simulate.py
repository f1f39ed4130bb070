"""PEFT's injection, without PEFT: `BaseTuner.inject_adapter` of 0.21.2, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pitchpipe.modules import ModelShape, ModuleGroup
from pitchpipe.suggest import nearest
from pitchpipe.targets.choice import Choice, Method, MethodType
from pitchpipe.targets.coverage import coverage
from pitchpipe.targets.defaults import FEEDFORWARD
from pitchpipe.targets.names import (
    At,
    Node,
    Place,
    by_choice,
    by_entry,
    by_pattern,
    nodes,
    union,
    without,
)
from pitchpipe.targets.outputs import is_output, kept_from_adapters, trained_heads
from pitchpipe.targets.patterns import PatternProblem, compiled
from pitchpipe.targets.presets import asked_of
from pitchpipe.targets.result import (
    Adapted,
    AdaptedParameter,
    Asked,
    Entry,
    Refusal,
    Targets,
)
from pitchpipe.targets.rewriting import Rewriting, excluded, rewrite
from pitchpipe.targets.saving import biases, saved
from pitchpipe.targets.support import (
    REFUSALS,
    convolution_groups,
    cost,
    features,
    is_adaptable,
    parameter_size,
)

_MAMBA = frozenset({"falcon_h1", "falcon_mamba", "mamba", "mamba2", "nemotron_h"})
_NO_NAME = "no_such_module"
_PASSED_OVER = frozenset({"conv1d", "out_proj"})  # weights that Mamba's kernel reads by itself


def targets(shape: ModelShape, choice: Choice, method: Method | None = None) -> Targets:
    """What PEFT would adapt, refuse and train in a model of this shape."""
    run = _Run(shape, choice, method or Method())
    try:
        return run.result()
    except PatternProblem as problem:
        if problem.invalid:
            refusal = Refusal("bad-pattern", "", detail=str(problem))
        else:
            refusal = Refusal("costly-pattern", "", detail=str(problem))
        return _nothing(run, refusal)


def _nothing(run: _Run, refusal: Refusal) -> Targets:
    return Targets(
        asked=Asked(run.choice.target_modules, run.choice.target_parameters or None),
        modules=(),
        parameters=(),
        entries=(),
        refusals=(refusal,),
        rewriting=None,
        saved=(),
        biases=0,
        coverage=coverage(run.shape, (), ()),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One simulation: what every step of it looks at."""

    shape: ModelShape
    choice: Choice
    method: Method

    def result(self) -> Targets:
        shape, method = self.shape, self.method
        found = nodes(shape)
        asked = asked_of(shape, self.choice, method, found)
        choice = replace(
            self.choice,
            target_modules=asked.target_modules,
            target_parameters=asked.target_parameters or (),
            modules_to_save=(*self.choice.modules_to_save, *kept_from_adapters(shape)),
        )
        refusals = list(_of_configuration(asked, choice, shape, method))
        linear = [n for n in found if n.group and _is_all_linear(n.group, shape)]
        rewriting = rewrite(shape, choice, method, found, linear)
        before, ranks = choice, dict(method.rank_pattern)
        if rewriting is not None:
            choice = replace(
                choice,
                target_modules=rewriting.modules,
                target_parameters=(*choice.target_parameters, *rewriting.parameters),
            )
            if rewriting.rank is not None:
                ranks[r".*\.gate_up_proj"] = rewriting.rank
            refusals += _of_rewriting(rewriting)
        matched, left_out = _matched(choice, found, linear)
        refusals += _of_modules(matched, shape, method, ranks)
        modules = tuple(_adapted(matched, choice, shape, method, ranks))
        parameters, refused = _parameters(choice, shape, method, ranks, matched)
        refusals += refused
        if not matched and not parameters and not refused:
            refusals.append(_no_match(choice, found, left_out))
        lost, gained = _changed(rewriting, before, matched, parameters, found, linear)
        heads = (*choice.modules_to_save, *trained_heads(shape))
        copies, refused = saved(replace(choice, modules_to_save=heads), shape, found, matched)
        refusals += refused
        return Targets(
            asked=asked,
            modules=modules,
            parameters=parameters,
            entries=tuple(_entries(asked, found, shape)),
            refusals=tuple(refusals),
            rewriting=rewriting if rewriting is not None and rewriting.changes else None,
            saved=copies,
            biases=biases(shape, method, modules, parameters, copies),
            coverage=coverage(shape, modules, parameters),
            lost=lost,
            gained=gained,
            open_ended=tuple(_open_ended(before, shape, matched)),
        )


def _is_all_linear(group: ModuleGroup, shape: ModelShape) -> bool:
    return group.kind in {"linear", "conv1d"} and not is_output(group, shape)


def _of_configuration(
    asked: Asked, choice: Choice, shape: ModelShape, method: Method
) -> Iterator[Refusal]:
    wanted = asked.target_modules
    by_name = not isinstance(wanted, str) or method.type not in {"lora", "adalora", "hra"}
    if not by_name and choice.layers_to_transform is not None:
        says = "`layers_to_transform` cannot be used when `target_modules` is a str."
        yield Refusal("bad-configuration", says)
    if choice.layers_pattern and choice.layers_to_transform is None:
        says = "When `layers_pattern` is specified, `layers_to_transform` must also be specified."
        yield Refusal("bad-configuration", says)
    for key in _unknown_keys(choice, method):
        yield Refusal("unsupported-option", f"unexpected keyword argument '{key}'", detail=key)
    if wanted is None and not asked.target_parameters:
        yield Refusal("no-default", "Please specify `target_modules`")
    elif method.type == "ia3" and _feedforward(shape, method) is None:
        yield Refusal("no-default", "Please specify `feedforward_modules`")
    forward = method.feedforward_modules
    if method.type == "ia3" and isinstance(wanted, tuple) and not {*(forward or ())} <= {*wanted}:
        says = "`feedforward_modules` should be a subset of `target_modules`"
        yield Refusal("bad-configuration", says)


# Keys that a method's configuration class does not have.
_LACKING: Mapping[MethodType, frozenset[str]] = {
    "lora": frozenset(),
    "adalora": frozenset(),
    "ia3": frozenset({"layers_to_transform", "layers_pattern", "bias", "rank_pattern"}),
    "loha": frozenset({"bias"}),
    "lokr": frozenset({"bias"}),
    "vera": frozenset({"exclude_modules", "rank_pattern"}),
    "oft": frozenset({"rank_pattern"}),
    "hra": frozenset({"rank_pattern"}),
    "ln_tuning": frozenset({"layers_to_transform", "layers_pattern", "bias", "rank_pattern"}),
}
_OF_LORA = frozenset({"target_parameters", "ensure_weight_tying"})


def _unknown_keys(choice: Choice, method: Method) -> Iterator[str]:
    lacking = _LACKING[method.type]
    if method.type not in {"lora", "adalora"}:
        lacking |= _OF_LORA
    if method.bias != "none" and "bias" in lacking:
        yield "bias"
    if method.rank_pattern and "rank_pattern" in lacking:
        yield "rank_pattern"
    for key in sorted(lacking - {"bias", "rank_pattern"}):
        if getattr(choice, key) not in {None, (), "", False}:
            yield key


def _of_rewriting(rewriting: Rewriting) -> Iterator[Refusal]:
    if rewriting.missing:
        yield Refusal(
            "half-of-fused",
            f"without also targeting {', '.join(rewriting.missing)} because they are fused",
            detail=", ".join(rewriting.missing),
        )


def _matched(
    choice: Choice, found: Sequence[Node], linear: Sequence[Node]
) -> tuple[list[Place], bool]:
    """The targeted modules, and whether any module was excluded."""
    wanted = choice.target_modules
    all_linear = isinstance(wanted, str) and wanted.lower() == "all-linear"
    chosen = {id(node) for node in linear} if all_linear else set[int]()
    lengths = {len(node.parts) for node in linear if "{}" not in node.path} if all_linear else ()
    matched: list[Place] = []
    any_excluded = False
    excludes = bool(choice.exclude_modules or choice.modules_to_save)
    for node in found:
        gone = excluded(node, choice) if excludes else ()
        any_excluded = any_excluded or bool(gone)
        if all_linear:
            at = node.at if id(node) in chosen else _ending_alike(node, linear, lengths)
        else:
            at = _wanted(node, choice)
        at = without(at, gone) if at else ()
        if at:
            matched.append(Place(node, at))
    return matched, any_excluded


def _changed(
    rewriting: Rewriting | None,
    before: Choice,
    matched: Sequence[Place],
    parameters: Iterable[AdaptedParameter],
    found: Sequence[Node],
    linear: Sequence[Node],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths that lost their adapter by the rewriting, and paths that got one."""
    if rewriting is None or not rewriting.changes:
        return (), ()
    asked = {place.node: place.at for place in _matched(before, found, linear)[0]}
    given = {place.node: place.at for place in matched}
    whole = {id(p.group): p.at for p in parameters if p.parameter.name == "weight"}
    lost = [
        node.path
        for node, at in asked.items()
        if without(without(at, given.get(node, ())), whole.get(id(node.group), ()))
    ]
    gained = [node.path for node, at in given.items() if without(at, asked.get(node, ()))]
    return tuple(lost), tuple(gained)


def _open_ended(choice: Choice, shape: ModelShape, matched: Iterable[Place]) -> Iterator[str]:
    """Holders below which the pattern would match any name."""
    wanted = choice.target_modules
    if not isinstance(wanted, str) or wanted.lower() == "all-linear":
        return
    if any(not group.parameters for group in shape.groups):
        return  # this shape lists what has no weights
    pattern = compiled(wanted)
    holders = dict.fromkeys(
        (place.node.path.rpartition(".")[0], place.node.name(place.at[0]).rpartition(".")[0])
        for place in matched
    )
    seen: set[str] = set()
    for path, name in holders:
        if path not in seen and pattern.full(f"{name}.{_NO_NAME}"):
            seen.add(path)
            yield path


def _ending_alike(node: Node, linear: Sequence[Node], lengths: Iterable[int]) -> At:
    """PEFT turns "all-linear" into names, and a name matches whatever ends in it."""
    parts = node.parts
    for length in lengths:
        if length < len(parts) and "{}" not in parts[-length:]:
            end = ".".join(parts[-length:])
            if any(other.path == end for other in linear):
                return node.at
    return ()


def _wanted(node: Node, choice: Choice) -> At:
    wanted = choice.target_modules
    if wanted is None or isinstance(wanted, str):
        return by_pattern(node, compiled(wanted)) if wanted else ()
    at = by_choice(node, wanted)
    layers = choice.layers_to_transform
    if not at or not layers:
        return at
    names = frozenset(wanted)
    kept = [i for i in at if (name := node.name(i)) in names or _layer(name, choice) in layers]
    return tuple(kept)


def _layer(name: str, choice: Choice) -> int | None:
    """The number of the layer that a module lies in, as PEFT reads it off its name."""
    if not choice.layers_pattern:
        match = re.match(r".*?\.[^.]*\.(?P<idx>\d+)\.", name)
        return int(match["idx"]) if match else None
    for pattern in choice.layers_pattern:
        if match := re.match(rf"(?:^|.*?\.){pattern}\.(?P<idx>\d+)\.", name):
            return int(match["idx"])
    return None


def _of_modules(
    matched: Iterable[Place], shape: ModelShape, method: Method, ranks: Mapping[str, int]
) -> Iterator[Refusal]:
    mamba = shape.model_type in _MAMBA and method.type in {"lora", "adalora"}
    for place in matched:
        group, path = place.node.group, place.node.path
        if mamba and place.node.parts[-1] in _PASSED_OVER:
            yield Refusal("mamba-output", "is incompatible with Mamba-based models", (path,))
        elif group is None or not is_adaptable(group, method):
            if method.type != "ln_tuning":
                yield Refusal("unsupported-module", REFUSALS[method.type], (path,))
        elif group.kind == "convolution" and method.type == "lora":
            groups = convolution_groups(group, shape)
            if _rank(path, ranks, method) % groups:
                yield Refusal("rank-over-groups", "rank is divisible by groups", (path,))
        elif group.kind == "embedding" and method.type == "lora" and method.lora_bias:
            yield Refusal("unsupported-option", "lora_bias=True is not supported", (path,))


def _adapted(
    matched: Iterable[Place],
    choice: Choice,
    shape: ModelShape,
    method: Method,
    ranks: Mapping[str, int],
) -> Iterator[Adapted]:
    for place in matched:
        group = place.node.group
        if group is None or not is_adaptable(group, method):
            continue
        size = features(group, shape)
        for forward, at in _by_forward(place, shape, method):
            for rank, same in _by_rank(group.path, at, ranks, method):
                price = cost(group, shape, method, rank, forward)
                yield Adapted(group, same, size, rank, price)


def _by_forward(place: Place, shape: ModelShape, method: Method) -> list[tuple[bool, At]]:
    """IA3 scales the input of some modules and the output of the others."""
    if method.type != "ia3":
        return [(False, place.at)]
    names = _feedforward(shape, method) or ()
    forward = tuple(at for at in place.at if place.node.name(at).endswith(names))
    return [(f, at) for f, at in ((True, forward), (False, without(place.at, forward))) if at]


def _feedforward(shape: ModelShape, method: Method) -> tuple[str, ...] | None:
    if method.feedforward_modules is not None:
        return method.feedforward_modules
    return FEEDFORWARD.get(shape.model_type)


def _by_rank(path: str, at: At, ranks: Mapping[str, int], method: Method) -> list[tuple[int, At]]:
    if not ranks:
        return [(method.r, at)]
    if not any(re.search(r"\d", key) for key in ranks):
        return [(_rank(path.format(*at[0]), ranks, method), at)]
    found: dict[int, list[tuple[int, ...]]] = {}
    for index in at:
        found.setdefault(_rank(path.format(*index), ranks, method), []).append(index)
    return [(rank, tuple(same)) for rank, same in found.items()]


def _rank(name: str, ranks: Mapping[str, int], method: Method) -> int:
    for key, rank in ranks.items():
        if compiled(rf"(.*\.)?({key})$").start(name):
            return rank
    return method.r


def _parameters(
    choice: Choice,
    shape: ModelShape,
    method: Method,
    ranks: Mapping[str, int],
    matched: Sequence[Place],
) -> tuple[tuple[AdaptedParameter, ...], list[Refusal]]:
    adapted: list[AdaptedParameter] = []
    refusals: list[Refusal] = []
    taken = {id(place.node.group): place.at for place in matched if place.node.group is not None}
    for group in shape.groups if choice.target_parameters else ():
        for parameter in group.parameters:
            node = Node(f"{group.path}.{parameter.name}", group)
            at = union(by_entry(node, entry) for entry in choice.target_parameters)
            if parameter.buffer or not at:
                continue
            size = parameter_size(parameter)
            refusals += _of_parameter(node, size, method, taken.get(id(group), ()), at)
            if size is None:
                continue
            for rank, same in _by_rank(node.path, at, ranks, method):
                price = rank * size[0] * (size[1] + size[2])
                adapted.append(AdaptedParameter(group, parameter, same, size, rank, price))
    return tuple(adapted), refusals


def _of_parameter(
    node: Node, size: tuple[int, int, int] | None, method: Method, taken: At, at: At
) -> Iterator[Refusal]:
    if set(taken).intersection(at):
        yield Refusal("parameter-of-adapted", "which is not a valid target", (node.path,))
    elif size is None:
        yield Refusal("parameter-shape", "only 2d and 3d are supported", (node.path,))
    if method.type == "adalora":
        yield Refusal("unsupported-option", "unexpected keyword argument 'parameter_name'")
    for option, says in (
        (method.lora_dropout, "lora_dropout != 0"),
        (method.lora_bias, "lora_bias=True"),
        (method.use_dora, "use_dora=True"),
    ):
        if option:
            yield Refusal("unsupported-option", f"does not work with {says}", (node.path,))


def _no_match(choice: Choice, found: Sequence[Node], left_out: bool) -> Refusal:
    if not left_out and not choice.target_modules:
        return Refusal("no-match", "No `target_modules` passed but also no `target_parameters`")
    if not left_out:
        return Refusal("no-match", "not found in the base model")
    if all(len(excluded(node, choice)) == len(node.at) for node in found):
        return Refusal("all-excluded", "All modules were excluded")
    return Refusal("all-excluded", "No modules were targeted for adaptation")


def _entries(asked: Asked, found: Sequence[Node], shape: ModelShape) -> Iterator[Entry]:
    if not isinstance(asked.target_modules, str):
        yield from _each(asked.target_modules or (), found)
    if asked.target_parameters:
        tensors = [
            Node(f"{group.path}.{p.name}", group)
            for group in shape.groups
            for p in group.parameters
            if not p.buffer
        ]
        yield from _each(asked.target_parameters, tensors)


def _each(entries: Iterable[str], found: Sequence[Node]) -> Iterator[Entry]:
    for entry in entries:
        matches = [(node.path, len(at)) for node in found if (at := by_entry(node, entry))]
        near = None if matches else _nearest(entry, found)
        yield Entry(entry, tuple(path for path, _ in matches), sum(n for _, n in matches), near)


def _nearest(entry: str, found: Sequence[Node]) -> str | None:
    """The likeliest end of a name with as many parts as `entry`, of modules with weights."""
    length = entry.count(".") + 1
    ends = (
        ".".join(node.parts[-length:])
        for node in found
        if node.group is not None and "{}" not in node.parts[-length:]
    )
    return nearest(entry, dict.fromkeys(ends))
