"""What Axolotl refuses of data sets and their texts."""

from __future__ import annotations

from pitchpipe.dialects.refusals import Refusal

DATA = (
    Refusal(
        "val_set_size",
        "`val_set_size` and `test_datasets` are refused by Axolotl together",
        lambda said: said("val_set_size") and said("test_datasets"),
        ("test_datasets",),
        put="0",
    ),
    Refusal(
        "val_set_size",
        "Axolotl can't hold out rows of a stream; use `test_datasets`",
        lambda said: said("val_set_size") and (said("pretraining_dataset") or said("streaming")),
        ("pretraining_dataset", "streaming"),
    ),
    Refusal(
        "pretraining_dataset",
        "a stream has no end that Axolotl knows; set `max_steps`",
        lambda said: said("pretraining_dataset") and not said("max_steps"),
    ),
    Refusal(
        "streaming",
        "a stream has no end that Axolotl knows; set `max_steps`",
        lambda said: (
            said("streaming") and not said("max_steps") and not said("pretraining_dataset")
        ),
    ),
    Refusal(
        "streaming",
        "Axolotl can't pack rows of several streams",
        lambda said: (
            said("streaming") and said("sample_packing") and len(said("datasets") or ()) > 1
        ),
        ("sample_packing", "datasets"),
    ),
    Refusal(
        "dataset_exact_deduplication",
        "Axolotl can't drop duplicates of a stream",
        lambda said: (
            said("dataset_exact_deduplication")
            and (said("streaming") or said("pretraining_dataset"))
        ),
        ("streaming", "pretraining_dataset"),
    ),
    Refusal(
        "dataset_exact_deduplication",
        "Axolotl drops no duplicates where `skip_prepare_dataset` is on, and refuses both",
        lambda said: said("dataset_exact_deduplication") and said("skip_prepare_dataset"),
        ("skip_prepare_dataset",),
    ),
    Refusal(
        "push_dataset_to_hub",
        "`push_dataset_to_hub` wants `hf_use_auth_token: true`",
        lambda said: said("push_dataset_to_hub") and said("hf_use_auth_token") is not True,
        ("hf_use_auth_token",),
    ),
    Refusal(
        "include_tokens_per_second",
        "`include_tokens_per_second` is refused by Axolotl with `pretraining_dataset`",
        lambda said: said("pretraining_dataset") and said("include_tokens_per_second"),
        ("pretraining_dataset",),
        put="false",
    ),
    Refusal(
        "chat_template",
        "`chat_template: jinja` wants a `chat_template_jinja`",
        lambda said: said("chat_template") == "jinja" and not said("chat_template_jinja"),
    ),
    Refusal(
        "eval_table_size",
        "`eval_table_size` with packed rows wants `eval_sample_packing: false`",
        lambda said: (
            said("sample_packing")
            and said("eval_table_size")
            and said("eval_sample_packing") is not False
        ),
        ("sample_packing", "eval_sample_packing"),
    ),
    Refusal(
        "eval_sample_packing",
        "`do_causal_lm_eval` wants `eval_sample_packing: false`",
        lambda said: said("do_causal_lm_eval") and said("eval_sample_packing"),
        ("do_causal_lm_eval",),
        put="false",
    ),
    *(
        Refusal(
            key,
            f"`{key}` is refused by Axolotl with the tokenizer of mistral-common",
            lambda said, key=key: said("tokenizer_use_mistral_common") and said(key),
            ("tokenizer_use_mistral_common",),
        )
        for key in (
            "added_tokens_overrides",
            "special_tokens",
            "tokens",
            "chat_template",
            "processor_kwargs",
        )
    ),
)
