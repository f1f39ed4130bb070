"""How Axolotl's model is adapted, and what kind of model it is."""

from __future__ import annotations

from typing import cast

from pitchpipe.dialects.foreign import Foreign

_OTHER_HEADS = ("SequenceClassification", "TokenClassification", "RewardModel")


def lower(foreign: Foreign) -> None:
    _method(foreign)
    _targets(foreign)
    _model(foreign)


def _method(foreign: Foreign) -> None:
    adapter = foreign.given("adapter")
    if adapter in (None, "", "none"):
        foreign.default("method.type", "full")
        if adapter:
            foreign.put("method.type", "full", "adapter")
        return
    small = next((k for k in ("load_in_4bit", "load_in_8bit") if foreign.given(k) is True), None)
    if adapter not in ("lora", "qlora"):
        foreign.put("method.type", "lora", "adapter")
        foreign.note("stops", "adapter", f"adapters of the kind `{adapter}` can't be trained here")
    elif adapter == "qlora" or small:
        foreign.put("method.type", "qlora", "adapter")
        foreign.put("method.bits", 8 if small == "load_in_8bit" else 4, small or "adapter")
        _four_bits(foreign)
    else:
        foreign.put("method.type", "lora", "adapter")


def _four_bits(foreign: Foreign) -> None:
    """Axolotl's own choice is NF4 with double quantization, as ours is."""
    place = "bnb_config_kwargs"
    given = foreign.given(place)
    for key in ("bnb_4bit_quant_type", "bnb_4bit_use_double_quant"):
        if isinstance(given, dict) and key in given:
            foreign.put(f"method.{key}", given[key], (place, key), same=True)


def _targets(foreign: Foreign) -> None:
    if foreign.given("lora_target_linear") is True:
        foreign.put("method.target_modules", "all-linear", "lora_target_linear")
        foreign.handled("lora_target_modules")
    if isinstance(one := foreign.given("lora_target_parameters"), str):
        foreign.put("method.target_parameters", [one], "lora_target_parameters")


def _model(foreign: Foreign) -> None:
    for key in ("model_type", "type_of_model", "cls_model_config"):
        named = foreign.given(key)
        if isinstance(named, str) and any(head in named for head in _OTHER_HEADS):
            foreign.note("stops", key, f"`{named}`: only models that write texts are trained here")
    tokenizer, base = foreign.given("tokenizer_config"), foreign.given("base_model")
    for key in ("tokenizer_config", "base_model_config"):
        if foreign.given(key) == base:
            foreign.handled(key)
    if isinstance(foreign.given("tokens"), dict):
        foreign.note("old", "tokens", "a mapping of `tokens` is called `special_tokens` now")
    if tokenizer is None and isinstance(foreign.given("special_tokens"), dict):
        _special_tokens(foreign, cast("dict[str, str]", foreign.given("special_tokens")))


def _special_tokens(foreign: Foreign, tokens: dict[str, str]) -> None:
    """The tokens that models have anyway are no loss."""
    usual = {"bos_token": ("<s>",), "eos_token": ("</s>",)}
    for key, token in tokens.items():
        if token in usual.get(key, ()):
            foreign.handled(("special_tokens", key))
