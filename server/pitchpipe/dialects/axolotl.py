"""Axolotl's files."""

from __future__ import annotations

from pitchpipe.dialects.dialect import Dialect
from pitchpipe.dialects.foreign import Foreign


def _lower(foreign: Foreign) -> None:
    if foreign.says("evaluation_strategy"):
        message = "`evaluation_strategy` is called `eval_strategy` now"
        foreign.note("old", "evaluation_strategy", message)
    if foreign.given("val_set_size") == 0 and foreign.says("eval_steps"):
        message = (
            "`eval_steps` is refused by Axolotl where `val_set_size` is 0 and nothing is evaluated"
        )
        foreign.note("refused", "eval_steps", message, related=foreign.set_here("val_set_size"))
    if foreign.says("eval_steps") and not foreign.says("eval_strategy"):
        foreign.put("training.eval_strategy", "steps", "eval_steps")
    datasets = foreign.given("datasets")
    for index, dataset in enumerate(datasets if isinstance(datasets, list) else ()):
        path = ("datasets", index, "path")
        if isinstance(dataset, dict) and dataset.get("path"):
            foreign.put(("data", "train", index, "dataset_name"), dataset["path"], path, same=True)


DIALECT = Dialect("axolotl", "Axolotl", _lower)
