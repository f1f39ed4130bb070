"""Sequences → batches that keep packed rows apart, or row by row where a model can't do that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from pitchpipe_runner.render import IGNORED


@dataclass(frozen=True, slots=True)
class Collator:
    """Makes the batch that a model takes.

    `isolated`: packs stay whole, told apart by position ids that begin anew with each row and by
    the absence of an attention mask (transformers reads the rows' bounds from the positions only
    then). Otherwise every row becomes a line of the batch, padded on the right under a mask.

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


def stay_apart(model: torch.nn.Module, first: list[int], second: list[int]) -> bool:
    """Whether this model computes `second` behind `first` in one sequence as it does alone.

    Measured, not looked up: the change that packing makes to the second row's logits is set against
    the change that an open view of the first row makes.
    """
    device = next(model.parameters()).device
    both = torch.tensor([[*first, *second]], device=device)
    apart = _positions([len(first), len(second)], both.shape[1])[None].to(device)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        alone = model(input_ids=both[:, len(first) :], use_cache=False).logits.float()
        try:
            packed = model(input_ids=both, position_ids=apart, use_cache=False).logits.float()
        except (TypeError, ValueError):  # a model whose forward takes no position ids
            return False
        seen = model(input_ids=both, use_cache=False).logits.float()
    model.train(was_training)
    leak = (packed[:, len(first) :] - alone).abs().max()
    open_view = (seen[:, len(first) :] - alone).abs().max()
    return bool(leak <= 0.1 * open_view)
