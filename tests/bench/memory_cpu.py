"""Prints the closed-form estimate beside real training steps of small models on this CPU.

python tests/bench/memory_cpu.py [MODEL_TYPE ...] [runner] [quantized]

`runner` are steps of the project's own training: padded and packed rows, learnt tokens, autocast,
accumulation; `quantized` are those beside a base of 4 or 8 bits, which need bitsandbytes. Without
an argument everything is tried.

Measured by the profiler's allocator events, an oracle that knows nothing of the estimate. The
models are SmolLM2-like in their proportions, with fewer and narrower layers and random weights.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import peft
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
)

sys.path.insert(0, str(Path(__file__).parents[1]))

from pitchpipe.estimate import Estimate, Records, Step, decode, decode_fragments, estimate
from pitchpipe.modules import Head, ModelShape
from pitchpipe_runner import expecting
from pitchpipe_runner.cataloguing.describe import describe
from pitchpipe_runner.device import Device
from pitchpipe_runner.metering import batch_of
from pitchpipe_runner.tracing import training
from pitchpipe_runner.tracing.measure import measure
from pitchpipe_runner.tracing.training import BatchSize
from pitchpipe_schemas import recorded
from support.adapted import adapters
from support.runner_steps import QUANTIZED_CASES, RUNNER_CASES, RunnerCase, measured, plan_for

_GATED: dict[str, Any] = {
    "hidden_size": 288,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "head_dim": 32,
    "intermediate_size": 768,
    "vocab_size": 8192,
    "num_hidden_layers": 4,
    "tie_word_embeddings": True,
    "pad_token_id": 1,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
_PHI3 = {name: value for name, value in _GATED.items() if name != "head_dim"}
_ENCODER = {
    "hidden_size": 288,
    "num_attention_heads": 9,
    "intermediate_size": 768,
    "num_hidden_layers": 4,
    "vocab_size": 8192,
}
_T5 = {
    "d_model": 288,
    "d_kv": 32,
    "num_heads": 9,
    "d_ff": 768,
    "num_layers": 3,
    "num_decoder_layers": 3,
    "vocab_size": 8192,
}
_MODELS: dict[str, tuple[Head, Any, dict[str, Any]]] = {
    "llama": ("causal-lm", AutoModelForCausalLM, _GATED),
    "qwen3": ("causal-lm", AutoModelForCausalLM, _GATED),
    "gemma3_text": ("causal-lm", AutoModelForCausalLM, _GATED | {"num_hidden_layers": 7}),
    "phi3": ("causal-lm", AutoModelForCausalLM, _PHI3),
    "mixtral": ("causal-lm", AutoModelForCausalLM, _GATED | {"num_local_experts": 4}),
    "qwen3_moe": (
        "causal-lm",
        AutoModelForCausalLM,
        _GATED | {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 256},
    ),
    "gpt2": (
        "causal-lm",
        AutoModelForCausalLM,
        {"n_embd": 288, "n_head": 9, "n_layer": 4, "vocab_size": 8192},
    ),
    "bert": ("masked-lm", AutoModelForMaskedLM, _ENCODER),
    "t5": ("seq2seq-lm", AutoModelForSeq2SeqLM, _T5 | {"decoder_start_token_id": 0}),
}
_CHECKPOINTED = tuple(
    RunnerCase(
        architecture,
        size,
        {"method": method, **loaded, "training": {"gradient_checkpointing": True}},
    )
    for architecture in ("llama", "qwen3")
    for size in (BatchSize(3, 160), BatchSize(2, 200, learnt=20, packed=True))
    for method in ({"type": "full"}, {"modules_to_save": ("lm_head",)})
    for loaded in ({"model": {"dtype": "bfloat16"}}, {})
)
_SIZES = ((1, 64), (4, 128), (2, 256))
_ATTENTION_ONLY = ["q_proj", "k_proj", "v_proj", "o_proj"]


def error(model_type: str, rows: int, length: int, step: Step) -> float:
    """Per cent that the estimate is above the real step."""
    head, auto, fields = _MODELS[model_type]
    config = AutoConfig.for_model(model_type, **fields)
    config.use_cache = False
    torch.manual_seed(0)
    model: Any = auto.from_config(config, dtype=getattr(torch, step.dtype))
    shape = describe(model, head)
    if step.quantization:
        _quantize(model, step.dtype)
    if step.checkpointing:
        model.activation_checkpointing_enable()
    if step.method == "lora":
        # PEFT puts no dropout in front of experts, which it adapts as parameters
        experts = model_type in ("mixtral", "qwen3_moe")
        targets = _ATTENTION_ONLY if experts and step.dropout else "all-linear"
        if step.checkpointing:
            model.enable_input_require_grads()
        lora = peft.LoraConfig(
            r=step.rank,
            lora_dropout=step.dropout,
            use_dora=step.use_dora,
            target_modules=targets,
            fan_in_fan_out=model_type == "gpt2",
        )
        model = peft.get_peft_model(model, lora)
        ranked = dict(adapters(model))
        ranks = ((name, rank) for name, rank in ranked.items() if rank != step.rank)
        step = replace(step, adapted=tuple(ranked), ranks=tuple(ranks))
    step = replace(step, batch_size=rows, length=length)

    def batch() -> dict[str, torch.Tensor]:
        ids = torch.randint(5, 8000, (rows, length))
        return {"input_ids": ids, "labels": ids.clone()}

    real = measure(model, batch, lambda p: torch.optim.AdamW(p, fused=True))
    found = estimated(shape, step)
    off = 100 * (found.peak.bytes / real.peak - 1)
    name = "qlora" if step.quantization else "dora" if step.use_dora else step.method
    print(
        f"{model_type:<12}{name:<6}{rows}x{length:<5}{step.dtype:<9}"
        f"{'checkpointed ' if step.checkpointing else ' ' * 13}{real.peak / 1e6:9.2f} MB"
        f" {found.peak.bytes / 1e6:9.2f} MB {off:+8.3f} %  {found.peak.moment}",
        flush=True,
    )
    return off


def estimated(shape: ModelShape, step: Step) -> Estimate:
    shard = recorded.activations(shape.model_type)
    records = Records(decode(shard) if shard else None, decode_fragments(recorded.adapters()))
    return estimate(shape, step, records)


def of_runner(case: RunnerCase, folder: Path) -> float:
    """As `error`, of a step that the project's runner takes."""
    plan = plan_for(case, folder)
    real = measured(plan, case.size)
    dtype = getattr(torch, plan.model.dtype)
    loaded = AutoModelForCausalLM.from_pretrained(
        Path(plan.root, plan.model.name_or_path),
        dtype=dtype,
        attn_implementation=plan.model.attn_implementation,
    )
    model, _ = training.ready(plan, loaded)
    shape = expecting.shape_of(model)
    batch = batch_of(training.collated(case.size))
    found = estimated(shape, expecting.taken(plan, Device("cpu", dtype), model, shape, batch))
    off = 100 * (found.peak.bytes / real.peak - 1)
    print(
        f"{case.name:<88}{real.peak / 1e6:9.2f} MB {found.peak.bytes / 1e6:9.2f} MB"
        f" {off:+8.3f} %  {found.peak.moment}",
        flush=True,
    )
    return off


def runner_errors(cases: Iterable[RunnerCase]) -> Iterator[float]:
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            yield of_runner(case, Path(folder))


def _quantize(model: Any, dtype: str) -> None:
    bnb: Any = importlib.import_module("bitsandbytes")
    for name, module in list(model.named_modules()):
        if isinstance(module, torch.nn.Linear) and "lm_head" not in name:
            made = bnb.nn.Linear4bit(
                module.in_features,
                module.out_features,
                bias=module.bias is not None,
                compute_dtype=getattr(torch, dtype),
                quant_type="nf4",
            )
            made.weight = bnb.nn.Params4bit(
                module.weight.data, requires_grad=False, quant_type="nf4"
            )
            if module.bias is not None:
                made.bias = module.bias
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, made.to("cpu"))
    model.is_loaded_in_4bit = True


_OURS = ("runner", "quantized")


def main() -> None:
    warnings.simplefilter("ignore")
    plain = Step(dtype="float32", rank=8, optimizer="adamw_torch_fused", device="cpu")
    four = replace(plain, dtype="bfloat16", quantization="nf4", double_quantization=False)
    steps = [
        replace(plain, method="full"),
        replace(plain, method="full", checkpointing=True),
        plain,
        replace(plain, checkpointing=True),
        replace(plain, dtype="bfloat16", dropout=0.05),
        replace(plain, dtype="bfloat16", checkpointing=True),
    ]
    chosen = sys.argv[1:] or [*_MODELS, *_OURS]
    errors: list[float] = []
    for model_type in chosen:
        if model_type in _OURS:
            continue
        for step in steps:
            errors += [error(model_type, *size, step) for size in _SIZES]
        if model_type in ("llama", "qwen3"):
            for step in (four, replace(four, checkpointing=True), replace(plain, use_dora=True)):
                errors += [error(model_type, *size, step) for size in _SIZES]
    _summary("models", errors)
    if "runner" in chosen:
        _summary("the runner's steps", list(runner_errors(RUNNER_CASES)))
        _summary("its model's own weights, checkpointed", list(runner_errors(_CHECKPOINTED)))
    if "quantized" in chosen:
        for bits in (4, 8):
            cases = [c for c in QUANTIZED_CASES if c.changes["method"]["bits"] == bits]
            _summary(f"beside {bits} bits", list(runner_errors(cases)))


def _summary(name: str, errors: list[float]) -> None:
    sizes = sorted(abs(e) for e in errors)
    if sizes:
        print(
            f"{name}: n {len(sizes)}, |error| median {median(sizes):.3f} %,"
            f" largest {sizes[-1]:.2f} %, from {min(errors):+.2f} % to {max(errors):+.2f} %"
        )


if __name__ == "__main__":
    main()
