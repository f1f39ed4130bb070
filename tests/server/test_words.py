"""Settings and plain texts."""

from __future__ import annotations

from typing import Any

import pytest

from pitchpipe_server.plain_text import plain_text
from pitchpipe_server.settings import Settings, settings_of


@pytest.mark.parametrize(
    ("found", "settings"),
    [
        (None, Settings()),
        ([], Settings()),
        ({"python": "/usr/bin/python3"}, Settings(python="/usr/bin/python3")),
        ({"pitchpipe": {"device": "RTX 4090"}}, Settings(device="RTX 4090")),
        ({"python": "  ", "device": 3}, Settings()),
        ({"inlayHints": {"enabled": False}, "codeLens": False}, Settings(None, None, False, False)),
    ],
)
def test_settings_are_read_leniently(found: Any, settings: Settings) -> None:
    assert settings_of(found) == settings


def test_markdown_is_readable_without_its_marks() -> None:
    text = (
        "# `r`\n\nThe **rank** ([paper](https://x.y)).\n\n"
        "| a | b |\n|---|---:|\n| `1` | x \\| y |\n\n```yaml\nr: `1`\n```\n"
    )
    assert plain_text(text) == "r\n\nThe rank (paper).\n\na  b\n1  x | y\n\nr: `1`\n"
