"""Stage 3: tokens and the base model → an adapter, or with `method.type: full` a model."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, set_seed

from pitchpipe.plan import Plan
from pitchpipe_runner import checkpoints, fetch, interrupts, prepare, quantizing, trackers
from pitchpipe_runner.adapting import adapted
from pitchpipe_runner.batches import Collator, stay_apart
from pitchpipe_runner.device import Device
from pitchpipe_runner.early_stopping import early_stopping
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import (
    FILE_IS_WRONG,
    Interrupted,
    RunFailure,
    attention_not_available,
)
from pitchpipe_runner.lookout import Lookout
from pitchpipe_runner.observing import Observer
from pitchpipe_runner.predict import Forecast, handed_over
from pitchpipe_runner.shortage import explained
from pitchpipe_runner.stages import Artifact
from pitchpipe_runner.trainer import CompletionTrainer, training_arguments
from pitchpipe_runner.watching import Watcher


def run(
    plan: Plan, device: Device, base: Artifact, prepared: Artifact, out: Path, events: Events
) -> dict[str, Any]:
    """Writes `adapter` (or `model`) with the tokenizer, and `checkpoints` on the way.

    Goes on from the newest whole checkpoint that is there.

    Raises:
        Interrupted: the user stopped the run; a checkpoint of this very step has been written.
    """
    folder = fetch.folder_of(base)
    tokenizer = AutoTokenizer.from_pretrained(
        folder, trust_remote_code=plan.model.trust_remote_code
    )
    train, evaluation = prepare.sequences(prepared, "train"), prepare.sequences(prepared, "eval")
    _demand_a_batch(plan, len(train))
    set_seed(plan.training.seed)
    model = _model(plan, device, folder, events)
    trainable, total = _count(model)
    events.log(
        f"{trainable:,} of {total:,} parameters are trained ({100 * trainable / total:.2f} %)"
    )
    isolated = plan.data.packing and _packs_stay_apart(model, events)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    mixed = train_in_float32(plan, model)
    has_eval = len(evaluation) > 0
    arguments = training_arguments(
        plan,
        device,
        out / "checkpoints",
        has_eval=has_eval,
        mixed=mixed,
        run_name=out.parent.name,
    )
    watcher = Watcher(events)
    forecast = Forecast(plan, device, model, handed_over(out.parent))
    observer = Observer(forecast, device.kind, events)
    shuffled = plan.training.train_sampling_strategy != "sequential"
    lookout = Lookout(device.kind, events, shuffled=shuffled)
    stopping = early_stopping(plan.training, events) if has_eval else None
    with trackers.tracking(plan, out.parent, events):
        trainer = CompletionTrainer(
            model=model,
            args=arguments,
            train_dataset=train,
            eval_dataset=evaluation if has_eval else None,
            data_collator=Collator(pad or 0, isolated),
            processing_class=tokenizer,
            callbacks=[watcher, observer, lookout, *([stopping] if stopping else [])],
        )
        trainer.remove_callback(PrinterCallback)
        watcher.trainer, watcher.lookout, trainer.lookout = trainer, lookout, lookout
        trainer.observer, observer.trainer = observer, trainer
        resume = checkpoints.last_whole(out / "checkpoints")
        if resume:
            events.log(f"going on from {resume.name}")
            arguments.eval_on_start = False
        # What was learnt is kept, too, where the user asks to stop when it is about to be saved.
        with interrupts.deferred():
            with explained(forecast, device.kind, out / "checkpoints"), closing(observer):
                trainer.train(resume_from_checkpoint=str(resume) if resume else None)
            early = stopping is not None and stopping.stopped
            if trainer.state.global_step < trainer.state.max_steps and not early:
                raise Interrupted
            if arguments.eval_strategy != "no" and not arguments.load_best_model_at_end:
                trainer.evaluate_the_end()
            _save(plan, model, tokenizer, out)
    return watcher.facts() | {
        "method": plan.method.type,
        "trainable": trainable,
        "parameters": total,
        "dtype": str(device.dtype).removeprefix("torch."),
        "device": device.kind,
        "threads": torch.get_num_threads(),
        "packing": isolated,
    }


def _demand_a_batch(plan: Plan, sequences: int) -> None:
    batch = plan.training.per_device_train_batch_size
    if plan.training.dataloader_drop_last and sequences < batch:
        raise RunFailure(
            "nothing-to-learn",
            f"`dataloader_drop_last: true` leaves nothing: there are {sequences} sequences, "
            f"and a batch has {batch}",
            path="training.dataloader_drop_last",
            exit_code=FILE_IS_WRONG,
        )


def _model(plan: Plan, device: Device, folder: Path, events: Events) -> torch.nn.Module:
    try:
        loaded = _loaded(plan, device, folder, plan.model.attn_implementation)
    except (ValueError, ImportError) as error:
        failure = attention_not_available(plan.model.attn_implementation, error)
        if failure is None:
            raise
        if not _is_default(plan, "model.attn_implementation"):
            raise failure from error
        events.resolved("model.attn_implementation", "eager", "this model's code has no other")
        loaded = _loaded(plan, device, folder, "eager")
    model, info = loaded
    if missing := sorted(info["missing_keys"]):  # these would be random
        raise RunFailure(
            "weights-missing",
            f"the model's files lack {len(missing)} of its weights, `{missing[0]}` for one",
            path="model.name_or_path",
            exit_code=FILE_IS_WRONG,
        )
    if plan.method.quantization is None:
        model.to(device.kind)
    quantizing.keep_trainable(model)
    return adapted(plan, model, events.log)


def _loaded(plan: Plan, device: Device, folder: Path, attention: str) -> Any:
    """The model, and how its files and its weights agree."""
    quantization = quantizing.settings(plan.method, device.dtype)
    # Quantized weights are made where they are to stay.
    placed = {} if quantization is None else {"device_map": {"": device.kind}}
    return AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=device.dtype,
        attn_implementation=attention,
        trust_remote_code=plan.model.trust_remote_code,
        output_loading_info=True,
        quantization_config=quantization,
        **placed,
    )


def _is_default(plan: Plan, path: str) -> bool:
    """Whether nobody has asked for this very value."""
    origin = plan.origins.get(path)
    return origin is not None and origin.kind == "default"


def _packs_stay_apart(model: torch.nn.Module, events: Events) -> bool:
    if stay_apart(model):
        return True
    events.warn(
        "packing-leaks",
        "this model's code does not keep packed rows apart; rows are padded instead",
        "data.packing",
    )
    return False


def train_in_float32(plan: Plan, model: torch.nn.Module) -> bool:
    """Makes every weight that is trained float32, in which small updates are not rounded away.

    True where some were not, so that computing must be told which format to use. (Those of LoRA are
    float32 as PEFT makes them, and it converts between the two itself.) With `bf16: false`, those
    of a bfloat16 model are left as they are.
    """
    if plan.training.bf16 is False and _is_bfloat16(model):
        return False
    half = [p for p in model.parameters() if p.requires_grad and p.dtype != torch.float32]
    for parameter in half:
        parameter.data = parameter.data.float()
    return bool(half)


def _is_bfloat16(model: torch.nn.Module) -> bool:
    return any(p.dtype == torch.bfloat16 for p in model.parameters())


def _save(plan: Plan, model: Any, tokenizer: Any, out: Path) -> None:
    folder = out / ("model" if plan.method.type == "full" else "adapter")
    model.config.use_cache = True
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _count(model: torch.nn.Module) -> tuple[int, int]:
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable, quantizing.parameters_of(model)
