"""What PEFT 0.21.2 refuses, and with which words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pitchpipe.modules import ModelShape
from pitchpipe.targets.choice import Choice, Method, MethodType
from pitchpipe.targets.matching import ParameterPlace
from pitchpipe.targets.names import Node, Place
from pitchpipe.targets.pricing import feedforward, rank_of
from pitchpipe.targets.result import Asked, Refusal
from pitchpipe.targets.rewriting import Rewriting, excluded
from pitchpipe.targets.support import REFUSALS, convolution_groups, is_adaptable, parameter_size

_MAMBA = frozenset({"falcon_h1", "falcon_mamba", "mamba", "mamba2", "nemotron_h"})
_PASSED_OVER = frozenset({"conv1d", "out_proj"})  # weights that Mamba's kernel reads by itself


# It looks for the widest of its layers before it adapts any.
_NOTHING_FOR_VERA = Refusal("no-match", "No layers types compatible with VeRA were found")

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


def of_configuration(
    asked: Asked, choice: Choice, shape: ModelShape, method: Method
) -> Iterator[Refusal]:
    wanted = asked.target_modules
    by_name = not isinstance(wanted, str) or method.type not in {"lora", "adalora", "hra"}
    if not by_name and choice.layers_to_transform is not None:
        says = "`layers_to_transform` cannot be used when `target_modules` is a str."
        yield Refusal("bad-configuration", says)
    if not by_name and choice.layers_pattern:
        says = "`layers_pattern` cannot be used when `target_modules` is a str."
        yield Refusal("bad-configuration", says)
    if choice.layers_pattern and choice.layers_to_transform is None:
        says = "When `layers_pattern` is specified, `layers_to_transform` must also be specified."
        yield Refusal("bad-configuration", says)
    for key in _unknown_keys(choice, method):
        yield Refusal("unsupported-option", f"unexpected keyword argument '{key}'", detail=key)
    if wanted is None and not asked.target_parameters:
        yield Refusal("no-default", "Please specify `target_modules`")
    elif method.type == "ia3" and feedforward(shape, method) is None:
        yield Refusal("no-default", "Please specify `feedforward_modules`")
    forward = method.feedforward_modules
    if method.type == "ia3" and isinstance(wanted, tuple) and not {*(forward or ())} <= {*wanted}:
        says = "`feedforward_modules` should be a subset of `target_modules`"
        yield Refusal("bad-configuration", says)


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


def of_rewriting(rewriting: Rewriting) -> Iterator[Refusal]:
    if rewriting.missing:
        yield Refusal(
            "half-of-fused",
            f"without also targeting {', '.join(rewriting.missing)} because they are fused",
            detail=", ".join(rewriting.missing),
        )


def of_modules(
    matched: Sequence[Place], shape: ModelShape, method: Method, ranks: Mapping[str, int]
) -> Iterator[Refusal]:
    if method.type == "vera" and matched and not any(map(_is_linear, matched)):
        yield _NOTHING_FOR_VERA
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
            if rank_of(path, ranks, method) % groups:
                yield Refusal("rank-over-groups", "rank is divisible by groups", (path,))
        elif group.kind == "embedding" and method.type == "lora" and method.lora_bias:
            yield Refusal("unsupported-option", "lora_bias=True is not supported", (path,))


def _is_linear(place: Place) -> bool:
    return place.node.group is not None and place.node.group.kind in {"linear", "conv1d"}


def of_parameters(
    places: Iterable[ParameterPlace], matched: Iterable[Place], method: Method
) -> Iterator[Refusal]:
    taken = {id(place.node.group): place.at for place in matched}
    for place in places:
        path = (place.node.path,)
        if set(taken.get(id(place.group), ())).intersection(place.at):
            yield Refusal("parameter-of-adapted", "which is not a valid target", path)
        elif parameter_size(place.parameter) is None:
            yield Refusal("parameter-shape", "only 2d and 3d are supported", path)
        if method.type == "adalora":
            yield Refusal("unsupported-option", "unexpected keyword argument 'parameter_name'")
        for option, says in (
            (method.lora_dropout, "lora_dropout != 0"),
            (method.lora_bias, "lora_bias=True"),
            (method.use_dora, "use_dora=True"),
        ):
            if option:
                yield Refusal("unsupported-option", f"does not work with {says}", path)


def no_match(choice: Choice, method: Method, found: Sequence[Node], left_out: bool) -> Refusal:
    if method.type == "vera":
        return _NOTHING_FOR_VERA
    if not left_out and not choice.target_modules:
        return Refusal("no-match", "No `target_modules` passed but also no `target_parameters`")
    if not left_out:
        return Refusal("no-match", "not found in the base model")
    if all(len(excluded(node, choice)) == len(node.at) for node in found):
        return Refusal("all-excluded", "All modules were excluded")
    return Refusal("all-excluded", "No modules were targeted for adaptation")
