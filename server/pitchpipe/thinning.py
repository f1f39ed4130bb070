"""Which points of a long series are enough to draw it."""

from __future__ import annotations

import math
from collections.abc import Sequence


def kept(values: Sequence[float], most: int) -> list[int]:
    """The indices of about `most` points, all where there are no more; NaN is a gap.

    Those are the lowest and the highest of each stretch, a gap of it if there is any, and both
    ends, so that no peak is lost and no gap closed.
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    found: set[int] = {0, count - 1}
    stretches = most // 2
    for i in range(stretches):
        first, after = i * count // stretches, (i + 1) * count // stretches
        part = values[first:after]
        if math.isnan(sum(part)):
            gap = max(j for j, value in enumerate(part) if math.isnan(value))
            found.add(first + gap)
            part = [math.inf if math.isnan(value) else value for value in part]
            if min(part) == math.inf:
                continue
            low, high = min(part), max(value for value in part if value != math.inf)
        else:
            low, high = min(part), max(part)
        found.update((first + part.index(low), first + part.index(high)))
    return sorted(found)
