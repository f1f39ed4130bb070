from __future__ import annotations

import pytest

from support.analysis import analysis, check_findings, check_fixed, whole


def said(fragment: str) -> list[str]:
    return [f"{f.code}: {f.message}" for f in analysis(whole(fragment)).findings]


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("training: {max_steps: '5'}", "`max_steps` must be a whole number, not the string `5`"),
        ('training: {seed: "7"}', "`seed` must be a whole number, not the string `7`"),
        (
            "training: {learning_rate: '2e-5'}",
            "`learning_rate` must be a number, not the string `2e-5`",
        ),
    ],
)
def test_a_quoted_number_is_a_string(fragment: str, message: str) -> None:
    assert said(fragment) == [f"wrong-type: {message}; remove the quotes"]


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("yes", "true"),
        ("Yes", "true"),
        ("on", "true"),
        ("no", "false"),
        ("OFF", "false"),
        ('"no"', "false"),
    ],
)
def test_words_for_truth_values_are_strings(written: str, right: str) -> None:
    (message,) = said(f"data: {{train: [{{path: data/pairs.jsonl}}], packing: {written}}}")
    found = written.strip('"')
    assert message == (
        f"wrong-type: `packing` must be true or false, not the string `{found}`; write `{right}`"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("max_steps: '5'", "max_steps: 5"),
        ("learning_rate: '2.0e-5'", "learning_rate: 2.0e-5"),
        ("learning_rate: '1'", "learning_rate: 1"),
        ("learning_rate: 0,5", "learning_rate: 0.5"),
        ("max_steps: 1_000", "max_steps: 1000"),
        ("gradient_checkpointing: on", "gradient_checkpointing: true"),
        ('gradient_checkpointing: "true"', "gradient_checkpointing: true"),
        ("eval_strategy: false", "eval_strategy: no"),
        ("eval_strategy: epochs", "eval_strategy: epoch"),
        ("optim: adamw", "optim: adamw_torch"),
        ("lr_scheduler_type: Cosine", "lr_scheduler_type: cosine"),
        ("learning_rate: 2e-5", "learning_rate: 2.0e-5"),
        ("learning_rate: 2E5", "learning_rate: 2.0e+5"),
        ("weight_decay: .1e1", "weight_decay: 0.1e+1"),
    ],
)
def test_what_was_meant_is_offered(before: str, after: str) -> None:
    check_fixed(f"training:\n  {before}\n", after)


def test_a_number_for_a_name_wants_quotes() -> None:
    check_fixed("name: 2024\n", 'name: "2024"')
    assert said("name: 2024") == [
        'wrong-type: `name` must be a string or null, not `2024`; write `"2024"`'
    ]


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("training: {max_steps: 2.5}", "`max_steps` must be a whole number, not `2.5`"),
        ("training: {max_steps: true}", "`max_steps` must be a whole number, not `true`"),
        ("training: {seed: [1]}", "`seed` must be a whole number, not a list"),
        ("training: {seed: {a: 1}}", "`seed` must be a whole number, not a mapping of keys"),
        ("training: fast", "`training` must be a mapping of keys, not the string `fast`"),
        ("training: [1]", "`training` must be a mapping of keys, not a list"),
        (
            "evaluate: {metrics: loss}",
            "`metrics` must be a list or null, not the string `loss`; write `[loss]`",
        ),
        (
            "method: {modules_to_save: [5]}",
            '`modules_to_save[0]` must be a string, not `5`; write `"5"`',
        ),
        (
            "data: {train: {path: x.jsonl}}",
            (
                "`train` must be a list, not a mapping of keys; "
                "for example `[{path: data/phrases.jsonl}]`"
            ),
        ),
        (
            "data: {train: [data/pairs.jsonl]}",
            (
                "`train[0]` must be a mapping of keys, not the string `data/pairs.jsonl`; "
                "write `{path: data/pairs.jsonl}`"
            ),
        ),
        (
            "training: {seed: " + "x" * 60 + "}",
            "`seed` must be a whole number, not the string `" + "x" * 39 + "…`",
        ),
    ],
)
def test_a_value_of_another_type_is_named(fragment: str, message: str) -> None:
    assert said(fragment) == [f"wrong-type: {message}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("model: models/tiny", "model: {name_or_path: models/tiny}"),
        ("method: lora", "method: {type: lora}"),
        ("export: none", "export: {format: none}"),
        ("evaluate: {metrics: loss}", "evaluate: {metrics: [loss]}"),
        ("data: {train: data/pairs.jsonl}", "data: {train: [{path: data/pairs.jsonl}]}"),
        ('data: {train: ["data/pairs.jsonl"]}', 'data: {train: [{path: "data/pairs.jsonl"}]}'),
        (
            "data: {train: [{path: data/pairs.jsonl}], val_size: 12.5 %}",
            "data: {train: [{path: data/pairs.jsonl}], val_size: 0.125}",
        ),
    ],
)
def test_a_lone_string_is_written_in_full(before: str, after: str) -> None:
    check_fixed(before, after)


def test_an_empty_section_is_said_to_be_empty() -> None:
    check_findings("""
        training:
        #^^^^^^^ error[wrong-type]: `training` is empty; write keys under it, or remove it
        method: {r: 8}
        """)


def test_a_key_without_value_names_its_default() -> None:
    check_findings("""
        training:
          seed:
          #^^^ error[wrong-type]: `seed` has no value; it must be a whole number; remove it for the default, `42`
          max_steps: 5
        """)  # noqa: E501


def test_null_is_fine_where_it_means_something() -> None:
    check_findings("""
        name: null
        evaluate: {metrics: ~, max_rows: }
        """)


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        (
            "training: {learning_rate: 0}",
            "`learning_rate` must be greater than 0, not `0`",
        ),
        ("training: {learning_rate: 2}", "`learning_rate` must be at most 1, not `2`"),
        ("training: {max_steps: -2}", "`max_steps` must be at least -1, not `-2`"),
        (
            "data: {train: [{path: data/pairs.jsonl}], val_size: 10}",
            "`val_size` must be less than 1, not `10`; 10 % is 0.1",
        ),
        (
            "data: {train: [{path: data/pairs.jsonl}], val_size: 1}",
            "`val_size` must be less than 1, not `1`",
        ),
        ("data: {train: []}", "`train` must not be empty"),
        ("model: {name_or_path: ''}", "`name_or_path` must not be empty"),
        ("name: " + "x" * 81, "`name` must have at most 80 characters, not 81"),
        (
            "task: classification\ndata: {train: [{path: data/pairs.jsonl}], labels: [a]}",
            "`labels` must have at least 2 items, not 1",
        ),
        (
            "training: {weight_decay: -.inf}",
            "`weight_decay` must be a finite number, not `-Infinity`",
        ),
        ("training: {learning_rate: .nan}", "`learning_rate` must be a finite number, not `NaN`"),
        (
            "training: {max_grad_norm: .inf}",
            "`max_grad_norm` must be a finite number, not `Infinity`",
        ),
        (
            "method: {lora_alpha: 1" + "0" * 400 + "}",
            "`lora_alpha` must be a finite number, not `1" + "0" * 38 + "…`",
        ),
    ],
)
def test_a_value_out_of_range_is_told_the_range(fragment: str, message: str) -> None:
    assert said(fragment) == [f"out-of-range: {message}"]


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        (
            "task: summaries",
            "`task` can't be `summaries`; it can be `text-generation` or `classification`",
        ),
        ("task: clasification", "`task` can't be `clasification`; did you mean `classification`?"),
        ("version: 2", "`version` can't be `2`; it can be `1`"),
        (
            "export: {precision: int2}",
            "`precision` can't be `int2`; it can be `int4`, `int8` or `fp32`",
        ),
        (
            "export: {precision: [int4, fp16]}",
            "`precision[1]` can't be `fp16`; it can be `int4`, `int8` or `fp32`",
        ),
        ("export: {precision: [int4, int8, int4]}", "`precision` names `int4` twice"),
        ("compute: {device: gpu}", "`device` can't be `gpu`; did you mean `cuda`?"),
        (
            "evaluate: {metrics: [bleu]}",
            (
                "`metrics[0]` can't be `bleu`; it can be `loss`, `perplexity`, `exact_match`, "
                "`accuracy` or `f1`"
            ),
        ),
    ],
)
def test_a_word_that_is_not_allowed_is_told_which_are(fragment: str, message: str) -> None:
    assert said(fragment) == [f"invalid-value: {message}"]


def test_a_number_that_is_none_is_told_once_where_a_whole_one_is_wanted() -> None:
    assert said("training: {seed: -.inf}") == [
        "wrong-type: `seed` must be a whole number, not `-Infinity`"
    ]


def test_a_value_of_the_wrong_type_is_not_called_unknown_too() -> None:
    assert said("task: 5") == [
        "wrong-type: `task` must be a string, not `5`",
    ]


def test_the_second_of_two_equal_items_is_marked() -> None:
    check_findings("""
        export: {precision: [int4, int8, int4]}
        #                                ^^^^ error[invalid-value]: `precision` names `int4` twice
        """)


@pytest.mark.parametrize("number", ["2.0e-5", "0.00002", "2.0e+5", "1", "100", "1.5", "-1.5"])
def test_numbers_that_all_readers_agree_on_are_fine(number: str) -> None:
    fragment = f"method: {{lora_alpha: {number}}}"
    assert not [s for s in said(fragment) if s.startswith("yaml11-float")]


def test_a_float_for_readers_of_1_2_alone_is_warned_of() -> None:
    check_findings("""
        training:
          learning_rate: 2e-5
          #              ^^^^ warning[yaml11-float]: readers of YAML 1.1, such as PyYAML, take `2e-5` for a string; write `2.0e-5`
        """)  # noqa: E501


def test_the_same_float_in_a_list_or_under_a_wrong_key_is_warned_of_once() -> None:
    found = [s.partition(":")[0] for s in said("training: {lr: 1e3}")]
    assert sorted(found) == ["unknown-key", "yaml11-float"]


def test_a_wrong_value_silences_the_rules_about_it() -> None:
    text = """
        task: 5
        evaluate: {metrics: [accuracy]}
        method: {type: partial, r: 8}
        training: {eval_strategy: never, save_strategy: steps, load_best_model_at_end: true}
        """
    codes = {s.partition(":")[0] for s in said(text)}
    assert codes == {"wrong-type", "invalid-value"}


def test_equal_numbers_that_are_spelt_differently_are_named_twice() -> None:
    assert "invalid-value: `labels` names `0` twice" in [
        message.replace("0.0", "0") for message in said("data: {labels: [0, 0.0]}")
    ]
