"""What Axolotl refuses of batches, steps, evaluations and rates."""

from __future__ import annotations

from pitchpipe.dialects.refusals import Refusal

_NO_EVALUATION = "is refused by Axolotl where `val_set_size` is 0 and nothing is evaluated"

STEPS = (
    Refusal(
        "batch_size",
        "`batch_size` and `gradient_accumulation_steps` are refused by Axolotl together",
        lambda said: said("batch_size") and said("gradient_accumulation_steps"),
        ("gradient_accumulation_steps",),
        drop=True,
    ),
    Refusal(
        "warmup_ratio",
        "`warmup_ratio` and `warmup_steps` are refused by Axolotl together",
        lambda said: said("warmup_ratio") and said("warmup_steps"),
        ("warmup_steps",),
        drop=True,
    ),
    *(
        Refusal(
            f"{what}_steps",
            f"`{what}_steps` wants `{what}_strategy: steps`, or none",
            lambda said, what=what: (
                said(f"{what}_strategy")
                and said(f"{what}_steps")
                and said(f"{what}_strategy") != "steps"
            ),
            (f"{what}_strategy",),
        )
        for what in ("eval", "save")
    ),
    *(
        Refusal(
            f"{what}s_per_epoch",
            f"`{what}s_per_epoch` and `{what}_steps` are refused by Axolotl together",
            lambda said, what=what: said(f"{what}s_per_epoch") and said(f"{what}_steps"),
            (f"{what}_steps",),
        )
        for what in ("eval", "save")
    ),
    Refusal(
        "evals_per_epoch",
        "`evals_per_epoch` wants `eval_strategy: steps`, or none",
        lambda said: (
            said("evals_per_epoch") and said("eval_strategy") and said("eval_strategy") != "steps"
        ),
        ("eval_strategy",),
    ),
    *(
        Refusal(
            key,
            f"`{key}` {_NO_EVALUATION}",
            lambda said, key=key: (
                said("val_set_size") == 0
                and said("val_set_size") is not False
                and said(key)
                and not said("test_datasets")
                and said("eval_strategy") not in ("no", False)
                and said(key) != "no"
            ),
            ("val_set_size",),
            drop=True,
        )
        for key in ("eval_steps", "eval_strategy")
    ),
    Refusal(
        "do_bench_eval",
        "`do_bench_eval` wants `evals_per_epoch` or `eval_steps`",
        lambda said: said("do_bench_eval") and not (said("evals_per_epoch") or said("eval_steps")),
    ),
    Refusal(
        "save_strategy",
        "`save_strategy: best` wants a `metric_for_best_model`",
        lambda said: said("save_strategy") == "best" and not said("metric_for_best_model"),
    ),
    Refusal(
        "early_stopping_patience",
        "`early_stopping_patience` wants `save_steps` and `eval_steps`",
        lambda said: (
            said("early_stopping_patience") and not (said("save_steps") and said("eval_steps"))
        ),
    ),
    Refusal(
        "save_steps",
        "`early_stopping_patience` wants `save_steps` to be a multiple of `eval_steps`",
        lambda said: (
            said("early_stopping_patience")
            and said("save_steps")
            and said("eval_steps")
            and said("save_steps") % said("eval_steps") != 0
        ),
        ("eval_steps", "early_stopping_patience"),
    ),
    Refusal(
        "neftune_noise_alpha",
        "`neftune_noise_alpha` must be greater than 0",
        lambda said: (said("neftune_noise_alpha") or 1) < 0 or said("neftune_noise_alpha") == 0,
        drop=True,
    ),
    Refusal(
        "noisy_embedding_alpha",
        "`noisy_embedding_alpha` is the old name of `neftune_noise_alpha`; both are refused",
        lambda said: said("noisy_embedding_alpha") and said("neftune_noise_alpha"),
        ("neftune_noise_alpha",),
        drop=True,
    ),
    Refusal(
        "lr_groups",
        "`lr_groups` and `loraplus_lr_ratio` are refused by Axolotl together",
        lambda said: said("lr_groups") and said("loraplus_lr_ratio"),
        ("loraplus_lr_ratio",),
    ),
)
