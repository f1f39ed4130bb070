"""NF4 and FP4 weights of bitsandbytes, as fake tensors.

Sizes are those of bitsandbytes 0.50, `functional.quantize_4bit`: half a byte a number, an absolute
maximum for each block of them, and with `compress_statistics` that in 8 bits with statistics of its
own for each 256.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

Empty = Callable[[tuple[int, ...], torch.dtype], torch.Tensor]

_BLOCK_OF_BLOCKS = 256
_LEVELS, _BYTE_LEVELS = 16, 256  # entries of the tables that a code stands for


def is_four_bit(tensor: torch.Tensor) -> bool:
    return type(tensor).__name__ == "Params4bit"


def placed(weight: Any, empty: Empty) -> nn.Parameter:
    """What becomes of a `Params4bit` that has not been quantized yet."""
    size = -(-weight.numel() // 2) * torch.uint8.itemsize // weight.quant_storage.itemsize
    fake: Any = nn.Parameter(empty((size, 1), weight.quant_storage), requires_grad=False)
    fake.quant_state = _state(weight, empty)
    return fake


def held(tensor: Any) -> Iterator[torch.Tensor]:
    """The tensors that a quantized weight keeps beside itself."""
    state = getattr(tensor, "quant_state", None)
    while state is not None:
        for part in (state.absmax, state.code, state.offset):
            if part is not None:
                yield part
        state = state.state2


def _state(weight: Any, empty: Empty) -> Any:
    functional: Any = importlib.import_module("bitsandbytes.functional")  # an optional package

    blocks = -(-weight.numel() // weight.blocksize)
    nested = weight.compress_statistics
    outer = None
    if nested:
        outer = functional.QuantState(
            absmax=empty((-(-blocks // _BLOCK_OF_BLOCKS),), torch.float32),
            code=empty((_BYTE_LEVELS,), torch.float32),
            blocksize=_BLOCK_OF_BLOCKS,
            dtype=torch.float32,
        )
    return functional.QuantState(
        absmax=empty((blocks,), torch.uint8 if nested else torch.float32),
        shape=weight.shape,
        code=empty((_LEVELS,), torch.float32),
        blocksize=weight.blocksize,
        quant_type=weight.quant_type,
        dtype=weight.dtype,
        offset=empty((), torch.float32) if nested else None,
        state2=outer,
    )
