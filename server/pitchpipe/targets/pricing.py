"""Each adapter with its rank and its price."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pitchpipe.modules import ModelShape
from pitchpipe.targets.choice import Method
from pitchpipe.targets.defaults import FEEDFORWARD
from pitchpipe.targets.matching import ParameterPlace
from pitchpipe.targets.names import At, Place, without
from pitchpipe.targets.patterns import compiled
from pitchpipe.targets.result import Adapted, AdaptedParameter
from pitchpipe.targets.support import cost, features, is_adaptable, parameter_size


def adapted_modules(
    matched: Iterable[Place],
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


def adapted_parameters(
    places: Iterable[ParameterPlace], method: Method, ranks: Mapping[str, int]
) -> Iterator[AdaptedParameter]:
    for place in places:
        size = parameter_size(place.parameter)
        if size is None:
            continue
        for rank, same in _by_rank(place.node.path, place.at, ranks, method):
            price = rank * size[0] * (size[1] + size[2])
            yield AdaptedParameter(place.group, place.parameter, same, size, rank, price)


def _by_forward(place: Place, shape: ModelShape, method: Method) -> list[tuple[bool, At]]:
    """IA3 scales the input of some modules and the output of the others."""
    if method.type != "ia3":
        return [(False, place.at)]
    names = feedforward(shape, method) or ()
    forward = tuple(at for at in place.at if place.node.name(at).endswith(names))
    return [(f, at) for f, at in ((True, forward), (False, without(place.at, forward))) if at]


def feedforward(shape: ModelShape, method: Method) -> tuple[str, ...] | None:
    if method.feedforward_modules is not None:
        return method.feedforward_modules
    return FEEDFORWARD.get(shape.model_type)


def _by_rank(path: str, at: At, ranks: Mapping[str, int], method: Method) -> list[tuple[int, At]]:
    if not ranks:
        return [(method.r, at)]
    if not any(re.search(r"\d", key) for key in ranks):
        return [(rank_of(path.format(*at[0]), ranks, method), at)]
    found: dict[int, list[tuple[int, ...]]] = {}
    for index in at:
        found.setdefault(rank_of(path.format(*index), ranks, method), []).append(index)
    return [(rank, tuple(same)) for rank, same in found.items()]


def rank_of(name: str, ranks: Mapping[str, int], method: Method) -> int:
    for key, rank in ranks.items():
        if compiled(rf"(.*\.)?({key})$").start(name):
            return rank
    return method.r
