from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pitchpipe.facts import FileFact, ModelFact, NotRead, TableFact
from pitchpipe_facts.reader import Reader, sha256


def table(folder: Path, name: str, content: str | bytes) -> TableFact:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    found = Reader(folder).table(str(folder / name))
    assert isinstance(found, TableFact), found
    return found


def problem(folder: Path, name: str, content: str | bytes) -> tuple[int | None, str]:
    found = table(folder, name, content).problem
    assert found is not None
    return found.line, found.message


def test_jsonl_gives_columns_with_their_types(tmp_path: Path) -> None:
    found = table(tmp_path, "a.jsonl", '{"a": 1, "b": "x"}\n\n{"a": null, "c": [1]}\n')
    assert [(c.name, c.types, c.missing) for c in found.columns] == [
        ("a", ("integer", "null"), None),
        ("b", ("string",), 2),
        ("c", ("array",), 1),
    ]
    assert found.complete
    assert found.problem is None


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
def test_byte_order_mark_and_crlf_make_no_difference(tmp_path: Path, name: str) -> None:
    found = table(tmp_path, name, b'\xef\xbb\xbf{"a": "x"}\r\n{"a": "y"}\r\n')
    assert [dict(r) for r in found.rows] == [{"a": "x"}, {"a": "y"}]


def test_only_the_head_is_kept_and_said_to_be_one(tmp_path: Path) -> None:
    found = table(tmp_path, "a.jsonl", '{"a": 1}\n' * 201)
    assert len(found.rows) == 200
    assert not found.complete


def test_as_many_rows_as_are_kept_are_complete(tmp_path: Path) -> None:
    assert table(tmp_path, "a.jsonl", '{"a": 1}\n' * 200).complete


def test_a_broken_line_far_behind_the_head_is_found(tmp_path: Path) -> None:
    line, message = problem(tmp_path, "a.jsonl", '{"a": 1}\n' * 899 + '{"a": 1\n' + '{"a": 1}\n')
    assert line == 900
    assert message.startswith("it is not JSON: expecting ',' delimiter")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ('{"a": 1}\n[1]\n', 2, "it holds an array instead of an object"),
        ('{"a": 1}\nnull\n', 2, "it holds null instead of an object"),
        ('"a"\n', 1, "it holds a string instead of an object"),
        ('{"a": "ab\n', 1, "it is not JSON: unterminated string at column 7"),
        (b'{"a": 1}\n{"a": "\xe9"}\n', 2, "byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("{}".encode("utf-16"), None, "it is written in UTF-16; save it as UTF-8"),
    ],
)
def test_what_is_wrong_with_a_jsonl_file(
    tmp_path: Path, content: str | bytes, line: int | None, message: str
) -> None:
    assert problem(tmp_path, "a.jsonl", content) == (line, message)


def test_deep_nesting_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    deep = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}\n"
    assert problem(tmp_path, "a.jsonl", deep)[0] == 1


def test_an_enormous_number_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    found = table(tmp_path, "a.jsonl", '{"a": ' + "9" * 5000 + "}\n")
    if sys.version_info >= (3, 11):
        assert found.problem is not None
        assert found.problem.line == 1


def test_json_is_an_array_of_objects(tmp_path: Path) -> None:
    found = table(tmp_path, "a.json", '\ufeff [ {"a": 1},\n {"a": 2} ]\n ')
    assert [dict(r) for r in found.rows] == [{"a": 1}, {"a": 2}]
    assert found.complete


@pytest.mark.parametrize("content", ["", " \n", "[]", " [ ] "])
def test_json_may_have_no_rows(tmp_path: Path, content: str) -> None:
    found = table(tmp_path, "a.json", content)
    assert found.rows == ()
    assert found.complete


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ('{"data": []}', 1, "it holds an object instead of an array of objects"),
        ('{"a": 1}\n{"a": 2}\n', 1, "it holds one object a line; let its name end in `.jsonl`"),
        ('\n"x"', 2, "it is not an array of objects"),
        ('[{"a": 1},\n 5]', 2, "the array holds an integer instead of an object"),
        ('[{"a": 1}\n {"a": 2}]', 2, "it is not JSON: expecting `,` or `]`"),
        ('[{"a": 1},\n', 2, "it is not JSON: expecting value"),
        ('[{"a": 1}]\n[]', 2, "something follows behind the array"),
        ("[{'a': 1}]", 1, "it is not JSON: expecting property name enclosed in double quotes"),
    ],
)
def test_what_is_wrong_with_a_json_file(
    tmp_path: Path, content: str, line: int, message: str
) -> None:
    assert problem(tmp_path, "a.json", content) == (line, message)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.txt"])
def test_of_a_large_file_only_the_head_is_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitchpipe_facts.tables.SCAN_BYTES", 1000)
    row = '{"a": "some text", "b": 1.25, "c": false}'
    content = {
        "a.jsonl": f"{row}\n" * 500,
        "a.json": "[" + f"{row},\n" * 500 + f"{row}]",
        "a.csv": "a,b\n" + '"two\nlines",1\n' * 500,
        "a.txt": "é line of text\n" * 500,
    }[name]
    found = table(tmp_path, name, content)
    assert found.problem is None
    assert not found.complete
    assert 10 < len(found.rows) < 100


@pytest.mark.parametrize("size", range(900, 1000, 7))
def test_a_json_file_cut_anywhere_has_no_problem(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitchpipe_facts.tables.SCAN_BYTES", size)
    row = '{"a": "x,\\n]",\n"b": [1.5e-3,\ntrue,\nnull]}'
    found = table(tmp_path, "a.json", "[" + ",\n".join([row] * 100) + "]")
    assert found.problem is None
    assert found.rows


def test_csv_has_its_names_in_the_first_record(tmp_path: Path) -> None:
    found = table(tmp_path, "a.csv", '\ufeffa,b\r\n1,"x, y"\r\n\r\n"two\r\nlines",\r\n')
    assert [dict(r) for r in found.rows] == [
        {"a": "1", "b": "x, y"},
        {"a": "two\r\nlines", "b": ""},
    ]


@pytest.mark.parametrize("size", range(80, 130))
def test_a_csv_file_cut_anywhere_gives_whole_rows(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitchpipe_facts.tables.SCAN_BYTES", size)
    found = table(tmp_path, "a.csv", "a,b\n" + '"two\n\nlines, ""x""",1\n5,6\n' * 20)
    assert found.problem is None
    whole = [{"a": 'two\n\nlines, "x"', "b": "1"}, {"a": "5", "b": "6"}]
    assert [dict(r) for r in found.rows] == (whole * 20)[: len(found.rows)]
    assert found.rows


@pytest.mark.parametrize("size", range(40, 60))
def test_of_a_csv_file_cut_in_quotes_the_last_row_is_left_out(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitchpipe_facts.tables.SCAN_BYTES", size)
    found = table(tmp_path, "a.csv", "a\n" + '"two\n\nlines"\n' * 20)
    assert {r["a"] for r in found.rows} == {"two\n\nlines"}


def test_a_field_of_a_csv_file_may_be_long(tmp_path: Path) -> None:
    found = table(tmp_path, "a.csv", "a\n" + "x" * 200_000 + "\n")
    assert len(found.rows[0]["a"]) == 200_000


def test_tsv_is_parted_by_tabs(tmp_path: Path) -> None:
    assert [dict(r) for r in table(tmp_path, "a.tsv", "a\tb\n1\t2,3").rows] == [
        {"a": "1", "b": "2,3"}
    ]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a,b\n1,2\n1,2,3\n", 3, "it has 3 fields where the head has 2"),
        ("a,b\n1\n", 2, "it has 1 field where the head has 2"),
        ("a,b,a\n1,2,3\n", 1, "it names the column `a` twice"),
    ],
)
def test_what_is_wrong_with_a_csv_file(
    tmp_path: Path, content: str, line: int, message: str
) -> None:
    assert problem(tmp_path, "a.csv", content) == (line, message)


def test_text_has_one_row_a_line(tmp_path: Path) -> None:
    found = table(tmp_path, "a.txt", "one\r\n\n  \ntwo\u2028still two")
    assert [dict(r) for r in found.rows] == [{"text": "one"}, {"text": "two\u2028still two"}]


def test_an_unknown_ending_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    found = Reader(tmp_path).table(str(tmp_path / "a.xlsx"))
    assert isinstance(found, NotRead)
    assert found.reason.startswith("files ending in `.xlsx` can't be read as data")


def test_a_table_is_read_again_only_when_the_file_changed(tmp_path: Path) -> None:
    file, reader = tmp_path / "a.jsonl", Reader(tmp_path)
    file.write_text('{"a": 1}\n', encoding="utf-8")
    first = reader.table(str(file))
    assert reader.table(str(file)) is first
    file.write_text('{"bb": 1}\n', encoding="utf-8")
    second = reader.table(str(file))
    assert isinstance(second, TableFact)
    assert [c.name for c in second.columns] == ["bb"]


def test_a_missing_file_names_its_siblings(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").touch()
    (tmp_path / "a.jsonl").touch()
    assert Reader(tmp_path).file(str(tmp_path / "c.jsonl")) == FileFact(
        exists=False, siblings=("a.jsonl", "b.jsonl")
    )


def test_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("four", encoding="utf-8")
    reader = Reader(tmp_path)
    assert reader.file(str(tmp_path / "a.txt")) == FileFact(exists=True, size=4)
    assert reader.file(str(tmp_path)) == FileFact(exists=True, is_dir=True)


@pytest.mark.parametrize("name", ["no/such/folder/a.jsonl", "nul\0.jsonl", "x" * 5000])
def test_odd_paths_are_answered_too(tmp_path: Path, name: str) -> None:
    path, reader = str(tmp_path / name), Reader(tmp_path)
    assert not reader.file(path).exists
    assert isinstance(reader.table(path), NotRead)
    assert isinstance(reader.fingerprint(path), NotRead)
    assert isinstance(reader.model(path), NotRead)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    assert sys.platform != "win32"
    os.mkfifo(tmp_path / "a.jsonl")
    assert Reader(tmp_path).table(str(tmp_path / "a.jsonl")) == NotRead("it is not a file")


def test_a_file_that_does_not_open_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(file: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    (tmp_path / "a.jsonl").touch()
    monkeypatch.setattr(Path, "open", forbidden)
    found = Reader(tmp_path).table(str(tmp_path / "a.jsonl"))
    assert isinstance(found, TableFact)
    assert found.problem is not None
    assert found.problem.message == "it can't be opened: permission denied"


def test_a_model_folder(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert reader.model(str(tmp_path)) == ModelFact(False, None, False, False)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    assert reader.model(str(tmp_path)) == ModelFact(True, "llama", True, False)
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "x"}', encoding="utf-8")
    assert reader.model(str(tmp_path)) == ModelFact(True, "llama", True, True)


@pytest.mark.parametrize("name", ["chat_template.jinja", "chat_template.json"])
def test_a_chat_template_may_be_a_file_of_its_own(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    found = Reader(tmp_path).model(str(tmp_path))
    assert isinstance(found, ModelFact)
    assert found.has_chat_template


@pytest.mark.parametrize("content", ["", "[]", '{"model_type": 5}', "{"])
def test_a_broken_config_is_no_crash(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")
    found = Reader(tmp_path).model(str(tmp_path))
    assert isinstance(found, ModelFact)
    assert found.model_type is None


def test_a_fingerprint_is_the_sha256_and_the_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    found = sha256(tmp_path / "a")
    assert found.size == 3
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert Reader(tmp_path).fingerprint(str(tmp_path / "a")) == found


def test_the_environment_is_asked_by_name(tmp_path: Path) -> None:
    reader = Reader(tmp_path, environment={"DATA": "/data"})
    assert reader.environment("DATA") == "/data"
    assert reader.environment("OTHER") is None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"a": {"file_name": "a.json"}}', {"a": {"file_name": "a.json"}}),
        (b"{}", {}),
        (b"[1]", NotRead("it holds no JSON object")),
        (b'{"a": ', NotRead("it holds no JSON object")),
        (b"\xff", NotRead("it holds no JSON object")),
        (None, NotRead("there is no such file")),
    ],
)
def test_a_json_object_is_read_whole(tmp_path: Path, content: bytes | None, found: object) -> None:
    if content is not None:
        (tmp_path / "info.json").write_bytes(content)
    assert Reader(tmp_path).json(str(tmp_path / "info.json")) == found
