"""A base model in 4 or 8 bits, beside which adapters are trained (bitsandbytes 0.50)."""

from __future__ import annotations

from typing import Any

import torch
from transformers import BitsAndBytesConfig
from transformers.integrations.bitsandbytes import replace_with_bnb_linear

from pitchpipe.plan import MethodPlan


def settings(method: MethodPlan, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    """What `from_pretrained` is told; None where the weights stay as they are.

    `dtype` is the format that 4-bit layers compute in.
    """
    if method.quantization is None:
        return None
    if method.bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=method.bnb_4bit_quant_type,
        bnb_4bit_use_double_quant=method.bnb_4bit_use_double_quant,
        bnb_4bit_compute_dtype=dtype,
    )


def keep_trainable(model: torch.nn.Module) -> None:
    """Keeps 4-bit layers on a CPU from repacking their weights in an evaluation.

    On CPUs with AVX512-BF16 bitsandbytes does so for good in the first forward pass without
    gradients, and the gradients of later training steps are wrong. To be called before any pass.
    """
    layers: list[Any] = list(model.modules())
    for layer in layers:
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False


def without_weights(model: Any, method: MethodPlan, dtype: torch.dtype) -> Any:
    """The model on the meta device with quantized layers where a loaded one has them."""
    chosen = settings(method, dtype)
    if chosen is None:
        return model
    head = [name for name, m in model.named_modules() if m is model.get_output_embeddings()]
    return replace_with_bnb_linear(model, modules_to_not_convert=head, quantization_config=chosen)


def parameters_of(model: torch.nn.Module) -> int:
    """How many weights there are; of packed ones, how many they stand for."""
    found = 0
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        found += parameter.numel() if state is None else state.shape.numel()
    return found
