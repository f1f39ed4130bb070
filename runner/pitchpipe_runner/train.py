"""Stage 3: tokens and the base model → an adapter, or with `method.type: full` a model."""

from __future__ import annotations

import inspect
import math
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils.constants import EMBEDDING_LAYER_NAMES
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import rotate_checkpoints

from pitchpipe.plan import MethodPlan, Plan
from pitchpipe.targets import PRESETS, Asked, Choice, Method, peft_arguments
from pitchpipe_runner import checkpoints, fetch, interrupts, prepare, resources
from pitchpipe_runner.batches import Collator, stay_apart
from pitchpipe_runner.cataloguing.describe import describe, with_roles
from pitchpipe_runner.device import Device
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import (
    FILE_IS_WRONG,
    Interrupted,
    RunFailure,
    attention_not_available,
)
from pitchpipe_runner.observing import Observer
from pitchpipe_runner.predict import Forecast, handed_over
from pitchpipe_runner.render import IGNORED
from pitchpipe_runner.stages import Artifact


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
    set_seed(plan.training.seed)
    model = _model(plan, device, folder, events)
    trainable, total = _count(model)
    events.log(
        f"{trainable:,} of {total:,} parameters are trained ({100 * trainable / total:.2f} %)"
    )
    isolated = plan.data.packing and _packs_stay_apart(model, events)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    mixed = train_in_float32(model)
    has_eval = len(evaluation) > 0
    arguments = training_arguments(
        plan, device, out / "checkpoints", has_eval=has_eval, mixed=mixed
    )
    watcher = _Watcher(events)
    observer = Observer(Forecast(plan, device, model, handed_over(out.parent)), device.kind, events)
    trainer = CompletionTrainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=evaluation if has_eval else None,
        data_collator=Collator(pad or 0, isolated),
        processing_class=tokenizer,
        callbacks=[watcher, observer],
    )
    trainer.remove_callback(PrinterCallback)
    watcher.trainer = trainer
    trainer.observer, observer.trainer = observer, trainer
    resume = checkpoints.last_whole(out / "checkpoints")
    if resume:
        events.log(f"going on from {resume.name}")
    with interrupts.deferred(), closing(observer):
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    if trainer.state.global_step < trainer.state.max_steps:
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


def _model(plan: Plan, device: Device, folder: Path, events: Events) -> torch.nn.Module:
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=device.dtype,
            attn_implementation=plan.model.attn_implementation,
            trust_remote_code=plan.model.trust_remote_code,
            output_loading_info=True,
        )
    except (ValueError, ImportError) as error:
        failure = attention_not_available(plan.model.attn_implementation, error)
        if failure is None:
            raise
        raise failure from error
    model, info = loaded
    if missing := sorted(info["missing_keys"]):  # these would be random
        raise RunFailure(
            "weights-missing",
            f"the model's files lack {len(missing)} of its weights, `{missing[0]}` for one",
            path="model.name_or_path",
            exit_code=FILE_IS_WRONG,
        )
    model.to(device.kind)
    return adapted(plan, model)


def adapted(plan: Plan, model: Any) -> torch.nn.Module:
    """The loaded `model` as it is trained: with an adapter unless all of it is trained."""
    model.config.use_cache = False
    if plan.method.type == "full":
        return model
    if plan.training.gradient_checkpointing:
        model.enable_input_require_grads()
    method = plan.method
    if not isinstance(method.target_modules, str):
        _demand_modules(model, method.target_modules, "method.target_modules")
    _demand_modules(model, method.modules_to_save, "method.modules_to_save")
    try:
        return get_peft_model(model, _lora(method, model))
    except ValueError as error:
        said = str(error).splitlines()[0]
        raise _modules_not_found(
            f"PEFT can't place the adapter: {said}", "method.target_modules"
        ) from error


def _demand_modules(model: torch.nn.Module, names: Sequence[str], path: str) -> None:
    """PEFT passes over a name that it does not find, as long as it finds another."""
    there = [name for name, _ in model.named_modules()]
    for name in names:
        if not any(module == name or module.endswith(f".{name}") for module in there):
            raise _modules_not_found(f"the model has no module `{name}`", path)


def _modules_not_found(message: str, path: str) -> RunFailure:
    return RunFailure(
        "target-modules-not-found",
        message,
        path=path,
        hint="`target_modules: all-linear` fits every architecture",
        exit_code=FILE_IS_WRONG,
    )


def _asked(method: MethodPlan, model: Any) -> Asked:
    """What PEFT is given: a preset is spelt out by what the modules of this very model are for."""
    if method.target_modules not in PRESETS:
        return Asked(method.target_modules)
    choice = Choice(target_modules=method.target_modules)
    shape = with_roles(describe(model, "causal-lm"))
    return peft_arguments(shape, choice, Method(r=method.r))


def _lora(method: MethodPlan, model: Any) -> LoraConfig:
    asked = _asked(method, model)
    targets = asked.target_modules
    # Where one matrix is embedding and head at once, a copy of one of them is one of both.
    copied = any(name.split(".")[-1] in EMBEDDING_LAYER_NAMES for name in method.modules_to_save)
    tied = model.get_input_embeddings().weight is model.get_output_embeddings().weight
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=method.r,
        lora_alpha=method.lora_alpha,  # type: ignore[arg-type]  # PEFT says int and computes with any number
        lora_dropout=method.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets or ()),
        target_parameters=list(asked.target_parameters or ()) or None,
        modules_to_save=list(method.modules_to_save) or None,
        bias=method.bias,  # type: ignore[arg-type]
        use_rslora=method.use_rslora,
        use_dora=method.use_dora,
        ensure_weight_tying=tied and copied,
    )


def _packs_stay_apart(model: torch.nn.Module, events: Events) -> bool:
    if stay_apart(model):
        return True
    events.warn(
        "packing-leaks",
        "this model's code does not keep packed rows apart; rows are padded instead",
        "data.packing",
    )
    return False


def train_in_float32(model: torch.nn.Module) -> bool:
    """Makes every weight that is trained float32, in which small updates are not rounded away.

    True where some were not, so that computing must be told which format to use. (Those of LoRA are
    float32 as PEFT makes them, and it converts between the two itself.)
    """
    half = [p for p in model.parameters() if p.requires_grad and p.dtype != torch.float32]
    for parameter in half:
        parameter.data = parameter.data.float()
    return bool(half)


def training_arguments(
    plan: Plan, device: Device, folder: Path, *, has_eval: bool, mixed: bool
) -> TrainingArguments:
    """What `plan` says, in the Trainer's words. `mixed`: only computing is half precision."""
    t = plan.training
    arguments = TrainingArguments(
        output_dir=str(folder),
        learning_rate=t.learning_rate,
        num_train_epochs=t.num_train_epochs,
        max_steps=t.max_steps or -1,
        per_device_train_batch_size=t.per_device_train_batch_size,
        per_device_eval_batch_size=t.per_device_eval_batch_size,
        gradient_accumulation_steps=t.gradient_accumulation_steps,
        lr_scheduler_type=t.lr_scheduler_type,
        warmup_steps=t.warmup_steps,
        weight_decay=t.weight_decay,
        max_grad_norm=t.max_grad_norm,
        optim=t.optim,
        logging_steps=t.logging_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        eval_strategy=t.eval_strategy if has_eval else "no",
        eval_steps=t.eval_steps,
        save_strategy=t.save_strategy,
        save_steps=t.save_steps,
        save_total_limit=t.save_total_limit,
        load_best_model_at_end=t.load_best_model_at_end and has_eval,
        metric_for_best_model="eval_loss" if t.load_best_model_at_end else None,
        greater_is_better=False if t.load_best_model_at_end else None,
        activation_checkpointing=t.gradient_checkpointing,
        bf16=mixed and device.dtype == torch.bfloat16,
        fp16=mixed and device.dtype == torch.float16,
        seed=t.seed,
        use_cpu=device.kind == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=device.kind == "cuda",
        report_to=[],
        disable_tqdm=True,
        log_level="error",
    )
    # One device, also where there are more: batches are not made to be split over several.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


class CompletionTrainer(Trainer):
    """A Trainer with a loss of its own, and with checkpoints that are whole or absent.

    It computes logits only where something is learnt, and weighs every learnt token alike, over
    accumulated batches and in the evaluation.
    """

    model: Any
    args: Any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model_accepts_loss_kwargs = (
            True  # `compute_loss` divides by the accumulated batch's learnt tokens
        )
        self.tokens_seen = 0
        self.observer: Observer | None = None
        causal = self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model
        self._can_select = "logits_to_keep" in inspect.signature(causal.forward).parameters

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        if self.observer is not None:
            self.observer.pass_begins(model, self.optimizer, inputs)
        return super().training_step(model, inputs, num_items_in_batch)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        if model.training:
            self.tokens_seen += inputs["tokens"]
            self.state.num_input_tokens_seen += inputs["tokens"]  # over resumes, too
        total, count = self._summed_loss(model, inputs)
        loss = total / (num_items_in_batch if num_items_in_batch is not None else count)
        return (loss, None) if return_outputs else loss

    def _summed_loss(
        self, model: torch.nn.Module, inputs: dict[str, Any]
    ) -> tuple[torch.Tensor, int]:
        """The sum of the learnt tokens' losses, and their number."""
        given = {k: v for k, v in inputs.items() if k not in ("labels", "tokens")}
        targets = inputs["labels"][
            :, 1:
        ]  # [batch, seq - 1]: the token at i + 1 is what position i predicts
        learnt = targets != IGNORED
        columns = learnt.any(dim=0).nonzero()[:, 0]
        if self._can_select:
            logits = model(**given, use_cache=False, logits_to_keep=columns).logits
        else:
            logits = model(**given, use_cache=False).logits[:, columns]
        chosen = learnt[:, columns]
        loss = cross_entropy(logits[chosen].float(), targets[:, columns][chosen], reduction="sum")
        return loss, int(chosen.sum())

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        model = self.model
        model.eval()
        total, count = 0.0, 0
        # A data loader draws a random number. It is put back, so that training goes on the same
        # whether it is evaluated before or after a checkpoint, or not at all.
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            for batch in self.get_eval_dataloader(eval_dataset):
                loss, learnt = self._summed_loss(model, self._prepare_inputs(batch))
                total, count = total + loss.item(), count + learnt
        model.train()
        metrics = {f"{metric_key_prefix}_loss": total / max(count, 1)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def evaluate_the_end(self) -> None:
        """Evaluates, if a process that died behind the last checkpoint left that out."""
        found = [h["step"] for h in self.state.log_history if "eval_loss" in h]
        if found[-1:] != [self.state.global_step]:
            self.evaluate()

    def _run_epoch(self, *args: Any, **kwargs: Any) -> None:
        """Resumed at the last step, transformers 5.23 would take one more."""
        if self.state.global_step < self.state.max_steps:
            super()._run_epoch(*args, **kwargs)
        else:
            self.control.should_training_stop = True

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        folder = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
        limit, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            super()._save_checkpoint(model, trial)
            checkpoints.seal(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            self.args.save_total_limit = limit
        rotate_checkpoints(self.args.output_dir, limit, self.state.best_model_checkpoint)


class _Watcher(TrainerCallback):
    """Turns the Trainer's callbacks into events, measures speed, stops where the user asks to."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.trainer: CompletionTrainer | None = None
        self._seconds = self._cpu = 0.0
        self._began = self._cpu_began = 0.0
        self._logged = (0, 0.0)
        self._state = TrainerState()

    def facts(self) -> dict[str, Any]:
        tokens = self.trainer.tokens_seen if self.trainer else 0
        losses = [h["loss"] for h in self._state.log_history if "loss" in h]
        evals = [h["eval_loss"] for h in self._state.log_history if "eval_loss" in h]
        return {
            "steps": self._state.global_step,
            "epochs": round(self._state.epoch or 0.0, 3),
            "train_loss": losses[-1] if losses else None,
            "eval_loss": evals[-1] if evals else None,
            "best_eval_loss": min(evals, default=None),
            "tokens": self._state.num_input_tokens_seen,
            "tokens_per_second": round(tokens / self._seconds, 1) if self._seconds else None,
            "tokens_per_cpu_second": round(tokens / self._cpu, 1) if self._cpu else None,
            "peak_rss_bytes": resources.peak_rss(),
            "device_peak_bytes": torch.cuda.max_memory_allocated()
            if torch.cuda.is_available()
            else None,
        }

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._state = state

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._began, self._cpu_began = time.perf_counter(), time.process_time()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._seconds += time.perf_counter() - self._began
        self._cpu += time.process_time() - self._cpu_began
        self._events.progress(state.global_step, state.max_steps, "steps")
        if state.global_step == state.max_steps:
            control.should_log = True
        if interrupts.asked() and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True
            control.should_evaluate = False

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if interrupts.asked() and state.global_step < state.max_steps:
            control.should_save = control.should_evaluate = False

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        shown = ("loss", "eval_loss", "learning_rate", "grad_norm", "epoch")
        values = {k: float(v) for k, v in (logs or {}).items() if k in shown}
        if "loss" in values and self.trainer:
            tokens, seconds = self._logged
            self._logged = (self.trainer.tokens_seen, self._seconds)
            if self._seconds > seconds:
                values["tokens_per_second"] = (self._logged[0] - tokens) / (self._seconds - seconds)
            if not math.isfinite(values["loss"]):
                self._diverged(values["loss"])
        if "loss" in values or "eval_loss" in values:
            self._events.emit(
                "metrics",
                stage="train",
                step=state.global_step,
                total_steps=state.max_steps,
                values=values,
            )

    def _diverged(self, loss: float) -> None:
        raise RunFailure(
            "loss-not-finite",
            f"the training loss became {loss}",
            path="training.learning_rate",
            hint="lower the learning rate (a third of it, say), and train in bfloat16 or float32",
        )


def _save(plan: Plan, model: Any, tokenizer: Any, out: Path) -> None:
    folder = out / ("model" if plan.method.type == "full" else "adapter")
    model.config.use_cache = True
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _count(model: torch.nn.Module) -> tuple[int, int]:
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable, sum(p.numel() for p in model.parameters())
