"""The copied measurements keep to what their README says of the columns."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

MEASURED = Path(__file__).parent.parent / "bench" / "measured"
UNITS = {"GiB": 2**30, "GB": 10**9, "B": 1}
CLOSED = {
    "tier": {"A", "B", "C"},
    "length_kind": {"exact", "cap", "unknown"},
    "packed": {"yes", "no", ""},
    "checkpointing": {"yes", "no", ""},
    "compile": {"yes", "no", ""},
    "attention": {"sdpa", "flash", "other", ""},
    "loss": {"full", "chunked", ""},
    "metric": {"allocated", "reserved", "active", "unknown"},
    "unit": set(UNITS),
}
NEEDED_IN_A = ("model", "method", "batch", "length", "dtype", "optimizer", "checkpointing")
NEEDED_IN_A += ("quantization", "attention", "loss", "gpu")


def rows() -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for path in sorted(MEASURED.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            found += csv.DictReader(file)
    return found


def test_every_row_has_an_id_of_its_own() -> None:
    ids = [row["id"] for row in rows()]
    assert len(ids) >= 135
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("column", CLOSED)
def test_a_column_holds_nothing_but_its_words(column: str) -> None:
    assert {row[column] for row in rows()} <= CLOSED[column]


def test_every_row_says_where_it_is_from_and_why_it_is_in_its_tier() -> None:
    for row in rows():
        assert all((row["source"], row["file"], row["reason"])), row["id"]


def test_bytes_are_those_of_the_printed_figure() -> None:
    for row in rows():
        assert int(row["peak_bytes"]) == round(float(row["printed"]) * UNITS[row["unit"]])


def test_the_first_tier_leaves_nothing_open() -> None:
    for row in (row for row in rows() if row["tier"] == "A"):
        assert [name for name in NEEDED_IN_A if not row[name]] == [], row["id"]
        assert (row["metric"], row["length_kind"]) == ("allocated", "exact")


def test_the_readme_explains_every_column() -> None:
    readme = (MEASURED / "README.md").read_text(encoding="utf-8")
    assert [name for name in rows()[0] if f"`{name}`" not in readme] == []
