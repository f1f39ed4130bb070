"""What torch's fake kernels do not know: shapes that they refuse, and what kernels borrow."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

aten = torch.ops.aten


def replaced(func: Any) -> Callable[..., Any]:
    """What to call on fake tensors instead of `func`."""
    return _grouped_mm if func is aten._grouped_mm.default else func


def borrowed(func: Any, args: tuple[Any, ...], kernels_of: str) -> int:
    """Bytes that `func` allocates and gives back beside its output, as far as they are large."""
    name = func.name().partition("::")[2]
    if (
        name == "gemm_4bit"
    ):  # dequantizes all of the weight, bitsandbytes 0.50, but for tiny batches
        inputs, _, (rows, columns) = args[:3]
        return rows * columns * inputs.dtype.itemsize
    if kernels_of == "cpu" and torch.Tag.pointwise in func.tags and name != "where.self":
        return _promoted(func, [a for a in args if isinstance(a, torch.Tensor) and a.dim()])
    return 0


def _promoted(func: Any, tensors: list[torch.Tensor]) -> int:
    """Copies of operands in the type of the result; only a CPU's kernels need them.

    ATen/TensorIterator.cpp, `compute_types`: also what is written into gets one.
    """
    if len({t.dtype for t in tensors}) < 2:
        return 0
    common = functools.reduce(torch.promote_types, (t.dtype for t in tensors))
    others = [t for t in tensors if t.dtype != common]
    if func._schema.is_mutable and tensors[0].dtype != common:
        others.append(tensors[0])
    return sum(t.numel() for t in others) * common.itemsize


def _grouped_mm(
    a: torch.Tensor,
    b: torch.Tensor,
    offs: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    out_dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Matrix products of an expert each; torch 2.13 has a shape for bfloat16 only.

    The rows of a flat matrix are shared out among the experts by `offs`.
    """
    if a.dim() == 2 and b.dim() == 2:
        assert offs is not None
        shape = (offs.shape[0], a.shape[0], b.shape[1])
    elif a.dim() == 2:
        shape = (a.shape[0], b.shape[2])
    elif b.dim() == 2:
        shape = (a.shape[1], b.shape[1])
    else:
        shape = (a.shape[0], a.shape[1], b.shape[2])
    return torch.empty(shape, dtype=out_dtype or a.dtype, device=a.device)
