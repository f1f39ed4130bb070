"""A traced step against the same step taken for real."""

from __future__ import annotations

import json
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks
from torch.utils._python_dispatch import _get_current_dispatch_mode
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, LlamaConfig, T5Config
from transformers.utils import import_utils

from pitchpipe_runner.failures import RunFailure
from pitchpipe_runner.tracing import weightless
from pitchpipe_runner.tracing.known import Unknown
from pitchpipe_runner.tracing.measure import measure, measure_work
from pitchpipe_runner.tracing.of_plan import trace_plan
from pitchpipe_runner.tracing.surroundings import as_in_a_real_step
from pitchpipe_runner.tracing.trace import Traced, trace, trace_work
from pitchpipe_runner.tracing.training import BatchSize, collated
from support.plans import changed
from support.runner_steps import RunnerCase, measured, plan_for
from support.steps import Case, batch_of, model_of, optimizer_of

SMALL = {"vocab_size": 256, "num_hidden_layers": 2}
NEAR = 0.005  # of the real peak

CASES = (
    Case("llama", "full", 2, 128),
    Case("llama", "lora", 2, 128, "bfloat16", checkpointing=True, attention="eager", config=SMALL),
    Case("gpt2", "lora", 2, 96, padded=True, config=SMALL, lora={"lora_dropout": 0.1}),
    Case("mixtral", "lora", 2, 96, config=SMALL),
    Case("t5", "full", 2, 96, optimizer="adafactor"),
    pytest.param(
        Case("llama", "qlora", 2, 96, "bfloat16", double_quant=True),
        marks=pytest.mark.skipif(not find_spec("bitsandbytes"), reason="needs bitsandbytes"),
    ),
)


def traced(case: Case) -> Traced:
    return trace(model_of(case, weightless=True), lambda: batch_of(case), optimizer_of(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_trace_takes_what_the_real_step_takes(case: Case) -> None:
    real = measure(model_of(case), lambda: batch_of(case), optimizer_of(case))
    found = traced(case)
    assert found.peak.bytes == pytest.approx(real.peak, rel=NEAR)
    assert found.after == pytest.approx(real.after, rel=NEAR)


@pytest.mark.parametrize(
    "case",
    [
        RunnerCase("llama", BatchSize(3, 96), {"training": {"gradient_checkpointing": True}}),
        RunnerCase(
            "llama",
            BatchSize(2, 96),
            {"method": {"type": "qlora"}, "model": {"dtype": "bfloat16"}},
        ),
        RunnerCase(
            "qwen3",
            BatchSize(2, 96, learnt=10, packed=True),
            {
                "method": {"type": "full"},
                "model": {"dtype": "bfloat16"},
                "training": {"gradient_accumulation_steps": 2},
            },
        ),
    ],
    ids=lambda case: case.name,
)
def test_a_traced_plan_takes_what_the_runners_training_takes(
    case: RunnerCase, tmp_path: Path
) -> None:
    plan = plan_for(case, tmp_path)
    real = measured(plan, case.size)
    step = trace_plan(plan, case.size)
    assert step.traced.peak.bytes == pytest.approx(real.peak, rel=NEAR)
    assert step.traced.after == pytest.approx(real.after, rel=NEAR)


def test_the_measurement_sees_what_is_alive_at_once() -> None:
    model = nn.Linear(10, 10)

    def work() -> object:
        first = torch.empty(1000)
        del first
        return torch.empty(500), torch.empty(300)

    found = measure_work(model, lambda: [work(), torch.empty(100)].clear())
    assert found.weights == 4 * 110
    assert found.peak == found.weights + 4 * 1000
    assert found.after == found.weights


def test_the_parts_add_up_to_the_peak() -> None:
    case = Case("llama", "lora", 2, 96, optimizer="sgd")
    peak = traced(case).peak
    parts = peak.parts()
    assert sum(parts.values()) == peak.bytes
    model = model_of(case)
    sizes = {True: 0, False: 0}
    for parameter in model.parameters():
        sizes[parameter.requires_grad] += 4 * parameter.numel()
    assert parts["adapters"] == sizes[True]
    assert parts["weights"] == sizes[False] + sum(4 * b.numel() for b in model.buffers())
    assert parts["optimizer"] == 0
    assert parts["activations"] > parts["temporaries"] > 0


def test_adamw_keeps_two_numbers_a_weight() -> None:
    case = Case("llama", "full", 1, 8)
    parts = traced(case).peak.parts()
    counted = sum(4 * p.numel() for p in model_of(case).parameters())
    steps = 4 * len(list(model_of(case).parameters()))
    assert parts["gradients"] == counted
    assert parts["optimizer"] == 2 * counted + steps


def test_no_weights_are_read(tmp_path: Path) -> None:
    plan = plan_for(RunnerCase("llama", BatchSize(1, 8)), tmp_path)
    folder = tmp_path / "llama"
    for file in folder.iterdir():
        if file.name != "config.json":
            file.unlink()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    real = measure_work(nn.Module(), lambda: trace_plan(plan, BatchSize(1, 8)))
    step = trace_plan(plan, BatchSize(1, 8))
    assert step.traced.peak.parts()["weights"] > 900_000_000
    assert real.peak < 1_000_000


@pytest.mark.parametrize(
    ("auto", "config", "dtype"),
    [
        (
            AutoModelForCausalLM,
            LlamaConfig(vocab_size=64, num_hidden_layers=2, hidden_size=64),
            torch.bfloat16,
        ),
        # transformers keeps a part of T5 in float32
        (AutoModelForSeq2SeqLM, T5Config(vocab_size=64, num_layers=1), torch.float16),
    ],
    ids=["llama", "t5"],
)
def test_a_model_without_weights_is_the_one_that_would_be_loaded(
    auto: Any, config: Any, dtype: torch.dtype, tmp_path: Path
) -> None:
    auto.from_config(config).save_pretrained(tmp_path)
    loaded = auto.from_pretrained(tmp_path, dtype=dtype, attn_implementation="sdpa")
    bare = weightless.from_config(auto, config, dtype, "sdpa")
    kinds = [
        {name: (t.shape, t.dtype) for name, t in weightless.held(model)} for model in (loaded, bare)
    ]
    assert kinds[0] == kinds[1]
    assert all(t.is_meta for _, t in weightless.held(bare))


def test_for_cuda_dropout_keeps_a_byte_a_number() -> None:
    def kept(dropout: float) -> tuple[int, int]:
        """Bytes after a pass forward; layers."""
        case = Case(
            "llama", "lora", 1, 64, lora={"lora_dropout": dropout, "target_modules": ["q_proj"]}
        )
        model = model_of(case, weightless=True)
        batch = batch_of(case)

        def work(tracker: Any) -> object:
            fake = {name: tracker.fake(value) for name, value in batch.items()}
            return model(**fake).loss

        found = trace_work(model, work, granularity=512, kernels="cuda")
        return found.after, model.config.num_hidden_layers

    (more, layers), (less, _) = kept(0.1), kept(0.0)
    # [1, 64, 192] of each layer but the first, whose input needs no gradient. What goes into the
    # adapter is kept either way.
    assert more - less == (layers - 1) * 64 * 192


def test_sizes_are_rounded_as_the_allocator_does(tmp_path: Path) -> None:
    plan = plan_for(RunnerCase("llama", BatchSize(1, 8)), tmp_path)
    step = trace_plan(plan, BatchSize(1, 8), device="cuda")
    assert step.traced.peak.bytes % 512 == 0
    assert step.traced.peak.parts()["workspace"] == 8_519_680 or torch.cuda.is_available()


def test_two_traces_at_once_say_what_each_says_alone() -> None:
    cases = [Case("llama", "lora", 1, 32), Case("gpt2", "full", 1, 48, config=SMALL)]
    alone = [traced(case).peak.bytes for case in cases]
    together: dict[int, int] = {}

    def work(number: int) -> None:
        together[number] = traced(cases[number]).peak.bytes

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[n] for n in range(2)] == alone


def test_other_threads_still_see_fake_tensors() -> None:
    with FakeTensorMode():
        fake = torch.empty(1)
    seen: list[bool] = []
    with as_in_a_real_step():
        thread = threading.Thread(target=lambda: seen.append(import_utils.is_fake_tensor(fake)))
        thread.start()
        thread.join()
        seen.append(import_utils.is_fake_tensor(fake))
    assert seen == [True, False]


@pytest.mark.parametrize("failing", [False, True])
def test_nothing_is_left_of_a_trace(failing: bool) -> None:
    before = import_utils.is_fake_tensor
    case = Case("llama", "full", 1, 8, config=SMALL)

    def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        assert import_utils.is_fake_tensor is not before
        if failing:
            raise ZeroDivisionError
        return model(**batch).loss

    def attempt() -> None:
        model = model_of(case, weightless=True)
        trace(model, lambda: batch_of(case), optimizer_of(case), loss=loss)

    if failing:
        with pytest.raises(ZeroDivisionError):
            attempt()
    else:
        attempt()
    assert import_utils.is_fake_tensor is before
    assert _get_current_dispatch_mode() is None
    assert not _global_optimizer_pre_hooks
    assert not _global_optimizer_post_hooks
    assert torch.ones(2).sum() == 2


def test_a_step_that_asks_for_computed_values_is_refused() -> None:
    case = Case("llama", "full", 1, 8, config=SMALL)

    def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        out = model(**batch)
        return out.loss * 2 if out.logits.sum() > 0 else out.loss

    with pytest.raises(Unknown, match="depends on the weights"):
        trace(
            model_of(case, weightless=True), lambda: batch_of(case), optimizer_of(case), loss=loss
        )


def test_a_trace_ends_in_time(tmp_path: Path) -> None:
    plan = plan_for(RunnerCase("llama", BatchSize(1, 8)), tmp_path)
    with pytest.raises(TimeoutError, match="operations"):
        trace_plan(plan, BatchSize(1, 8), seconds=0)


def test_rows_are_padded_packed_or_even() -> None:
    padded = collated(BatchSize(2, 6, learnt=2))
    assert padded["attention_mask"].tolist() == [[1] * 6, [1] * 5 + [0]]
    assert (padded["labels"] != -100).sum(dim=1).tolist() == [2, 2]
    assert collated(BatchSize(2, 6, even=True))["attention_mask"].all()
    packed = collated(BatchSize(1, 6, packed=True))
    assert packed["position_ids"].tolist() == [[0, 1, 2, 0, 1, 2]]
    assert "attention_mask" not in packed
    assert collated(BatchSize(1, 1, packed=True))["position_ids"].tolist() == [[0]]


@pytest.mark.parametrize(
    ("changes", "size", "code"),
    [
        ({"name_or_path": "no-such-folder"}, BatchSize(1, 8), "model-not-found"),
        ({"name_or_path": "a/b", "local": False}, BatchSize(1, 8), "model-not-here"),
        ({"name_or_path": "a//b", "local": False}, BatchSize(1, 8), "model-not-found"),
        ({"attn_implementation": "flash_attention_2"}, BatchSize(1, 8), "attention-not-available"),
        ({}, BatchSize(1, 4000), "max-length-over-context"),
    ],
)
def test_what_can_not_be_traced_is_named(
    changes: dict[str, Any], size: BatchSize, code: str, tmp_path: Path
) -> None:
    plan = changed(plan_for(RunnerCase("llama", size), tmp_path), "model", **changes)
    with pytest.raises(RunFailure) as caught:
        trace_plan(plan, size)
    assert caught.value.code == code


def test_misspelt_targets_are_named_as_in_a_run(tmp_path: Path) -> None:
    case = RunnerCase("llama", BatchSize(1, 8), {"method": {"target_modules": ("q_prj",)}})
    with pytest.raises(RunFailure, match="q_prj"):
        trace_plan(plan_for(case, tmp_path), case.size)
