"""Rules about where the rows come from: files, hub data sets and splits of them."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import splits
from pitchpipe.checks.report import Report
from pitchpipe.checks.surveyed import look
from pitchpipe.context import Context
from pitchpipe.facts import FileFact, NotRead, TableFact
from pitchpipe.findings import Edit, Fix
from pitchpipe.paths import flavour_of
from pitchpipe.suggest import nearest
from pitchpipe.workflow import Missing, Present, Source

_READABLE = "`.jsonl`, `.json`, `.csv`, `.tsv`, `.parquet` or `.txt`"


def data_file_not_found(context: Context, source: Source) -> Iterator[Report]:
    """A data file that isn't there, or is a folder."""
    path = source.path
    if not isinstance(path, Present) or not isinstance(source.dataset_name, Missing):
        return
    file = context.file(path.value)
    if file is None or (file.exists and not file.is_dir):
        return
    if file.is_dir:
        yield Report(f"`{path.value}` is a folder; name a file in it", path.span, path.path)
    else:
        yield _not_found(context, path, file)


def data_source_ambiguous(_: Context, source: Source) -> Iterator[Report]:
    """A source that names both a file and a hub data set, or neither."""
    path, name = source.path, source.dataset_name
    if isinstance(path, Missing) and isinstance(name, Missing):
        message = "this source names no data; give it a `path` or a `dataset_name`"
        yield Report(message, source.key, path.path[:-1])
    elif isinstance(path, Present) and isinstance(name, Present):
        message = "this source names both `path` and `dataset_name`; remove one of them"
        yield Report(message, name.key, name.path)


def data_unreadable(context: Context, source: Source) -> Iterator[Report]:
    """A data file that can't be read as what its name says, or not to its end."""
    if (found := context.data_file(source)) is None:
        return
    path, table = found
    name = path.value
    if isinstance(table, TableFact) and table.problem:
        line = f", line {table.problem.line}" if table.problem.line else ""
        yield Report(f"`{name}`{line}: {table.problem.message}", path.span, path.path)
    elif isinstance(table, TableFact) and not table.complete:
        yield from _unreadable_behind(context, source)
    elif isinstance(table, NotRead) and _ending(name) not in ENDINGS:
        message = f"`{name}` can't be read as data; its name must end in {_READABLE}"
        yield Report(message, path.span, path.path)


def _unreadable_behind(context: Context, source: Source) -> Iterator[Report]:
    """The same behind what was read at once."""
    found = look(context, source)
    problem = found[2].problem if found else None
    if found and problem:
        line = f", line {problem.line}" if problem.line else ""
        path = found[0]
        yield Report(f"`{path.value}`{line}: {problem.message}", path.span, path.path)


ENDINGS = {"jsonl", "ndjson", "json", "csv", "tsv", "txt", "parquet", "arrow"}


def data_not_read(context: Context, source: Source) -> Iterator[Report]:
    """A data file that this machine can't look into now, so that its columns go unchecked."""
    if (found := context.data_file(source)) is None:
        return
    path, table = found
    if isinstance(table, NotRead) and _ending(path.value) in ENDINGS:
        message = f"`{path.value}` was not looked into: {table.reason}"
        yield Report(message, path.span, path.path)


def data_empty(context: Context, source: Source) -> Iterator[Report]:
    """A data file without rows, or a split that takes none of its rows."""
    if (found := context.data_file(source)) is None:
        return
    path, table = found
    if not isinstance(table, TableFact) or table.problem or not table.complete:
        return
    if not table.rows:
        yield Report(f"`{path.value}` has no rows", path.span, path.path)
    elif isinstance(source.split, Present) and (taken := _parsed(source.split.value)):
        first, last = taken.bounds(len(table.rows))
        if first >= last:
            count = "1 row" if len(table.rows) == 1 else f"{len(table.rows)} rows"
            message = f"`{source.split.value}` takes none of the {count} in `{path.value}`"
            yield Report(message, source.split.span, source.split.path)


def split_invalid(_: Context, source: Source) -> Iterator[Report]:
    """A split that can't be read, or that takes no rows whatever their number."""
    if isinstance(source.split, Present):
        try:
            splits.parse(source.split.value)
        except splits.SplitError as error:
            message = f"`{source.split.value}` is no split: {error}"
            yield Report(message, source.split.span, source.split.path)


def unknown_split(context: Context, source: Source) -> Iterator[Report]:
    """A split of a file by a name other than `train`, the only one that files have."""
    split = source.split
    if not isinstance(split, Present) or not isinstance(source.path, Present):
        return
    parsed = _parsed(split.value)
    if parsed and parsed.name != "train" and isinstance(source.dataset_name, Missing):
        message = f"a file has one split, `train`, not `{parsed.name}`"
        yield Report(message, split.span, split.path, _rewritten(context, split, parsed.name))


def _not_found(context: Context, path: Present[str], file: FileFact) -> Report:
    written = path.value
    message = f"there is no file `{written}`"
    if near := _near(context, written, file):
        scalar = context.reading.scalar(path.path)
        fix = Fix(f"Write `{near}`", (Edit(scalar.span, near),)) if scalar else None
        return Report(f"{message}; did you mean `{near}`?", path.span, path.path, fix)
    flavour = flavour_of(context.root)
    absolute = context.resolve(written).absolute
    folder = flavour.dirname(absolute)
    if not context.facts.file(folder).exists:
        message += f"; the folder `{folder}` does not exist either"
    elif absolute != written:
        message += f" in `{folder}`"
    return Report(message, path.span, path.path)


def _near(context: Context, written: str, file: FileFact) -> str | None:
    """A file that does exist, spelt as the path was."""
    slashed = written.replace("\\", "/")
    if slashed != written and (found := context.file(slashed)) and found.exists:
        return slashed
    folder, _, name = written.rpartition("/")
    near = _other_ending(name, file.siblings) or nearest(name, file.siblings)
    return near and (f"{folder}/{near}" if "/" in written else near)


def _other_ending(name: str, siblings: tuple[str, ...]) -> str | None:
    stem = name.partition(".")[0]
    same = [s for s in siblings if s.partition(".")[0] == stem and _ending(s) in ENDINGS]
    return same[0] if len(same) == 1 else None


def _rewritten(context: Context, split: Present[str], name: str) -> Fix | None:
    scalar = context.reading.scalar(split.path)
    if scalar is None:
        return None
    text = context.document.text[scalar.span.start : scalar.span.end]
    new = text.replace(name, "train", 1)
    return Fix(f"Write `{new}`", (Edit(scalar.span, new),))


def _parsed(text: str) -> splits.Split | None:
    try:
        return splits.parse(text)
    except splits.SplitError:
        return None


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()
