from __future__ import annotations

import json
from pathlib import Path

import pytest

from pitchpipe.facts import NotRead
from pitchpipe_facts import row_counts


def counted(folder: Path, name: str, content: str | bytes) -> int | NotRead:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return row_counts.count(file)


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.jsonl", '{"a": 1}\n\n{"a": 2}\n  \n{"a": 3}', 3),
        ("a.ndjson", "", 0),
        ("a.txt", "one\n\ntwo\r\n", 2),
        ("a.json", json.dumps([{"a": 1}] * 4), 4),
        ("a.csv", 'a,b\n1,"two\nlines"\n\n3,4\n', 2),
        ("a.tsv", "a\tb\n1\t2\n", 1),
        ("a.csv", "", 0),
    ],
)
def test_rows_are_counted_as_a_run_reads_them(
    tmp_path: Path, name: str, content: str, rows: int
) -> None:
    assert counted(tmp_path, name, content) == rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", ""),
        ("a.json", "{"),
        ("a.csv", b"a,b\n\xff,1\n"),
        ("a.parquet", b""),
        ("a.parquet", b"PAR1" * 8),
        ("a.parquet", b"PAR1" + b"\x19" * 40 + (40).to_bytes(4, "little") + b"PAR1"),
        ("a.parquet", b"\xff\xff\xff\x7fPAR1"),
    ],
)
def test_what_can_not_be_counted_is_not_guessed(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    assert isinstance(counted(tmp_path, name, content), NotRead)


@pytest.mark.parametrize("rows", [0, 1, 63, 5000])
def test_a_parquet_footer_tells_its_rows(tmp_path: Path, rows: int) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    turns = pyarrow.list_(pyarrow.struct([("role", pyarrow.string())]))
    columns = {
        "number": pyarrow.array(range(rows), pyarrow.int64()),
        "turns": pyarrow.array([[{"role": "user"}]] * rows, turns),
        "yes": pyarrow.array([True] * rows, pyarrow.bool_()),
        "share": pyarrow.array([0.5] * rows, pyarrow.float64()),
    }
    table = pyarrow.table(columns, metadata={"made": "by a test"})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=1000)
    assert row_counts.count(tmp_path / "a.parquet") == rows
