"""How LLaMA-Factory's model is adapted."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.qlora import NATIVE_QLORA
from pitchpipe.syntax.nodes import Data

_STRANGE = {
    "oft": "OFT adapters can't be trained here; `lora` can",
    "freeze": "parts of the model can't be frozen here",
}


def lower(foreign: Foreign) -> None:
    method = foreign.given("finetuning_type")
    bits = foreign.given("quantization_bit")
    foreign.default("method.type", "lora")
    if method == "full":
        foreign.put("method.type", "full", "finetuning_type")
    elif isinstance(method, str) and method in _STRANGE:
        foreign.put("method.type", "lora", "finetuning_type")
        foreign.note("stops", "finetuning_type", f"`{method}`: {_STRANGE[method]}")
    elif method == "lora":
        foreign.put("method.type", "lora", "finetuning_type")
    if bits:
        _quantized(foreign, bits)
    _scale(foreign)
    targets = names(foreign.given("lora_target"))
    if targets:
        meant: Data = "all-linear" if "all" in targets else [*targets]
        foreign.put("method.target_modules", meant, "lora_target")
    if saved := names(foreign.given("additional_target")):
        foreign.put("method.modules_to_save", [*saved], "additional_target")


def names(value: Data) -> list[str]:
    """What a string parted by commas, or a list, names."""
    if isinstance(value, str):
        return [name for name in (part.strip() for part in value.split(",")) if name]
    return [str(name) for name in value] if isinstance(value, list) else []


def _quantized(foreign: Foreign, bits: Data) -> None:
    usual = foreign.value("quantization_method") in ("bnb", "bitsandbytes")
    if bits == 4 and usual and NATIVE_QLORA and foreign.given("finetuning_type") in (None, "lora"):
        foreign.put("method.type", NATIVE_QLORA, "quantization_bit")
    elif foreign.given("finetuning_type") in (None, "lora", "oft"):
        message = f"base models of {bits} bits can't be trained on here; without it, LoRA can"
        foreign.note("stops", "quantization_bit", message)


def _scale(foreign: Foreign) -> None:
    """Twice the rank, where nothing else is said."""
    rank = foreign.value("lora_rank")
    if isinstance(rank, int) and not foreign.given("lora_alpha"):
        foreign.drop("method.lora_alpha")
        foreign.default("method.lora_alpha", 2 * rank)
