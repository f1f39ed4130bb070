from __future__ import annotations

import pytest

from support.analysis import analysis, check_findings, check_fixed, whole

SLOW = "training: {learning_rate: 2.0e-5}\n"
"""As full training wants it."""


def said(fragment: str) -> list[str]:
    return [f"{f.code}: {f.message}" for f in analysis(whole(fragment)).findings]


def test_evaluations_and_checkpoints_must_fall_together() -> None:
    found = check_findings("""
        training:
          load_best_model_at_end: true
          #^^^^^^^^^^^^^^^^^^^^^ error[best-model-strategies]: `load_best_model_at_end` needs evaluations and checkpoints together, but `eval_strategy` is `epoch` and `save_strategy` is `steps`
          save_strategy: steps
        """)  # noqa: E501
    (related,) = found.findings[0].related
    assert related.message == "`training.save_strategy` is set here"
    check_fixed(
        "training:\n  load_best_model_at_end: true\n  save_strategy: steps\n",
        "save_strategy: epoch",
    )


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("", None),
        ("eval_strategy: steps, save_strategy: steps", None),
        ("eval_strategy: steps, save_strategy: steps, eval_steps: 50", None),
        (
            "eval_strategy: steps, save_strategy: steps, eval_steps: 30",
            (
                "an evaluation at each checkpoint: `save_steps` (100) must be a multiple of "
                "`eval_steps` (30)"
            ),
        ),
        ('eval_strategy: "no"', "`eval_strategy` to be `steps` or `epoch`, not `no`"),
        ("save_strategy: no", "`save_strategy` to be `steps` or `epoch`, not `no`"),
    ],
)
def test_the_best_model_needs_an_evaluation_of_each_checkpoint(
    settings: str, problem: str | None
) -> None:
    found = said(f"training: {{load_best_model_at_end: true, max_steps: 500, {settings}}}")
    expected = f"best-model-strategies: `load_best_model_at_end` needs {problem}"
    assert found == ([] if problem is None else [expected])


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("early_stopping_patience: 2", "`early_stopping_patience`"),
        ("save_strategy: best", "`save_strategy: best`"),
    ],
)
def test_what_goes_by_evaluations_needs_some(asked: str, what: str) -> None:
    assert said(f"training: {{{asked}}}") == []
    assert said(f"training: {{{asked}, eval_strategy: no}}") == [
        f"best-model-strategies: {what} needs `eval_strategy` to be `steps` or `epoch`, not `no`"
    ]
    data = "data: {train: [{path: data/pairs.jsonl}], val_size: 0}\n"
    assert said(f"{data}training: {{{asked}}}") == [
        f"no-evaluation-rows: {what} needs evaluation rows: in `data.eval`, or by `data.val_size`"
    ]


def test_a_checkpoint_of_each_better_evaluation_falls_together_with_them() -> None:
    best = "load_best_model_at_end: true, save_strategy: best, eval_strategy: steps"
    assert said(f"training: {{{best}}}") == []


def test_what_tells_the_better_evaluation_is_idle_where_nobody_asks() -> None:
    keys = "metric_for_best_model: loss, early_stopping_threshold: 0.1, greater_is_better: null"
    why = "without `load_best_model_at_end`, early stopping or `save_strategy: best`"
    assert sorted(said(f"training: {{{keys}}}")) == [
        (
            "key-without-effect: `early_stopping_threshold` has no effect without "
            "`early_stopping_patience`"
        ),
        f"key-without-effect: `metric_for_best_model` has no effect {why}",
    ]
    assert said(f"training: {{{keys}, early_stopping_patience: 1}}") == []


def test_without_load_best_model_strategies_may_differ() -> None:
    assert said("training: {save_strategy: steps, eval_strategy: epoch}") == []


def test_the_best_model_needs_evaluation_rows() -> None:
    fragment = (
        "data: {{train: [{{path: data/pairs.jsonl}}], val_size: 0{}}}\n"
        "training: {{load_best_model_at_end: true}}\n"
    )
    assert said(fragment.format(", eval: [{path: data/pairs.jsonl}]")) == []
    assert said(fragment.format("")) == [
        (
            "no-evaluation-rows: `load_best_model_at_end` needs evaluation rows: "
            "in `data.eval`, or by `data.val_size`"
        )
    ]


def test_accuracy_is_for_classification() -> None:
    check_findings("""
        evaluate:
          metrics: [perplexity, accuracy, f1]
          #                     ^^^^^^^^ error[metric-needs-task]: `accuracy` is measured with `task: classification`, not with `text-generation`
          #                               ^^ error[metric-needs-task]: `f1` is measured with `task: classification`, not with `text-generation`
        """)  # noqa: E501
    assert said("task: classification\nevaluate: {metrics: [accuracy]}") == []


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        (f"method: {{type: full, r: 8}}\n{SLOW}", "`r` has no effect with `method.type: full`"),
        (
            f"method: {{type: full, target_modules: [q_proj]}}\n{SLOW}",
            "`target_modules` has no effect with `method.type: full`",
        ),
        (
            "training: {eval_steps: 5}",
            "`eval_steps` has no effect unless `eval_strategy` is `steps`",
        ),
        (
            "training: {eval_strategy: no, eval_steps: 5}",
            "`eval_steps` has no effect with `eval_strategy: no`",
        ),
        (
            "training: {save_strategy: epoch, save_steps: 5}",
            "`save_steps` has no effect with `save_strategy: epoch`",
        ),
        (
            "training: {save_strategy: no, save_total_limit: 5}",
            "`save_total_limit` has no effect with `save_strategy: no`",
        ),
        (
            "training: {max_steps: 5, num_train_epochs: 2}",
            "`num_train_epochs` has no effect with `max_steps: 5`",
        ),
        (
            (
                "data: {train: [{path: data/pairs.jsonl}], eval: [{path: data/pairs.jsonl}], "
                "val_size: 0.1}"
            ),
            "`val_size` has no effect when `data.eval` names the rows",
        ),
        (
            (
                "data: {train: [{path: data/pairs.jsonl}], test: [{path: data/pairs.jsonl}], "
                "test_size: 0.1}"
            ),
            "`test_size` has no effect when `data.test` names the rows",
        ),
        (
            "data: {train: [{path: data/pairs.jsonl, dataset_config: main}]}",
            "`dataset_config` has no effect with `path`",
        ),
        (
            "data: {train: [{path: data/pairs.jsonl}], labels: [a, b]}",
            "`labels` has no effect unless the task is `classification`",
        ),
        (
            "data: {train: [{path: data/pairs.jsonl}], chat_template: none, system_prompt: x}",
            "`system_prompt` has no effect with `chat_template: none`",
        ),
        (
            (
                "model: {name_or_path: models/plain}\n"
                "data: {train: [{path: data/pairs.jsonl}], system_prompt: x}"
            ),
            "`system_prompt` has no effect without a chat template, and the model has none",
        ),
        (
            (
                "data: {train: [{path: data/pairs.jsonl}], text_template: '{prompt}', "
                "system_prompt: x}"
            ),
            "`system_prompt` has no effect on rows that are texts",
        ),
        (
            (
                "data: {train: [{path: data/pairs.jsonl}], stratify_by: prompt, val_size: 0}\n"
                "training: {eval_strategy: no}"
            ),
            "`stratify_by` has no effect where no rows are split off",
        ),
        (
            (
                "data: {train: [{path: data/pairs.jsonl}], text_template: '{prompt}', "
                "prompt_template: '{prompt}'}"
            ),
            "`prompt_template` has no effect beside `text_template`, for the rows are texts then",
        ),
        (
            (
                "data: {train: [{path: data/pairs.jsonl, columns: {prompt: prompt}}], "
                "prompt_template: '{prompt}'}"
            ),
            "`prompt` has no effect beside `data.prompt_template`",
        ),
        (
            "export: {format: none, precision: int4}",
            "`precision` has no effect with `export.format: none`",
        ),
    ],
)
def test_a_key_that_another_makes_pointless_is_warned_of(fragment: str, message: str) -> None:
    assert said(fragment) == [f"key-without-effect: {message}"]


@pytest.mark.parametrize(
    "fragment",
    [
        "training: {eval_strategy: steps, eval_steps: 5}",
        "training: {max_steps: -1, num_train_epochs: 2}",
        "data: {train: [{path: data/pairs.jsonl}], labels: null, system_prompt: null}",
        "data: {train: [{path: data/pairs.jsonl}], eval: [{path: data/pairs.jsonl}], val_size: 0}",
        "data: {train: [{path: data/pairs.jsonl}], eval: [], val_size: 0.2}",
        "data: {train: [{dataset_name: a/b, dataset_config: main}]}",
        "method: {type: lora, r: 8}",
    ],
)
def test_a_key_that_has_an_effect_is_not(fragment: str) -> None:
    assert said(fragment) == []


def test_texts_have_no_answers_for_a_classification() -> None:
    check_findings("""
        task: classification
        data:
          train:
            - path: data/phrases.jsonl
              #     ^^^^^^^^^^^^^^^^^^ error[classification-needs-answers]: the rows of `data/phrases.jsonl` are texts without an answer, and `task: classification` learns to answer; name `prompt` and `completion` columns
              columns: {text: phrase}
        """)  # noqa: E501


def test_a_warm_up_needs_a_schedule_that_has_one() -> None:
    check_findings("""
        training:
          lr_scheduler_type: constant
          warmup_steps: 6
          #^^^^^^^^^^^ warning[key-without-effect]: `warmup_steps` has no effect with `lr_scheduler_type: constant`
        """)  # noqa: E501


def test_a_run_of_no_steps_is_none() -> None:
    check_findings("""
        training:
          max_steps: 0
          #          ^ error[out-of-range]: `max_steps` must not be `0`
        """)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ("save_strategy: 'no', save_only_model: true", "save_only_model"),
        ("eval_strategy: 'no', eval_delay: 1", "eval_delay"),
        ("logging_strategy: epoch, logging_steps: 5", "logging_steps"),
        ("gradient_checkpointing_kwargs: {use_reentrant: true}", "gradient_checkpointing_kwargs"),
    ],
)
def test_what_nothing_goes_by_is_said(settings: str, key: str) -> None:
    (found,) = analysis(whole(f"training: {{{settings}}}")).findings
    assert (found.code, found.path) == ("key-without-effect", f"training.{key}")
