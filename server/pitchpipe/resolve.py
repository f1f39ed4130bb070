"""From a workflow without errors to a plan: all defaults in place, with origins."""

from __future__ import annotations

import hashlib
import typing
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import pitchpipe
from pitchpipe import formats, paths
from pitchpipe.context import Context
from pitchpipe.facts import NotRead, TableFact
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.plan import (
    PLAN_VERSION,
    ComputePlan,
    DataPlan,
    EvaluatePlan,
    ExportPlan,
    Fingerprint,
    MethodPlan,
    ModelPlan,
    Origin,
    Plan,
    SourcePlan,
    TrainingPlan,
)
from pitchpipe.reading import as_text
from pitchpipe.syntax.nodes import Data
from pitchpipe.workflow import Missing, Present, Setting, Source, Wrong

T = TypeVar("T")

METRICS = ("loss", "perplexity")
METRICS_OF_CLASSIFICATION = (*METRICS, "exact_match", "accuracy", "f1")

_LONGEST_NAME = 80  # as the schema has it


def resolve(
    context: Context, path: str, *, smoke: bool = False, trust_remote_code: bool = False
) -> Plan:
    """The plan of a workflow that has no errors. `path` is the file's absolute path.

    `trust_remote_code` is the command line's consent: the key in the file counts only with it.
    """
    return _Resolver(context).plan(path, smoke, trust_remote_code)


class _Resolver:
    """Gathers the origin of each setting while its value is read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._workflow = context.workflow
        self._origins: dict[str, Origin] = {}
        self._fingerprints: dict[str, Fingerprint] = {}

    def plan(self, path: str, smoke: bool, consent: bool) -> Plan:
        workflow, text = self._workflow, self._context.document.text
        root, file = self._placed(path)
        self._value(workflow.version)
        return Plan(
            version=PLAN_VERSION,
            pitchpipe=pitchpipe.__version__,
            name=self._value(workflow.name) or _name_of(paths.flavour_of(path).basename(path)),
            root=root,
            workflow=file,
            workflow_sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            smoke=smoke,
            task=self._value(workflow.task),
            model=self._model(consent),
            data=self._section(
                DataPlan,
                workflow.data,
                train=self._sources(workflow.data.train),
                eval=self._sources(workflow.data.eval),
                test=self._sources(workflow.data.test),
            ),
            method=self._section(MethodPlan, workflow.method),
            training=self._section(TrainingPlan, workflow.training),
            evaluate=self._section(EvaluatePlan, workflow.evaluate, metrics=self._metrics()),
            export=self._section(ExportPlan, workflow.export, precision=self._precision()),
            compute=self._section(ComputePlan, workflow.compute),
            output_dir=self._path(workflow.output_dir),
            origins=self._origins,
            fingerprints=self._fingerprints,
        )

    def _placed(self, path: str) -> tuple[str, str]:
        """The folder that paths start from, and the file's path relative to it, or absolute."""
        flavour, root = paths.flavour_of(path), self._context.root
        folder: str
        file: str
        folder, file = flavour.split(path)
        if folder == root:
            return root, file
        try:
            inside = flavour.commonpath([path, root]) == root
        except ValueError:  # another drive
            inside = False
        return root, flavour.relpath(path, root).replace("\\", "/") if inside else path

    def _section(self, kind: type[T], section: Any, **given: Any) -> T:
        """A section of the plan, from the workflow's; `given` are fields that need more."""
        hints = typing.get_type_hints(kind)
        for name in (n for n in hints if n not in given):
            value = self._value(getattr(section, name))
            given[name] = float(value) if hints[name] is float else value
        return kind(**given)

    def _model(self, consent: bool) -> ModelPlan:
        model = self._workflow.model
        written = self._value(model.name_or_path)
        folder = self._context.resolve(written)
        local = self._context.facts.file(folder.absolute).is_dir
        return self._section(
            ModelPlan,
            model,
            name_or_path=folder.portable if local else written,
            local=local,
            trust_remote_code=self._value(model.trust_remote_code) and consent,
        )

    def _sources(self, setting: Setting[Sequence[Source]]) -> tuple[SourcePlan, ...]:
        if not isinstance(setting, Present) or not setting.value:
            return self._value(cast("Setting[tuple[SourcePlan, ...]]", setting))
        return tuple(self._source(source) for source in setting.value)

    def _source(self, source: Source) -> SourcePlan:
        return self._section(
            SourcePlan,
            source,
            path=self._data_file(source.path),
            format=self._format(source),
            columns=self._columns(source),
        )

    def _data_file(self, setting: Setting[str]) -> str | None:
        if isinstance(setting, Missing):
            return self._value(cast("Setting[str | None]", setting))
        portable = self._path(setting)
        found = self._context.facts.fingerprint(self._context.resolve(portable).absolute)
        if not isinstance(found, NotRead):
            self._fingerprints[portable] = found
        return portable

    def _format(self, source: Source) -> str | None:
        """The written format, or the one that the file's columns show; None where unknown."""
        written = self._value(source.format)
        if written is not None or not isinstance(source.path, Present):
            return written
        table = self._context.facts.table(self._context.resolve(source.path.value).absolute)
        return self._context.row_format(source, table) if isinstance(table, TableFact) else None

    def _columns(self, source: Source) -> dict[str, str]:
        named = {part: self._context.part_column(source, part) for part in formats.PARTS}
        written = {p: self._value(s) for p, s in named.items() if isinstance(s, Present)}
        if not written:
            path = next(iter(named.values())).path[:-1]
            self._origins[dotted(path)] = self._origin(path)
        return written

    def _metrics(self) -> tuple[str, ...]:
        written = self._value(self._workflow.evaluate.metrics)
        if written is not None:
            return written
        task = self._context.effective(self._workflow.task)
        return METRICS_OF_CLASSIFICATION if task == "classification" else METRICS

    def _precision(self) -> tuple[str, ...]:
        written = self._value(self._workflow.export.precision)
        return (written,) if isinstance(written, str) else written

    def _path(self, setting: Setting[str]) -> str:
        return self._context.resolve(self._value(setting)).portable

    def _value(self, setting: Setting[T]) -> T:
        value = self._context.effective(setting)
        assert not isinstance(value, Wrong), (
            f"{dotted(setting.path)} is wrong; a plan needs a file without errors"
        )
        self._origins[dotted(setting.path)] = self._origin(setting.path, setting)
        return cast(T, tuple(cast("list[object]", value)) if isinstance(value, list) else value)

    def _origin(self, path: KeyPath, setting: Setting[Any] | None = None) -> Origin:
        reading = self._context.reading
        if reading.overridden(path):
            given = _at(reading.data, path)
            return Origin("default") if given is None else Origin("command-line", text=given)
        if not isinstance(setting, Present):
            return Origin("default")
        place = reading.document.lines.place(setting.span)
        text = reading.document.text[setting.span.start : setting.span.end]
        one_line = place.line == place.end_line
        return Origin(
            "file",
            place.line,
            place.column,
            place.end_line,
            place.end_column,
            text if one_line else None,
        )


def _name_of(file: str) -> str:
    """The file's name without its endings: `phrase-tone.tune.yaml` is `phrase-tone`."""
    return file.partition(".")[0][:_LONGEST_NAME] or "workflow"


def _at(data: Data, path: KeyPath) -> str | None:
    """The value at `path` as text; None where a part from the command line leaves it out."""
    for step in path:
        if isinstance(data, dict) and step not in data:
            return None
        data = cast(Any, data)[step]
    return as_text(data)
