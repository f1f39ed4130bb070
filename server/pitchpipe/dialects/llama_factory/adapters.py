"""How LLaMA-Factory's model is adapted."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign
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
    how = foreign.value("quantization_method")
    if foreign.given("finetuning_type") not in (None, "lora", "oft"):
        return
    if bits in (4, 8) and how in ("bnb", "bitsandbytes"):
        foreign.put("method.type", "qlora", "quantization_bit")
        foreign.put("method.bits", bits, "quantization_bit", same=True)
    else:
        message = f"bases of {bits} bits by `{how}` can't be trained on here; 4 or 8 by `bnb` can"
        foreign.note("stops", "quantization_bit", message)


def _scale(foreign: Foreign) -> None:
    """Twice the rank, where nothing else is said."""
    rank = foreign.value("lora_rank")
    if isinstance(rank, int) and not foreign.given("lora_alpha"):
        foreign.drop("method.lora_alpha")
        foreign.default("method.lora_alpha", 2 * rank)
