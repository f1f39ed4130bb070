"""Rules about keys of `method` that select by name or number, and may select nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pitchpipe.checks.placed import Placed, at_item, placed
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.keypath import KeyPath
from pitchpipe.placing import placement
from pitchpipe.span import Span
from pitchpipe.suggest import nearest
from pitchpipe.targets import Choice, targets
from pitchpipe.targets.patterns import PatternProblem, compiled
from pitchpipe.workflow import Present, Setting


def target_pattern_invalid(context: Context) -> Iterator[Report]:
    """A text that is meant as a regular expression and is none."""
    if context.effective(context.workflow.method.type) == "full":
        return
    for pattern, span, path in _patterns(context):
        if problem := _problem(pattern):
            yield Report(f"`{pattern}` is no regular expression: {problem}", span, path)


def pattern_matches_nothing(context: Context) -> Iterator[Report]:
    """A name, a pattern or a layer's number that selects none of the modules with adapters."""
    look = placed(context)
    if look is None or look.refused("bad-pattern", "costly-pattern") is not None:
        return
    yield from _layers(context, look)
    yield from _exclusions(context, look)
    method = context.workflow.method
    yield from _names(context, look, method.rank_pattern)
    yield from _names(context, look, method.alpha_pattern)


def _matches(pattern: str, names: Sequence[str]) -> bool:
    """As `peft.utils.other.get_pattern_key` of 0.21 reads it; true where nobody can try it."""
    try:
        return any(map(compiled(rf"(.*\.)?({pattern})$").start, names))
    except PatternProblem:
        return True


def _problem(pattern: str) -> str | None:
    try:
        compiled(pattern)
    except PatternProblem as problem:
        return str(problem) if problem.invalid else None
    return None


def _patterns(context: Context) -> Iterator[tuple[str, Span, KeyPath]]:
    """The file's regular expressions; names and keywords are such, too."""
    method = context.workflow.method
    for setting in (method.target_modules, method.exclude_modules):
        if isinstance(setting, Present) and isinstance(setting.value, str):
            yield setting.value, setting.span, setting.path
    for setting in (method.rank_pattern, method.alpha_pattern):
        if isinstance(setting, Present):
            for name in setting.value:
                path = (*setting.path, name)
                yield name, context.reading.key_span(path), path


def _layers(context: Context, look: Placed) -> Iterator[Report]:
    setting = context.workflow.method.layers_to_transform
    numbers = [index[0] for group in look.shape.groups for index in group.at if index]
    if not isinstance(setting, Present) or not setting.value or not numbers:
        return
    last = max(numbers)
    for index, number in enumerate(setting.value):
        if number > last:
            message = f"{look.model} has no layer {number}; its layers are 0 to {last}"
            yield at_item(context, (*setting.path, index), message)


def _exclusions(context: Context, look: Placed) -> Iterator[Report]:
    setting = context.workflow.method.exclude_modules
    if not isinstance(setting, Present) or not setting.value:
        return
    if isinstance(setting.value, str):
        others = placement(replace(look.settings.method, exclude_modules=()), look.shape)
        if others.targets.module_names == look.targets.module_names:
            message = f"`{setting.value}` excludes none of the modules that get adapters"
            yield Report(message, setting.span, setting.path)
        return
    for index, entry in enumerate(targets(look.shape, Choice(setting.value)).entries):
        if not entry.count:
            near = f"; did you mean `{entry.nearest}`?" if entry.nearest else ""
            message = f"{look.model} has no module `{entry.text}` to exclude{near}"
            yield at_item(context, (*setting.path, index), message, entry.nearest)


def _names(context: Context, look: Placed, setting: Setting[Any]) -> Iterator[Report]:
    """Keys of a pattern; PEFT passes over those that match no adapted module."""
    adapted = (*look.targets.module_names, *look.targets.parameter_names)
    if not isinstance(setting, Present) or not adapted:
        return
    leaves = dict.fromkeys(name.rpartition(".")[2] for name in adapted)
    for name in setting.value:
        if _problem(name) is None and not _matches(name, adapted):
            near = nearest(name, leaves)
            advice = f"; did you mean `{near}`?" if near else ""
            path = (*setting.path, name)
            message = f"`{name}` is the name of no module that gets an adapter{advice}"
            yield Report(message, context.reading.key_span(path), path)
