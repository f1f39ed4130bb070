"""The settings that costs depend on, from a plan, or from a file that has none yet."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pitchpipe.context import Context
from pitchpipe.facts import TableFact
from pitchpipe.formats import PARTS
from pitchpipe.keypath import dotted
from pitchpipe.paths import flavour_of
from pitchpipe.plan import (
    ComputePlan,
    DataPlan,
    ExportPlan,
    Fingerprint,
    MethodPlan,
    ModelPlan,
    Plan,
    SourcePlan,
    TrainingPlan,
    to_json,
)
from pitchpipe.workflow import Present, Setting, Source, Wrong

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """A plan's sections, also of a file with errors.

    `wrong` are the key paths whose written values are wrong; their defaults stand in for them. A
    model that is not named is "", missing training data is `()`. Paths are as in a plan.
    """

    root: str
    task: str
    model: ModelPlan
    data: DataPlan
    method: MethodPlan
    training: TrainingPlan
    export: ExportPlan
    compute: ComputePlan
    smoke: bool = False
    wrong: tuple[str, ...] = ()


def of_plan(plan: Plan) -> Settings:
    """What a plan says."""
    return Settings(
        root=plan.root,
        task=plan.task,
        model=plan.model,
        data=plan.data,
        method=plan.method,
        training=plan.training,
        export=plan.export,
        compute=plan.compute,
        smoke=plan.smoke,
    )


def of_context(context: Context, *, sources: bool = True) -> Settings:
    """What a file says as far as it goes, for an editor in which it is being typed.

    Unlike a plan it is made without reading any file whole. Without `sources` no data are named.
    """
    return _Lenient(context, sources).settings()


def data_key(settings: Settings, fingerprints: Mapping[str, Fingerprint]) -> str:
    """What the tokens of a run depend on, as a hash: equal keys mean equal tokens.

    `fingerprints` are those of the data files, by the paths that the sources name.
    """
    data, model = settings.data, settings.model
    files = {
        s.path: dataclasses.astuple(fingerprints[s.path])
        for s in (*data.train, *data.eval, *data.test)
        if s.path is not None and s.path in fingerprints
    }
    where = flavour_of(settings.root).join(settings.root, model.name_or_path)
    tokenizer = where if model.local else [model.name_or_path, model.revision]
    said = [settings.smoke, settings.task, to_json(data), settings.training.seed, tokenizer, files]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@cache
def _fields(kind: type) -> list[tuple[str, str]]:
    """Names and types of a plan's section; the types as they are written."""
    return [(f.name, str(f.type)) for f in dataclasses.fields(kind)]


class _Lenient:
    """Reads settings, and remembers which were wrong."""

    def __init__(self, context: Context, sources: bool) -> None:
        self._context = context
        self._with_sources = sources
        self._wrong: list[str] = []

    def settings(self) -> Settings:
        workflow = self._context.workflow
        precision = self._value(workflow.export.precision)
        return Settings(
            root=self._context.root,
            task=self._value(workflow.task),
            model=self._model(),
            data=self._section(
                DataPlan,
                workflow.data,
                train=self._sources(workflow.data.train),
                eval=self._sources(workflow.data.eval),
                test=self._sources(workflow.data.test),
            ),
            method=self._section(MethodPlan, workflow.method),
            training=self._section(TrainingPlan, workflow.training),
            export=self._section(
                ExportPlan,
                workflow.export,
                precision=(precision,) if isinstance(precision, str) else precision,
            ),
            compute=self._section(ComputePlan, workflow.compute),
            wrong=tuple(self._wrong),
        )

    def _section(self, kind: type[T], section: Any, **given: Any) -> T:
        for name, hint in _fields(kind):
            if name not in given:
                value = self._value(getattr(section, name))
                given[name] = float(value) if hint == "float" else value
        return kind(**given)

    def _value(self, setting: Setting[T]) -> T:
        value = self._context.effective(setting)
        if isinstance(value, Wrong):
            self._wrong.append(dotted(setting.path))
            value = cast(T, self._context.reading.default(setting.path))
        return cast(T, tuple(cast("list[object]", value)) if isinstance(value, list) else value)

    def _model(self) -> ModelPlan:
        model = self._context.workflow.model
        written = self._value(model.name_or_path) or ""
        resolved = self._context.resolve(written)
        local = bool(written) and self._context.facts.file(resolved.absolute).is_dir
        name = resolved.portable if local else written
        return self._section(ModelPlan, model, name_or_path=name, local=local)

    def _sources(self, setting: Setting[Sequence[Source]]) -> tuple[SourcePlan, ...]:
        if isinstance(setting, Wrong):
            self._wrong.append(dotted(setting.path))
        if not isinstance(setting, Present) or not self._with_sources:
            return ()
        return tuple(self._source(source) for source in setting.value)

    def _source(self, source: Source) -> SourcePlan:
        path = self._value(source.path)
        named = {part: self._context.part_column(source, part) for part in PARTS}
        return self._section(
            SourcePlan,
            source,
            path=self._context.resolve(path).portable if path else None,
            format=self._format(source),
            columns={p: s.value for p, s in named.items() if isinstance(s, Present)},
        )

    def _format(self, source: Source) -> str | None:
        written = self._value(source.format)
        if written is not None or not isinstance(source.path, Present):
            return written
        table = self._context.facts.table(self._context.resolve(source.path.value).absolute)
        return self._context.row_format(source, table) if isinstance(table, TableFact) else None
