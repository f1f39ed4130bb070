"""Rules about which modules of the model are trained.

They speak where the model's modules are known exactly, and keep silent elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pitchpipe.checks.placed import Placed, at_item, place, placed, places, shortened
from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.reach import left_out
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath
from pitchpipe.modules import Role
from pitchpipe.span import Span
from pitchpipe.suggest import all_of, nearest
from pitchpipe.targets import PRESETS, Choice, Entry, targets
from pitchpipe.targets.saving import names_none
from pitchpipe.workflow import Present

_FEW_LAYERS = 0.5
_FEW_WEIGHTS = 0.01
_MANY_WEIGHTS = 0.1
_BETWEEN = re.compile(r"[,|()\s]+")
_NAME = re.compile(r"\w+(\.\w+)*")
_OUTSIDE: tuple[Role, ...] = ("head", "tower")
_CALLED: dict[Role, str] = {"head": "the output head", "tower": "a vision or audio tower"}


def target_module_not_found(context: Context) -> Iterator[Report]:
    """A name that ends no module's path. PEFT passes over it as long as it finds another."""
    look = placed(context)
    if look is None:
        return
    missing = {entry.text: entry for entry in look.placement.missing}
    method = context.workflow.method
    for setting, kind in (
        (method.target_modules, "module"),
        (method.target_parameters, "parameter"),
    ):
        if isinstance(setting, Present) and not isinstance(setting.value, str):
            for index, name in enumerate(setting.value):
                if name in missing:
                    path = (*setting.path, index)
                    message, better = _lacks(look, missing[name], kind)
                    yield at_item(context, path, message, better)
    yield from _none_to_save(context, look)


def target_matches_nothing(context: Context) -> Iterator[Report]:
    """A regular expression, a preset, an empty list or exclusions that leave nothing to adapt."""
    method = context.workflow.method
    setting = method.target_modules
    if not isinstance(setting, Present):
        return
    if setting.value == ():
        if context.effective(method.target_parameters) in ((), []):
            message = "`target_modules` is empty, and `target_parameters` names nothing either"
            yield Report(message, setting.span, setting.path)
        return
    look = placed(context)
    if look is None or look.refused("no-match", "all-excluded") is None:
        return
    if isinstance(setting.value, str):
        said, none = f"`target_modules: {setting.value}`", f"matches no module of {look.model}"
        better = _meant(look, setting.value)
        if better is None:
            yield Report(f"{said} {none}{look.names()}", setting.span, setting.path)
            return
        if better.startswith("["):
            said, better_said = f"{said} is a pattern for whole names and", f"the list `{better}`"
        else:
            better_said = f"`{better}`"
        message = f"{said} {none}; did you mean {better_said}?"
        scalar = context.reading.scalar(setting.path)
        fix = Fix(f"Write `{better}`", (Edit(scalar.span, better),)) if scalar else None
        yield Report(message, setting.span, setting.path, fix)
    elif not look.placement.missing:
        named = look.settings.method.layers_to_transform is not None
        why = "none is in these layers" if named else "all are excluded"
        message = f"no module of {look.model} is left to adapt: {why}"
        yield Report(message, setting.span, setting.path)


def _meant(look: Placed, text: str) -> str | None:
    """The preset that is spelt nearly so, or a list of the names, where each names a module."""
    names = tuple(name for name in _BETWEEN.split(text) if name)
    if names and all(_NAME.fullmatch(name) for name in names):
        placed_so = targets(look.shape, Choice(names))
        if not placed_so.refusals and all(entry.count for entry in placed_so.entries):
            return f"[{', '.join(names)}]"
    return nearest(text, ("all-linear", *PRESETS))


def target_refused(context: Context) -> Iterator[Report]:
    """Modules that PEFT can't put an adapter on."""
    apart = list(_contradictions(context))
    look = placed(context)
    if apart or look is None:
        yield from apart
        return
    known = {"no-match", "all-excluded", "bad-pattern", "costly-pattern"}
    refusal = next((r for r in look.targets.refusals if r.reason not in known), None)
    if refusal is None:
        return
    saving = refusal.reason.startswith("saved-")
    method = context.workflow.method
    setting = method.modules_to_save if saving else method.target_modules
    if refusal.reason == "half-of-fused":
        other = f"`{refusal.detail}`"
        holds = f"{look.model} holds {other} and what is named in one parameter"
        message = f"{holds}; name {other} too"
        yield Report(message, setting.span, setting.path)
        return
    paths = all_of(shortened(refusal.paths)) if refusal.paths else f"{look.model}"
    yield Report(f"{paths} is refused by PEFT: {refusal.why}", setting.span, setting.path)


def _contradictions(context: Context) -> Iterator[Report]:
    """Keys that PEFT refuses beside each other, whatever the model."""
    method = context.workflow.method
    layers, pattern = method.layers_to_transform, method.layers_pattern
    targets = context.effective(method.target_modules)
    if context.effective(method.type) == "full":
        return
    yield from _beside_parameters(context)
    if isinstance(layers, Present) and layers.value is not None:
        if isinstance(targets, str) and targets not in PRESETS:
            message = (
                f"`layers_to_transform` needs a list of names in `target_modules`, not `{targets}`"
            )
            yield Report(message, layers.key, layers.path)
    elif isinstance(pattern, Present) and pattern.value:
        message = "`layers_pattern` needs `layers_to_transform`, which says which of the layers"
        yield Report(message, pattern.key, pattern.path)


def _beside_parameters(context: Context) -> Iterator[Report]:
    """What PEFT's wrapper of single parameters can't do (peft 0.21, `ParamWrapper`)."""
    method = context.workflow.method
    named = method.target_parameters
    if not isinstance(named, Present) or not named.value:
        return
    for setting in (method.lora_dropout, method.use_dora):
        if isinstance(setting, Present) and setting.value:
            message = (
                f"`target_parameters` can't be trained with `{setting.path[-1]}`: PEFT refuses it"
            )
            related = set_here(context, named)
            yield Report(message, setting.key, setting.path, related=related)


def target_hits_head_or_tower(context: Context) -> Iterator[Report]:
    """Names that also match where one seldom means to train: the head, another modality."""
    look = placed(context)
    setting = context.workflow.method.target_modules
    if look is None:
        return
    for role in _OUTSIDE:
        hit = list(look.targets.hits(role))
        count = sum(len(one.at) for one in hit)
        if count:
            modules = "1 module" if count == 1 else f"{count} modules"
            message = f"the targets also take {modules} of {_CALLED[role]}: {all_of(places(hit))}"
            yield Report(message, setting.span, setting.path)


def rank_over_dimension(context: Context) -> Iterator[Report]:
    """A rank above the smaller side of a matrix, which has no more directions than that."""
    look = placed(context)
    if look is None:
        return
    over = [a for a in look.targets.modules if a.rank > min(a.features)]
    if over:
        least = min(over, key=lambda a: min(a.features))
        sides = "x".join(map(str, least.features))
        message = (
            f"rank {least.rank} is above the smaller side of `{place(least)}` ({sides}), "
            f"which has no more than {min(least.features)} directions to learn"
        )
        span, path = _of_rank(context, least.rank)
        yield Report(message, span, path)


def _of_rank(context: Context, rank: int) -> tuple[Span, KeyPath]:
    """Where the file says this rank: `r`, or one of the exceptions from it."""
    method = context.workflow.method
    if isinstance(method.rank_pattern, Present):
        for name, other in method.rank_pattern.value.items():
            if other == rank != context.effective(method.r):
                path = (*method.rank_pattern.path, name)
                return context.reading.value_span(path), path
    return method.r.span, method.r.path


def expert_weights_frozen(context: Context) -> Iterator[Report]:
    """A mixture of experts whose experts, most of its weights, get no adapter."""
    look = placed(context)
    setting = context.workflow.method.target_modules
    if look is None or next(look.targets.hits("expert"), None) is not None:
        return
    experts = [g for g in look.shape.groups if g.role == "expert"]
    share = sum(g.numel * g.count for g in experts) / max(look.shape.numel, 1)
    if share < _MANY_WEIGHTS or not look.targets.modules:
        return
    message = (
        f"the experts hold {share:.0%} of the weights of {look.model}, and none gets an adapter; "
        "`mlp` and `attention+mlp` reach them"
    )
    yield Report(message, setting.span, setting.path)


def low_coverage(context: Context) -> Iterator[Report]:
    """Targets that exist in a few layers alone, as attention does in hybrid models.

    Who names the layers means those.
    """
    look = placed(context)
    method = context.workflow.method
    if look is None or not (look.targets.modules or look.targets.parameters):
        return
    coverage = look.targets.coverage
    if context.effective(method.layers_to_transform) is not None:
        return
    if coverage.of_layers >= _FEW_LAYERS and coverage.of_weights >= _FEW_WEIGHTS:
        return
    left = left_out(look.shape, look.targets)
    message = (
        f"the targets reach {coverage.layers_reached} of {coverage.layers} layers of {look.model} "
        f"and {coverage.of_weights:.1%} of the layers' weights"
    )
    whole = coverage.layers_reached < coverage.layers
    what = "the other layers hold" if whole else "left out are"
    message += f"; {what} {left}" if left else ""
    yield Report(message, method.target_modules.span, method.target_modules.path)


def tied_head_saved(context: Context) -> Iterator[Report]:
    """A head in `modules_to_save` that is the embedding's own matrix."""
    look = placed(context)
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
                yield at_item(context, (*setting.path, index), message)


def _lacks(look: Placed, entry: Entry, kind: str) -> tuple[str, str | None]:
    """The message, and the name to write instead."""
    message = f"{look.model} has no {kind} `{entry.text}`"
    alike = look.for_the_same(entry.text)
    if alike:
        return f"{message}; what it has for it is {all_of(alike)}", _only(alike)
    if look.has_experts_for(entry.text):
        return f"{message}; the presets `mlp` and `attention+mlp` reach its experts", None
    if entry.nearest:
        return f"{message}; did you mean `{entry.nearest}`?", entry.nearest
    return message + look.names(), None


def _none_to_save(context: Context, look: Placed) -> Iterator[Report]:
    setting = context.workflow.method.modules_to_save
    if not isinstance(setting, Present):
        return
    missing = names_none(setting.value, look.shape)
    known = [name for g in look.shape.groups if g.parameters for name in (g.leaf, g.path)]
    for index, name in enumerate(setting.value):
        if name in missing:
            near = nearest(name, (other for other in known if "{}" not in other))
            advice = f"; did you mean `{near}`?" if near else ""
            message = f"{look.model} has no module `{name}` to save{advice}"
            yield at_item(context, (*setting.path, index), message, near)


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None
