"""Keeps a trace from being taken for a compilation, while it lasts and in its thread alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers.utils import import_utils

_tracing = threading.local()
_lock = threading.Lock()
_traces = 0
_original: Any = None


@contextmanager
def as_in_a_real_step() -> Iterator[None]:
    """Lets transformers take the paths that it takes with real tensors.

    Seeing a fake tensor, transformers 5.23 believes that a graph is being compiled, makes every
    causal mask, and so turns off the attention kernels that share keys and values between heads.
    """
    global _traces, _original  # one module's attribute, for all threads
    with _lock:
        if _traces == 0:
            _original = import_utils.is_fake_tensor
            import_utils.is_fake_tensor = _is_fake_tensor
        _traces += 1
    depth = getattr(_tracing, "depth", 0)
    _tracing.depth = depth + 1
    try:
        yield
    finally:
        _tracing.depth = depth
        with _lock:
            _traces -= 1
            if _traces == 0:
                import_utils.is_fake_tensor = _original


def _is_fake_tensor(x: Any) -> bool:
    return not getattr(_tracing, "depth", 0) and _original(x)
