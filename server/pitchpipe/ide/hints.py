"""A few words behind a line: what it comes to."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import amounts
from pitchpipe.costs.cost import Cost
from pitchpipe.costs.wording import counted
from pitchpipe.facts import NotRead
from pitchpipe.ide.cards import costs, modules
from pitchpipe.ide.items import Hint
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.world import Lengths
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span
from pitchpipe.workflow import Missing, Present

_BATCH: tuple[KeyPath, ...] = (
    ("training", "gradient_accumulation_steps"),
    ("training", "per_device_train_batch_size"),
    ("training", "num_train_epochs"),
    ("training", "max_steps"),
)


def hints(snapshot: Snapshot, span: Span) -> list[Hint]:
    """The hints inside `span`, in order. What is still being found out has none yet."""
    found = [*_rows(snapshot, span), *_costs(snapshot)]
    inside = (hint for hint in found if span.start <= hint.offset <= span.end)
    return sorted(inside, key=lambda hint: hint.offset)


def tooltip(snapshot: Snapshot, key: str) -> str:
    """Markdown for a hint's `key`; "" where there is nothing more to say."""
    if key == "memory":
        return costs.memory(snapshot)
    if key == "work":
        return costs.work(snapshot)
    if key == "trained":
        return modules.targets_card(snapshot)
    return ""


def _costs(snapshot: Snapshot) -> Iterator[Hint]:
    found = snapshot.world.cost(snapshot.context)
    if not isinstance(found, Cost):
        return
    if (at := _behind(snapshot, ("method",), ("method", "type"))) is not None:
        total = amounts.size(found.estimate.total.likely)
        yield Hint(at, f"needs about {total} on {found.machine.name}", "memory")
    if found.targets is not None:
        at = _behind(snapshot, ("method", "r"), ("method", "target_modules"))
        if at is not None:
            count = found.targets.trainable
            share = 100 * count / max(found.shape.numel, 1)
            yield Hint(at, f"{amounts.number(count)} trained, {share:.2g} %", "trained")
    at = _behind(snapshot, *_BATCH)
    if at is not None:
        batch = f"effective batch {found.work.effective_batch:,}"
        steps = found.work.steps
        more = f", {counted(steps)} steps" if steps is not None else ""
        yield Hint(at, batch + more, "work")


def _rows(snapshot: Snapshot, span: Span) -> Iterator[Hint]:
    """How many rows each data file has; only of those that are seen."""
    for source in snapshot.context.sources():
        path = source.path
        if not isinstance(path, Present) or not isinstance(source.dataset_name, Missing):
            continue
        if not span.start <= path.span.end <= span.end:
            continue
        file = snapshot.context.file(path.value)
        if file is None or not file.exists:
            continue
        resolved = snapshot.context.resolve(path.value)
        count = snapshot.world.rows(resolved.absolute)
        if count is not None and not isinstance(count, NotRead):
            lengths = snapshot.world.lengths(resolved.absolute, snapshot.context)
            said = amounts.plural(count, "row")
            if isinstance(lengths, Lengths) and (median := lengths.quantiles.get(0.5)):
                said += f", median {amounts.plural(median, 'token')}"
            yield Hint(_end(snapshot, path.span), said)


def _behind(snapshot: Snapshot, *paths: KeyPath) -> int | None:
    """The end of the line of the first of these keys of a workflow that is written."""
    for path in paths:
        place = snapshot.reading.place(path)
        entry = snapshot.document.entry_at(place) if place else None
        if entry is not None and entry.colon:
            one_line = snapshot.document.lines.position(entry.span.end)[0]
            key_line = snapshot.document.lines.position(entry.key.span.start)[0]
            at = entry.span.end if one_line == key_line else entry.key.span.end + 1
            return _end(snapshot, Span(at, at))
    return None


def _end(snapshot: Snapshot, span: Span) -> int:
    """The end of what is written on the line, comments included."""
    end = snapshot.text.find("\n", span.end)
    line = snapshot.text[span.end : len(snapshot.text) if end == -1 else end]
    return span.end + len(line.rstrip())
