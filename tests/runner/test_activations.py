"""What is recorded of a model's computation for the catalogue."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pitchpipe_runner.cataloguing.activations import packs, program
from pitchpipe_runner.cataloguing.encoding import Pools
from pitchpipe_runner.cataloguing.recording import record


class _Asking(nn.Module):
    """Makes a bias that asks for a gradient where layers are checkpointed, as T5's attention."""

    def __init__(self) -> None:
        super().__init__()
        self.gradient_checkpointing = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bias = torch.zeros(3)
        if self.gradient_checkpointing:
            bias.requires_grad = True
        return x + bias + torch.zeros(3)


def test_leaves_that_checkpointing_makes_are_told_from_other_zeros() -> None:
    model = _Asking()
    found = record(model, x=torch.ones(2, 3, requires_grad=True))
    assert [o.name for o in found.operations] == ["leaf", "add", "zeros", "add"]
    assert model.gradient_checkpointing is False


@pytest.mark.parametrize("first", ["heads", "tokens"])
def test_attention_makes_what_lies_in_memory_as_the_queries_do(first: str) -> None:
    class Attends(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q = x.transpose(1, 2) if first == "tokens" else x.transpose(1, 2).contiguous()
            made = nn.functional.scaled_dot_product_attention(q, q, q)
            return made.transpose(1, 2).contiguous()

    found = record(Attends(), x=torch.ones(2, 5, 3, 4))
    names = [o.name for o in found.operations if o.name != "arange"]
    assert names == (["attention"] if first == "tokens" else ["clone", "attention", "clone"])


def test_packed_rows_are_recorded_with_the_mask_that_keeps_them_apart() -> None:
    pools = Pools()
    operations = []
    for attention in ("sdpa", "sdpa+packed"):
        made = program("llama", "causal-lm", attention, pools)
        layer = pools.sections[made[1][1][0]]
        operations.append(next(o for o in layer["operations"] if o[0] == "attention"))
    assert [len(o[2]) for o in operations] == [3, 4]
    assert packs("llama") is True
    assert packs("t5") is None
