from __future__ import annotations

import pytest

from pitchpipe.facts import NotRead
from support.analysis import analysis, check_findings, check_fixed, whole
from support.facts import PHRASES, WORLD, World


def said(fragment: str, facts: World = WORLD) -> list[str]:
    return [f"{f.code}: {f.message}" for f in analysis(whole(fragment), facts).findings]


def source(item: str) -> str:
    return f"data:\n  train:\n    - {item}\n"


def test_a_misspelt_file_suggests_the_near_one() -> None:
    check_findings("""
        data:
          train:
            - path: data/pairs.json
            #       ^^^^^^^^^^^^^^^ error[data-file-not-found]: there is no file `data/pairs.json`; did you mean `data/pairs.jsonl`?
        """)  # noqa: E501
    check_fixed(source("path: data/pairs.json"), "- path: data/pairs.jsonl")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("data/pairs.csv", "data/pairs.jsonl"),
        ("data\\pairs.jsonl", "data/pairs.jsonl"),
        ("./data/pair.jsonl", "./data/pairs.jsonl"),
        ("/home/me/project/data/pair.jsonl", "/home/me/project/data/pairs.jsonl"),
        ("~/project/data/pair.jsonl", "~/project/data/pairs.jsonl"),
    ],
)
def test_the_near_file_is_spelt_as_the_path_was(written: str, meant: str) -> None:
    check_fixed(source(f"path: {written}"), f"- path: {meant}")


def test_a_file_beside_the_workflow_may_be_misspelt_too() -> None:
    check_fixed(source("path: rows.json"), "- path: rows.jsonl", World({"rows.jsonl": []}))


def test_a_missing_folder_is_named() -> None:
    assert said(source("path: dat/x.jsonl"))[0] == (
        "data-file-not-found: there is no file `dat/x.jsonl`; "
        "the folder `/home/me/project/dat` does not exist either"
    )


def test_a_file_like_no_other_is_told_where_it_was_looked_for() -> None:
    assert said(source("path: data/zebra.jsonl")) == [
        "data-file-not-found: there is no file `data/zebra.jsonl` in `/home/me/project/data`"
    ]


def test_a_folder_is_no_data_file() -> None:
    assert said(source("path: data")) == [
        "data-file-not-found: `data` is a folder; name a file in it"
    ]


def test_a_missing_file_says_nothing_about_its_columns() -> None:
    check_findings("""
        data:
          train:
            - path: data/zebra.jsonl
            #       ^^^^^^^^^^^^^^^^ error[data-file-not-found]: there is no file `data/zebra.jsonl` in `/home/me/project/data`
              columns: {completion: frase}
          prompt_template: "{phrase}"
          stratify_by: label
        """)  # noqa: E501


def test_files_are_looked_for_in_all_three_lists() -> None:
    found = analysis(
        whole("""
        data:
          train: [{path: a.jsonl}, {path: b.jsonl}]
          eval: [{path: c.jsonl}]
          test: [{path: d.jsonl}]
        """)
    ).findings
    assert [f.path for f in found if f.code == "data-file-not-found"] == [
        "data.train[0].path",
        "data.train[1].path",
        "data.eval[0].path",
        "data.test[0].path",
    ]


def test_a_source_names_something() -> None:
    check_findings("""
        data:
          train:
            - split: train
            # ^^^^^ error[data-source-ambiguous]: this source names no data; give it a `path` or a `dataset_name`
        """)  # noqa: E501


def test_a_source_names_one_thing() -> None:
    check_findings("""
        data:
          train:
            - path: data/nowhere.jsonl
              dataset_name: imdb
              #^^^^^^^^^^^ error[data-source-ambiguous]: this source names both `path` and `dataset_name`; remove one of them
        """)  # noqa: E501


def test_a_broken_line_is_named() -> None:
    check_findings("""
        data:
          train:
            - path: data/broken.jsonl
            #       ^^^^^^^^^^^^^^^^^ error[data-unreadable]: `data/broken.jsonl`, line 900: it is not JSON: unterminated string at column 12
        """)  # noqa: E501


def test_an_unknown_ending_is_told_the_known_ones() -> None:
    assert said(source("path: data/notes.docx")) == [
        (
            "data-unreadable: `data/notes.docx` can't be read as data; its name must end in "
            "`.jsonl`, `.json`, `.csv`, `.tsv`, `.parquet` or `.txt`"
        )
    ]


def test_what_nobody_looked_into_is_hinted_at_alone() -> None:
    found = analysis(whole(source("path: data/table.parquet")))
    assert [f.severity.value for f in found.findings] == ["hint"]
    assert not found.has_errors


def test_an_empty_file_has_no_rows() -> None:
    assert said(source("path: data/empty.jsonl")) == ["data-empty: `data/empty.jsonl` has no rows"]


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("train[5:]", "data-empty: `train[5:]` takes none of the 5 rows in `data/pairs.jsonl`"),
        ("train[:9%]", "data-empty: `train[:9%]` takes none of the 5 rows in `data/pairs.jsonl`"),
        ("train[2:1]", "split-invalid: `train[2:1]` is no split: from 2 to 1 there are no rows"),
        ("test", "unknown-split: a file has one split, `train`, not `test`"),
        ("test[:5]", "unknown-split: a file has one split, `train`, not `test`"),
    ],
)
def test_a_split_takes_rows(split: str, message: str) -> None:
    item = f"{{path: data/pairs.jsonl, split: '{split}'}}"
    assert said(source(item)) == [message]


def test_of_a_long_file_nobody_knows_whether_a_split_is_empty() -> None:
    world = World({"a.jsonl": [{"prompt": "a", "completion": "b"}] * 300}, WORLD.models)
    assert said(source("{path: a.jsonl, split: 'train[1000:]'}"), world) == []


def test_a_split_of_a_hub_data_set_has_any_name() -> None:
    assert said(source("{dataset_name: imdb, split: 'unsupervised[:5%]'}")) == []


def test_an_unknown_split_is_renamed() -> None:
    check_fixed(
        source("path: data/pairs.jsonl\n      split: 'validation[:60%]'"), "split: 'train[:60%]'"
    )


@pytest.mark.parametrize(
    "path", ["${DATA}/pairs.jsonl", "~/pairs.jsonl", "/data/pairs.jsonl", "../project/pairs.jsonl"]
)
def test_paths_are_expanded(path: str) -> None:
    rows = [{"prompt": "a", "completion": "b"}]
    files = {
        "/data/pairs.jsonl": rows,
        "/home/me/pairs.jsonl": rows,
        "/home/me/project/pairs.jsonl": rows,
    }
    assert said(source(f"path: {path}"), World(files, WORLD.models, WORLD.variables)) == []


def test_an_unset_variable_is_named_and_nothing_else() -> None:
    check_findings("""
        output_dir: ${SCRATCH}/runs
        #           ^^^^^^^^^^^^^^^ error[unset-environment-variable]: the environment variable `SCRATCH` is not set
        model:
          name_or_path: ${MODELS}/tiny
          #             ^^^^^^^^^^^^^^ error[unset-environment-variable]: the environment variable `MODELS` is not set
        data:
          train:
            - path: ${ROWS}/x.jsonl
            #       ^^^^^^^^^^^^^^^ error[unset-environment-variable]: the environment variable `ROWS` is not set
        """)  # noqa: E501


def test_a_file_that_vanishes_under_our_eyes_is_no_crash() -> None:
    class Vanishing(World):
        def table(self, path: str) -> NotRead:
            return NotRead("there is no such file")

    world = Vanishing({"data/pairs.jsonl": PHRASES}, WORLD.models)
    assert said("", world) == [
        "data-not-read: `data/pairs.jsonl` was not looked into: there is no such file"
    ]


def test_of_a_file_on_no_disk_nothing_is_missed() -> None:
    text = whole("data: {train: [{path: nowhere.jsonl}]}\nmodel: {name_or_path: ./nowhere}\n")
    codes = {f.code for f in analysis(text).findings}
    assert codes == {"data-file-not-found", "model-not-found"}
    assert analysis(text, blind=True).findings == ()
