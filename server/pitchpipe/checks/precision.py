"""Rules about number formats, attention and devices that don't go together."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import published
from pitchpipe.checks.pointing import rewritten, set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.workflow import Present

_AMPERE = 8  # major compute capability
_CALLED = {"cpu": "a CPU", "mps": "MPS"}


def float16_without_gpu(context: Context) -> Iterator[Report]:
    """float16 where nothing scales the loss against its small range."""
    model, device = context.workflow.model, context.workflow.compute.device
    if context.effective(device) != "cpu" or not isinstance(model.dtype, Present):
        return
    if model.dtype.value == "float16":
        message = (
            "`dtype: float16` overflows in training on a CPU; `auto` takes what it computes fast"
        )
        fix = rewritten(context, model.dtype, "auto")
        yield Report(message, model.dtype.span, model.dtype.path, fix, set_here(context, device))


def bfloat16_unsuited(context: Context) -> Iterator[Report]:
    """bfloat16 on a device that was not made for it."""
    dtype, mixed = context.workflow.model.dtype, context.workflow.training.bf16
    compute = context.workflow.compute
    held = isinstance(dtype, Present) and dtype.value == "bfloat16"
    place = dtype if held else mixed
    if not isinstance(place, Present) or not (held or place.value is True):
        return
    why = None
    if context.effective(compute.device) == "mps":
        why = "training in bfloat16 is not reliable on MPS"
    elif isinstance(compute.target, Present) and compute.target.value is not None:
        _, name = published.machine(compute.target.value)
        device = published.find_device(name, context.facts.devices())
        if device is not None and device.bfloat16 is False:
            why = f"a {device.name} has no units for bfloat16 and computes it slowly"
    if why is not None:
        better = "auto" if held else "null"
        fix = rewritten(context, place, better)
        related = set_here(context, compute.device, compute.target)
        message = f"{why}; with `{place.path[-1]}: {better}` the run takes what suits the device"
        yield Report(message, place.span, place.path, fix, related)


def flash_attention_unsuited(context: Context) -> Iterator[Report]:
    """FlashAttention's package, which computes on CUDA devices in 16 bits alone."""
    model, device = context.workflow.model, context.workflow.compute.device
    attention = model.attn_implementation
    if not isinstance(attention, Present) or attention.value != "flash_attention_2":
        return
    where = context.effective(device)
    fix = rewritten(context, attention, "sdpa")
    if where in {"cpu", "mps"}:
        message = (
            f"`flash_attention_2` computes on CUDA devices alone, not on {_CALLED[str(where)]}"
        )
        related = set_here(context, device)
    elif (
        isinstance(model.dtype, Present)
        and model.dtype.value == "float32"
        and not _is_mixed(context)
    ):
        message = "`flash_attention_2` computes in float16 and bfloat16 alone, not in float32"
        related = set_here(context, model.dtype)
    elif old := _too_old(context):
        message = f"`flash_attention_2` needs an NVIDIA GPU of 2020 or later; a {old} is older"
        related = set_here(context, context.workflow.compute.target)
    else:
        return
    yield Report(
        f"{message}; `sdpa` computes everywhere", attention.span, attention.path, fix, related
    )


def target_contradicts_device(context: Context) -> Iterator[Report]:
    """A machine that a run is meant for, beside a device that it hasn't."""
    compute = context.workflow.compute
    target, device = compute.target, compute.device
    if not isinstance(target, Present) or target.value is None or not isinstance(device, Present):
        return
    _, name = published.machine(target.value)
    known = published.find_device(name, context.facts.devices())
    if known is None or device.value == "auto":
        return
    kind = "mps" if known.vendor == "apple" else "cuda"
    if device.value != kind:
        message = (
            f"the run is computed on `{device.value}`, so what is foretold for {known.name} is not "
            "what it will need"
        )
        yield Report(message, target.span, target.path, related=set_here(context, device))


def _is_mixed(context: Context) -> bool:
    """Whether 16 bits are computed in, whatever the weights are held in."""
    training = context.workflow.training
    for half in (training.bf16, training.fp16):
        value = context.effective(half)
        if value or (value is None and isinstance(half, Present)):
            return True
    return False


def _too_old(context: Context) -> str | None:
    """The device that the run is meant for, if FlashAttention 2 (2.8) does not support it."""
    target = context.workflow.compute.target
    if not isinstance(target, Present) or target.value is None:
        return None
    device = published.find_device(published.machine(target.value)[1], context.facts.devices())
    if device is None or device.compute_capability is None:
        return None
    major = device.compute_capability.partition(".")[0]
    return device.name if major.isdecimal() and int(major) < _AMPERE else None
