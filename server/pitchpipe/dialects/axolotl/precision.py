"""Number types, attention and memory savers of Axolotl."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.findings import Edit, Fix
from pitchpipe.suggest import nearest, one_of

_ATTENTION = {
    "eager": "eager",
    "sdpa": "sdpa",
    "flash_attention_2": "flash_attention_2",
    "flash_attention_3": "flash_attention_2",
    "flash_attention_4": "flash_attention_2",
    "flash_attention_torch": "flash_attention_2",
    "flex_attention": "sdpa",
    "xformers": "sdpa",
    "sage": "sdpa",
    "fp8": "sdpa",
}
"""The workflow's attention that computes the same, or, of the last two, nearly."""

_ROUGH = ("sage", "fp8")
_FLAGS = {
    "xformers_attention": "xformers",
    "sage_attention": "sage",
    "flex_attention": "flex_attention",
    "flash_attention": "flash_attention_2",
    "sdp_attention": "sdpa",
    "eager_attention": "eager",
}
"""In the order in which Axolotl looks at them."""

_SHORT = {"flash": "flash_attention_2", "flex": "flex_attention", "sdp": "sdpa"}


def lower(foreign: Foreign) -> None:
    _dtype(foreign)
    if foreign.value("tf32") == "auto":
        foreign.drop("training.tf32")
    if not foreign.given("adapter"):  # all weights are in the type that is computed in
        foreign.default("training.bf16", False)
    _attention(foreign)
    kept = foreign.given("gradient_checkpointing")
    if kept is not None:
        foreign.put("training.gradient_checkpointing", kept not in (False, ""), _CHECKPOINTING)


_CHECKPOINTING = "gradient_checkpointing"


def _dtype(foreign: Foreign) -> None:
    for key, dtype in (
        ("bf16", "bfloat16"),
        ("bfloat16", "bfloat16"),
        ("fp16", "float16"),
        ("float16", "float16"),
        ("float32", "float32"),
    ):
        value = foreign.given(key)
        if value in (True, "full"):
            foreign.put("model.dtype", dtype, key)
            return
        if value == "auto":
            foreign.put("model.dtype", "auto", key)
            return
    if foreign.given("bf16") is False:
        foreign.put("model.dtype", "float32", "bf16")


def _attention(foreign: Foreign) -> None:
    named = foreign.given("attn_implementation")
    if isinstance(named, str) and named:
        _named_attention(foreign, named)
        return
    for flag, meant in _FLAGS.items():
        if foreign.given(flag) is True:
            foreign.put("model.attn_implementation", _ATTENTION[meant], flag)
            line = f"`{flag}: true` is `attn_implementation: {meant}` now"
            foreign.note("old", flag, line, _as_name(foreign, flag, meant))
            return


def _as_name(foreign: Foreign, flag: str, meant: str) -> Fix | None:
    value = foreign.reading.scalar((flag,))
    if value is None:
        return None
    key = foreign.reading.key_span((flag,))
    edits = (Edit(key, "attn_implementation"), Edit(value.span, meant))
    return Fix(f"Write `attn_implementation: {meant}`", edits)


def _named_attention(foreign: Foreign, named: str) -> None:
    key = "attn_implementation"
    if named in _ATTENTION:
        foreign.put("model.attn_implementation", _ATTENTION[named], key)
        if named in _ROUGH:
            foreign.note("lost", key, f"`{named}`: attention is computed exactly, by `sdpa`")
    elif "/" in named:  # a kernel of the hub
        ours = "flash_attention_2" if "flash" in named else "sdpa"
        foreign.put("model.attn_implementation", ours, key)
    else:
        foreign.drop("model.attn_implementation")
        foreign.wrong("model.attn_implementation", key)
        near = _SHORT.get(named) or nearest(named, _ATTENTION)
        advice = f"did you mean `{near}`?" if near else f"it can be {one_of(_ATTENTION)}"
        scalar = foreign.reading.scalar((key,))
        fix = Fix(f"Write `{near}`", (Edit(scalar.span, near),)) if near and scalar else None
        foreign.note("refused", key, f"Axolotl knows no attention `{named}`; {advice}", fix)
