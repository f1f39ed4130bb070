"""Optimizers of transformers and their like, as those that the workflow has."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign

_NATIVE = "training.optim"
_SAME = {
    "adamw": "adamw_torch",
    "adamw_8bit": "adamw_bnb_8bit",
    "adamw_apex_fused": "adamw_torch_fused",
    "adamw_hf": "adamw_torch",
    "adamw_torch_npu_fused": "adamw_torch_fused",
    "adamw_torch_xla": "adamw_torch",
    "ao_adamw_4bit": "adamw_torch_4bit",
    "ao_adamw_8bit": "adamw_torch_8bit",
    "lion": "lion_32bit",
    "lion_pytorch": "lion_32bit",
    "optimi_adamw": "adamw_torch",
    "paged_adamw": "paged_adamw_32bit",
}
"""The same, computed otherwise or called otherwise."""

_EXACT = {"adamw_anyprecision", "ao_adamw_fp8", "flash_adamw"}
"""AdamW with states of fewer bits: the same, but for rounding and memory."""


def lower(foreign: Foreign, key: str, default: str) -> None:
    """The optimizer that stands at `key`; `default` is the tool's own, a word of the workflow."""
    foreign.default(_NATIVE, default)
    name = foreign.given(key)
    if not isinstance(name, str) or not name:
        return
    if name in _EXACT:
        foreign.put(_NATIVE, "adamw_torch", key)
        message = f"`{name}`: the optimizer keeps its states in 32 bits, which takes more memory"
        foreign.note("lost", key, message)
    elif name in _SAME:
        foreign.put(_NATIVE, _SAME[name], key)
    else:
        foreign.put(_NATIVE, name, key, same=True)
