"""Ends a training whose evaluations have stopped getting better."""

from __future__ import annotations

from typing import Any

from transformers import (
    EarlyStoppingCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from pitchpipe.plan import TrainingPlan
from pitchpipe_runner.events import Events


class EarlyStopping(EarlyStoppingCallback):
    """transformers' callback, which also counts on over a resume, and says that it stops."""

    def __init__(
        self, early_stopping_patience: int, early_stopping_threshold: float, events: Events
    ) -> None:
        super().__init__(early_stopping_patience, early_stopping_threshold)
        self._events = events
        self.stopped = False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Takes up the count of the checkpoint that training goes on from, if it goes on."""
        states: Any = state.stateful_callbacks  # by name; its annotation says that it is a list
        if state.global_step and (kept := states.get(type(self).__name__)):
            self.early_stopping_patience_counter = kept["attributes"][
                "early_stopping_patience_counter"
            ]
        self._obey(state, control)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **kwargs: Any,
    ) -> None:
        super().on_evaluate(args, state, control, metrics, **kwargs)
        self._obey(state, control)

    def _obey(self, state: TrainerState, control: TrainerControl) -> None:
        count = self.early_stopping_patience_counter
        if count < self.early_stopping_patience or self.stopped:
            return
        self.stopped = control.should_training_stop = True
        evaluations = "an evaluation has" if count == 1 else f"{count} evaluations have"
        self._events.log(
            f"stopped early at step {state.global_step} of {state.max_steps}: {evaluations} "
            f"brought nothing better than {state.best_metric:.4g} (`early_stopping_patience`)"
        )


def early_stopping(t: TrainingPlan, events: Events) -> EarlyStopping | None:
    """What the plan asks for; None where training goes to its end."""
    if t.early_stopping_patience is None:
        return None
    return EarlyStopping(t.early_stopping_patience, t.early_stopping_threshold, events)
