"""Sequences → batches that keep packed rows apart, or row by row where a model can't do that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from pitchpipe_runner.render import IGNORED

_PROBE = 24  # tokens of each of the rows that show whether packed rows stay apart
# Shares of the change that an open view of the row before makes.
_ALIKE = 0.1  # in bfloat16, sequences of other lengths are rounded otherwise
_LEAK = 1e-4
_ROUNDED = 4  # times what is known to be rounding


@dataclass(frozen=True, slots=True)
class Collator:
    """Makes the batch that a model takes.

    `isolated`: packs stay whole, told apart by position ids that begin anew with each row
    (transformers reads the rows' bounds from them where there is neither mask nor cache). Otherwise
    every row becomes a line of the batch, padded on the right under a mask.

    A batch holds `tokens`, the number of real tokens in it, beside what the model takes.
    """

    pad: int
    isolated: bool

    def __call__(self, sequences: list[dict[str, list[int]]]) -> dict[str, Any]:
        parts = sequences if self.isolated else [row for s in sequences for row in _rows(s)]
        ids = [torch.tensor(p["input_ids"]) for p in parts]
        labels = [torch.tensor(p["labels"]) for p in parts]
        batch: dict[str, Any] = {
            "input_ids": pad_sequence(ids, batch_first=True, padding_value=self.pad).long(),
            "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED).long(),
            "tokens": sum(len(i) for i in ids),
        }
        if self.isolated:
            width = batch["input_ids"].shape[1]
            batch["position_ids"] = torch.stack([_positions(p["lengths"], width) for p in parts])
        else:
            lengths = torch.tensor([len(i) for i in ids])
            batch["attention_mask"] = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
        return batch


def _rows(sequence: dict[str, list[int]]) -> list[dict[str, list[int]]]:
    found: list[dict[str, list[int]]] = []
    at = 0
    for length in sequence["lengths"]:
        piece = {k: sequence[k][at : at + length] for k in ("input_ids", "labels")}
        found.append(piece | {"lengths": [length]})
        at += length
    return found


def _positions(lengths: list[int], width: int) -> torch.Tensor:
    """[width]: 0, 1, … of each row in turn; the padding behind them counts as one more row."""
    counts = [*lengths, width - sum(lengths)]
    return torch.cat([torch.arange(n) for n in counts])


def stay_apart(model: Any) -> bool:
    """Whether this model computes a row behind another one in one sequence as it does alone.

    Measured, not looked up: the row must be as alone, and must not change with what lies before it.
    A state that is handed on may change little, so the latter is held to the changes that other
    rows behind it make, which no causal model sees: those are rounding.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return _stay_apart(model)
    except (TypeError, ValueError, IndexError):  # it takes no position ids, or has few positions
        return False
    finally:
        model.train(was_training)


def _stay_apart(model: Any) -> bool:
    words = model.get_input_embeddings().weight
    # Random tokens: of equal ones, attention would make the same whatever it sees.
    drawn = torch.randint(len(words), (5, 1, _PROBE), generator=torch.Generator().manual_seed(0))
    row, before, instead, behind, other = drawn.to(words.device)
    apart = _positions([_PROBE] * 3, 3 * _PROBE)[None].to(words.device)

    def middle(first: torch.Tensor, last: torch.Tensor, **given: Any) -> torch.Tensor:
        """The logits of `row` between two others: [1, tokens, vocabulary]."""
        ids = torch.cat([first, row, last], dim=1)
        return model(input_ids=ids, use_cache=False, **given).logits[:, _PROBE:-_PROBE].float()

    packed = middle(before, behind, position_ids=apart)
    leak = _change(packed, middle(instead, behind, position_ids=apart))
    rounding = _change(packed, middle(before, other, position_ids=apart))
    alone = model(input_ids=row, use_cache=False).logits.float()
    open_view = _change(alone, middle(before, behind))
    same = _change(alone, packed) <= _ALIKE * open_view
    return same and leak <= _LEAK * open_view + _ROUNDED * rounding


def _change(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())
