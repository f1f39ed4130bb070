"""Surveys of files: all rows, as the runner reads them, made once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.facts import NotRead, TableProblem
from pitchpipe.survey import Survey, View
from pitchpipe_facts import row_stream, surveys
from pitchpipe_facts.reader import Reader
from pitchpipe_facts.runner_python import Stop

VIEW = View(given=("p",), learnt=("c",))


def read(file: Path) -> list[tuple[int, dict[str, Any]]]:
    return list(row_stream.rows(file))


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def made(file: Path, view: View = VIEW) -> Survey:
    found = surveys.survey(file, view, None, file.parent / "cache")
    assert isinstance(found, Survey), found
    return found


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.jsonl", '{"p": 1}\n\n \n{"p": 2}', [1, 4]),
        ("a.ndjson", '\ufeff{"p": 1}\r\n{"p": 2}\r\n', [1, 2]),
        ("a.jsonl", '{"p": 1}\r{"p": 2}\n', [1, 2]),
        ("a.jsonl", '{"p": 1}\n\u2028\n{"p": 2}\n', [1, 3]),
        ("a.json", '[{"p": 1},\n\n{"p": 2}]', [1, 3]),
        ("a.json", '\ufeff [\n {"p": 1}\n , {"p":\n 2}\n]\n', [2, 3]),
        ("a.csv", "p\n1\n2\n", [2, 3]),
        ("a.csv", '\ufeffp\r\n"1"\r\n\r\n2\r\n', [2, 4]),
        ("a.tsv", "p\tq\n1\tx\n2\ty", [2, 3]),
    ],
)
def test_rows_come_with_their_lines(
    tmp_path: Path, name: str, content: str, lines: list[int]
) -> None:
    found = read(write(tmp_path, name, content))
    assert [str(row["p"]) for _, row in found] == ["1", "2"]
    assert [line for line, _ in found] == lines


def test_text_has_a_row_a_line(tmp_path: Path) -> None:
    file = write(tmp_path, "a.txt", "one\n\ntwo\x0cthree\n")
    assert read(file) == [(1, {"text": "one"}), (3, {"text": "two\x0cthree"})]


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_an_array_is_read_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(row_stream, "_CHUNK", chunk)
    rows = [{"p": "x" * n, "c": [n, {"a": "}]{"}]} for n in range(20)]
    file = write(tmp_path, "a.json", json.dumps(rows, indent=1))
    assert [row for _, row in read(file)] == rows
    assert read(write(tmp_path, "b.json", " [ ] ")) == []


@pytest.mark.parametrize(
    ("name", "content", "line", "said"),
    [
        ("a.jsonl", b'{"p": 1}\n{"p": \n', 2, "it is not JSON"),
        ("a.jsonl", b'{"p": 1}\n[]\n', 2, "it holds an array instead of an object"),
        ("a.jsonl", b'{"p": 1}\n{"p": "\xff"}\n', 2, "byte 0xff is not UTF-8"),
        ("a.json", b'[{"p": 1},\n{"p": }]', 2, "it is not JSON"),
        ("a.json", b'[{"p": 1},\n 5]', 2, "the array holds an integer instead of an object"),
        ("a.json", b'[{"p": 1}\n{"p": 2}]', 2, "it is not JSON: expecting `,` or `]`"),
        ("a.json", b'[{"p": 1}]\n{}', 2, "something follows behind the array"),
        ("a.json", b'{"p": 1}', 1, "it is not an array of objects"),
        ("a.json", b'[{"p": "\xff"}]', None, "byte 0xff is not UTF-8"),
        ("a.csv", b"p,c\n1,2\n3\n", 3, "it has 1 field where the head has 2"),
        ("a.csv", b"p,c\n1,\xff\n", None, "byte 0xff is not UTF-8"),
    ],
)
def test_what_keeps_a_file_from_being_read_on_is_told(
    tmp_path: Path, name: str, content: bytes, line: int | None, said: str
) -> None:
    with pytest.raises(row_stream.Broken) as raised:
        read(write(tmp_path, name, content))
    assert raised.value.problem.line == line
    assert raised.value.problem.message.startswith(said)
    problem = made(tmp_path / name).problem
    assert isinstance(problem, TableProblem)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"p": "' + "x" * 200 + '"}\n'),
        ("a.json", '[{"p": "' + "x" * 200 + '"}]'),
        ("a.csv", 'p\n"' + "x\n" * 200),
    ],
)
def test_a_row_that_no_memory_should_hold_ends_the_survey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    monkeypatch.setattr(row_stream, "LONGEST", 100)
    monkeypatch.setattr(row_stream, "_CHUNK", 50)
    file = write(tmp_path, name, content)
    found = surveys.survey(file, VIEW, None, tmp_path)
    assert isinstance(found, NotRead)
    assert found.reason.startswith("a row is longer than")


@pytest.mark.parametrize(
    ("split", "lines"),
    [
        ("train", [1, 2, 3, 4]),
        ("train[:2]", [1, 2]),
        ("train[1:3]", [2, 3]),
        ("train[:50%]", [1, 2]),
        ("train[-1:]", [4]),
    ],
)
def test_a_split_takes_its_rows(tmp_path: Path, split: str, lines: list[int]) -> None:
    content = "".join(json.dumps({"p": f"{n}", "c": "x"}) + "\n" for n in range(4))
    file = write(tmp_path, "a.jsonl", content)
    found = made(file, View(split, ("p",), ("c",)))
    assert sorted(found.prompts.places) == lines


def test_an_answer_about_a_large_file_is_kept_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveys, "SMALL", 0)
    file = write(tmp_path, "a.jsonl", '{"p": "a", "c": "b"}\n')
    cache = tmp_path / "cache"
    assert surveys.kept(file, VIEW, cache) is None
    found = made(file)
    assert surveys.kept(file, VIEW, cache) == found
    assert surveys.kept(file, View(given=("c",), learnt=("p",)), cache) is None
    with file.open("a") as stream:
        stream.write('{"p": "c", "c": "d"}\n')
    assert surveys.kept(file, VIEW, cache) is None
    assert made(file).rows == 2


def test_an_answer_that_can_not_be_read_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveys, "SMALL", 0)
    file = write(tmp_path, "a.jsonl", '{"p": "a", "c": "b"}\n')
    found = made(file)
    (entry,) = (tmp_path / "cache").glob("*.json")
    for nonsense in ("", "{}", '{"version": 1}', "[]"):
        entry.write_text(nonsense)
        assert surveys.kept(file, VIEW, tmp_path / "cache") is None
    assert made(file) == found


def test_old_answers_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveys, "SMALL", 0)
    monkeypatch.setattr(surveys, "_MOST_KEPT", 3)
    for n in range(5):
        made(write(tmp_path, f"{n}.jsonl", '{"p": "a", "c": "b"}\n'))
    assert len(list((tmp_path / "cache").glob("*.json"))) == 3


def test_of_small_files_nothing_is_kept(tmp_path: Path) -> None:
    made(write(tmp_path, "a.jsonl", '{"p": "a", "c": "b"}\n'))
    assert not (tmp_path / "cache").exists()


def test_the_head_says_whether_it_is_all(tmp_path: Path) -> None:
    line = '{"p": "a", "c": "b"}\n'
    few = surveys.head(write(tmp_path, "a.jsonl", line * 200), VIEW)
    many = surveys.head(write(tmp_path, "b.jsonl", line * 201), VIEW)
    assert isinstance(few, Survey)
    assert isinstance(many, Survey)
    assert (few.rows, few.whole) == (200, True)
    assert (many.rows, many.whole) == (200, False)


def test_another_process_finds_the_same(tmp_path: Path) -> None:
    file = write(tmp_path, "ä.jsonl", '{"p": "ä", "c": "b"}\n{"p": "ä", "c": "b"}\n')
    assert surveys.elsewhere(file, VIEW, Stop()) == made(file)


def test_a_stopped_process_finds_nothing(tmp_path: Path) -> None:
    stop = Stop()
    stop.stop()
    found = surveys.elsewhere(write(tmp_path, "a.jsonl", "{}\n"), VIEW, stop)
    assert isinstance(found, NotRead)


def test_files_that_nobody_reads_and_huge_ones_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert surveys.survey(write(tmp_path, "a.docx", ""), VIEW, None) == NotRead(
        "rows of `.docx` files are not looked through"
    )
    monkeypatch.setattr(surveys, "LARGEST", 10)
    file = write(tmp_path, "a.jsonl", '{"p": "a", "c": "b"}\n')
    assert surveys.survey(file, VIEW, None) == NotRead("it has 21 B")


def test_parquet_is_read_by_the_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "a.parquet"
    rows = [{"p": "a", "c": "x"}, {"p": "b", "c": " "}, {"p": "a", "c": "x"}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    assert isinstance(surveys.survey(file, VIEW, None, tmp_path / "c"), NotRead)
    found = surveys.survey(file, VIEW, sys.executable, tmp_path / "c")
    assert isinstance(found, Survey), found
    assert (found.rows, found.by_line, found.blank["completion"].at) == (3, False, 2)
    assert surveys.kept(file, VIEW, tmp_path / "c") == found
    last = surveys.survey(file, View("train[-2:]", ("p",), ("c",)), sys.executable, tmp_path / "c")
    assert isinstance(last, Survey)
    assert (last.rows, last.blank["completion"].at) == (2, 2)


def test_a_broken_parquet_file_is_not_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    file = write(tmp_path, "a.parquet", b"PAR1 and nothing behind")
    found = surveys.survey(file, VIEW, sys.executable, tmp_path / "c")
    assert isinstance(found, NotRead)
    assert "not a Parquet file" in found.reason


def test_the_reader_asks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, "a.jsonl", '{"p": "a", "c": "b"}\n')
    reader = Reader(tmp_path)
    found = reader.survey(str(file), VIEW)
    assert isinstance(found, Survey)
    monkeypatch.setattr(surveys, "survey", None)
    assert reader.survey(str(file), VIEW) is found


def test_the_process_reads_only_its_question(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pitchpipe_facts.surveys"],
        input=surveys.asked(tmp_path / "no.jsonl", VIEW),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert json.loads(done.stdout)["not_read"] == "no such file or directory"


def test_the_head_of_what_must_be_counted_first_is_not_read(tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", '{"p": "a", "c": "b"}\n' * 4)
    found = surveys.head(file, View("train[50%:]", ("p",), ("c",)))
    assert found == NotRead("where its rows begin is not known yet")
