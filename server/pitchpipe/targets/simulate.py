"""PEFT's injection, without PEFT: `BaseTuner.inject_adapter` of 0.21.2, step by step."""

from __future__ import annotations

from dataclasses import replace

from pitchpipe.modules import ModelShape, ModuleGroup
from pitchpipe.targets.choice import Choice, Method
from pitchpipe.targets.coverage import coverage
from pitchpipe.targets.matching import (
    changed,
    entries,
    matched_modules,
    matched_parameters,
    open_ended,
)
from pitchpipe.targets.names import nodes
from pitchpipe.targets.outputs import is_output, kept_from_adapters, trained_heads
from pitchpipe.targets.patterns import PatternProblem
from pitchpipe.targets.presets import asked_of
from pitchpipe.targets.pricing import adapted_modules, adapted_parameters
from pitchpipe.targets.refusing import (
    no_match,
    of_configuration,
    of_modules,
    of_parameters,
    of_rewriting,
)
from pitchpipe.targets.result import Asked, Refusal, Targets
from pitchpipe.targets.rewriting import rewrite
from pitchpipe.targets.saving import biases, saved


def targets(shape: ModelShape, choice: Choice, method: Method | None = None) -> Targets:
    """What PEFT would adapt, refuse and train in a model of this shape."""
    try:
        return _simulated(shape, choice, method or Method())
    except PatternProblem as problem:
        reason = "bad-pattern" if problem.invalid else "costly-pattern"
        return _nothing(shape, choice, Refusal(reason, "", detail=str(problem)))


def _simulated(shape: ModelShape, asking: Choice, method: Method) -> Targets:
    found = nodes(shape)
    asked = asked_of(shape, asking, method, found)
    before = replace(
        asking,
        target_modules=asked.target_modules,
        target_parameters=asked.target_parameters or (),
        modules_to_save=(*asking.modules_to_save, *kept_from_adapters(shape)),
    )
    refusals = list(of_configuration(asked, before, shape, method))
    linear = [node for node in found if node.group and _is_all_linear(node.group, shape)]
    rewriting = rewrite(shape, before, method, found, linear)
    choice, ranks = before, dict(method.rank_pattern)
    if rewriting is not None:
        choice = replace(
            before,
            target_modules=rewriting.modules,
            target_parameters=(*before.target_parameters, *rewriting.parameters),
        )
        if rewriting.rank is not None:
            ranks[r".*\.gate_up_proj"] = rewriting.rank
        refusals += of_rewriting(rewriting)
    matched, left_out = matched_modules(choice, found, linear)
    refusals += of_modules(matched, shape, method, ranks)
    places = matched_parameters(choice, shape)
    refusals += of_parameters(places, matched, method)
    if not matched and not places:
        refusals.append(no_match(choice, method, found, left_out))
    modules = tuple(adapted_modules(matched, shape, method, ranks))
    parameters = tuple(adapted_parameters(places, method, ranks))
    lost, gained = changed(rewriting, before, matched, parameters, found, linear)
    heads = (*asking.modules_to_save, *trained_heads(shape))
    copies, refused = saved(replace(choice, modules_to_save=heads), shape, found, matched)
    return Targets(
        asked=asked,
        modules=modules,
        parameters=parameters,
        entries=tuple(entries(asked, found, shape)),
        refusals=(*refusals, *refused),
        rewriting=rewriting if rewriting is not None and rewriting.changes else None,
        saved=copies,
        biases=biases(shape, method, modules, parameters, copies),
        coverage=coverage(shape, modules, parameters),
        lost=lost,
        gained=gained,
        open_ended=tuple(open_ended(before, shape, matched)),
    )


def _is_all_linear(group: ModuleGroup, shape: ModelShape) -> bool:
    return group.kind in {"linear", "conv1d"} and not is_output(group, shape)


def _nothing(shape: ModelShape, choice: Choice, refusal: Refusal) -> Targets:
    targets = choice.target_modules
    return Targets(
        asked=Asked(targets, choice.target_parameters or None),
        modules=(),
        parameters=(),
        entries=(),
        refusals=(refusal,),
        rewriting=None,
        saved=(),
        biases=0,
        coverage=coverage(shape, (), ()),
    )
