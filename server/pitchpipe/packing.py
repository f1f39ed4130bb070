"""Putting short rows together into sequences of a bounded length."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Rows of each pack, by best-fit decreasing.

    A row goes where it leaves the least room, else opens a pack. Every length must be at most
    `capacity`. The result depends on the lengths alone.
    """
    packs: list[list[int]] = []
    open_packs: list[tuple[int, int]] = []  # (room left, pack), sorted
    for row in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        at = bisect_left(open_packs, (lengths[row], -1))
        if at < len(open_packs):
            room, pack_number = open_packs.pop(at)
        else:
            room, pack_number = capacity, len(packs)
            packs.append([])
        packs[pack_number].append(row)
        room -= lengths[row]
        open_packs.insert(bisect_left(open_packs, (room, pack_number)), (room, pack_number))
    return packs
