from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pitchpipe.facts import NotRead, TableFact
from pitchpipe_facts.reader import Reader

pyarrow = pytest.importorskip("pyarrow")

ROWS = [{"prompt": "é", "n": 1, "messages": [{"role": "user"}], "at": datetime.now(timezone.utc)}]


def write(folder: Path, form: str, count: int = 1) -> Path:
    import pyarrow.parquet

    rows = pyarrow.Table.from_pylist(ROWS * count)
    file = folder / ("a.parquet" if form == "parquet" else "a.arrow")
    if form == "parquet":
        pyarrow.parquet.write_table(rows, file)
        return file
    make = pyarrow.ipc.new_stream if form == "stream" else pyarrow.ipc.new_file
    with file.open("wb") as sink, make(sink, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=30)
    return file


@pytest.mark.parametrize("form", ["parquet", "stream", "file"])
def test_the_runners_python_reads_columns(tmp_path: Path, form: str) -> None:
    found = Reader(tmp_path, sys.executable).table(str(write(tmp_path, form)))
    assert isinstance(found, TableFact), found
    assert {c.name: c.types for c in found.columns} == {
        "prompt": ("string",),
        "n": ("integer",),
        "messages": ("array",),
        "at": ("object",),
    }
    assert found.rows[0]["prompt"] == "é"
    assert found.complete


@pytest.mark.parametrize("form", ["parquet", "stream", "file"])
def test_only_the_head_is_read(tmp_path: Path, form: str) -> None:
    found = Reader(tmp_path, sys.executable).table(str(write(tmp_path, form, 250)))
    assert isinstance(found, TableFact), found
    assert len(found.rows) == 200
    assert not found.complete


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_a_broken_file_is_a_problem(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PAR1 this is nothing of the kind")
    found = Reader(tmp_path, sys.executable).table(str(tmp_path / name))
    assert isinstance(found, TableFact), found
    assert found.problem is not None


def test_without_the_runners_python_nothing_is_read(tmp_path: Path) -> None:
    found = Reader(tmp_path).table(str(write(tmp_path, "parquet")))
    assert found == NotRead("the runner's Python, which reads Parquet, is not known")


def test_a_python_that_does_not_start_is_named(tmp_path: Path) -> None:
    python = str(tmp_path / "no-such-python")
    found = Reader(tmp_path, python).table(str(write(tmp_path, "parquet")))
    assert isinstance(found, NotRead)
    assert found.reason.startswith(f"`{python}` does not start")


def test_a_python_without_the_runner_says_so(tmp_path: Path) -> None:
    python = tmp_path / ("python.cmd" if sys.platform == "win32" else "python")
    bare = f'"{sys.executable}" -I -S -m pitchpipe_runner.peek'
    python.write_text(
        f"@{bare}\n" if sys.platform == "win32" else f"#!/bin/sh\nexec {bare}\n", encoding="utf-8"
    )
    python.chmod(0o755)
    found = Reader(tmp_path, str(python)).table(str(write(tmp_path, "parquet")))
    assert isinstance(found, NotRead)
    assert "pitchpipe_runner" in found.reason


def test_no_module_of_the_data_folder_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / "pitchpipe_runner"
    planted.mkdir()
    (planted / "__init__.py").write_text(
        f"open({str(tmp_path / 'mark')!r}, 'w').close()", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    Reader(tmp_path, sys.executable).table(str(write(tmp_path, "parquet")))
    assert not (tmp_path / "mark").exists()


def test_a_runner_of_another_version_is_not_believed(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"version": 0, "rows": [], "complete": true}\'\n')
    python.chmod(0o755)
    if sys.platform == "win32":
        pytest.skip("a shell script is no program there")
    found = Reader(tmp_path, str(python)).table(str(write(tmp_path, "parquet")))
    assert found == NotRead("the runner's Python holds another version of Pitchpipe")
