"""What Axolotl refuses of sharding, attention and what saves memory."""

from __future__ import annotations

from typing import Any

from pitchpipe.dialects.refusals import Refusal, Said


def _fsdp(said: Said) -> Any:
    return said("fsdp") or said("fsdp_config")


def _fsdp2(said: Said) -> bool:
    version = said("fsdp_version") or said("fsdp_config.fsdp_version")
    return str(version or said("fsdp_config.version")) == "2"


def _reentrant(said: Said) -> bool:
    return said("gradient_checkpointing_kwargs.use_reentrant") is True


MEMORY = (
    Refusal(
        "gpu_memory_limit",
        "`gpu_memory_limit` and `max_memory` are refused by Axolotl together",
        lambda said: said("max_memory") is not None and said("gpu_memory_limit") is not None,
        ("max_memory",),
    ),
    Refusal(
        "fsdp",
        "`fsdp` and `deepspeed` are refused by Axolotl together",
        lambda said: said("deepspeed") and said("fsdp"),
        ("deepspeed",),
    ),
    Refusal(
        "deepcompile",
        "`deepcompile` wants `deepspeed`",
        lambda said: said("deepcompile") and not said("deepspeed"),
        put="false",
    ),
    Refusal(
        "optimizer",
        "`muon` is refused by Axolotl with DeepSpeed",
        lambda said: said("optimizer") == "muon" and said("deepspeed"),
        ("deepspeed",),
    ),
    Refusal(
        "optimizer",
        "this optimizer wants `fsdp_version: 2` where FSDP is used",
        lambda said: (
            str(said("optimizer")).startswith(("muon", "polora", "flash_", "q_galore"))
            and _fsdp(said)
            and not _fsdp2(said)
        ),
        ("fsdp", "fsdp_config", "fsdp_version"),
    ),
    Refusal(
        "optimizer",
        "FSDP 2 refuses this optimizer; `adamw_torch_8bit` does the same",
        lambda said: (
            said("optimizer") in ("adamw_8bit", "adamw_bnb_8bit")
            and said("fsdp_config")
            and str(said("fsdp_version")) == "2"
        ),
        ("fsdp_version",),
        put="adamw_torch_8bit",
    ),
    Refusal(
        "optimizer",
        "FSDP refuses optimizers of 8 bits where it offloads parameters",
        lambda said: (
            "8bit" in str(said("optimizer"))
            and (
                said("fsdp_config.offload_params") is True
                or said("fsdp_config.fsdp_offload_params") is True
            )
            and not _fsdp2(said)
        ),
        ("fsdp_config",),
    ),
    Refusal(
        "fp32_norms",
        "`fp32_norms` wants `fsdp_config` and `fsdp_version: 2`",
        lambda said: (
            said("fp32_norms") and not (said("fsdp_config") and str(said("fsdp_version")) == "2")
        ),
    ),
    Refusal(
        "activation_offloading",
        "`activation_offloading` wants `gradient_checkpointing`",
        lambda said: said("activation_offloading") and not said("gradient_checkpointing"),
    ),
    Refusal(
        "selective_checkpointing",
        "`selective_checkpointing` wants `gradient_checkpointing`",
        lambda said: said("selective_checkpointing") and not said("gradient_checkpointing"),
    ),
    Refusal(
        "selective_checkpointing",
        "`selective_checkpointing` wants `gradient_checkpointing_kwargs.use_reentrant: false`",
        lambda said: said("selective_checkpointing") and _reentrant(said),
        ("gradient_checkpointing_kwargs",),
    ),
    Refusal(
        "unfrozen_parameters",
        "`unfrozen_parameters` wants `gradient_checkpointing_kwargs.use_reentrant: false`",
        lambda said: said("unfrozen_parameters") and _reentrant(said),
        ("gradient_checkpointing_kwargs",),
    ),
    Refusal(
        "torch_compile_options",
        "`torch_compile_options` wants `torch_compile`",
        lambda said: said("torch_compile_options") and not said("torch_compile"),
        drop=True,
    ),
    Refusal(
        "fp8_config",
        "`fp8_config` wants `fp8: true`",
        lambda said: said("fp8_config") and not said("fp8"),
        drop=True,
    ),
    Refusal(
        "fp8_enable_fsdp_float8_all_gather",
        "`fp8_enable_fsdp_float8_all_gather` wants `fsdp_version: 2`",
        lambda said: (
            said("fp8_enable_fsdp_float8_all_gather") and said("fsdp_version") not in (2, "2")
        ),
    ),
    Refusal(
        "scaling_softmax",
        "`scaling_softmax` wants `attn_implementation: flex_attention`",
        lambda said: (
            said("scaling_softmax")
            and said("attn_implementation") != "flex_attention"
            and not said("flex_attention")
        ),
        ("attn_implementation",),
    ),
    Refusal(
        "attn_implementation",
        "`attn_implementation` and the old keys of attention are refused by Axolotl together",
        lambda said: (
            said("attn_implementation")
            and any(
                said(f"{name}_attention")
                for name in ("xformers", "sdp", "flex", "flash", "sage", "eager")
            )
        ),
        ("flash_attention", "sdp_attention", "flex_attention", "xformers_attention"),
    ),
    Refusal(
        "context_parallel_size",
        "`context_parallel_size` wants `micro_batch_size: 1` where rows are packed",
        lambda said: (
            (said("context_parallel_size") or 1) > 1
            and said("sample_packing")
            and (said("micro_batch_size") or 1) > 1
        ),
        ("micro_batch_size", "sample_packing"),
    ),
    Refusal(
        "batch_flattening",
        "`batch_flattening` is refused by Axolotl where rows are packed",
        lambda said: said("batch_flattening") is True and said("sample_packing"),
        ("sample_packing",),
        put="false",
    ),
)
