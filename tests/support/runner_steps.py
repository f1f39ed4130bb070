"""The runner's own training steps: plans of small models, and what they take for real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from pitchpipe.plan import Plan
from pitchpipe_runner import quantizing
from pitchpipe_runner.device import Device
from pitchpipe_runner.tracing import training
from pitchpipe_runner.tracing.measure import Measured, measure_work
from pitchpipe_runner.tracing.training import BatchSize
from support.plans import changed, plan_of
from support.tiny import Architecture, tiny_model, tiny_rows
from support.workbench import whole


@dataclass(frozen=True)
class RunnerCase:
    """A plan of a tiny model; `changes` are values of its sections."""

    architecture: Architecture
    size: BatchSize
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])

    @property
    def name(self) -> str:
        said = " ".join(f"{k}={v}" for values in self.changes.values() for k, v in values.items())
        packed = " packed" if self.size.packed else ""
        learnt = f" learnt={self.size.learnt}" if self.size.learnt else ""
        size = f"{self.size.rows}×{self.size.length}{packed}{learnt}"
        return f"runner {self.architecture} {size} {said}".strip()


_PADDED, _PACKED = BatchSize(3, 160), BatchSize(2, 200, learnt=20, packed=True)
_LOADED_IN_HALF = {"model": {"dtype": "bfloat16"}}

RUNNER_CASES: tuple[RunnerCase, ...] = tuple(
    RunnerCase(architecture, size, changes)
    for architecture in ("llama", "qwen3", "gpt2")
    for size, changes in (
        (_PADDED, {"method": {"type": "full"}}),
        (_PACKED, {"method": {"type": "full"}, **_LOADED_IN_HALF}),
        (_PADDED, {}),
        (_PACKED, _LOADED_IN_HALF),
        (_PADDED, {"method": {"lora_dropout": 0.1}}),
        (_PACKED, {"method": {"use_dora": True}, "training": {"gradient_checkpointing": True}}),
        (_PADDED, {"method": {"modules_to_save": ("lm_head",)}}),
        (
            _PACKED,
            {"training": {"gradient_accumulation_steps": 4, "optim": "adafactor"}},
        ),
    )
)

QUANTIZED_CASES: tuple[RunnerCase, ...] = tuple(
    RunnerCase(
        architecture,
        size,
        {
            **_LOADED_IN_HALF,
            "method": {"type": "qlora", **how},
            "training": {"gradient_checkpointing": checkpointing},
        },
    )
    for architecture in ("llama", "qwen3", "gpt2")
    for size in (_PADDED, _PACKED)
    for how in ({"bits": 4}, {"bits": 4, "bnb_4bit_use_double_quant": False}, {"bits": 8})
    for checkpointing in (False, True)
)


def plan_for(case: RunnerCase, folder: Path) -> Plan:
    """The case's plan; its model, with weights, is made in `folder` where it is not there yet."""
    model = folder / case.architecture
    if not model.is_dir():
        tiny_model(model, architecture=case.architecture)
        tiny_rows(folder)
    plan = plan_of(whole("method: {type: lora, r: 8}", model), folder)
    plan = changed(plan, "data", packing=case.size.packed)
    for section, values in case.changes.items():
        plan = changed(plan, section, **values)
    return plan


def measured(plan: Plan, size: BatchSize) -> Measured:
    """Takes the plan's steps for real, with the weights from its model's folder."""
    dtype = getattr(torch, plan.model.dtype)
    loaded = AutoModelForCausalLM.from_pretrained(
        Path(plan.root, plan.model.name_or_path),
        dtype=dtype,
        attn_implementation=plan.model.attn_implementation,
        quantization_config=quantizing.settings(plan.method, dtype),
    )
    quantizing.keep_trainable(loaded)
    model, mixed = training.ready(plan, loaded)
    kept: list[object] = []  # the optimizer with its states

    def work() -> None:
        kept.append(
            training.take_steps(
                plan, Device("cpu", dtype), model, lambda: training.collated(size), mixed=mixed
            )
        )

    return measure_work(model, work)
