"""What LLaMA-Factory refuses before it trains, of what a file alone can tell.

Its own rules are in `llamafactory/hparams` (0.9.5); those that ask for devices, packages or
environment variables are not here.
"""

from __future__ import annotations

from pitchpipe.dialects import refusals
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.llama_factory import purpose
from pitchpipe.dialects.llama_factory.adapters import names
from pitchpipe.dialects.refusals import Refusal, Said

_WITH_LORA = ("loraplus_lr_ratio", "use_rslora", "use_dora", "pissa_init")
_PROJECTIONS = ("use_galore", "use_apollo", "use_badam")
_TINY = 1e-6


def tell(foreign: Foreign) -> None:
    if purpose.is_new(foreign):
        return
    refusals.tell(foreign, _ALWAYS)
    if purpose.trains(foreign) or foreign.says("stage"):
        refusals.tell(foreign, _TRAINING)
    _mixtures(foreign)
    on = [key for key in _PROJECTIONS if foreign.given(key) is True]
    for key in on[1:]:
        message = f"`{key}` and `{on[0]}` are both on, and LLaMA-Factory allows one of them"
        foreign.note("refused", key, message, related=foreign.set_here(on[0]))


def _mixtures(foreign: Foreign) -> None:
    shares = names(foreign.given("interleave_probs"))
    for key in ("dataset", "eval_dataset"):
        sets = names(foreign.given(key))
        if shares and sets and len(sets) != len(shares):
            message = f"`{key}` names {len(sets)} data sets, and `interleave_probs` {len(shares)}"
            foreign.note("refused", "interleave_probs", message, related=foreign.set_here(key))


def _method(said: Said) -> str:
    return str(said("finetuning_type") or "lora")


def _stage(said: Said) -> str:
    return str(said("stage") or "sft")


def _held_out(said: Said) -> bool:
    return (said("val_size") or 0) > _TINY


def _without_sft(key: str) -> Refusal:
    return Refusal(
        key,
        f"`{key}` is for `stage: sft`, and refused by LLaMA-Factory elsewhere",
        lambda said: said(key) is True and _stage(said) != "sft",
        ("stage",),
        put="false",
    )


def _with_lora(key: str) -> Refusal:
    return Refusal(
        key,
        f"`{key}` is for `finetuning_type: lora`, and refused by LLaMA-Factory elsewhere",
        lambda said: said(key) not in (None, False) and _method(said) != "lora",
        ("finetuning_type",),
        drop=True,
    )


def _no_projection(key: str) -> Refusal:
    return Refusal(
        key,
        f"`{key}` trains all weights, and is refused with `finetuning_type: lora`",
        lambda said: said(key) is True and _method(said) == "lora",
        ("finetuning_type",),
        put="false",
    )


_ALWAYS = (
    Refusal(
        "val_size",
        "`val_size` wants a `dataset` to hold rows out of",
        lambda said: _held_out(said) and not said("dataset"),
    ),
    Refusal(
        "val_size",
        "`val_size` and `eval_dataset` are refused by LLaMA-Factory together",
        lambda said: _held_out(said) and said("eval_dataset"),
        ("eval_dataset",),
        put="0",
    ),
    Refusal(
        "val_size",
        "a stream wants `val_size` as a number of rows",
        lambda said: said("streaming") and _held_out(said) and said("val_size") < 1,
        ("streaming",),
    ),
    Refusal(
        "max_samples",
        "`max_samples` and `streaming` are refused by LLaMA-Factory together",
        lambda said: said("streaming") and said("max_samples") is not None,
        ("streaming",),
        drop=True,
    ),
    Refusal(
        "mask_history",
        "`mask_history` and `train_on_prompt` are refused by LLaMA-Factory together",
        lambda said: said("mask_history") and said("train_on_prompt"),
        ("train_on_prompt",),
        put="false",
    ),
    Refusal(
        "interleave_probs",
        "`interleave_probs` wants a `mix_strategy` that interleaves",
        lambda said: said("interleave_probs") and said("mix_strategy") in (None, "concat"),
        ("mix_strategy",),
    ),
    Refusal(
        "adapter_name_or_path",
        "`adapter_name_or_path` is for `finetuning_type: lora`",
        lambda said: said("adapter_name_or_path") and _method(said) != "lora",
        ("finetuning_type",),
    ),
    Refusal(
        "quantization_bit",
        "a quantized model wants `finetuning_type: lora` or `oft`",
        lambda said: said("quantization_bit") and _method(said) not in ("lora", "oft"),
        ("finetuning_type",),
        drop=True,
    ),
    Refusal(
        "pissa_init",
        "`pissa_init` is refused by LLaMA-Factory for a quantized model",
        lambda said: said("quantization_bit") and said("pissa_init"),
        ("quantization_bit",),
        put="false",
    ),
    Refusal(
        "resize_vocab",
        "`resize_vocab` is refused by LLaMA-Factory for a quantized model",
        lambda said: said("quantization_bit") and said("resize_vocab"),
        ("quantization_bit",),
        put="false",
    ),
    Refusal(
        "create_new_adapter",
        "`create_new_adapter` is refused by LLaMA-Factory for a quantized model with adapters",
        lambda said: (
            said("quantization_bit") and said("adapter_name_or_path") and said("create_new_adapter")
        ),
        ("quantization_bit", "adapter_name_or_path"),
        put="false",
    ),
    Refusal(
        "adapter_name_or_path",
        "a quantized model takes one adapter; merge them first",
        lambda said: said("quantization_bit") and "," in str(said("adapter_name_or_path") or ""),
        ("quantization_bit",),
    ),
    Refusal(
        "export_quantization_bit",
        "`export_quantization_bit` wants `export_quantization_dataset`",
        lambda said: said("export_quantization_bit") and not said("export_quantization_dataset"),
    ),
    Refusal(
        "image_max_pixels",
        "`image_max_pixels` is less than `image_min_pixels`",
        lambda said: (
            said("image_max_pixels") is not None
            and said("image_max_pixels") < (said("image_min_pixels") or 1024)
        ),
        ("image_min_pixels",),
    ),
    Refusal(
        "use_llama_pro",
        "`use_llama_pro` is refused by LLaMA-Factory with `finetuning_type: full`",
        lambda said: said("use_llama_pro") and _method(said) == "full",
        ("finetuning_type",),
        put="false",
    ),
    *map(_with_lora, _WITH_LORA),
    *map(_no_projection, _PROJECTIONS),
)

_TRAINING = (
    *map(_without_sft, ("predict_with_generate", "neat_packing", "train_on_prompt")),
    _without_sft("mask_history"),
    Refusal(
        "do_predict",
        "`do_predict` wants `predict_with_generate: true`",
        lambda said: (
            _stage(said) == "sft" and said("do_predict") and not said("predict_with_generate")
        ),
    ),
    Refusal(
        "load_best_model_at_end",
        "`load_best_model_at_end` is refused by LLaMA-Factory in this stage",
        lambda said: said("load_best_model_at_end") and _stage(said) in ("rm", "ppo"),
        ("stage",),
        put="false",
    ),
    Refusal(
        "stage",
        "`stage: ppo` wants a `reward_model`",
        lambda said: _stage(said) == "ppo" and not said("reward_model"),
    ),
    Refusal(
        "streaming",
        "a stream has no end that LLaMA-Factory knows; set `max_steps`",
        lambda said: said("streaming") and said("max_steps") in (None, -1),
    ),
    Refusal(
        "do_train",
        "`do_train` wants a `dataset`",
        lambda said: said("do_train") and not said("dataset"),
    ),
    *(
        Refusal(
            key,
            f"`{key}` wants `eval_dataset` or `val_size`",
            lambda said, key=key: said(key) and not said("eval_dataset") and not _held_out(said),
        )
        for key in ("do_eval", "do_predict", "predict_with_generate")
    ),
    Refusal(
        "compute_accuracy",
        "`compute_accuracy` and `predict_with_generate` are refused by LLaMA-Factory together",
        lambda said: said("compute_accuracy") and said("predict_with_generate"),
        ("predict_with_generate",),
        put="false",
    ),
    Refusal(
        "quantization_device_map",
        "`quantization_device_map` is refused by LLaMA-Factory in training",
        lambda said: said("do_train") and said("quantization_device_map") == "auto",
        drop=True,
    ),
    *(
        Refusal(
            key,
            f"`{key}` is refused by LLaMA-Factory with DeepSpeed",
            lambda said, key=key: said(key) is True and said("deepspeed"),
            ("deepspeed",),
        )
        for key in ("use_galore", "use_apollo")
    ),
    Refusal(
        "fp8",
        "`fp8` and `quantization_bit` are refused by LLaMA-Factory together",
        lambda said: said("fp8") and said("quantization_bit"),
        ("quantization_bit",),
        put="false",
    ),
    Refusal(
        "infer_backend",
        "`infer_backend` must be `huggingface` in training",
        lambda said: said("do_train") and said("infer_backend") in ("vllm", "sglang"),
        put="huggingface",
    ),
    Refusal(
        "dpo_label_smoothing",
        "`dpo_label_smoothing` is for `pref_loss: sigmoid`",
        lambda said: (
            _stage(said) == "dpo"
            and (said("dpo_label_smoothing") or 0) > _TINY
            and said("pref_loss") not in (None, "sigmoid")
        ),
        ("pref_loss",),
    ),
    Refusal(
        "pissa_init",
        "`pissa_init` is refused by LLaMA-Factory in this stage",
        lambda said: said("pissa_init") and _stage(said) in ("ppo", "kto"),
        ("stage",),
        put="false",
    ),
)
