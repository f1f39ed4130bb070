"""What a file's adapters come to on its model, for the rules about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.costs.settings import Settings, of_context
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath
from pitchpipe.modules import ModelShape, Role
from pitchpipe.placing import Placement, placement
from pitchpipe.suggest import all_of
from pitchpipe.targets import Adapted, AdaptedParameter, Targets
from pitchpipe.workflow import Wrong

_MANY = 10  # names that a message lists
_ADAPTABLE = {"linear", "conv1d", "embedding", "convolution"}
_INSIDE = {"q", "k", "v", "qkv", "o", "attention", "mlp", "shared-expert", "mixer"}

# What the modules of many models are called, and their roles where they are called otherwise.
_MLP: frozenset[Role] = frozenset({"mlp"})
_FUSED: frozenset[Role] = frozenset({"q", "k", "v", "qkv"})
_USUAL: dict[str, frozenset[Role]] = {
    "q_proj": frozenset({"q", "qkv"}),
    "k_proj": frozenset({"k", "qkv"}),
    "v_proj": frozenset({"v", "qkv"}),
    "o_proj": frozenset({"o"}),
    **dict.fromkeys(("gate_proj", "up_proj", "down_proj", "gate_up_proj", "fc1", "fc2"), _MLP),
    **dict.fromkeys(("query_key_value", "c_attn", "qkv_proj", "Wqkv", "W_pack"), _FUSED),
}


@dataclass(frozen=True, slots=True)
class Placed:
    """`shape` is that of a model whose modules are known exactly."""

    settings: Settings
    shape: ModelShape
    placement: Placement

    @property
    def targets(self) -> Targets:
        return self.placement.targets

    @property
    def model(self) -> str:
        return f"`{self.settings.model.name_or_path}`"

    def refused(self, *reasons: str) -> str | None:
        """Details of the first refusal for one of these reasons, None where there is none."""
        return next((r.detail for r in self.targets.refusals if r.reason in reasons), None)

    def for_the_same(self, name: str) -> list[str]:
        """What this model calls the modules that others call `name`; none where nobody does."""
        roles = _USUAL.get(name, frozenset())
        groups = (g for g in self.shape.groups if g.kind in _ADAPTABLE and g.role in roles)
        return list(dict.fromkeys(g.leaf for g in groups))

    def has_experts_for(self, name: str) -> bool:
        """Whether `name` is usual in an MLP and this model has experts instead."""
        return _USUAL.get(name) is _MLP and any(g.role == "expert" for g in self.shape.groups)

    def names(self) -> str:
        """Behind a message: the names that there are to choose from."""
        there = (g for g in self.shape.groups if g.kind in _ADAPTABLE and g.role in _INSIDE)
        leaves = list(dict.fromkeys(g.leaf for g in there))[:_MANY]
        return f"; its layers have {all_of(leaves)}" if leaves else ""


@lru_cache(maxsize=8)
def placed(context: Context) -> Placed | None:
    """None where all weights are trained, a setting is wrong or the model is not known exactly.

    The rules ask one after the other, so the last answers are kept.
    """
    method = context.workflow.method
    asked = (
        *(method.type, method.r, method.rank_pattern, method.bias, method.lora_dropout),
        *(method.target_modules, method.exclude_modules, method.target_parameters),
        *(method.layers_to_transform, method.layers_pattern, method.modules_to_save),
        method.use_dora,
    )
    if any(isinstance(setting, Wrong) for setting in asked):
        return None
    if context.effective(method.type) == "full":
        return None
    shape = context.shape()
    if shape is None or not shape.exact:
        return None
    settings = of_context(context, sources=False)
    return Placed(settings, shape, placement(settings.method, shape))


def at_item(context: Context, path: KeyPath, message: str, better: str | None = None) -> Report:
    """About an item of a list; `better` is what it should be."""
    scalar = context.reading.scalar(path)
    fix = Fix(f"Write `{better}`", (Edit(scalar.span, better),)) if scalar and better else None
    return Report(message, context.reading.value_span(path), path, fix)


def place(adapted: Adapted | AdaptedParameter) -> str:
    """The name of a module, with a `*` for what is different in others of its kind."""
    first = adapted.names[0]
    return first if len(adapted.at) == 1 else adapted.group.path.replace("{}", "*")


def places(adapted: Iterable[Adapted | AdaptedParameter]) -> list[str]:
    """As many as a message has room for."""
    return shortened(dict.fromkeys(map(place, adapted)))


def shortened(paths: Iterable[str]) -> list[str]:
    """As many as a message has room for."""
    return [path.replace("{}", "*") for path in paths][:3]
