"""What targets leave out, by kind: the attention, the experts, the mixers of a hybrid model."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.modules import ModelShape, ModuleGroup, Role
from pitchpipe.suggest import all_of
from pitchpipe.targets import Targets

_KINDS: dict[Role, str] = {
    **dict.fromkeys(("q", "k", "v", "qkv", "o", "attention"), "attention"),
    **dict.fromkeys(("mlp", "shared-expert"), "mlp"),
    "expert": "experts",
    "mixer": "mixers",
    "router": "routers",
    "other": "others",
}
_WEIGHED = {"linear", "conv1d", "convolution", "experts"}
_NAMES = 4  # that a message lists of each kind
_MOST_KINDS = 3

_Layer = tuple[str, int]


def left_out(shape: ModelShape, targets: Targets) -> str:
    """The kinds of modules that the targets leave frozen, the heaviest first, for a message.

    Where whole layers are left out, it is what these consist of. "" where nothing is left.
    """
    reached = set(_reached(targets))
    layers = {layer for group in shape.groups for layer in _layers(group, group.at)}
    missed = layers - {layer for layer, _ in reached}
    weights: dict[str, int] = {}
    names: dict[str, dict[str, None]] = {}
    every = 0
    for group in shape.groups:
        kind = _KINDS.get(group.role)
        size = _weight(group)
        every += size * group.count if kind else 0
        if kind is None or not size:
            continue
        left = [
            layer
            for layer in _layers(group, group.at)
            if (layer, group.path) not in reached and (not missed or layer in missed)
        ]
        if left:
            weights[kind] = weights.get(kind, 0) + size * len(left)
            names.setdefault(kind, {}).setdefault(group.leaf)
    heaviest = sorted(weights, key=lambda kind: -weights[kind])[:_MOST_KINDS]
    said = [
        f"{kind} ({_share(weights[kind] / every)}: {all_of(list(names[kind])[:_NAMES])})"
        for kind in heaviest
    ]
    return ", ".join(said)


def _reached(targets: Targets) -> Iterator[tuple[_Layer, str]]:
    for adapted in (*targets.modules, *targets.parameters):
        for layer in _layers(adapted.group, adapted.at):
            yield layer, adapted.group.path


def _layers(group: ModuleGroup, at: tuple[tuple[int, ...], ...]) -> list[_Layer]:
    """The layer of each module, by its stack's path and its number in it."""
    stack, index, _ = group.path.partition("{}")
    return [(stack, number[0]) for number in at] if index and _weight(group) else []


def _weight(group: ModuleGroup) -> int:
    if group.role not in _KINDS or group.kind not in _WEIGHED:
        return 0
    return sum(p.numel for p in group.parameters if len(p.shape) > 1 and not p.buffer)


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"
