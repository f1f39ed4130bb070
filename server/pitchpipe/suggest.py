"""Near names: what somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `word` most likely stands for, None where none is near.

    Case makes no difference.
    """
    known = {name.lower(): name for name in reversed(list(names))}
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return known[found[0]] if found else None


def one_of(names: Iterable[str]) -> str:
    """The names in backticks, for a message: "`a`, `b` or `c`"."""
    return _joined(names, "or")


def all_of(names: Iterable[str]) -> str:
    """The names in backticks, for a message: "`a`, `b` and `c`"."""
    return _joined(names, "and")


def _joined(names: Iterable[str], word: str) -> str:
    quoted = [f"`{name}`" for name in names]
    return f" {word} ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
