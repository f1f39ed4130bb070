"""Device, number format and threads: chosen in one place and said aloud."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import psutil
import torch

from pitchpipe.plan import Plan
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, FILE_IS_WRONG, RunFailure


@dataclass(frozen=True, slots=True)
class Device:
    """`kind` is "cpu", "cuda" or "mps".

    `dtype` is what the base model's weights are held in while training.
    """

    kind: str
    dtype: torch.dtype


def choose(plan: Plan, events: Events) -> Device:
    """Resolves `compute.device`, `compute.threads` and `model.dtype`."""
    kind = _device(plan, events)
    if plan.compute.target is not None:
        here = torch.cuda.get_device_name() if kind == "cuda" else kind
        events.log(f"meant for {plan.compute.target} (`compute.target`), computed on {here}")
    threads = plan.compute.threads or _usable_cores()
    torch.set_num_threads(threads)
    if plan.compute.threads is None:
        events.resolved("compute.threads", threads, "the cores that this process may use")
    return Device(kind, _dtype(plan, kind, events))


def _device(plan: Plan, events: Events) -> str:
    asked = plan.compute.device
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if asked == "auto":
        kind = next(k for k in ("cuda", "mps", "cpu") if there[k])
        name = torch.cuda.get_device_name() if kind == "cuda" else kind
        events.resolved("compute.device", kind, f"the fastest device found: {name}")
        return kind
    if not there[asked]:
        raise RunFailure(
            "device-not-found",
            f"`compute.device: {asked}`, but PyTorch {torch.__version__} finds no such device",
            path="compute.device",
            hint="set `compute.device: auto`, or install a PyTorch build for the device",
            exit_code=ENVIRONMENT_IS_WRONG,
        )
    return asked


def _dtype(plan: Plan, kind: str, events: Events) -> torch.dtype:
    asked, t = plan.model.dtype, plan.training
    if kind == "cpu":
        if asked == "float16":
            message = "`model.dtype: float16` overflows in training on a CPU"
            raise _float16_on_cpu(message, "model.dtype", "use `bfloat16` or `float32`")
        if t.fp16:
            message = "`fp16: true` needs a loss that is scaled, which a CPU does not do"
            raise _float16_on_cpu(message, "training.fp16", "use `bf16: true`")
    if asked != "auto":
        return getattr(torch, asked)
    if t.bf16 or t.fp16:
        name, key = ("bfloat16", "bf16") if t.bf16 else ("float16", "fp16")
        events.resolved("model.dtype", name, f"what is computed in, by `training.{key}`")
        return getattr(torch, name)
    fast, why = has_fast_bfloat16(kind)
    events.resolved("model.dtype", "bfloat16" if fast else "float32", why)
    return torch.bfloat16 if fast else torch.float32


def _float16_on_cpu(message: str, path: str, hint: str) -> RunFailure:
    return RunFailure("float16-on-cpu", message, path=path, hint=hint, exit_code=FILE_IS_WRONG)


def has_fast_bfloat16(kind: str) -> tuple[bool, str]:
    """Also says why, in words for people."""
    if kind == "cuda":
        fast = torch.cuda.get_device_capability() >= (8, 0)
        return fast, f"this GPU computes bfloat16 {'fast' if fast else 'slowly'}"
    if kind == "mps":
        return False, "bfloat16 training is not reliable on MPS"
    capabilities = torch.cpu.get_capabilities()
    fast = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return fast, f"this CPU has {'' if fast else 'no '}instructions for bfloat16"


def _usable_cores() -> int:
    """The physical ones, as far as this process may use them: two threads share the rest."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if sys.platform == "linux":
        return max(1, min(physical, len(os.sched_getaffinity(0))))
    return physical
