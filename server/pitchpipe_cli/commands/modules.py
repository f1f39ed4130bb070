"""`pitchpipe modules`: what a model consists of, and what of it would be trained."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pitchpipe_schemas
from pitchpipe import amounts
from pitchpipe.costs.settings import of_context
from pitchpipe.facts import NotRead
from pitchpipe.model_config import ModelConfig, context_length
from pitchpipe.modules import Head, ModelShape
from pitchpipe.paths import flavour_of
from pitchpipe.placing import Placement, placement
from pitchpipe.suggest import all_of, nearest
from pitchpipe.targets import Targets
from pitchpipe_cli import (
    columns,
    interpreter,
    listing,
    model_names,
    module_rows,
    module_tree,
    target_options,
    terminal,
    workflow_file,
)
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_cli.model_names import Known
from pitchpipe_cli.module_rows import Row
from pitchpipe_facts import shipped
from pitchpipe_facts.model_shapes import ModelShapes


@dataclass(frozen=True, slots=True)
class _Shown:
    """A model, what is chosen of it, and what the command ends with."""

    known: Known
    shape: ModelShape
    placement: Placement | None
    full: bool
    exit: Exit

    @property
    def targets(self) -> Targets | None:
        return None if self.placement is None else self.placement.targets


def execute(arguments: argparse.Namespace) -> Exit:
    if arguments.list:
        return _list(arguments)
    if not arguments.model:
        raise CommandError("name a model, or use --list to see which are known")
    for option in ("target", "exclude"):
        given: Sequence[str] = getattr(arguments, option)
        if given and not target_options.asked(given):
            raise CommandError(f"--{option} names no module")
    models = shipped.shapes(_builder(arguments) if arguments.build else None)
    found = _of_file if model_names.is_workflow(arguments.model) else _of_model
    shown = found(arguments, models)
    if isinstance(shown, Exit):
        return shown
    rows = module_rows.rows(shown.shape, shown.targets, shown.full)
    chosen = module_rows.chosen(rows, arguments.filter)
    if not chosen:
        raise CommandError(_no_match(arguments.filter, rows))
    if arguments.format == "json":
        terminal.out_json(_as_json(shown, rows, chosen))
    else:
        _print(shown, rows, chosen)
    complaints = (
        target_options.complaints(shown.placement, shown.shape)
        if arguments.target or arguments.exclude
        else []
    )
    for complaint in complaints:
        terminal.err(f"pitchpipe: {complaint}\n")
    return Exit.WRONG_ENVIRONMENT if complaints else shown.exit


def _builder(arguments: argparse.Namespace) -> Any:
    from pitchpipe_facts.built import Builder

    return Builder(interpreter.find(arguments.python), arguments.trust_remote_code)


def _of_model(arguments: argparse.Namespace, models: ModelShapes) -> _Shown:
    known = model_names.find(arguments.model, models, arguments.revision, arguments.head)
    chosen = target_options.chosen(arguments, known.shape)
    return _Shown(known, known.shape, chosen, full=False, exit=Exit.DONE)


def _of_file(arguments: argparse.Namespace, models: ModelShapes) -> _Shown | Exit:
    """The model that a workflow names, with the workflow's targets where none are given."""
    checked = workflow_file.check(arguments.model)
    listing.tell(checked)
    settings = of_context(checked.analysis.context) if checked.analysis is not None else None
    if settings is None or not settings.model.name_or_path:
        return checked.verdict
    model = settings.model
    where = model.name_or_path
    if model.local:
        where = flavour_of(settings.root).join(settings.root, where)
    head: Head | None = arguments.head or "causal-lm"
    shape = models.shape(where, local=model.local, revision=model.revision, head=head)
    if isinstance(shape, NotRead) and arguments.head is None:
        shape = models.shape(where, local=model.local, revision=model.revision)
    if isinstance(shape, NotRead):
        if checked.has_errors:
            return checked.verdict
        raise CommandError(f"`{model.name_or_path}` is not known: {shape.reason}")
    config = models.config(where, local=model.local, revision=model.revision)
    known = Known(model.name_or_path, shape, config)
    if arguments.target or arguments.exclude:
        return _Shown(
            known, shape, target_options.chosen(arguments, shape), full=False, exit=checked.verdict
        )
    method = replace(settings.method, r=arguments.rank or settings.method.r)
    if method.type == "full":
        return _Shown(known, shape, None, full=True, exit=checked.verdict)
    return _Shown(known, shape, placement(method, shape), full=False, exit=checked.verdict)


def _no_match(pattern: str | None, rows: Sequence[Row]) -> str:
    if pattern is None:
        return "the model has no modules"
    names = [row.group.leaf for row in rows] + [row.group.role for row in rows]
    near = nearest(pattern, names)
    return f"no module or role is called `{pattern}`" + (
        f"; did you mean `{near}`?" if near else ""
    )


# For people


def _print(shown: _Shown, rows: Sequence[Row], chosen: Sequence[Row]) -> None:
    totals = module_rows.totals(chosen)
    terminal.out(_head(shown))
    if terminal.is_terminal(sys.stdout):
        module_tree.draw(chosen, totals)
    else:
        terminal.out("\n" + module_tree.lines(chosen))
        terminal.out("\n" + module_tree.total_lines(totals) + "\n")
    terminal.out(_trained(shown, rows))


def _head(shown: _Shown) -> str:
    shape, paint = shown.shape, terminal.painter(sys.stdout)
    facts = [
        f"{shape.model_type}, {shape.class_name}",
        f"{shape.numel:,} parameters",
        *_kept(shown),
    ]
    how = "exact" if shape.exact else "not exact"
    lines = [
        f"{paint('bold', shown.known.name)}: {', '.join(facts)}",
        f"from {shape.source.detail} ({how})",
    ]
    if not shape.exact and shape.source.kind != "built":
        lines.append("`--build` has the runner's Python build the model to find out")
    if shape.undescribed:
        paths = [path.replace("{}", "*") for path in shape.undescribed]
        lines.append(f"not counted, as it is not known when there are any: {all_of(paths)}")
    return "".join(f"{line}\n" for line in lines)


def _kept(shown: _Shown) -> list[str]:
    """How the weights are stored, and how long texts may be."""
    config = shown.known.config
    said: list[str] = []
    if isinstance(config, ModelConfig) and config.quantization:
        said.append(str(config.quantization))
    elif dtype := _dtype(shown):
        said.append(dtype)
    length = context_length({**shown.shape.config, "model_type": shown.shape.model_type})
    return [*said, f"context {length:,} tokens"] if length else said


def _dtype(shown: _Shown) -> str | None:
    """The stored weights', as most of them have it."""
    counts: dict[str, int] = {}
    for group in shown.shape.groups:
        for parameter in group.parameters:
            if parameter.dtype and not parameter.buffer:
                numel = parameter.numel * group.count
                counts[parameter.dtype] = counts.get(parameter.dtype, 0) + numel
    config = shown.known.config
    said = config.dtype if isinstance(config, ModelConfig) else None
    return max(counts, key=lambda dtype: counts[dtype], default=said)


def _trained(shown: _Shown, rows: Sequence[Row]) -> str:
    if shown.targets is None and not shown.full:
        return ""
    count, modules = _trainable(shown, rows)
    if not count:
        return "nothing would be trained\n"
    share = module_tree.percent(count, shown.shape.numel)
    where = f"in {amounts.plural(modules, 'module')}"
    lines = [f"trained: {count:,} parameters, {share} of the model's, {where}"]
    if shown.targets is not None and shown.targets.rewriting is not None:
        lines.append("PEFT itself turned targets into parameters of fused experts")
    if shown.placement is not None and shown.placement.left_out:
        paths = [path.replace("{}", "*") for path in shown.placement.left_out]
        lines.append(f"left out, as Mamba's kernel would pass over it: {all_of(paths)}")
    return "".join(f"{line}\n" for line in lines)


def _trainable(shown: _Shown, rows: Sequence[Row]) -> tuple[int, int]:
    """Parameters, and the modules that they are in or beside."""
    modules = sum(row.trained.modules for row in rows if row.trained)
    return (shown.targets.trainable if shown.targets else shown.shape.numel), modules


# For programs


def _as_json(shown: _Shown, rows: Sequence[Row], chosen: Sequence[Row]) -> dict[str, Any]:
    shape, config = shown.shape, shown.known.config
    told = config if isinstance(config, ModelConfig) else None
    count, modules = _trainable(shown, rows)
    marks = shown.full or shown.targets is not None
    return {
        "version": 1,
        "model": {
            "name": shown.known.name,
            "model_type": shape.model_type,
            "class": shape.class_name,
            "head": shape.head,
            "exact": shape.exact,
            "source": {"kind": shape.source.kind, "detail": shape.source.detail},
            "parameters": shape.numel,
            "dtype": _dtype(shown),
            "context_length": context_length({**shape.config, "model_type": shape.model_type}),
            "quantization": str(told.quantization) if told and told.quantization else None,
        },
        "modules": [module_rows.as_json(row) for row in chosen],
        "roles": [
            {
                "role": total.role,
                "modules": total.modules,
                "parameters": total.parameters,
                "trained_modules": total.trained,
                "trained_parameters": total.trained_parameters,
            }
            for total in module_rows.totals(chosen)
        ],
        "trained": {"parameters": count, "modules": modules} if marks else None,
    }


# What is known


def _list(arguments: argparse.Namespace) -> Exit:
    types = pitchpipe_schemas.architectures()
    rows = [model_names.row(name) for name in sorted(shipped.models()["models"], key=str.lower)]
    if arguments.format == "json":
        terminal.out_json({"version": 1, "model_types": list(types), "models": rows})
        return Exit.DONE
    terminal.out(f"{amounts.plural(len(types), 'model type')}:\n{model_names.wrapped(types)}\n")
    terminal.out(f"{amounts.plural(len(rows), 'published model')}:\n")
    cells = [[model_names.shown(value) for value in row.values()] for row in rows]
    names = [name.replace("_", " ").upper() for name in rows[0]] if rows else []
    terminal.out(columns.aligned([names, *cells], (2, 3)))
    return Exit.DONE
