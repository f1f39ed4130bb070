"""Watches a training: has it predicted, measures its steps, has both set side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pitchpipe_runner import expecting
from pitchpipe_runner.events import Events
from pitchpipe_runner.metering import Meter
from pitchpipe_runner.predict import Forecast

_EARLY = 2  # the step after which a run that is to be long says whether it goes as predicted


class Observer(TrainerCallback):
    """Emits `prediction` before the first step, `measurement` after the second and at the end."""

    def __init__(self, forecast: Forecast, kind: str, events: Events) -> None:
        self._forecast = forecast
        self.trainer: Any = None
        self._meter = Meter(kind)
        self._events = events
        self._began = 0.0
        self._taken = 0

    def pass_begins(
        self, model: torch.nn.Module, optimizer: Any, inputs: Mapping[str, Any]
    ) -> None:
        """To be called before each forward pass of training, with what the collator made."""
        self._meter.begins(model, optimizer, inputs)

    def close(self) -> None:
        """To be called also where training failed."""
        self._meter.close()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        left, accumulated = state.max_steps - state.global_step, args.gradient_accumulation_steps
        if left <= 0 or self.trainer is None:
            return
        try:
            passes = expecting.passes(
                self.trainer, state.global_step * accumulated, left * accumulated
            )
            self._forecast.tell(passes, left, accumulated, self._events)
        except OSError:  # the log can't be written
            raise
        except Exception as error:  # noqa: BLE001  # no run fails for want of a prediction
            self._events.log(
                f"what training will take can't be said: {type(error).__name__}: {error}", "warning"
            )

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._meter.step_began()
        self._began = time.perf_counter()

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._meter.ends()

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._meter.ends()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        seconds = time.perf_counter() - self._began
        self._meter.step_ended(seconds)
        self._taken += 1
        if self._taken == _EARLY and state.global_step < state.max_steps:
            self._compare(state, final=False)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._taken:
            self._compare(state, final=True)

    def _compare(self, state: TrainerState, *, final: bool) -> None:
        self._forecast.compare(
            self._meter.reading(), state.global_step, state.max_steps, self._events, final=final
        )
