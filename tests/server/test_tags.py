"""Dead and old keys are tagged, where the client shows that."""

from __future__ import annotations

import pytest
from lsprotocol.types import DiagnosticTag, PositionEncodingKind

from pitchpipe.span import Lines
from pitchpipe_server.capabilities import Capabilities
from pitchpipe_server.convert import diagnostic
from pitchpipe_server.positions import UNITS, Positions
from support.analysis import analysis, whole

_AXOLOTL = """\
# pitchpipe: axolotl
base_model: models/tiny
datasets: [{path: mhenrichsen/alpaca_2k_test, type: completion}]
learning_rate: 0.00002
"""


@pytest.mark.parametrize(
    ("text", "code", "tag"),
    [
        (
            whole("method: {type: full, r: 8}"),
            "key-without-effect",
            DiagnosticTag.Unnecessary,
        ),
        (
            f"{_AXOLOTL}evaluation_strategy: epoch\n",
            "deprecated-key",
            DiagnosticTag.Deprecated,
        ),
        (f"{_AXOLOTL}lora_rr: 16\n", "ignored-key", DiagnosticTag.Unnecessary),
        (whole("name: x  # pitchpipe: ignore\n"), "unused-ignore", DiagnosticTag.Unnecessary),
        (whole("trian: {}"), "unknown-key", None),
    ],
)
def test_a_key_that_is_dead_or_old_is_tagged(
    text: str, code: str, tag: DiagnosticTag | None
) -> None:
    found = next(f for f in analysis(text).findings if f.code == code)
    positions = Positions(text, Lines(text), UNITS[PositionEncodingKind.Utf16.value])
    shown = diagnostic(found, "file:///a.yaml", positions, Capabilities(diagnostic_tags=True))
    assert shown.tags == (None if tag is None else [tag])
    unable = diagnostic(found, "file:///a.yaml", positions, Capabilities())
    assert unable.tags is None
