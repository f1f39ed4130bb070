from __future__ import annotations

import pytest

from support.analysis import analysis, check_findings, check_fixed, whole


def codes(text: str) -> list[str]:
    return [f.code for f in analysis(text).findings]


def test_a_misspelt_key_suggests_the_near_one() -> None:
    check_findings("""
        training:
          learning_rat: 0.1
          #^^^^^^^^^^^ error[unknown-key]: `training` has no key `learning_rat`; did you mean `learning_rate`?
        """)  # noqa: E501
    check_fixed("training:\n  learning_rat: 0.1", "learning_rate: 0.1")


def test_a_misspelt_section_suggests_the_near_one() -> None:
    check_findings("""
        metod:
        #^^^^ error[unknown-key]: a workflow has no key `metod`; did you mean `method`?
          r: 8
        """)


@pytest.mark.parametrize(
    ("section", "other", "ours"),
    [
        ("training", "lr", "learning_rate"),
        ("training", "evaluation_strategy", "eval_strategy"),
        ("training", "warmup_ratio", "warmup_steps"),
        ("training", "batch_size", "per_device_train_batch_size"),
        ("method", "lora_r", "r"),
        ("method", "alpha", "lora_alpha"),
        ("evaluate", "metric", "metrics"),
    ],
)
def test_names_of_other_tools_are_known(section: str, other: str, ours: str) -> None:
    (finding, *_) = analysis(whole(f"{section}:\n  {other}: 1\n")).findings
    assert finding.message == f"`{section}` has no key `{other}`; did you mean `{ours}`?"
    assert finding.path == f"{section}.{other}"


def test_torch_dtype_is_called_dtype() -> None:
    check_findings("""
        model:
          name_or_path: models/tiny
          torch_dtype: float32
          #^^^^^^^^^^ error[unknown-key]: `model` has no key `torch_dtype`; did you mean `dtype`?
        """)


def test_a_key_of_another_section_is_sent_there() -> None:
    check_findings("""
        training:
          max_length: 512
          #^^^^^^^^^ error[unknown-key]: `training` has no key `max_length`; it is a key of `data`
        """)


def test_a_key_at_the_top_is_sent_to_its_section() -> None:
    check_findings("""
        learning_rate: 0.1
        #^^^^^^^^^^^^ error[unknown-key]: a workflow has no key `learning_rate`; it is a key of `training`
        base_model: models/tiny
        #^^^^^^^^^ error[unknown-key]: a workflow has no key `base_model`; did you mean `model.name_or_path`?
        """)  # noqa: E501


def test_a_key_of_a_source_is_sent_there() -> None:
    check_findings("""
        data:
          train: [{path: data/pairs.jsonl}]
          dataset_name: imdb
          #^^^^^^^^^^^ error[unknown-key]: `data` has no key `dataset_name`; it is a key of `data.train[0]`
        """)  # noqa: E501


def test_keys_of_another_tool_are_told_where_they_go() -> None:
    text = whole("""
        adapter: lora
        lora_r: 8
        datasets: [a]
        micro_batch_size: 2
        trian: x
        """)
    assert [f.message.partition("; ")[2] for f in analysis(text).findings] == [
        "did you mean `method.type`?",
        "did you mean `method.r`?",
        "did you mean `data.train`?",
        "did you mean `training.per_device_train_batch_size`?",
        "did you mean `data.train`?",
    ]


def test_a_value_that_would_not_fit_is_not_moved() -> None:
    found = analysis(whole("peft: lora\n")).findings
    assert found[0].message == "a workflow has no key `peft`; did you mean `method`?"
    assert found[0].fix is None


def test_no_rename_onto_a_key_that_is_there() -> None:
    found = check_findings("""
        training:
          learning_rate: 0.001
          lr: 0.002
          #^ error[unknown-key]: `training` has no key `lr`; `learning_rate` is there already
        """)
    assert found.findings[0].fix is None


def test_a_small_section_lists_its_keys() -> None:
    check_findings("""
        compute:
          wombat: 1
          #^^^^^ error[unknown-key]: `compute` has no key `wombat`; it has `device`, `threads` and `target`
        """)  # noqa: E501


def test_unknown_keys_are_found_everywhere_at_once() -> None:
    text = whole("""
        zebra: 1
        training: {zebra: 1}
        data: {train: [{path: data/pairs.jsonl, zebra: 1, columns: {zebra: x}}], zebra: 1}
        """)
    found = analysis(text).findings
    assert [f.path for f in found if f.code == "unknown-key"] == [
        "zebra",
        "training.zebra",
        "data.train[0].zebra",
        "data.train[0].columns.zebra",
        "data.zebra",
    ]


@pytest.mark.parametrize("key", ['"a.b"', "'x y'", "5", "true", '""', "é😀"])
def test_any_key_can_be_unknown(key: str) -> None:
    assert codes(whole(f"{key}: 1\n")) == ["unknown-key"]


def test_without_model_and_data_there_is_no_workflow() -> None:
    assert [(f.code, f.message, f.span.start) for f in analysis("# nothing\n").findings] == [
        (
            "missing-required",
            (
                "a workflow needs the key `data`, such as `data: {train: [{path: "
                "data/phrases.jsonl}]}`"
            ),
            0,
        ),
        (
            "missing-required",
            "a workflow needs the key `model`, such as `model: {name_or_path: models/llama}`",
            0,
        ),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "---\n", "{}", "\ufeff", "null"])
def test_an_empty_file_lacks_both(text: str) -> None:
    assert codes(text) == ["missing-required", "missing-required"]


def test_what_a_section_lacks_is_said_at_its_key() -> None:
    check_findings("""
        model:
        #^^^^ error[missing-required]: `model` needs the key `name_or_path`, such as `name_or_path: models/llama`
          revision: main
        """)  # noqa: E501


def test_a_broken_file_is_not_told_what_it_lacks() -> None:
    assert codes('name: "open\n') == ["yaml-syntax"]


@pytest.mark.parametrize("text", ["[]", "- a\n- b\n", "just words", "5", "'text'"])
def test_a_file_that_is_no_mapping_says_so_alone(text: str) -> None:
    (finding,) = analysis(text).findings
    assert finding.code == "wrong-type"
    assert finding.message.startswith("a workflow is a mapping of keys, not ")
