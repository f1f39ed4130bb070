from __future__ import annotations

import pytest

from pitchpipe.paths import ResolvedPath, is_path, resolve
from support.facts import World

UNIX = World(variables={"HOME": "/home/me", "DATA": "/data", "NAME": "a b", "EMPTY": ""})
WINDOWS = World(variables={"USERPROFILE": "C:\\Users\\me", "DATA": "D:\\data"})


@pytest.mark.parametrize(
    ("written", "absolute", "portable"),
    [
        ("data/x.jsonl", "/proj/data/x.jsonl", "data/x.jsonl"),
        ("./x.jsonl", "/proj/x.jsonl", "./x.jsonl"),
        ("../x.jsonl", "/x.jsonl", "../x.jsonl"),
        ("/abs/x.jsonl", "/abs/x.jsonl", "/abs/x.jsonl"),
        ("/abs/../x.jsonl", "/x.jsonl", "/x.jsonl"),
        ("~", "/home/me", "/home/me"),
        ("~/x.jsonl", "/home/me/x.jsonl", "/home/me/x.jsonl"),
        ("~other/x.jsonl", "/proj/~other/x.jsonl", "~other/x.jsonl"),
        ("a/~/x.jsonl", "/proj/a/~/x.jsonl", "a/~/x.jsonl"),
        ("${DATA}/x.jsonl", "/data/x.jsonl", "/data/x.jsonl"),
        ("${NAME}/x.jsonl", "/proj/a b/x.jsonl", "/proj/a b/x.jsonl"),
        ("a${EMPTY}b", "/proj/ab", "/proj/ab"),
        ("$DATA/x.jsonl", "/proj/$DATA/x.jsonl", "$DATA/x.jsonl"),
        ("${not a name}", "/proj/${not a name}", "${not a name}"),
    ],
)
def test_where_a_path_leads(written: str, absolute: str, portable: str) -> None:
    assert resolve(written, "/proj", UNIX) == ResolvedPath(absolute, portable)


def test_unset_variables_are_named_once_and_left_in_place() -> None:
    found = resolve("${A}/${B}/${A}", "/proj", UNIX)
    assert (found.absolute, found.unset) == ("/proj/${A}/${B}/${A}", ("A", "B"))


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        ("data/x.jsonl", "C:\\work\\data\\x.jsonl"),
        ("data\\x.jsonl", "C:\\work\\data\\x.jsonl"),
        ("D:\\x.jsonl", "D:\\x.jsonl"),
        ("D:/x.jsonl", "D:\\x.jsonl"),
        ("\\\\host\\share\\x.jsonl", "\\\\host\\share\\x.jsonl"),
        ("~\\x.jsonl", "C:\\Users\\me\\x.jsonl"),
        ("${DATA}/x.jsonl", "D:\\data\\x.jsonl"),
    ],
)
def test_where_a_path_leads_on_windows(written: str, absolute: str) -> None:
    assert resolve(written, "C:\\work", WINDOWS).absolute == absolute


@pytest.mark.parametrize("name", ["gpt2", "owner/model", "owner/model.v1", "models/llama"])
def test_a_hub_name_may_be_no_path(name: str) -> None:
    assert not is_path(name)


@pytest.mark.parametrize(
    "name", ["./m", "../m", "/m", "~/m", "a/b/c", "m/", "a\\b", "C:/m", "${M}/x", "C:\\m"]
)
def test_other_names_are_paths(name: str) -> None:
    assert is_path(name)
