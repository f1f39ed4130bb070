"""What `export-not-buildable` says of a class is what the installed builder does with it."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from pitchpipe.checks.exporting import BUILDABLE


def test_the_known_classes_are_those_of_the_builder() -> None:
    found = find_spec("onnxruntime_genai")
    assert found is not None
    assert found.origin is not None
    source = Path(found.origin).parent.joinpath("models", "builder.py").read_text(encoding="utf-8")
    named = set(re.findall(r'config\.architectures\[0\] == "(\w+)"', source))
    assert named == BUILDABLE
