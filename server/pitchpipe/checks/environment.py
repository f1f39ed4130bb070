"""Rules about the environment that a file relies on."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.workflow import Present, Setting


def unset_environment_variable(context: Context) -> Iterator[Report]:
    """A path that names an environment variable which is not set here."""
    for path in _paths(context):
        if isinstance(path, Present):
            for name in context.resolve(path.value).unset:
                message = f"the environment variable `{name}` is not set"
                yield Report(message, path.span, path.path)


def _paths(context: Context) -> Iterator[Setting[str]]:
    yield context.workflow.model.name_or_path
    yield from (source.path for source in context.sources())
    yield context.workflow.output_dir
