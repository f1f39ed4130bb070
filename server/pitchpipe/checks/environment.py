"""Rules about the environment that a file relies on."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import published
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix
from pitchpipe.suggest import one_of
from pitchpipe.workflow import Missing, Present, Setting, Source

_LISTED = 4  # devices that a message names


def unset_environment_variable(context: Context) -> Iterator[Report]:
    """A path that names an environment variable which is not set here."""
    for path in (context.workflow.model.name_or_path, context.workflow.output_dir):
        yield from _unset(context, path)


def source_unset_environment_variable(context: Context, source: Source) -> Iterator[Report]:
    """The same of a data file's path."""
    return _unset(context, source.path)


def _unset(context: Context, path: Setting[str]) -> Iterator[Report]:
    if isinstance(path, Present):
        for name in context.resolve(path.value).unset:
            message = f"the environment variable `{name}` is not set"
            yield Report(message, path.span, path.path)


def unknown_device(context: Context) -> Iterator[Report]:
    """A machine that a run is meant for, whose device is not in the table."""
    target = context.workflow.compute.target
    if not isinstance(target, Present) or target.value is None:
        return
    table = context.facts.devices()
    if not table:
        return
    count, name = published.machine(target.value)
    found = published.find_devices(name, table)
    if len(found) == 1:
        return
    if kind := _kind(name):
        message = (
            f"`target` names a product; the kind of device is said by `compute.device: {kind}`"
        )
        yield Report(message, target.span, target.path, _as_device(context, kind))
        return
    if found:
        several = one_of(device.name for device in found[:_LISTED])
        yield Report(f"`{name}` could be {several}", target.span, target.path)
        return
    message = f"no device is known as `{name}`"
    near = published.nearest_device(name, table)
    if near is None:
        yield Report(f"{message}, so nothing is checked for it", target.span, target.path)
        return
    whole = f"{count}x {near}" if count > 1 else near
    scalar = context.reading.scalar(target.path)
    fix = Fix(f"Write `{whole}`", (Edit(scalar.span, whole),)) if scalar else None
    yield Report(f"{message}; did you mean `{near}`?", target.span, target.path, fix)


def _kind(name: str) -> str | None:
    """What `compute.device` calls it, where no product is named but a kind of device."""
    kind = name.lower()
    return "cuda" if kind == "gpu" else kind if kind in {"cpu", "cuda", "mps", "auto"} else None


def _as_device(context: Context, kind: str) -> Fix | None:
    """`device` in the place of `target`, where the file has none."""
    compute, reading = context.workflow.compute, context.reading
    target = compute.target
    scalar = reading.scalar(target.path)
    if scalar is None or not isinstance(target, Present) or context.written is not reading:
        return None
    if not isinstance(compute.device, Missing):
        return None
    edits = (Edit(target.key, "device"), Edit(scalar.span, kind))
    return Fix(f"Write `device: {kind}`", edits)
