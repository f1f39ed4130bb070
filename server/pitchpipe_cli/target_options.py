"""Targets that are given on the command line, and what is wrong with them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace

from pitchpipe.modules import ModelShape
from pitchpipe.placing import Placement, default_method, placement
from pitchpipe.suggest import one_of
from pitchpipe.targets import PRESETS, Choice, Entry, Refusal, targets
from pitchpipe_cli import workflow_file
from pitchpipe_cli.errors import CommandError

_RANK = 16
_PATTERN = re.compile(r"[*()\[\]\\|^$+?]")  # none of these is in a module's name


def chosen(arguments: argparse.Namespace, shape: ModelShape) -> Placement | None:
    """What a run with these options would adapt; None where there are none of them."""
    if not (arguments.target or arguments.exclude or arguments.rank):
        return None
    method = replace(
        default_method(workflow_file.schema()),
        r=arguments.rank or _RANK,
        target_modules=asked(arguments.target) or "all-linear",
        exclude_modules=asked(arguments.exclude),
    )
    return placement(method, shape)


def asked(given: Sequence[str]) -> str | tuple[str, ...]:
    """PEFT takes one text for a pattern or a keyword, several for the ends of modules' names."""
    patterns = [text for text in given if _PATTERN.search(text)]
    if patterns and len(given) > 1:
        raise CommandError(f"`{patterns[0]}` is a regular expression, which stands alone")
    if patterns or (len(given) == 1 and given[0] in {"all-linear", *PRESETS}):
        return given[0]
    return tuple(name for text in given for name in text.split(",") if name)


def complaints(chosen: Placement | None, shape: ModelShape) -> list[str]:
    """What is wrong with targets that were given on the command line."""
    if chosen is None:
        return []
    unknown = [_no_module(entry) for entry in chosen.missing]
    refused = [_refused(refusal) for refusal in chosen.targets.refusals[:1]]
    return unknown or refused or _excludes_nothing(chosen, shape)


def _excludes_nothing(chosen: Placement, shape: ModelShape) -> list[str]:
    """Exclusions that name no module of the model, or a pattern that takes no target away."""
    excluded = chosen.choice.exclude_modules
    if not isinstance(excluded, str):
        named = targets(shape, Choice(excluded)).entries if excluded else ()
        return [_no_module(entry) for entry in named if not entry.count]
    without = targets(shape, replace(chosen.choice, exclude_modules=()), chosen.method)
    if without.module_names != chosen.targets.module_names:
        return []
    return [f"`{excluded}` excludes none of the targets"]


def _no_module(entry: Entry) -> str:
    near = f"; did you mean `{entry.nearest}`?" if entry.nearest else ""
    return f"no module is called `{entry.text}`{near}"


def _refused(refusal: Refusal) -> str:
    if refusal.reason in {"no-match", "all-excluded"}:
        return "these targets match no module"
    if refusal.reason == "bad-pattern":
        return f"this is no regular expression: {refusal.detail}"
    named = [path.replace("{}", "*") for path in refusal.paths[:3]]
    paths = f" {one_of(named)}" if named else " this choice"
    return f"PEFT refuses{paths}: {refusal.why}"
