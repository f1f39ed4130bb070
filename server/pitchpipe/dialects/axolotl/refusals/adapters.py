"""What Axolotl refuses of adapters and quantized models."""

from __future__ import annotations

from pitchpipe.dialects.refusals import Refusal

_PLAIN = ("lora", "qlora")
_KERNELS = ("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel")

ADAPTERS = (
    *(
        Refusal(
            key,
            f"`{key}` wants an `adapter`; all weights of a quantized model can't be trained",
            lambda said, key=key: said(key) and not said("adapter") and not said("inference"),
            put="false",
        )
        for key in ("load_in_8bit", "load_in_4bit")
    ),
    Refusal(
        "adapter",
        "`adapter: qlora` wants `load_in_4bit: true`",
        lambda said: (
            said("adapter") == "qlora"
            and not said("load_in_4bit")
            and not said("load_in_8bit")
            and not said("gptq")
            and not said("merge_lora")
        ),
        ("load_in_4bit",),
    ),
    Refusal(
        "load_in_8bit",
        "`adapter: qlora` has 4 bits, and refuses `load_in_8bit`",
        lambda said: said("adapter") == "qlora" and said("load_in_8bit") and not said("merge_lora"),
        ("adapter",),
        put="false",
    ),
    Refusal(
        "gptq",
        "`adapter: qlora` quantizes the model itself, and refuses `gptq`",
        lambda said: said("adapter") == "qlora" and said("gptq"),
        ("adapter",),
    ),
    Refusal(
        "lora_dropout",
        "`lora_target_parameters` wants `lora_dropout: 0`",
        lambda said: said("lora_target_parameters") and said("lora_dropout"),
        ("lora_target_parameters",),
        put="0",
    ),
    Refusal(
        "peft_layers_pattern",
        "`peft_layers_pattern` wants `peft_layers_to_transform`",
        lambda said: said("peft_layers_pattern") and not said("peft_layers_to_transform"),
    ),
    Refusal(
        "unfrozen_parameters",
        "`unfrozen_parameters` and `peft_layers_to_transform` are refused by Axolotl together",
        lambda said: (
            said("adapter") and said("peft_layers_to_transform") and said("unfrozen_parameters")
        ),
        ("peft_layers_to_transform",),
    ),
    Refusal(
        "flash_attn_fuse_mlp",
        "`flash_attn_fuse_mlp` is refused by Axolotl with adapters",
        lambda said: said("flash_attn_fuse_mlp") and said("adapter") in _PLAIN,
        ("adapter",),
        put="false",
    ),
    Refusal(
        "use_onebitllms",
        "`use_onebitllms` is refused by Axolotl with adapters",
        lambda said: said("use_onebitllms") and said("adapter") in _PLAIN,
        ("adapter",),
    ),
    *(
        Refusal(
            key,
            f"`{key}` is refused by Axolotl with a base model of 8 bits",
            lambda said, key=key: said(key) and said("adapter") == "lora" and said("load_in_8bit"),
            ("load_in_8bit",),
            put="false",
        )
        for key in _KERNELS
    ),
    *(
        Refusal(
            key,
            f"`{key}` is refused by Axolotl with `trust_remote_code`",
            lambda said, key=key: said(key) and said("trust_remote_code"),
            ("trust_remote_code",),
            put="false",
        )
        for key in _KERNELS
    ),
    Refusal(
        "lr_scheduler",
        "`relora` refuses `lr_scheduler: one_cycle`",
        lambda said: said("relora") and said("lr_scheduler") == "one_cycle",
        ("relora",),
    ),
    Refusal(
        "quantize_moe_experts",
        "`quantize_moe_experts` wants an adapter, `load_in_4bit` or `load_in_8bit`",
        lambda said: (
            said("quantize_moe_experts")
            and (
                said("adapter") not in _PLAIN or not (said("load_in_4bit") or said("load_in_8bit"))
            )
        ),
    ),
    Refusal(
        "lora_target_linear",
        "`quantize_moe_experts` refuses `lora_target_linear`; use `lora_target_parameters`",
        lambda said: said("quantize_moe_experts") and said("lora_target_linear"),
        ("quantize_moe_experts",),
        put="false",
    ),
    *(
        Refusal(
            "qat",
            f"`qat` is refused by Axolotl together with `{key}`",
            lambda said, key=key: said("qat") and said(key),
            (key,),
        )
        for key in ("peft", "load_in_8bit", "load_in_4bit")
    ),
    *(
        Refusal(
            "model_quantization_config",
            f"`model_quantization_config` and `{key}` are refused by Axolotl together",
            lambda said, key=key: said("model_quantization_config") and said(key),
            (key,),
        )
        for key in ("load_in_8bit", "load_in_4bit")
    ),
    Refusal(
        "optimizer",
        "`q_galore_adamw8bit` trains all weights, and refuses an adapter",
        lambda said: said("optimizer") == "q_galore_adamw8bit" and said("adapter"),
        ("adapter",),
    ),
    Refusal(
        "optimizer",
        "`polora` trains adapters alone; set `adapter`",
        lambda said: said("optimizer") == "polora" and said("adapter") not in _PLAIN,
    ),
)
