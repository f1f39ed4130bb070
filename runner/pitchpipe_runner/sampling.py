"""An order of the rows in which those of like length come together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import get_length_grouped_indices


class LikeLengths(Sampler[int]):
    """transformers' grouping, with an order that goes by the seed and the epoch alone.

    Its own sampler draws from the chance of everything else, so that a training that goes on from a
    checkpoint would take other rows than it had left.
    """

    def __init__(self, lengths: Sequence[int], together: int, seed: int) -> None:
        self._lengths = list(lengths)
        self._together = together
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """To be called at an epoch's beginning, as accelerate does."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        chance = torch.Generator().manual_seed(self._seed + self._epoch)
        return iter(get_length_grouped_indices(self._lengths, self._together, generator=chance))
