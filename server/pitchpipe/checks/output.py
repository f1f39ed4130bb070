"""Rules about where results go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitchpipe.checks.extent import few
from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.paths import flavour_of
from pitchpipe.workflow import Missing, Present, Setting, Source

_DEEPEST = 8  # folders above an output folder that are looked at


def output_dir_is_file(context: Context) -> Iterator[Report]:
    """A folder for runs that can't be made, for a file is in its place or in its way."""
    output = context.workflow.output_dir
    if not isinstance(output, Present) or context.blind:
        return
    resolved = context.resolve(output.value)
    if resolved.unset:
        return
    flavour, path = flavour_of(context.root), resolved.absolute
    for _ in range(_DEEPEST):
        found = context.facts.file(path)
        if found.exists:
            if not found.is_dir:
                what = "is a file" if path == resolved.absolute else f"lies below the file `{path}`"
                message = f"`output_dir` {what}, so no run can be kept there"
                yield Report(message, output.span, output.path)
            return
        path, last = flavour.split(path)
        if not last:
            return


def output_dir_among_inputs(context: Context) -> Iterator[Report]:
    """Runs that would lie among what they are made from."""
    output, name = context.workflow.output_dir, context.workflow.model.name_or_path
    if not isinstance(output, Present) or context.blind:
        return
    where, flavour = context.resolve(output.value).absolute, flavour_of(context.root)
    if isinstance(name, Present):
        model = context.resolve(name.value).absolute
        inside = where == model or where.startswith(model + flavour.sep)
        if inside and context.facts.file(model).is_dir:
            message = "runs would be kept in the base model's folder; name one of their own"
            yield Report(message, output.span, output.path, related=set_here(context, name))
            return
    data = context.workflow.data
    for path in _files(data.train, data.eval, data.test):
        if flavour.dirname(context.resolve(path.value).absolute) == where:
            message = "runs would be kept among the data files; name a folder of their own"
            yield Report(message, output.span, output.path, related=set_here(context, path))
            return


def _files(*lists: Setting[Sequence[Source]]) -> Iterator[Present[str]]:
    for listed in lists:
        for source in few(listed):
            if isinstance(source.path, Present) and isinstance(source.dataset_name, Missing):
                yield source.path
