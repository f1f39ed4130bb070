from __future__ import annotations

import pytest

from pitchpipe_server.uris import path_of, uri_of

BOTH = [
    ("file:///home/me/a.yaml", "/home/me/a.yaml"),
    ("file:///home/me/a%20b/%C3%A9.yaml", "/home/me/a b/é.yaml"),
    ("file:///home/me/50%25%23%3F.yaml", "/home/me/50%#?.yaml"),
    ("file:///c%3A/rows/a%20b.yaml", "c:\\rows\\a b.yaml"),
    ("file://server/share/a%20b.yaml", "\\\\server\\share\\a b.yaml"),
]


@pytest.mark.parametrize(("uri", "path"), BOTH)
def test_there_and_back(uri: str, path: str) -> None:
    assert path_of(uri) == path
    assert uri_of(path) == uri


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///C:/rows/a.yaml", "c:\\rows\\a.yaml"),
        ("file:///C%3a/rows/a.yaml", "c:\\rows\\a.yaml"),
        ("file:///c:", "c:\\"),
        ("FILE:///a", "/a"),
        ("file://localhost/a", "/a"),
        ("file:///", "/"),
        ("untitled:Untitled-1", None),
        ("vscode-vfs://github/a/b.yaml", None),
        ("git:/home/me/a.yaml?x", None),
    ],
)
def test_other_spellings(uri: str, path: str | None) -> None:
    assert path_of(uri) == path
