"""Rules about the number formats that training computes in."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.workflow import Present


def mixed_precision_contradicts(context: Context) -> Iterator[Report]:
    """`bf16` and `fp16` against each other, the model's format, or the device."""
    training, dtype = context.workflow.training, context.workflow.model.dtype
    bf16, fp16 = training.bf16, training.fp16
    held = context.effective(dtype)
    if isinstance(fp16, Present) and fp16.value:
        device = context.workflow.compute.device
        if isinstance(bf16, Present) and bf16.value:
            message = "`bf16` and `fp16` are both true; what is computed in is one of the two"
            yield Report(message, fp16.key, fp16.path, related=set_here(context, bf16))
        elif held == "bfloat16":
            message = "`fp16: true` with `model.dtype: bfloat16`; one half-width format is enough"
            yield Report(message, fp16.key, fp16.path, related=set_here(context, dtype))
        elif context.effective(device) == "cpu":
            message = "`fp16: true` needs a scaled loss, which a CPU does not do; use `bf16: true`"
            yield Report(message, fp16.key, fp16.path, related=set_here(context, device))
    elif isinstance(bf16, Present) and bf16.value and held == "float16":
        message = "`bf16: true` with `model.dtype: float16`; one half-width format is enough"
        yield Report(message, bf16.key, bf16.path, related=set_here(context, dtype))
    elif isinstance(fp16, Present) and fp16.value is False and held == "float16":
        message = (
            "`fp16: false` with `model.dtype: float16`: without mixed precision, "
            "updates are too small for float16"
        )
        yield Report(message, fp16.key, fp16.path, related=set_here(context, dtype))
