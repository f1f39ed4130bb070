"""What can be folded away."""

from __future__ import annotations

import pytest

from pitchpipe.ide.folding import foldings
from support.editing import snapshot

CASES = {
    "several documents": (
        "a:\n  b: 1\n--- # x\nc:\n  d: |\n    ---\n...\n---\n",
        ["0-1", "3-5", "4-5"],
    ),
    "nothing": ("", []),
    "one line": ("a: 1\n", []),
    "a section": ("a:\n  b: 1\nc: 2\n", ["0-1"]),
    "sections in sections": ("a:\n  b:\n    c: 1\n  d: 2\n", ["0-3", "1-2"]),
    "a list and its items": ("a:\n  - b: 1\n    c: 2\n  - d: 3\n", ["0-3", "1-2"]),
    "a list in the key's column": ("a:\n- 1\n- 2\nb: 1\n", ["0-2"]),
    "a text": ("a: |\n  x\n  y\n\nb: 1\n", ["0-2"]),
    "a text without marks": ("a: x\n  y\nb: 1\n", ["0-1"]),
    "brackets": ("a: [\n  1,\n  2\n]\nb: 1\n", ["0-3"]),
    "brackets in brackets": ("a: [\n  {\n    b: 1\n  },\n  2\n]\n", ["0-5", "1-3"]),
    "a root in brackets": ("{\n  a: 1\n}\n", ["0-2"]),
    "comments that follow each other": ("# a\n# b\n# c\nd: 1\n", ["0-2 comment"]),
    "a comment alone is no run": ("# a\nb: 1\n# c\n", []),
    "comments in other columns are another run": (
        "a:\n  # b\n  # c\n# d\n# e\nf: 1\n",
        ["1-2 comment", "3-4 comment"],
    ),
    "comments behind values are none": ("a: 1  # b\nc: 2  # d\n", []),
    "a hash in a text is none": ("a: |\n  # x\n  # y\nb: 1\n", ["0-2"]),
    "a blank line parts them": ("# a\n\n# b\n", []),
    "line breaks of Windows": ("a:\r\n  b: 1\r\n  c: 2\r\n", ["0-2"]),
    "an open bracket": ("a: [\n  1\nb: 1\n", ["0-1"]),
    "a value on the next line": ("a:\n  b\nc: 1\n", ["0-1"]),
    "what is half-typed": ("a:\n  b: 1\n  c\nd\n", ["0-2"]),
}


@pytest.mark.parametrize("name", CASES)
def test_foldings(name: str) -> None:
    text, expected = CASES[name]
    found = foldings(snapshot(text))
    assert [f"{f.start_line}-{f.end_line} {f.kind}".strip() for f in found] == expected
