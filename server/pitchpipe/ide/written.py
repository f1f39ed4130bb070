"""Settings that a file has, with the text that was written for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pitchpipe.formats import PARTS, TEMPLATED
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.syntax.nodes import Scalar
from pitchpipe.workflow import Missing, Present, Setting


def scalar_of(snapshot: Snapshot, setting: Setting[Any]) -> Scalar | None:
    """The scalar that gives a setting its value; None where it is not written as one."""
    return snapshot.context.reading.scalar(setting.path) if isinstance(setting, Present) else None


def templates(snapshot: Snapshot) -> Iterator[Scalar]:
    """Every template."""
    data = snapshot.analysis.workflow.data
    for part in TEMPLATED:
        if scalar := scalar_of(snapshot, getattr(data, f"{part}_template")):
            yield scalar


def data_files(snapshot: Snapshot) -> Iterator[Scalar]:
    """The path of every source that is a file."""
    for source in snapshot.context.sources():
        if scalar := scalar_of(snapshot, source.path):
            yield scalar


def datasets(snapshot: Snapshot) -> Iterator[Scalar]:
    """The hub's name of every source that is there."""
    for source in snapshot.context.sources():
        if isinstance(source.path, Missing) and (
            scalar := scalar_of(snapshot, source.dataset_name)
        ):
            yield scalar


def model(snapshot: Snapshot) -> Scalar | None:
    """The base model's path or name."""
    return scalar_of(snapshot, snapshot.analysis.workflow.model.name_or_path)


def output_folder(snapshot: Snapshot) -> Scalar | None:
    """The folder of the runs."""
    return scalar_of(snapshot, snapshot.analysis.workflow.output_dir)


def column_names(snapshot: Snapshot) -> Iterator[Scalar]:
    """Every value that names a column by itself."""
    if scalar := scalar_of(snapshot, snapshot.analysis.workflow.data.stratify_by):
        yield scalar
    for source in snapshot.context.sources():
        for part in PARTS:
            if scalar := scalar_of(snapshot, snapshot.context.part_column(source, part)):
                yield scalar
