from __future__ import annotations

import json
import math
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, BloomConfig

from pitchpipe_runner import checkpoints, interrupts, prepare
from pitchpipe_runner.device import Device
from pitchpipe_runner.failures import Interrupted, RunFailure
from pitchpipe_runner.render import IGNORED
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench, events_in

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
"""
# One batch of everything: what is logged at step 1 is the loss of the untouched model on all rows.
WHOLE = {"max_steps": 1, "per_device_train_batch_size": 64, "logging_steps": 1}
STEPS = {
    "max_steps": 6,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "save_strategy": "steps",
    "save_steps": 2,
    "save_total_limit": None,
    "eval_strategy": "steps",
    "eval_steps": 3,
    "learning_rate": 0.01,
}
DROPOUT = "method: {r: 4, lora_dropout: 0.2}\n"


def workflow(training: dict[str, Any], more: str = "", data: str = DATA) -> str:
    return f"{more}training: {json.dumps(training)}\n{data}"


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    tiny_rows(tmp_path, 32)


def logged(made: Workbench, name: str) -> dict[int, float]:
    """The values of a metric by step."""
    _ = made.trained
    return {e["step"]: e["values"][name] for e in made.said("metrics") if name in e["values"]}


def adapter(made: Workbench) -> dict[str, torch.Tensor]:
    return load_file(made.trained.folder / "adapter" / "adapter_model.safetensors")


def config_of(made: Workbench) -> dict[str, Any]:
    file = made.trained.folder / "adapter" / "adapter_config.json"
    return json.loads(file.read_text(encoding="utf-8"))


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def plain_loss(made: Workbench, split: str, model: Path) -> float:
    """Of the model in a folder, a row at a time, as the library computes it."""
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    total, count = 0.0, 0
    for sequence in prepare.sequences(made.prepared, split):
        at = 0
        for length in sequence["lengths"]:  # type: ignore[index]
            ids, labels = (sequence[k][at : at + length] for k in ("input_ids", "labels"))  # type: ignore[index]
            learnt = sum(label != IGNORED for label in labels[1:])
            with torch.no_grad():
                loss = network(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss
            total, count = total + loss.item() * learnt, count + learnt
            at += length
    return total / count


# The loss


@pytest.mark.parametrize("packing", ["true", "false"])
def test_the_loss_is_that_of_all_logits_whatever_is_left_out(
    bench: Benches, chat_model: Path, packing: str
) -> None:
    training = {**WHOLE, "eval_strategy": "steps", "eval_steps": 1, "learning_rate": 1e-12}
    made = bench(workflow(training, data=f"{DATA}  packing: {packing}\n"), chat_model)
    assert made.prepared.facts["packs"]["train"] == (24 if packing == "false" else 1)
    expected = plain_loss(made, "train", chat_model)
    assert logged(made, "loss")[1] == pytest.approx(expected, abs=1e-5)
    assert logged(made, "eval_loss")[1] == pytest.approx(
        plain_loss(made, "eval", chat_model), abs=1e-5
    )
    assert made.trained.facts["packing"] == (packing == "true")


@pytest.mark.parametrize("packing", ["true", "false"])
def test_accumulated_small_batches_are_one_large_batch(
    bench: Benches, chat_model: Path, packing: str
) -> None:
    # Completions of very different lengths: a mean of the batches' means would be another loss.
    data = DATA.replace('"{label}"', '"{label}{text}"').replace("0.25", "0")
    data += f"  packing: {packing}\n  max_length: 64\n  loss_on: completion\n"
    weights: list[dict[str, torch.Tensor]] = []
    for size, accumulated in ((8, 1), (4, 2), (2, 4)):
        training = {
            "max_steps": 2,
            "per_device_train_batch_size": size,
            "gradient_accumulation_steps": accumulated,
            "optim": "sgd",
            "learning_rate": 1.0,
            "max_grad_norm": 0,
            "lr_scheduler_type": "constant",
        }
        made = bench(workflow(training, data=data), chat_model, run=f"{size}x{accumulated}")
        weights.append(adapter(made))
    for other in weights[1:]:
        for name, tensor in weights[0].items():
            assert torch.allclose(tensor, other[name], atol=1e-6), name
    assert any(tensor.abs().max() > 1e-3 for name, tensor in weights[0].items() if "lora_B" in name)


def test_the_evaluation_weighs_tokens_whatever_the_batches(
    bench: Benches, chat_model: Path
) -> None:
    losses: list[float] = []
    data = DATA.replace('"{label}"', '"{label}{text}"') + "  packing: false\n"
    for size in (1, 3, 8):
        training = {**WHOLE, "eval_strategy": "steps", "eval_steps": 1}
        training |= {"per_device_eval_batch_size": size}
        made = bench(workflow(training, data=data), chat_model, run=str(size))
        losses.append(logged(made, "eval_loss")[1])
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-6)


def test_gradient_checkpointing_changes_no_loss(bench: Benches, chat_model: Path) -> None:
    runs = [
        bench(workflow({**STEPS, "gradient_checkpointing": on}), chat_model, run=str(on))
        for on in (False, True)
    ]
    assert logged(runs[0], "loss") == pytest.approx(logged(runs[1], "loss"), abs=1e-5)


@pytest.fixture(scope="module")
def bloom_model(chat_model: Path) -> Path:
    """Its code has neither position ids nor torch's attention."""
    folder = chat_model.with_name("bloom")
    torch.manual_seed(0)
    config = BloomConfig(vocab_size=512, hidden_size=32, n_layer=2, n_head=2)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(chat_model).save_pretrained(folder)
    return folder


def loading(model: Path, attention: str) -> str:
    where = json.dumps(str(model))
    said = f"model: {{name_or_path: {where}, attn_implementation: {attention}}}\n"
    return f"{said}compute: {{device: auto}}\n"  # of a CPU the check knows without trying


def test_a_model_that_can_not_keep_packed_rows_apart_is_trained_row_by_row(
    bench: Benches, bloom_model: Path
) -> None:
    training = {**WHOLE, "learning_rate": 1e-12}
    made = bench(workflow(training, loading(bloom_model, "eager")), bloom_model)
    expected = plain_loss(made, "train", bloom_model)
    assert logged(made, "loss")[1] == pytest.approx(expected, abs=1e-5)
    assert made.trained.facts["packing"] is False
    (said,) = made.warnings()
    assert said.startswith("packing-leaks at data.packing")


def test_a_default_that_a_model_can_not_have_is_no_obstacle(
    bench: Benches, bloom_model: Path
) -> None:
    made = bench(workflow({**WHOLE, "learning_rate": 1e-12}), bloom_model)
    assert logged(made, "loss")[1] == pytest.approx(
        plain_loss(made, "train", bloom_model), abs=1e-5
    )
    (resolved,) = made.said("resolved")
    assert (resolved["path"], resolved["value"]) == ("model.attn_implementation", "eager")
    (prediction,) = made.said("prediction")
    assert prediction["batch"]["rows"] > 0
    assert made.said("measurement")[-1]["setting"]["attention"] == "eager"


@pytest.mark.parametrize("attention", ["sdpa", "flash_attention_2"])
def test_an_attention_that_can_not_be_had_is_blamed_on_its_key(
    bench: Benches, bloom_model: Path, attention: str
) -> None:
    made = bench(workflow(WHOLE, loading(bloom_model, attention)), bloom_model)
    with pytest.raises(RunFailure) as caught:
        _ = made.trained
    assert caught.value.code == "attention-not-available"
    assert caught.value.path == "model.attn_implementation"
    assert f"`attn_implementation: {attention}` can't be used" in caught.value.message


def test_a_loss_that_is_not_finite_ends_the_run(
    bench: Benches, tmp_path: Path, chat_model: Path
) -> None:
    broken = shutil.copytree(chat_model, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][:] = math.nan
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    made = bench(workflow(WHOLE), broken)
    with pytest.raises(RunFailure) as caught:
        _ = made.trained
    assert (caught.value.code, caught.value.path) == ("loss-not-finite", "training.learning_rate")


def test_weights_that_the_files_lack_are_not_made_up(
    bench: Benches, tmp_path: Path, chat_model: Path
) -> None:
    broken = shutil.copytree(chat_model, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    made = bench(workflow(WHOLE), broken)
    with pytest.raises(RunFailure) as caught:
        _ = made.trained
    assert (caught.value.code, caught.value.path) == ("weights-missing", "model.name_or_path")
    assert "lack 1 of its weights, `model.layers.1.mlp.up_proj.weight`" in caught.value.message


# Speed and counts


def test_what_was_trained_is_counted(bench: Benches, chat_model: Path) -> None:
    made = bench(workflow({**STEPS, "max_steps": -1, "num_train_epochs": 2}), chat_model)
    facts = made.trained.facts
    assert facts["tokens"] == 2 * made.prepared.facts["tokens"]["train"]
    assert (
        facts["steps"]
        == max(logged(made, "loss"))
        == max(e["done"] for e in made.said("progress") if e["unit"] == "steps")
    )
    assert facts["train_loss"] == logged(made, "loss")[facts["steps"]]
    assert facts["trainable"] < facts["parameters"] / 2


# Checkpoints, kills and interruptions


@pytest.fixture(scope="module")
def uninterrupted(shared_bench: Benches, chat_model: Path) -> Workbench:
    tiny_rows(shared_bench.folder, 32)
    made = shared_bench(workflow(STEPS, DROPOUT), chat_model, run="uninterrupted")
    _ = made.trained
    return made


def checkpoint(made: Workbench, step: int) -> Path:
    return made.folder / "03-train" / "checkpoints" / f"checkpoint-{step}"


def test_every_checkpoint_says_what_it_consists_of(uninterrupted: Workbench) -> None:
    for step in (2, 4, 6):
        files = json.loads((checkpoint(uninterrupted, step) / "complete.json").read_text("utf-8"))
        assert {"adapter_model.safetensors", "optimizer.pt", "trainer_state.json"} <= files.keys()


@pytest.mark.parametrize("damage", ["truncated", "unsealed", "gone"])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    bench: Benches, chat_model: Path, uninterrupted: Workbench, damage: str
) -> None:
    made = bench(workflow(STEPS, DROPOUT), chat_model)
    for step in (2, 4):
        shutil.copytree(checkpoint(uninterrupted, step), checkpoint(made, step))
    if damage == "truncated":
        file = checkpoint(made, 4) / "optimizer.pt"
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "unsealed":
        (checkpoint(made, 4) / "complete.json").unlink()
    else:
        shutil.rmtree(checkpoint(made, 4))
        (checkpoint(made, 4)).mkdir()
        (checkpoint(made, 4) / "optimizer.pt").write_bytes(b"")
    losses = logged(made, "loss")
    assert "going on from checkpoint-2" in [e["message"] for e in made.said("log")]
    assert losses == {k: v for k, v in logged(uninterrupted, "loss").items() if k > 2}
    assert logged(made, "eval_loss") == logged(uninterrupted, "eval_loss")
    assert equal(adapter(made), adapter(uninterrupted))
    assert made.trained.facts["tokens"] == uninterrupted.trained.facts["tokens"]
    assert made.trained.facts["train_loss"] == uninterrupted.trained.facts["train_loss"]


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The runner's own handlers, for the time of one test."""
    names = [n for n in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, n)]
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    monkeypatch.setattr(interrupts, "_asked", False)
    interrupts.install()
    yield
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


def interrupt_when(made: Workbench, happens: Callable[[str, dict[str, Any]], bool]) -> None:
    """Sends SIGINT to this process as soon as an event (its kind, its fields) has been written."""
    emit = made.events.emit

    def emit_and_interrupt(kind: str, **fields: Any) -> None:
        emit(kind, **fields)
        if not interrupts.asked() and happens(kind, fields):
            signal.raise_signal(signal.SIGINT)

    made.events.emit = emit_and_interrupt


def metrics_of(step: int) -> Callable[[str, dict[str, Any]], bool]:
    return lambda kind, fields: kind == "metrics" and fields["step"] == step


@pytest.mark.usefixtures("signals")
def test_an_interrupted_run_saves_a_checkpoint_and_goes_on_from_it(
    bench: Benches, chat_model: Path, uninterrupted: Workbench
) -> None:
    training = {**STEPS, "save_strategy": "no"}
    made = bench(workflow(training, DROPOUT), chat_model)
    _ = made.prepared
    interrupt_when(made, metrics_of(1))
    with pytest.raises(Interrupted):
        _ = made.trained
    assert not (made.folder / "03-train" / "adapter").exists()
    (saved,) = (made.folder / "03-train" / "checkpoints").iterdir()
    assert (saved / "complete.json").is_file()
    interrupts.install()
    assert logged(made, "loss") == logged(uninterrupted, "loss")
    assert equal(adapter(made), adapter(uninterrupted))


LAST = {
    "in the last step": metrics_of(6),
    "in the last evaluation": lambda kind, fields: (
        kind == "metrics" and "eval_loss" in fields["values"] and fields["step"] == 6
    ),
    "while what was learnt is saved": lambda kind, _: kind == "saving",
}


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("happens", LAST.values(), ids=LAST)
def test_a_run_that_is_interrupted_at_its_end_keeps_what_it_learnt(
    bench: Benches,
    chat_model: Path,
    uninterrupted: Workbench,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[str, dict[str, Any]], bool],
) -> None:
    made = bench(workflow({**STEPS, "save_strategy": "no"}, DROPOUT), chat_model)
    _ = made.prepared
    save = PeftModel.save_pretrained

    def save_slowly(model: Any, *given: Any, **named: Any) -> None:
        if not interrupts.asked() and happens("saving", {}):
            signal.raise_signal(signal.SIGINT)
        save(model, *given, **named)

    monkeypatch.setattr(PeftModel, "save_pretrained", save_slowly)
    interrupt_when(made, happens)
    assert equal(adapter(made), adapter(uninterrupted))
    assert interrupts.asked()


def test_only_so_many_checkpoints_stay_and_the_best_among_them(
    bench: Benches, chat_model: Path
) -> None:
    training = {
        **STEPS,
        "max_steps": 12,
        "save_steps": 1,
        "eval_steps": 1,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "learning_rate": 0.5,
        "lr_scheduler_type": "constant",
        "logging_steps": 12,
    }
    made = bench(workflow(training), chat_model)
    losses = logged(made, "eval_loss")
    best = min(losses, key=lambda step: losses[step])
    assert best < 12, "the learning rate was to be too high"
    assert {p.name for p in checkpoint(made, 1).parent.iterdir()} == {
        f"checkpoint-{best}",
        "checkpoint-12",
    }
    assert equal(adapter(made), load_file(checkpoint(made, best) / "adapter_model.safetensors"))
    assert made.trained.facts["best_eval_loss"] == losses[best]
    assert checkpoints.last_whole(checkpoint(made, 1).parent) == checkpoint(made, 12)


def test_the_newest_checkpoints_are_kept_and_the_last_step_is_told(
    bench: Benches, chat_model: Path
) -> None:
    training = STEPS | {
        "max_steps": 7,
        "save_steps": 1,
        "eval_steps": 1,
        "save_total_limit": 2,
        "learning_rate": 0.5,
        "logging_steps": 5,
    }
    made = bench(workflow(training), chat_model)
    losses = logged(made, "loss")
    assert set(losses) == {1, 5, 7}
    assert made.trained.facts["train_loss"] == losses[7]
    kept = {p.name for p in checkpoint(made, 1).parent.iterdir()}
    assert kept == {"checkpoint-6", "checkpoint-7"}


# Seeds


def test_the_seed_decides_weights_and_order(bench: Benches, chat_model: Path) -> None:
    losses: list[dict[int, float]] = []
    data = DATA.replace("0.25", "0") + "  packing: false\n"
    for run, seed in (("a", 1), ("b", 1), ("c", 2)):
        training = {**STEPS, "seed": seed, "save_strategy": "no"}
        losses.append(logged(bench(workflow(training, DROPOUT, data), chat_model, run=run), "loss"))
    assert losses[0] == losses[1]
    assert losses[0][1] != losses[2][1]


# Methods


def test_every_setting_of_lora_reaches_the_adapter(bench: Benches, chat_model: Path) -> None:
    method = """
method:
  r: 3
  lora_alpha: 7.5
  lora_dropout: 0.25
  target_modules: [q_proj, v_proj]
  modules_to_save: [norm]
  bias: lora_only
  use_rslora: true
  use_dora: true
"""
    made = bench(workflow(WHOLE, method), chat_model)
    config = config_of(made)
    expected = {
        "r": 3,
        "lora_alpha": 7.5,
        "lora_dropout": 0.25,
        "modules_to_save": ["norm"],
        "bias": "lora_only",
        "use_rslora": True,
        "use_dora": True,
        "task_type": "CAUSAL_LM",
    }
    assert {name: config[name] for name in expected} == expected
    assert sorted(config["target_modules"]) == ["q_proj", "v_proj"]
    assert any("model.norm" in name for name in adapter(made))


def test_all_linear_and_a_pattern_name_modules_too(bench: Benches, chat_model: Path) -> None:
    made = bench(workflow(WHOLE), chat_model, run="all")
    assert len({n.split(".")[-3] for n in adapter(made) if "lora_A" in n}) == 7
    pattern = 'method: {target_modules: ".*layers.1.*(up|down)_proj"}\n'
    made = bench(workflow(WHOLE, pattern), chat_model, run="some")
    assert sorted(n.split("layers.")[1] for n in adapter(made) if "lora_A" in n) == [
        "1.mlp.down_proj.lora_A.weight",
        "1.mlp.up_proj.lora_A.weight",
    ]


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("target_modules: [v_proj, q_prj]", "method.target_modules", "no module `q_prj`"),
        ("target_modules: [proj]", "method.target_modules", "no module `proj`"),
        ('target_modules: ".*q_prj"', "method.target_modules", ".*q_prj"),
        ("modules_to_save: [head]", "method.modules_to_save", "no module `head`"),
    ],
)
def test_modules_that_the_model_lacks_are_blamed_on_their_key(
    bench: Benches, chat_model: Path, method: str, path: str, message: str
) -> None:
    made = bench(workflow(WHOLE, f"method: {{{method}}}\n"), chat_model)
    with pytest.raises(RunFailure) as caught:
        _ = made.trained
    assert (caught.value.code, caught.value.path) == ("target-modules-not-found", path)
    assert message in caught.value.message


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_full_training_changes_and_saves_every_weight(
    bench: Benches, chat_model: Path, dtype: torch.dtype
) -> None:
    # So small a rate that a weight in bfloat16 would be rounded back to what it was.
    training = {**WHOLE, "max_steps": 3, "learning_rate": 1e-5, "warmup_steps": 0}
    made = bench(workflow(training, "method: {type: full}\n"), chat_model)
    made.device = Device("cpu", dtype)
    before = load_file(chat_model / "model.safetensors")
    after = load_file(made.trained.folder / "model" / "model.safetensors")
    assert after.keys() == before.keys()
    for name, weights in after.items():
        assert weights.dtype == torch.float32
        assert (weights != before[name]).float().mean() > 0.5, name
    assert made.trained.facts["trainable"] == made.trained.facts["parameters"]


def test_what_is_trained_beside_a_half_precision_base_is_float32(
    bench: Benches, chat_model: Path
) -> None:
    method = "method: {modules_to_save: [lm_head], r: 4, bias: all}\n"
    made = bench(workflow({**WHOLE, "max_steps": 2, "learning_rate": 1e-5}, method), chat_model)
    made.device = Device("cpu", torch.bfloat16)
    assert {weights.dtype for weights in adapter(made).values()} == {torch.float32}
    assert events_in(made.folder)
