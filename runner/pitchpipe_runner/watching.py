"""Turns what the Trainer calls back into events, and stops it where the user asks to."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pitchpipe_runner import interrupts, resources
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import RunFailure
from pitchpipe_runner.lookout import Lookout
from pitchpipe_runner.trainer import CompletionTrainer

_SHOWN = (
    "loss",
    "eval_loss",
    "eval_mean_token_accuracy",
    "learning_rate",
    "grad_norm",
    "epoch",
)


class Watcher(TrainerCallback):
    """Turns the Trainer's callbacks into events, measures speed, stops where the user asks to."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.trainer: CompletionTrainer | None = None
        self.lookout: Lookout | None = None
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
        values = {k: float(v) for k, v in (logs or {}).items() if k in _SHOWN}
        if "loss" in values and self.trainer:
            tokens, seconds = self._logged
            self._logged = (self.trainer.tokens_seen, self._seconds)
            if self._seconds > seconds:
                values["tokens_per_second"] = (self._logged[0] - tokens) / (self._seconds - seconds)
                if self.lookout:
                    self.lookout.speed(values["tokens_per_second"])
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
