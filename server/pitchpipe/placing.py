"""Where a file's `method` puts adapters: what the runner asks of PEFT, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from pitchpipe.modules import ModelShape
from pitchpipe.plan import MethodPlan
from pitchpipe.schema import Schema
from pitchpipe.targets import Choice, Entry, Method, Refusal, Targets, targets

# Names that PEFT 0.21 keeps tied when it is told to (peft.utils.constants.EMBEDDING_LAYER_NAMES).
_EMBEDDINGS = frozenset({"embed_tokens", "lm_head"})


@dataclass(frozen=True, slots=True)
class Placement:
    """`choice` is the file's, without what PEFT could not adapt; `targets` is what comes of it.

    `left_out`: the paths, with a `{}` for each index, that were meant and are excluded from it.
    """

    choice: Choice
    method: Method
    targets: Targets
    left_out: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Entry, ...]:
        """Names that were asked for and match nothing, not even what PEFT makes of them.

        A name of single experts stands for a part of the fused ones where PEFT rewrites it.
        """
        rewriting = self.targets.rewriting
        kept = None if rewriting is None else frozenset(rewriting.modules)
        parameters = frozenset(self.targets.asked.target_parameters or ())
        return tuple(
            entry
            for entry in self.targets.entries
            if not entry.count and (kept is None or entry.text in kept or entry.text in parameters)
        )


def placement(method: MethodPlan, shape: ModelShape) -> Placement:
    """What PEFT is asked for and makes of it. `method.type` is one with adapters."""
    choice, own = _choice(method, shape), _method(method)
    found = targets(shape, choice, own)
    passed_over = [r for r in found.refusals if r.reason == "mamba-output"]
    if method.target_modules != "all-linear" or not passed_over:
        return Placement(choice, own, found)
    left_out = tuple(path for refusal in passed_over for path in refusal.paths)
    choice = replace(choice, exclude_modules=_excluding(choice.exclude_modules, passed_over))
    return Placement(choice, own, targets(shape, choice, own), left_out)


def default_method(schema: Schema) -> MethodPlan:
    """The method of a file that says nothing of it."""
    values = {key: schema.default(("method", key)) for key in schema.keys(("method",))}
    held = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    return MethodPlan(**cast("dict[str, Any]", held))


def _choice(method: MethodPlan, shape: ModelShape) -> Choice:
    # Where one matrix is embedding and head at once, a copy of one of them is one of both.
    copied = {name.rpartition(".")[2] for name in method.modules_to_save}
    return Choice(
        target_modules=method.target_modules,
        target_parameters=method.target_parameters,
        exclude_modules=method.exclude_modules,
        layers_to_transform=method.layers_to_transform,
        layers_pattern=method.layers_pattern,
        modules_to_save=method.modules_to_save,
        ensure_weight_tying=bool(copied & _EMBEDDINGS) and _is_tied(shape),
    )


def _method(method: MethodPlan) -> Method:
    bias = {"none": "none", "all": "all", "lora_only": "only"}[method.bias]
    return Method(
        r=method.r,
        rank_pattern=method.rank_pattern,
        use_dora=method.use_dora,
        lora_dropout=method.lora_dropout,
        bias=cast("Literal['none', 'all', 'only']", bias),
    )


def _excluding(
    already: str | tuple[str, ...], refusals: Iterable[Refusal]
) -> str | tuple[str, ...]:
    """PEFT refuses these modules by the last part of their names, in whatever place."""
    paths = (path for refusal in refusals for path in refusal.paths)
    leaves = tuple(dict.fromkeys(path.rpartition(".")[2] for path in paths))
    if isinstance(already, str) and already:
        return rf"{already}|(.*\.)?({'|'.join(leaves)})"
    return (*already, *leaves)


def _is_tied(shape: ModelShape) -> bool:
    return any(p.tied_to for g in shape.groups if g.role == "head" for p in g.parameters)
