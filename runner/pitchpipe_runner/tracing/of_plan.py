"""A plan → what one of its training steps takes, from the model's config.json alone."""

from __future__ import annotations

import dataclasses
import inspect
import math
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError
from torch.utils._python_dispatch import _disable_current_modes
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, AutoModelForCausalLM

from pitchpipe.plan import Plan
from pitchpipe_runner import quantizing
from pitchpipe_runner.device import Device, has_fast_bfloat16
from pitchpipe_runner.failures import (
    ENVIRONMENT_IS_WRONG,
    FILE_IS_WRONG,
    RunFailure,
    attention_not_available,
)
from pitchpipe_runner.positions import context_of
from pitchpipe_runner.tracing import cuda, training, weightless
from pitchpipe_runner.tracing.trace import Traced, given, trace_work
from pitchpipe_runner.tracing.tracker import Tracker
from pitchpipe_runner.tracing.training import BatchSize


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """The device that a step is traced for. `here`: this machine has it."""

    kind: str
    dtype: torch.dtype
    here: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """A traced step, with what was traced."""

    traced: Traced
    target: Target
    size: BatchSize
    model_type: str
    trained: int
    parameters: int


def trace_plan(
    plan: Plan, size: BatchSize, *, device: str | None = None, seconds: float = math.inf
) -> Step:
    """Traces two optimizer steps as the runner would take them.

    `device` is "cpu" or "cuda", None for that of the plan. No weights are read, and nothing is
    downloaded.

    Raises:
        RunFailure: the model's configuration is not on this machine, or can't be used.
        TimeoutError: it took more than `seconds`.
    """
    target = _target(plan, device)
    config = config_of(plan)
    _demand_context(config, size)
    bare = _bare(plan, config, target.dtype)
    if "position_ids" not in inspect.signature(bare.forward).parameters:
        size = dataclasses.replace(size, packed=False)  # as the runner finds on the loaded model
    model, mixed = training.ready(plan, bare)
    on = Device(target.kind if target.here else "cpu", target.dtype)
    emulated = target.kind == "cuda" and not target.here
    if emulated and target.dtype == torch.float16:
        on = Device("cpu", torch.bfloat16)  # as large, and autocast on CPUs knows it

    def work(tracker: Tracker) -> object:
        def batch() -> dict[str, Any]:
            with _disable_current_modes():
                real = training.collated(size)
            return given(tracker, real)

        return training.take_steps(plan, on, model, batch, mixed=mixed, emulates_cuda=emulated)

    traced = trace_work(
        model,
        work,
        granularity=cuda.GRANULARITY if target.kind == "cuda" else 1,
        device=on.kind,
        kernels=target.kind,
        seconds=seconds,
    )
    return Step(
        traced,
        target,
        size,
        config.model_type,
        sum(p.numel() for p in model.parameters() if p.requires_grad),
        sum(p.numel() for p in model.parameters()),
    )


def config_of(plan: Plan) -> Any:
    """The configuration of the plan's model, from its folder or from the hub's cache."""
    folder = _folder(plan)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # each architecture checks its own
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise _wrong(
            "model-not-readable", f"the model's config.json can't be used: {first}"
        ) from error
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        what = f"`{config.model_type}` is no causal language model of the installed transformers"
        raise _wrong("model-not-causal", what)
    if getattr(config, "quantization_config", None) is not None:
        raise _wrong("model-quantized", "the weights of this model are quantized already")
    return config


def _folder(plan: Plan) -> Path:
    name = plan.model.name_or_path
    if plan.model.local:
        folder = Path(plan.root, name)
        if not (folder / "config.json").is_file():
            raise _wrong("model-not-found", f"there is no `config.json` in `{folder}`")
        return folder
    try:
        found = try_to_load_from_cache(name, "config.json", revision=plan.model.revision)
    except HFValidationError as error:
        raise _wrong("model-not-found", f"no model can have the name `{name}`") from error
    if not isinstance(found, str):
        raise RunFailure(
            "model-not-here",
            f"the configuration of `{name}` is not on this machine, and a trace downloads nothing",
            path="model.name_or_path",
            hint=f"`hf download {name} config.json` fetches it",
            exit_code=ENVIRONMENT_IS_WRONG,
        )
    return Path(found).parent


def _bare(plan: Plan, config: Any, dtype: torch.dtype) -> Any:
    try:
        bare = weightless.from_config(
            AutoModelForCausalLM, config, dtype, plan.model.attn_implementation
        )
        return quantizing.without_weights(bare, plan.method, dtype)
    except (ValueError, ImportError) as error:
        failure = attention_not_available(plan.model.attn_implementation, error)
        if failure is None:
            raise
        raise failure from error


def _demand_context(config: Any, size: BatchSize) -> None:
    context = context_of(config)
    if context is not None and size.length > context:
        raise RunFailure(
            "max-length-over-context",
            f"{size.length:,} tokens are more than the model's {context:,} positions",
            path="data.max_length",
            exit_code=FILE_IS_WRONG,
        )


def _target(plan: Plan, asked: str | None) -> Target:
    there = torch.cuda.is_available()
    kind = asked or plan.compute.device
    if kind == "auto":
        kind = "cuda" if there else "mps" if torch.backends.mps.is_available() else "cpu"
    here = kind == "cpu" or (kind == "cuda" and there)
    if plan.model.dtype != "auto":
        return Target(kind, getattr(torch, plan.model.dtype), here)
    if plan.training.bf16 or plan.training.fp16:
        return Target(kind, torch.bfloat16 if plan.training.bf16 else torch.float16, here)
    if kind == "cuda" and not there:
        return Target(kind, torch.bfloat16, here)  # as on Ampere and later
    fast, _ = has_fast_bfloat16(kind)
    return Target(kind, torch.bfloat16 if fast else torch.float32, here)


def _wrong(code: str, message: str) -> RunFailure:
    return RunFailure(code, message, path="model.name_or_path", exit_code=FILE_IS_WRONG)
