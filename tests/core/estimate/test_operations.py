"""What autograd packs of an operation, by which checkpointing counts."""

from __future__ import annotations

import pytest

from pitchpipe.estimate.operations import rule


@pytest.mark.parametrize(
    ("name", "needs", "packs"),
    [
        ("mul", [True, False], True),
        ("mul", [True], False),  # by a number that is written in the code
        ("div", [True], False),
        ("mm", [False, True], True),
        ("silu", [True], True),
        ("rsqrt", [True], True),
        ("_to_copy", [True], False),
    ],
)
def test_a_number_in_the_code_is_not_packed(name: str, needs: list[bool], packs: bool) -> None:
    assert rule(name).packs(needs) is packs
