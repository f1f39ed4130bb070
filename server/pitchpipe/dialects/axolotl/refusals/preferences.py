"""What Axolotl refuses where preferences are learnt."""

from __future__ import annotations

from pitchpipe.dialects.refusals import Refusal

PREFERENCES = (
    Refusal(
        "sample_packing",
        "`sample_packing` is refused by Axolotl with `rl`",
        lambda said: said("sample_packing") and said("rl"),
        ("rl",),
        put="false",
    ),
    Refusal(
        "rl",
        "`rl: kto` wants `remove_unused_columns: false`",
        lambda said: said("rl") == "kto" and said("remove_unused_columns") is not False,
        ("remove_unused_columns",),
    ),
    Refusal(
        "rl",
        "`rl: ebft` wants a section `ebft`",
        lambda said: said("rl") == "ebft" and not said("ebft"),
    ),
    *(
        Refusal(
            key,
            f"`{key}` is refused by Axolotl without `rl: dpo`",
            lambda said, key=key: said(key) is not None and said("rl") != "dpo",
            ("rl",),
        )
        for key in ("dpo_loss_type", "dpo_loss_weights")
    ),
    Refusal(
        "dpo_loss_weights",
        "`dpo_loss_weights` wants as many `dpo_loss_type`",
        lambda said: (
            said("rl") == "dpo"
            and len(said("dpo_loss_weights") or ()) != len(said("dpo_loss_type") or ())
        ),
        ("dpo_loss_type",),
    ),
    Refusal(
        "warmup_ratio",
        "`rl: simpo` refuses `warmup_ratio`; use `warmup_steps`",
        lambda said: said("rl") == "simpo" and said("warmup_ratio"),
        ("rl",),
    ),
    Refusal(
        "trl.num_generations",
        "GRPO compares answers, and wants at least 2 of them",
        lambda said: said("rl") == "grpo" and said("trl.num_generations") in (0, 1),
    ),
    Refusal(
        "trl.num_generations",
        "GRPO wants `micro_batch_size` × `gradient_accumulation_steps` to be a multiple of it",
        lambda said: (
            said("rl") == "grpo"
            and (said("trl.num_generations") or 0) > 1
            and (
                said("trl.generation_batch_size")
                or (said("micro_batch_size") or 1) * (said("gradient_accumulation_steps") or 1)
            )
            % said("trl.num_generations")
            != 0
        ),
        ("micro_batch_size", "gradient_accumulation_steps", "trl.generation_batch_size"),
    ),
    Refusal(
        "trl.beta",
        "`beta` and `trl.beta` differ, which Axolotl refuses",
        lambda said: said("beta") and said("trl.beta") and said("beta") != said("trl.beta"),
        ("beta",),
    ),
)
