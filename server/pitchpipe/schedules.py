"""What the schedules that `training.lr_scheduler_type` names take and need (transformers 5.23)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """`arguments` are the names that it takes from `lr_scheduler_kwargs`.

    Exactly one of `needs` must be among them, if there are any. `warms_up`: it goes by
    `warmup_steps`. `evaluates`: it goes by evaluations while training.
    """

    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    warms_up: bool = True
    evaluates: bool = False


_LEAST = ("min_lr", "min_lr_rate")
_PLATEAU = (
    *("mode", "factor", "patience", "threshold", "threshold_mode"),
    *("cooldown", "min_lr", "eps"),
)

SCHEDULES: dict[str, Schedule] = {
    "linear": Schedule(),
    "cosine": Schedule(("num_cycles",)),
    "constant": Schedule(warms_up=False),
    "constant_with_warmup": Schedule(),
    "polynomial": Schedule(("lr_end", "power")),
    "inverse_sqrt": Schedule(("timescale",)),
    "cosine_with_restarts": Schedule(("num_cycles",)),
    "cosine_with_min_lr": Schedule(("num_cycles", *_LEAST), _LEAST),
    "cosine_warmup_with_min_lr": Schedule(("num_cycles", *_LEAST, "warmup_lr_rate"), _LEAST),
    "warmup_stable_decay": Schedule(
        (
            *("num_decay_steps", "num_stable_steps", "warmup_type", "decay_type"),
            *("min_lr_ratio", "num_cycles"),
        ),
        ("num_decay_steps",),
    ),
    "reduce_lr_on_plateau": Schedule(_PLATEAU, warms_up=False, evaluates=True),
    "greedy": Schedule(
        (
            *("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "warmup"),
            *("min_lr", "max_lr", "eps", "verbose", "smooth", "window_size", "reset_start"),
        ),
        warms_up=False,
        evaluates=True,
    ),
}
"""A test holds its keys to the schema's values, and the rest to the functions' own signatures."""
