"""How much of a model adapters reach."""

from __future__ import annotations

from collections.abc import Iterable

from pitchpipe.modules import ModelShape, ModuleGroup, Role
from pitchpipe.targets.result import Adapted, AdaptedParameter, Coverage

_OUTSIDE: frozenset[Role] = frozenset({"head", "embedding", "norm", "tower"})


def coverage(
    shape: ModelShape, modules: Iterable[Adapted], parameters: Iterable[AdaptedParameter]
) -> Coverage:
    layers: set[tuple[str, int]] = set()
    weights = 0
    for group in shape.groups:
        size = _weights(group)
        if size:
            weights += size * group.count
            layers |= _layers(group, group.at)
    reached: set[tuple[str, int]] = set()
    weights_reached = 0
    for adapted in modules:
        if size := _weights(adapted.group):
            weights_reached += size * len(adapted.at)
            reached |= _layers(adapted.group, adapted.at)
    for adapted in parameters:
        if adapted.role not in _OUTSIDE:
            weights_reached += adapted.parameter.numel * len(adapted.at)
            reached |= _layers(adapted.group, adapted.at)
    return Coverage(len(layers), len(reached & layers), weights, weights_reached)


def _weights(group: ModuleGroup) -> int:
    """The weights that one module multiplies by, outside the head, embeddings and towers."""
    if group.role in _OUTSIDE or group.kind not in {"linear", "conv1d", "convolution", "experts"}:
        return 0
    return sum(p.numel for p in group.parameters if len(p.shape) > 1 and not p.buffer)


def _layers(group: ModuleGroup, at: Iterable[tuple[int, ...]]) -> set[tuple[str, int]]:
    """Each layer by its stack's path and its number in it."""
    stack, index, _ = group.path.partition("{}")
    return {(stack, number[0]) for number in at} if index else set()
