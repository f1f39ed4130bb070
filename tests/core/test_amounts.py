"""Amounts as people read them."""

from __future__ import annotations

import pytest

from pitchpipe import amounts
from pitchpipe_cli.columns import aligned


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (192, "3 min 12 s"),
        (3599.7, "1 h 00 min"),
        (3725, "1 h 02 min"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert amounts.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_913_000_000, "1.91 GB"), (3e15, "3e+03 TB")],
)
def test_sizes(value: float, text: str) -> None:
    assert amounts.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1024, "1,024"), (1024.4, "1,024"), (0.5, "0.5"), (2e-5, "2.0e-05"), (0, "0"), (-3.0, "-3")],
)
def test_numbers(value: float, text: str) -> None:
    assert amounts.number(value) == text


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [("a", "1"), ("long", "22", "x"), ("b",)]
    assert aligned(rows, right=[1]) == "a      1\nlong  22  x\nb\n"
