"""Rules about which modules of the model are trained.

They speak where the model's modules are known exactly, and keep silent elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pitchpipe.checks.report import Report
from pitchpipe.checks.wording import flow
from pitchpipe.context import Context
from pitchpipe.costs.settings import Settings, of_context
from pitchpipe.costs.step import adapted_by
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath
from pitchpipe.modules import ModelShape, Role
from pitchpipe.suggest import all_of
from pitchpipe.targets import Adapted, AdaptedParameter, Targets
from pitchpipe.workflow import Present, Wrong

_MANY = 10  # names that a message lists
_FEW_LAYERS = 0.5
_FEW_WEIGHTS = 0.01
_ADAPTABLE = {"linear", "conv1d", "embedding", "convolution"}
_OUTSIDE: tuple[Role, ...] = ("head", "tower")
_CALLED: dict[Role, str] = {"head": "the output head", "tower": "a vision or audio tower"}


def target_module_not_found(context: Context) -> Iterator[Report]:
    """A name that ends no module's path. PEFT passes over it as long as it finds another."""
    look = _look(context)
    setting = context.workflow.method.target_modules
    if look is None or not isinstance(setting, Present) or isinstance(setting.value, str):
        return
    for index, entry in enumerate(look.targets.entries):
        if not entry.count:
            path = (*setting.path, index)
            if entry.nearest:
                more = f"; did you mean `{entry.nearest}`?"
                yield _at_item(context, path, look.lacks(entry.text) + more, entry.nearest)
            else:
                yield _at_item(context, path, look.lacks(entry.text) + look.names())


def target_matches_nothing(context: Context) -> Iterator[Report]:
    """A regular expression, a preset or exclusions that leave nothing to adapt."""
    look = _look(context)
    setting = context.workflow.method.target_modules
    if look is None or not isinstance(setting, Present) or not isinstance(setting.value, str):
        return
    if look.refused("no-match", "all-excluded") is not None:
        message = f"`target_modules: {setting.value}` matches no module of {look.model}"
        yield Report(message + look.names(), setting.span, setting.path)


def target_pattern_invalid(context: Context) -> Iterator[Report]:
    """A text that is meant as a regular expression and is none."""
    look = _look(context)
    setting = context.workflow.method.target_modules
    if look and isinstance(setting, Present) and (refused := look.refused("bad-pattern")):
        message = f"`{flow(setting.value)}` is no regular expression: {refused}"
        yield Report(message, setting.span, setting.path)


def target_refused(context: Context) -> Iterator[Report]:
    """Modules that PEFT can't put an adapter on."""
    look = _look(context)
    if look is None:
        return
    known = {"no-match", "all-excluded", "bad-pattern", "costly-pattern"}
    refusal = next((r for r in look.targets.refusals if r.reason not in known), None)
    if refusal is None:
        return
    saving = refusal.reason.startswith("saved-")
    method = context.workflow.method
    setting = method.modules_to_save if saving else method.target_modules
    what = _WHY.get(refusal.reason, refusal.says)
    paths = all_of(_shortened(refusal.paths)) if refusal.paths else f"{look.model}"
    yield Report(f"{paths} is refused by PEFT: {what}", setting.span, setting.path)


_WHY = {
    "mamba-output": "Mamba's kernel reads these weights itself and would pass over the adapter",
    "unsupported-module": "it can put no adapter on modules of this kind",
    "half-of-fused": "it is half of a parameter that holds two, and both need to be named",
    "saved-list": "a list of modules can't be copied; name the modules in it",
    "saved-adapted": "what has an adapter can't be in `modules_to_save` too",
}


def target_hits_head_or_tower(context: Context) -> Iterator[Report]:
    """Names that also match where one seldom means to train: the head, another modality."""
    look = _look(context)
    setting = context.workflow.method.target_modules
    if look is None:
        return
    for role in _OUTSIDE:
        hit = list(look.targets.hits(role))
        count = sum(len(one.at) for one in hit)
        if count:
            modules = "1 module" if count == 1 else f"{count} modules"
            message = f"the targets also take {modules} of {_CALLED[role]}: {all_of(_paths(hit))}"
            yield Report(message, setting.span, setting.path)


def rank_over_dimension(context: Context) -> Iterator[Report]:
    """A rank above the smaller side of a matrix, which has no more directions than that."""
    look = _look(context)
    setting = context.workflow.method.r
    if look is None:
        return
    over = [a for a in look.targets.modules if a.rank > min(a.features)]
    if over:
        least = min(over, key=lambda a: min(a.features))
        sides = "x".join(map(str, least.features))
        message = (
            f"rank {least.rank} is above the smaller side of `{_path(least)}` ({sides}), "
            f"which has no more than {min(least.features)} directions to learn"
        )
        yield Report(message, setting.span, setting.path)


def expert_weights_frozen(context: Context) -> Iterator[Report]:
    """A mixture of experts whose experts, most of its weights, get no adapter."""
    look = _look(context)
    setting = context.workflow.method.target_modules
    if look is None or next(look.targets.hits("expert"), None) is not None:
        return
    experts = [g for g in look.shape.groups if g.role == "expert"]
    share = sum(g.numel * g.count for g in experts) / max(look.shape.numel, 1)
    if not experts or not look.targets.modules:
        return
    message = (
        f"the experts hold {share:.0%} of the weights of {look.model}, and none gets an adapter; "
        "`mlp` and `attention+mlp` reach them"
    )
    yield Report(message, setting.span, setting.path)


def low_coverage(context: Context) -> Iterator[Report]:
    """Targets that exist in a few layers alone, as attention does in hybrid models."""
    look = _look(context)
    setting = context.workflow.method.target_modules
    if look is None or not (look.targets.modules or look.targets.parameters):
        return
    coverage = look.targets.coverage
    if coverage.of_layers < _FEW_LAYERS:
        what = f"{coverage.layers_reached} of {coverage.layers} layers"
    elif coverage.of_weights < _FEW_WEIGHTS:
        what = f"{coverage.of_weights:.1%} of the layers' weights"
    else:
        return
    message = f"the targets reach {what} of {look.model}"
    yield Report(message + look.missed(), setting.span, setting.path)


def tied_head_saved(context: Context) -> Iterator[Report]:
    """A head in `modules_to_save` that is the embedding's own matrix."""
    look = _look(context)
    setting = context.workflow.method.modules_to_save
    if look is None or not isinstance(setting, Present):
        return
    pairs = {
        g.path: p.tied_to.rpartition(".")[0]
        for g in look.shape.groups
        for p in g.parameters
        if p.tied_to is not None and g.role == "head"
    }
    for index, name in enumerate(setting.value):
        for head, embedding in pairs.items():
            named = name.rpartition(".")[2]
            if named in {head.rpartition(".")[2], embedding.rpartition(".")[2]}:
                both = f"`{head}` and `{embedding}` of {look.model} are one matrix (tied)"
                message = f"{both}, so both are trained in full and stay one"
                yield _at_item(context, (*setting.path, index), message)


# What the rules look at


@dataclass(frozen=True, slots=True)
class _Look:
    settings: Settings
    shape: ModelShape
    targets: Targets

    @property
    def model(self) -> str:
        return f"`{self.settings.model.name_or_path}`"

    def refused(self, *reasons: str) -> str | None:
        """Details of the first refusal for one of these reasons, None where there is none."""
        return next((r.detail for r in self.targets.refusals if r.reason in reasons), None)

    def lacks(self, name: str) -> str:
        return f"{self.model} has no module `{name}`"

    def names(self) -> str:
        """Behind a message: the names that there are to choose from."""
        inside = {"q", "k", "v", "qkv", "o", "attention", "mlp", "shared-expert", "mixer"}
        there = (g for g in self.shape.groups if g.kind in _ADAPTABLE and g.role in inside)
        leaves = list(dict.fromkeys(g.leaf for g in there))[:_MANY]
        return f"; its layers have {all_of(leaves)}" if leaves else ""

    def missed(self) -> str:
        """Behind a message: names of linear layers that the targets leave out."""
        reached = {a.group.path for a in self.targets.modules}
        groups = (g for g in self.shape.groups if g.kind in {"linear", "conv1d"})
        left = (g for g in groups if g.path not in reached and g.role not in {"head", "tower"})
        leaves = list(dict.fromkeys(g.leaf for g in left if "{}" in g.path))[:_MANY]
        return f"; the others have {all_of(leaves)}" if leaves else ""


@lru_cache(maxsize=8)
def _look(context: Context) -> _Look | None:
    """The rules ask one after the other, so the last answers are kept."""
    method = context.workflow.method
    asked = (method.type, method.target_modules, method.modules_to_save)
    if any(isinstance(setting, Wrong) for setting in asked):
        return None
    shape = context.shape()
    if shape is None or not shape.exact:
        return None
    settings = of_context(context)
    targets = adapted_by(settings, shape)
    return _Look(settings, shape, targets) if targets else None


def _at_item(context: Context, path: KeyPath, message: str, better: str | None = None) -> Report:
    scalar = context.reading.scalar(path)
    fix = Fix(f"Write `{better}`", (Edit(scalar.span, better),)) if scalar and better else None
    return Report(message, context.reading.value_span(path), path, fix)


def _path(adapted: Adapted | AdaptedParameter) -> str:
    first = adapted.names[0]
    return first if len(adapted.at) == 1 else adapted.group.path.replace("{}", "*")


def _paths(adapted: Iterable[Adapted | AdaptedParameter]) -> list[str]:
    return _shortened(list(dict.fromkeys(map(_path, adapted))))


def _shortened(paths: Iterable[str]) -> list[str]:
    """As many as a message has room for."""
    return [path.replace("{}", "*") for path in paths][:3]
