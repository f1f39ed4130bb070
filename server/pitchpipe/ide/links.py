"""Places in a file that lead to a file, a folder or a page."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import published
from pitchpipe.ide import written
from pitchpipe.ide.items import Link
from pitchpipe.ide.pieces import content
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.paths import is_path
from pitchpipe.syntax.nodes import Scalar

_HUB = "https://huggingface.co"


def links(snapshot: Snapshot) -> list[Link]:
    """The data files and the model's folder, if they are there, and the hub's pages.

    Nothing is asked of the hub: a page may not be there. `HF_ENDPOINT` says where another hub is.
    """
    found = (*_files(snapshot), *_model(snapshot), *_pages(snapshot), *_output(snapshot))
    return sorted({link.span: link for link in found}.values(), key=lambda link: link.span)


def _files(snapshot: Snapshot) -> Iterator[Link]:
    for scalar in written.data_files(snapshot):
        yield from _there(snapshot, scalar, "Open the data")


def _output(snapshot: Snapshot) -> Iterator[Link]:
    if scalar := written.output_folder(snapshot):
        yield from _there(snapshot, scalar, "Open the folder of the runs")


def _model(snapshot: Snapshot) -> Iterator[Link]:
    scalar = written.model(snapshot)
    if scalar is None:
        return
    local = list(_there(snapshot, scalar, "Open the model's folder"))
    yield from local
    if not local and _is_hub_name(scalar.raw):
        known = published.find_model(scalar.raw, snapshot.world.published())
        name = known.name if known else scalar.raw
        yield Link(
            content(snapshot.text, scalar), f"{_hub(snapshot)}/{name}", f"Open the page of {name}"
        )


def _pages(snapshot: Snapshot) -> Iterator[Link]:
    for scalar in written.datasets(snapshot):
        if _is_hub_name(scalar.raw):
            target = f"{_hub(snapshot)}/datasets/{scalar.raw}"
            yield Link(content(snapshot.text, scalar), target, f"Open the page of {scalar.raw}")


def _there(snapshot: Snapshot, scalar: Scalar, tooltip: str) -> Iterator[Link]:
    file = snapshot.context.file(scalar.raw) if scalar.raw else None
    if file and file.exists:
        yield Link(
            content(snapshot.text, scalar), snapshot.context.resolve(scalar.raw).absolute, tooltip
        )


def _hub(snapshot: Snapshot) -> str:
    endpoint = snapshot.context.facts.environment("HF_ENDPOINT") or ""
    return endpoint.rstrip("/") if endpoint.startswith(("https://", "http://")) else _HUB


def _is_hub_name(name: str) -> bool:
    """Whether the page of a name can be written down without escapes."""
    plain = name.replace("/", "").replace("-", "").replace("_", "").replace(".", "")
    return not is_path(name) and plain.isascii() and plain.isalnum()
