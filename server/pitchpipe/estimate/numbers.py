"""What the names in a record's sizes stand for.

Beside fields of the configuration and sizes of the batch there are sums and differences of two of
them (`S+3`, `head_dim-rotary_dim`), and rows that are cut into parts of equal length:
`chunks(S,chunk_size)` is how many parts there are, `padded(S,chunk_size)` their tokens together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CUT = re.compile(r"(chunks|padded)\((\w+),(\w+)\)")
_SUM = re.compile(r"(.+)([+-])(\w+|\w+\([^)]*\))")


def size_of(config: Mapping[str, Any], *names: str) -> int:
    """The first of these fields that holds a size; 0 where none does.

    A `config.json` may hold anything under a name that no module's shape depends on.
    """
    values = (config.get(name) for name in names)
    sizes = (v for v in values if isinstance(v, int) and not isinstance(v, bool))
    return next((size for size in sizes if size > 0), 0)


class Numbers(dict[str, int]):
    """Raises KeyError for what has no value."""

    def __missing__(self, name: str) -> int:
        if name.isdecimal():
            return int(name)
        if cut := _CUT.fullmatch(name):
            what, whole, part = cut.groups()
            chunks = -(-self[whole] // max(1, self[part]))
            found = chunks if what == "chunks" else chunks * self[part]
        elif both := _SUM.fullmatch(name):
            left, sign, right = both.groups()
            found = self[left] + self[right] if sign == "+" else self[left] - self[right]
        else:
            raise KeyError(name)
        self[name] = found
        return found
