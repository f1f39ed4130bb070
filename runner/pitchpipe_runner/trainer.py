"""The Trainer that training goes through: its arguments, its loss, its checkpoints."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import rotate_checkpoints

from pitchpipe.plan import Plan, TrainingPlan
from pitchpipe.schedules import SCHEDULES
from pitchpipe_runner import checkpoints, interrupts
from pitchpipe_runner.device import Device
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure
from pitchpipe_runner.lookout import Lookout
from pitchpipe_runner.observing import Observer
from pitchpipe_runner.render import IGNORED
from pitchpipe_runner.sampling import LikeLengths
from pitchpipe_runner.trackers import asked_for


def training_arguments(
    plan: Plan,
    device: Device,
    folder: Path,
    *,
    has_eval: bool,
    mixed: bool,
    run_name: str | None = None,
) -> TrainingArguments:
    """What `plan` says, in the Trainer's words. `mixed`: only computing is half precision.

    `run_name` is what trackers call the run where the plan doesn't say.

    Raises:
        RunFailure: transformers refuses a value, as it does for what this device can't compute.
    """
    t = plan.training
    pinned = t.dataloader_pin_memory
    computing = torch.bfloat16 if t.bf16 else torch.float16 if t.fp16 else None
    if computing is None and mixed:
        computing = device.dtype
    arguments = _arguments(
        output_dir=str(folder),
        learning_rate=t.learning_rate,
        num_train_epochs=t.num_train_epochs,
        max_steps=t.max_steps or -1,
        per_device_train_batch_size=t.per_device_train_batch_size,
        per_device_eval_batch_size=t.per_device_eval_batch_size,
        gradient_accumulation_steps=t.gradient_accumulation_steps,
        lr_scheduler_type=t.lr_scheduler_type,
        lr_scheduler_kwargs=_schedule_arguments(t),
        warmup_steps=t.warmup_steps,
        weight_decay=t.weight_decay,
        max_grad_norm=t.max_grad_norm,
        optim=t.optim,
        optim_args=t.optim_args,
        adam_beta1=t.adam_beta1,
        adam_beta2=t.adam_beta2,
        adam_epsilon=t.adam_epsilon,
        logging_steps=t.logging_steps,
        logging_strategy=t.logging_strategy,
        logging_first_step=t.logging_first_step,
        logging_nan_inf_filter=False,
        eval_strategy=t.eval_strategy if has_eval else "no",
        eval_steps=t.eval_steps,
        eval_delay=t.eval_delay,
        eval_on_start=t.eval_on_start and has_eval,
        save_strategy=t.save_strategy,
        save_steps=t.save_steps,
        save_total_limit=t.save_total_limit,
        save_only_model=t.save_only_model,
        load_best_model_at_end=t.load_best_model_at_end and has_eval,
        metric_for_best_model=t.metric_for_best_model if has_eval else None,
        greater_is_better=t.greater_is_better if has_eval else None,
        activation_checkpointing=t.gradient_checkpointing,
        activation_checkpointing_kwargs=t.gradient_checkpointing_kwargs or None,
        torch_compile=t.torch_compile,
        torch_compile_backend=t.torch_compile_backend,
        torch_compile_mode=t.torch_compile_mode,
        torch_empty_cache_steps=t.torch_empty_cache_steps,
        bf16=computing == torch.bfloat16,
        fp16=computing == torch.float16,
        tf32=t.tf32 if device.kind == "cuda" else None,
        seed=t.seed,
        data_seed=t.data_seed,
        full_determinism=t.full_determinism,
        train_sampling_strategy=t.train_sampling_strategy,
        label_smoothing_factor=t.label_smoothing_factor,
        neftune_noise_alpha=t.neftune_noise_alpha,
        dataloader_drop_last=t.dataloader_drop_last,
        dataloader_num_workers=t.dataloader_num_workers,
        use_cpu=device.kind == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=device.kind == "cuda" if pinned is None else pinned,
        report_to=list(asked_for(t.report_to)),
        run_name=t.run_name or run_name,
        project=plan.name,
        disable_tqdm=True,
        log_level="error",
    )
    # One device, also where there are more: batches are not made to be split over several.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


def _arguments(**given: Any) -> TrainingArguments:
    try:
        return TrainingArguments(**given)
    except ValueError as error:
        said = (str(error).strip().splitlines() or [""])[0][:300]
        raise RunFailure(
            "settings-refused",
            f"transformers refuses what `training` says: {said}",
            path="training",
            exit_code=FILE_IS_WRONG,
        ) from error


def _schedule_arguments(t: TrainingPlan) -> dict[str, Any]:
    """In Python's numbers, and with what transformers takes for granted: the lowest is best."""
    given = {name: _number(value) for name, value in t.lr_scheduler_kwargs.items()}
    if not SCHEDULES[t.lr_scheduler_type].evaluates:
        return given
    best = t.metric_for_best_model != "loss" if t.greater_is_better is None else t.greater_is_better
    least = {"min_lr": 0} if t.lr_scheduler_type == "greedy" else {}
    return {"mode": "max" if best else "min"} | least | given


def _number(value: float | str | bool) -> float | int | str | bool:
    """Whole numbers as such: some are counts."""
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


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
        self.lookout: Lookout | None = None
        causal = self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model
        self._can_select = "logits_to_keep" in inspect.signature(causal.forward).parameters

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        dataset: Any = self.train_dataset if train_dataset is None else train_dataset
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(dataset)
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        together = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return LikeLengths([len(ids) for ids in dataset["input_ids"]], together, seed)

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        return SequentialSampler(eval_dataset)

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        if self.observer is not None:
            self.observer.pass_begins(model, self.optimizer, inputs)
        if self.lookout is not None:
            self.lookout.pass_begins(inputs)
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
        total, count, _ = self._summed_loss(model, inputs)
        loss = total / (num_items_in_batch if num_items_in_batch is not None else count)
        return (loss, None) if return_outputs else loss

    def _summed_loss(
        self, model: torch.nn.Module, inputs: dict[str, Any]
    ) -> tuple[torch.Tensor, int, int]:
        """The sum of the learnt tokens' losses, their number, and how many would be chosen.

        The last is counted in evaluations alone.
        """
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
        wanted = targets[:, columns][chosen]
        smoothing = self.args.label_smoothing_factor if model.training else 0.0
        loss = cross_entropy(
            logits[chosen].float(), wanted, reduction="sum", label_smoothing=smoothing
        )
        right = 0 if model.training else int((logits[chosen].argmax(dim=-1) == wanted).sum())
        return loss, int(chosen.sum()), right

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        model = self.model
        model.eval()
        total, count, right = 0.0, 0, 0
        # A data loader draws a random number. It is put back, so that training goes on the same
        # whether it is evaluated before or after a checkpoint, or not at all.
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            for batch in self.get_eval_dataloader(eval_dataset):
                loss, learnt, chosen = self._summed_loss(model, self._prepare_inputs(batch))
                total, count, right = total + loss.item(), count + learnt, right + chosen
        model.train()
        metrics = {
            f"{metric_key_prefix}_loss": total / max(count, 1),
            f"{metric_key_prefix}_mean_token_accuracy": right / max(count, 1),
        }
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
        over = self.state.global_step >= self.state.max_steps
        if not over and not self.control.should_training_stop:
            super()._run_epoch(*args, **kwargs)
        else:
            self.control.should_training_stop = True

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        folder = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
        limit, self.args.save_total_limit = self.args.save_total_limit, None
        bare, self.args.save_only_model = (
            self.args.save_only_model,
            self.args.save_only_model and not interrupts.asked(),
        )
        try:
            super()._save_checkpoint(model, trial)
            checkpoints.seal(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            self.args.save_total_limit, self.args.save_only_model = limit, bare
        rotate_checkpoints(self.args.output_dir, limit, self.state.best_model_checkpoint)
