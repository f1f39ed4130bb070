"""What a step does otherwise on CUDA, for tracing it where there is none.

A CPU has other kernels for some functions, which keep other things for going back. Sizes depend on
the kernels alone, so it is enough to call those of the same kind.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

GRANULARITY = 512  # bytes; kMinBlockSize in c10/cuda/CUDACachingAllocator

# Bytes that cuBLAS works in, taken at its first call and kept: two chunks of 4 MiB and eight of
# 16 KiB, before Hopper (ATen/cuda/CublasHandlePool.cpp, `parseChosenWorkspaceSize`).
_WORKSPACE = 2 * 4096 * 1024 + 8 * 16 * 1024
_WORKSPACE_FROM_HOPPER_ON = 32 * 2**20


class CudaFunctions(TorchFunctionMode):
    """Dropout keeps a byte for each number, and attention drops without keeping a mask."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is functional.dropout:
            return _dropout(*args, **kwargs)
        if func is functional.scaled_dot_product_attention:
            return func(*args, **{**kwargs, "dropout_p": 0.0})
        return func(*args, **kwargs)


def _dropout(
    input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor:
    if not training or p == 0 or inplace:
        return functional.dropout(input, p, training, inplace)
    return torch.native_dropout(input, p, True)[0]


def workspace() -> int:
    """Bytes that cuBLAS keeps on this machine's device; those of Ampere where there is none."""
    if torch.cuda.is_available() and torch.cuda.get_device_capability() >= (9, 0):
        return _WORKSPACE_FROM_HOPPER_ON
    return _WORKSPACE


def use_foreach(optimizer: torch.optim.Optimizer) -> None:
    """Updates all weights at once where nothing else was asked for, as on CUDA by default."""
    for group in optimizer.param_groups:
        if group.get("foreach", False) is None and not group.get("fused"):
            group["foreach"] = True
