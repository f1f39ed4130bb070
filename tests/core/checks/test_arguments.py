from __future__ import annotations

import pytest

import pitchpipe_schemas
from pitchpipe.schedules import SCHEDULES
from pitchpipe.schema import Schema
from support.analysis import analysis, check_findings, whole


def said(training: str) -> list[str]:
    return [f.message for f in analysis(whole(f"training: {{{training}}}")).findings]


def test_the_table_has_what_the_schema_allows() -> None:
    rule = Schema(pitchpipe_schemas.load("workflow")).at(("training", "lr_scheduler_type"))
    assert rule is not None
    assert list(SCHEDULES) == rule["enum"]


def test_an_argument_is_one_of_those_that_there_are() -> None:
    check_findings("""
        training:
          optim: sgd
          optim_args: momentum=0.9, nestrov=true
          #           ^^^^^^^^^^^^^^^^^^^^^^^^^^ error[argument-not-taken]: `sgd` takes no `nestrov`; did you mean `nesterov`?
          lr_scheduler_kwargs:
            num_cycle: 2
            #^^^^^^^^ error[argument-not-taken]: `cosine` takes no `num_cycle`; did you mean `num_cycles`?
        """)  # noqa: E501


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ("optim: sgd, optim_args: momentum", "`optim_args` is `name=value,name=value`, but has"),
        ("optim: sgd, optim_args: a=b=c", "`optim_args` is `name=value,name=value`, but has `a`"),
        ("optim: sgd, optim_args: '=1'", "`optim_args` is `name=value,name=value`, but has `1`"),
        ("optim: adagrad, optim_args: x=1", "`adagrad` takes no `x`; it takes `lr_decay`"),
        (
            "lr_scheduler_type: cosine_with_min_lr",
            "`cosine_with_min_lr` needs `min_lr` or `min_lr_rate` in `lr_scheduler_kwargs`",
        ),
        (
            (
                "lr_scheduler_type: cosine_with_min_lr, "
                "lr_scheduler_kwargs: {min_lr: 0.1, min_lr_rate: 0.1}"
            ),
            "`lr_scheduler_kwargs` has `min_lr` and `min_lr_rate`, but `cosine_with_min_lr` takes",
        ),
        (
            "lr_scheduler_type: linear, lr_scheduler_kwargs: {power: 2}",
            "`lr_scheduler_kwargs` has no effect with `lr_scheduler_type: linear`",
        ),
        (
            "lr_scheduler_type: greedy, warmup_steps: 5",
            "`warmup_steps` has no effect with `lr_scheduler_type: greedy`",
        ),
        (
            "lr_scheduler_type: greedy, eval_strategy: 'no'",
            "`lr_scheduler_type: greedy` needs `eval_strategy` to be `steps` or `epoch`, not `no`",
        ),
        ("lr_scheduler_kwargs: {num_cycles: [1]}", "`num_cycles` must be"),
    ],
)
def test_what_does_not_go_together_is_said(training: str, message: str) -> None:
    (found,) = said(training)
    assert found.startswith(message)


@pytest.mark.parametrize(
    "training",
    [
        "lr_scheduler_type: polynomial, lr_scheduler_kwargs: {power: 2}",
        "lr_scheduler_type: warmup_stable_decay, lr_scheduler_kwargs: {num_decay_steps: 5}",
        "lr_scheduler_type: reduce_lr_on_plateau, metric_for_best_model: mean_token_accuracy",
        "lr_scheduler_kwargs: {}",
    ],
)
def test_what_goes_together_is_left_alone(training: str) -> None:
    assert said(training) == []
