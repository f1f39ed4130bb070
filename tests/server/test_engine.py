"""Which texts are workflows, and what is known of those that lie on no disk."""

from __future__ import annotations

import pytest

from pitchpipe.ide.snapshot import Client
from pitchpipe_server.engine import Engine
from pitchpipe_server.settings import Settings
from pitchpipe_server.texts import OpenText

MISSPELT = "modl: {name_or_path: ./nowhere}\n"
WHOLE = "model: {name_or_path: ./nowhere}\ndata: {train: [{path: rows.jsonl}]}\n"


def codes(uri: str, language: str, text: str) -> list[str] | None:
    """Of the findings; None where the text is no workflow."""
    engine = Engine(Settings, Client(), lambda: None, lambda _: ())
    snapshot = engine.snapshot(OpenText(uri, language, 1, text, len))
    return None if snapshot is None else [f.code for f in snapshot.findings]


@pytest.mark.parametrize(
    ("uri", "language", "is_one"),
    [
        ("untitled:Untitled-1", "yaml", False),
        ("untitled:Untitled-1", "pitchpipe", True),
        ("untitled:x.tune.yaml", "yaml", True),
        ("file:///nowhere/other.yaml", "yaml", False),
        ("file:///nowhere/other.yaml", "pitchpipe", True),
    ],
)
def test_a_file_is_a_workflow_by_its_name_or_because_the_client_says_so(
    uri: str, language: str, is_one: bool
) -> None:
    found = codes(uri, language, MISSPELT)
    assert (found is not None) is is_one
    assert not is_one or "unknown-key" in (found or ())


def test_on_no_disk_nothing_is_missed() -> None:
    assert codes("vscode-vfs://github/a/b/x.tune.yaml", "pitchpipe", WHOLE) == []
    assert codes("file:///nowhere/x.tune.yaml", "pitchpipe", WHOLE) == [
        "model-not-found",
        "data-file-not-found",
    ]
