from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from pitchpipe.plan import Plan, SourcePlan
from pitchpipe_runner import rows
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure
from support.plans import plan_of
from support.workbench import whole, write_rows

ROWS = [{"text": "häh", "n": 1}, {"text": "a\u2028b", "n": 2}, {"text": "c", "n": 3}]
TABLE = pyarrow.Table.from_pylist(ROWS)


@pytest.fixture
def plan(tmp_path: Path, plain_model: Path) -> Plan:
    write_rows(tmp_path, [{"text": "a", "label": "b"}])
    return plan_of(whole("", plain_model), tmp_path)


def read(plan: Plan, name: str, split: str = "train") -> list[dict[str, Any]]:
    source = SourcePlan(name, None, None, split, None, {})
    return rows.read(plan, source, "data.train[0]")


def said(plan: Plan, name: str, split: str = "train") -> str:
    with pytest.raises(RunFailure) as caught:
        read(plan, name, split)
    assert caught.value.exit_code == FILE_IS_WRONG
    return f"{caught.value.code} at {caught.value.path}: {caught.value.message}"


def write(plan: Plan, name: str, content: str | bytes) -> str:
    content = content.encode() if isinstance(content, str) else content
    Path(plan.root, name).write_bytes(content)
    return name


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


# What can be read


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "A.JSONL"])
def test_json_lines(plan: Plan, name: str) -> None:
    assert read(plan, write(plan, name, lines(ROWS))) == ROWS


def test_json_lines_of_windows_with_a_byte_order_mark_and_empty_lines(plan: Plan) -> None:
    text = "\ufeff" + lines(ROWS).replace("\n", "\r\n\r\n")
    assert read(plan, write(plan, "a.jsonl", text)) == ROWS


def test_a_json_array(plan: Plan) -> None:
    assert read(plan, write(plan, "a.json", json.dumps(ROWS, indent=1))) == ROWS


def test_comma_and_tab_separated_values(plan: Plan) -> None:
    text = 'text,n\nhäh,1\n"a, ""b""\nc",2\n\n'
    expected = [{"text": "häh", "n": "1"}, {"text": 'a, "b"\nc', "n": "2"}]
    assert read(plan, write(plan, "a.csv", text)) == expected
    assert read(plan, write(plan, "a.csv", "\ufeff" + text.replace("\n", "\r\n")))[0] == expected[0]
    assert read(plan, write(plan, "a.tsv", "text\tn\na, b\t1\n")) == [{"text": "a, b", "n": "1"}]


def test_a_long_field(plan: Plan) -> None:
    long = "word " * 50_000
    assert read(plan, write(plan, "a.csv", f'text,n\n"{long}",1\n'))[0]["text"] == long


def test_lines_of_text(plan: Plan) -> None:
    assert read(plan, write(plan, "a.txt", "\ufeffhäh\r\n\n a\u2028b \nc")) == [
        {"text": "häh"},
        {"text": " a\u2028b "},
        {"text": "c"},
    ]


def test_parquet(plan: Plan) -> None:
    pyarrow.parquet.write_table(TABLE, Path(plan.root, "a.parquet"))
    assert read(plan, "a.parquet") == ROWS


@pytest.mark.parametrize("form", ["new_stream", "new_file"])
def test_both_forms_of_arrow(plan: Plan, form: str) -> None:
    file = Path(plan.root, "a.arrow")
    with getattr(pyarrow.ipc, form)(file, TABLE.schema) as writer:
        writer.write_table(TABLE)
    assert read(plan, "a.arrow") == ROWS
    file.rename(file.with_name("b.arrow"))  # would fail on Windows if the file were still open


def test_a_part_of_the_rows(plan: Plan) -> None:
    write(plan, "a.jsonl", lines(ROWS))
    assert read(plan, "a.jsonl", "train[1:]") == ROWS[1:]
    assert read(plan, "a.jsonl", "train[:67%]") == ROWS[:2]
    assert said(plan, "a.jsonl", "train[3:]") == (
        "data-empty at data.train[0]: `a.jsonl` has no rows in `train[3:]`"
    )


# What can't


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.jsonl",
            lines(ROWS) + '{"text": \n',
            "`a.jsonl` line 4 is not JSON: Expecting value: line 2 column 1 (char 10)",
        ),
        ("a.jsonl", '"a"\n', "`a.jsonl` line 1 is not an object"),
        ("a.jsonl", b'{"text": "\xff"}\n', "`a.jsonl` is not UTF-8 text (byte 10)"),
        ("a.jsonl", "[" * 100_000, "`a.jsonl` line 1 is not JSON: it is nested too deeply"),
        ("a.json", '[{"a": 1},\n{]', "`a.json` line 2 is not JSON: Expecting property name"),
        ("a.json", '{"a": 1}', "`a.json` is not an array of objects"),
        ("a.json", "[" * 100_000, "`a.json` is not JSON: it is nested too deeply"),
        ("a.csv", "a,b\n1,2\n1\n", "`a.csv` line 3 has another number of fields than its head"),
        ("a.csv", "a,b\n1,2,3\n", "`a.csv` line 2 has another number of fields than its head"),
        ("a.csv", b"a,b\n1,\xe4\n", "`a.csv` is not UTF-8 text (byte 6)"),
        ("a.txt", b"\xff\xfea\0", "`a.txt` is not UTF-8 text (byte 0)"),
        ("a.xml", "<a/>", "`a.xml`: files ending in `.xml` can't be read as data"),
        ("a.parquet", "PAR1", "`a.parquet` is not a Parquet file"),
        ("a.parquet", "PAR1" + "x" * 100 + "PAR1", "`a.parquet` is not a Parquet file"),
        ("a.arrow", "x" * 100, "`a.arrow` is not an Arrow file"),
        ("a.arrow", "", "`a.arrow` is not an Arrow file"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    plan: Plan, name: str, content: str | bytes, message: str
) -> None:
    text = said(plan, write(plan, name, content))
    assert text.startswith(f"data-unreadable at data.train[0]: {message}")
    assert "\n" not in text


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.txt", "a.parquet", "a.arrow"])
def test_a_file_that_is_not_there_or_is_a_folder_is_named(plan: Plan, name: str) -> None:
    assert said(plan, name) == (
        f"data-file-not-found at data.train[0].path: "
        f"the data file `{Path(plan.root, name)}` does not exist"
    )
    Path(plan.root, name).mkdir()
    assert said(plan, name) == f"data-unreadable at data.train[0]: `{name}` is not a file"


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl", "\n \n"), ("a.json", "[]"), ("a.csv", "a,b\n"), ("a.txt", "")]
)
def test_a_file_without_rows_is_named(plan: Plan, name: str, content: str) -> None:
    text = said(plan, write(plan, name, content))
    assert text == f"data-empty at data.train[0]: `{name}` has no rows in `train`"


# Some of them


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.arrow", "a.json", "a.csv"])
@pytest.mark.parametrize("split", ["train", "train[1:]", "train[:50%]", "train[-2:]"])
@pytest.mark.parametrize("counted", [True, False])
def test_a_window_shows_what_is_read(plan: Plan, name: str, split: str, counted: bool) -> None:
    table = pyarrow.Table.from_pylist([{"text": f"{n}"} for n in range(2500)])
    file = Path(plan.root, name)
    if name == "a.parquet":
        pyarrow.parquet.write_table(table, file)
    elif name == "a.arrow":
        with pyarrow.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    elif name == "a.csv":
        write(plan, name, "text\n" + "".join(f"{n}\n" for n in range(2500)))
    elif name == "a.json":
        write(plan, name, json.dumps(table.to_pylist()))
    else:
        write(plan, name, lines(table.to_pylist()))
    source = SourcePlan(name, None, None, split, None, {})
    whole = rows.read(plan, source, "data.train[0]")
    for skip, most in ((0, 3), (1, 2), (998, 5), (len(whole) - 1, 9), (9999, 1), (0, 0)):
        found = rows.window(plan, source, "data.train[0]", skip, most, 2500 if counted else None)
        assert found.rows == whole[skip : skip + most]
        assert found.columns == ("text",)
        assert all(row["text"] == f"{found.first + n}" for n, row in enumerate(found.rows))
        assert found.total in {len(whole), None}
        assert not counted or found.total == len(whole)
