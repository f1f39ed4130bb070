"""The pass that trains: which method it is, and what Olive's own defaults for it are."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.olive.passes import Pass, place
from pitchpipe.dialects.olive.words import TRAINERS
from pitchpipe.keypath import KeyPath

_RENAMED = {"lora_alpha": "alpha", "lora_r": "r"}
_EVALUATION = "training.eval_strategy"


def lower(foreign: Foreign, passes: tuple[Pass, ...]) -> Pass | None:
    """The pass that trains, where the file has one."""
    found = [item for item in passes if item.kind in TRAINERS]
    if not found:
        _no_trainer(foreign, passes)
        return None
    trainer, *others = found
    for other in others:
        message = f"`{other.name}`: one pass trains here, and `{trainer.name}` does"
        foreign.note("stops", (*other.path, "type"), message)
    _method(foreign, trainer)
    _number_format(foreign, trainer)
    _named_otherwise(foreign, trainer)
    _evaluation(foreign, trainer)
    _warmup(foreign, trainer)
    return trainer


def argument(foreign: Foreign, trainer: Pass, key: str) -> KeyPath | None:
    """Where an argument of `transformers.TrainingArguments` is written."""
    arguments = place(foreign, trainer, "training_args")
    places = [arguments and (*arguments, key), place(foreign, trainer, key)]
    found = [
        where for where in (*places, ("training_config", key)) if where and foreign.says(where)
    ]
    return found[0] if found else None


def _no_trainer(foreign: Foreign, passes: tuple[Pass, ...]) -> None:
    """A file that trains nothing can't be run here; a part of one may yet be put into another."""
    if foreign.result.fragment or any(item.name is None for item in passes):
        return
    where: KeyPath = ("passes",) if foreign.says("passes") else ()
    message = "no pass here trains; Pitchpipe fine-tunes with `LoRA`, `DoRA` or `QLoRA`"
    foreign.note("stops", where, message)


_OF_4_BITS = {
    "quant_type": "method.bnb_4bit_quant_type",
    "double_quant": "method.bnb_4bit_use_double_quant",
}


def _method(foreign: Foreign, trainer: Pass) -> None:
    where = (*trainer.path, "type")
    if trainer.kind == "dora":
        foreign.put("method.type", "lora", where)
        foreign.put("method.use_dora", True, where)
    elif trainer.kind == "loftq":
        message = "`LoftQ`: adapters don't begin with what the quantization loses; use `QLoRA`"
        foreign.note("stops", where, message)
    else:
        foreign.put("method.type", trainer.kind, where)
    written = place(foreign, trainer, "target_modules")
    if isinstance(written and foreign.given(written), str):
        message = "`target_modules`: Olive takes a list of names alone"
        foreign.note("otherwise", written or (), message)
    if trainer.kind == "qlora":
        foreign.default("method.bnb_4bit_use_double_quant", False)
        for key, native in _OF_4_BITS.items():
            if (at := place(foreign, trainer, key)) and foreign.given(at) is not None:
                foreign.put(native, foreign.given(at), at, same=True)
    if trainer.kind in {"qlora", "loftq"}:
        foreign.default("method.target_modules", "all-linear")
        if written:
            message = "`target_modules`: Olive adapts every quantized layer, whatever is written"
            foreign.note("otherwise", written, message)


def _number_format(foreign: Foreign, trainer: Pass) -> None:
    """Olive holds weights in float32 where it computes in float16, and knows no `fp16` beside."""
    where = place(foreign, trainer, "torch_dtype")
    if where is None or foreign.reading.wrong(where):
        return
    value = foreign.given(where)
    if value == "float16":
        foreign.put("model.dtype", "float32", where)
        foreign.put("training.fp16", True, where)
    else:
        foreign.put("model.dtype", value, where, same=True)
        foreign.drop("training.fp16")


def _named_otherwise(foreign: Foreign, trainer: Pass) -> None:
    """Keys that Olive passes over, but whose meaning is plain."""
    for base in ((*trainer.path, "config"), trainer.path):
        section = foreign.given(base)
        for key in section if isinstance(section, dict) else ():
            rule = foreign.reading.schema.at((*base, key)) or {}
            if "x-native" not in rule or not rule.get("deprecated"):
                continue
            own = _RENAMED.get(key)
            foreign.note("otherwise", (*base, key), _otherwise(foreign, trainer, key, own))
            if own and (where := place(foreign, trainer, own)):
                native = rule["x-native"]
                foreign.put(native, foreign.given(where), where, same=True)


def _otherwise(foreign: Foreign, trainer: Pass, key: str, own: str | None) -> str:
    if own is None:
        return f"`{key}` is passed over by Olive, where it is one of the pass's `training_args`"
    if where := place(foreign, trainer, own):
        return f"`{key}` is passed over; `{own}` counts, which is {foreign.given(where)}"
    default = foreign.reading.default((*trainer.path, own))
    return f"`{key}` is passed over by Olive, which calls it `{own}` and takes {default}"


def _evaluation(foreign: Foreign, trainer: Pass) -> None:
    """Nothing is evaluated without `eval_data_config`, whatever `eval_strategy` says."""
    where = argument(foreign, trainer, "eval_strategy")
    where = where or argument(foreign, trainer, "evaluation_strategy")
    if place(foreign, trainer, "eval_data_config"):
        foreign.default("training.eval_steps", 500)
        if where is None or foreign.given(where) == "no":
            foreign.drop(_EVALUATION)
            foreign.default(_EVALUATION, "steps")
        return
    foreign.default(_EVALUATION, "no")
    if where and foreign.given(where) not in (None, "no"):
        foreign.put(_EVALUATION, "no", where)
        key = where[-1]
        message = f"`{key}`: Olive evaluates nothing without `eval_data_config`"
        foreign.note("otherwise", where, message)


def _warmup(foreign: Foreign, trainer: Pass) -> None:
    """A number of steps counts more than a share of them."""
    steps = argument(foreign, trainer, "warmup_steps")
    if steps and foreign.given(steps):
        foreign.put("training.warmup_steps", foreign.given(steps), steps, same=True)
