"""Every optimizer that a file may name learns, takes what it is told, and goes on after a kill."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import trainer_optimizer
from transformers.training_args import OptimizerNames

from pitchpipe.optimizers import OPTIMIZERS
from pitchpipe_runner import preflight, train
from pitchpipe_runner.failures import RunFailure
from support.plans import plan_of
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench, whole

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0
"""
STEPS = {
    "max_steps": 4,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "learning_rate": 0.003,
    "lr_scheduler_type": "constant",
    "save_strategy": "steps",
    "save_steps": 2,
    "save_total_limit": None,
}


def workflow(method: str = "", **training: Any) -> str:
    return f"{method}training: {json.dumps(STEPS | training)}\n{DATA}"


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    tiny_rows(tmp_path, 24)


@pytest.fixture
def made_optimizers(monkeypatch: pytest.MonkeyPatch) -> list[torch.optim.Optimizer]:
    """The ones that trainings make from here on."""
    found: list[torch.optim.Optimizer] = []
    create = train.CompletionTrainer.create_optimizer

    def kept(trainer: Any, model: Any = None) -> torch.optim.Optimizer:
        found.append(create(trainer, model))
        return found[-1]

    monkeypatch.setattr(train.CompletionTrainer, "create_optimizer", kept)
    return found


def losses(made: Workbench) -> dict[int, float]:
    _ = made.trained
    return {e["step"]: e["values"]["loss"] for e in made.said("metrics") if "loss" in e["values"]}


@pytest.mark.filterwarnings("ignore:Paged optimizers are not supported on CPU")
@pytest.mark.parametrize("optim", OPTIMIZERS)
def test_it_learns_and_goes_on_where_it_was(bench: Benches, chat_model: Path, optim: str) -> None:
    package = OPTIMIZERS[optim].package
    if package and find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    text = workflow("method: {type: full}\n", optim=optim)
    made = bench(text, chat_model, run="whole")
    found = losses(made)
    assert found[4] < found[1]
    resumed = bench(text, chat_model, run="resumed")
    folder = "03-train/checkpoints/checkpoint-2"
    shutil.copytree(made.folder / folder, resumed.folder / folder)
    assert losses(resumed) == {step: loss for step, loss in found.items() if step > 2}


def test_betas_and_epsilon_reach_adamw(
    bench: Benches, chat_model: Path, made_optimizers: list[Any]
) -> None:
    text = workflow(
        adam_beta1=0.8,
        adam_beta2=0.95,
        adam_epsilon=1e-6,
        weight_decay=0.25,
        save_strategy="no",
        max_steps=1,
    )
    _ = bench(text, chat_model).trained
    (optimizer,) = made_optimizers
    assert type(optimizer) is torch.optim.AdamW
    group = optimizer.param_groups[0]
    assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.8, 0.95), 1e-6, 0.25)


def test_what_it_takes_beyond_that_reaches_it(
    bench: Benches, chat_model: Path, made_optimizers: list[Any]
) -> None:
    arguments = "momentum=0.9, nesterov=true"
    text = workflow(optim="sgd", optim_args=arguments, save_strategy="no", max_steps=1)
    _ = bench(text, chat_model).trained
    (optimizer,) = made_optimizers
    group = optimizer.param_groups[0]
    assert (group["momentum"], group["nesterov"]) == (0.9, True)


@pytest.mark.parametrize("optim", OPTIMIZERS)
def test_the_table_says_what_transformers_does(optim: str) -> None:
    """By the source of the function that makes the optimizer."""
    handler = trainer_optimizer._OPTIMIZER_HANDLERS[OptimizerNames(optim)]
    source, known = inspect.getsource(handler), OPTIMIZERS[optim]
    if "bitsandbytes" in source:
        assert known.package == "bitsandbytes"
        _, _, source = source.partition('elif "ademamix"' if "ademamix" in optim else "no such")
    else:
        assert known.package == ("torchao" if "torchao" in source else None)
    taken = set(re.findall(r'optim_args(?:\.get\(|\[)"(\w+)"', source))
    for keys in re.findall(r"for key in \(([^)]*)\)", source):
        taken |= set(re.findall(r'"(\w+)"', keys))
    taken |= set(re.findall(r'if "(\w+)" in ctx.optim_args', source))
    assert taken - {"block_size"} == set(known.arguments)  # a text, where a number is needed


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(whole(workflow(optim="adamw_torch_8bit"), chat_model), tmp_path)
    monkeypatch.setattr(preflight, "find_spec", lambda name: None)
    with pytest.raises(RunFailure) as caught:
        preflight.demand(plan)
    assert (caught.value.code, caught.value.path) == ("package-missing", "training.optim")
    assert "`torchao`" in caught.value.message
