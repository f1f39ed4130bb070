"""Holding rows out: seeded, stratified where asked, and never the same prompt on two sides."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence


def normalised(prompt: str) -> str:
    """Prompts that are equal after this are the same message: case and white space don't count."""
    return " ".join(prompt.casefold().split())


def held_out(
    prompts: Sequence[str], strata: Sequence[str | None], shares: Sequence[float], seed: int
) -> list[list[int]]:
    """Row numbers of each part: one part a share, then the rest. Row order is kept within a part.

    Rows with the same normalised prompt are one group and go to one part together. Each stratum
    gives each share of its groups, rounded so that the parts' totals are right; a share above 0
    gets a group if there are two or more.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for row, prompt in enumerate(prompts):
        groups[normalised(prompt)].append(row)
    by_stratum: dict[str | None, list[list[int]]] = defaultdict(list)
    for rows in groups.values():
        by_stratum[strata[rows[0]]].append(rows)
    chance = random.Random(seed)
    parts: list[list[int]] = [[] for _ in range(len(shares) + 1)]
    owed = [0.0] * len(shares)
    for stratum in sorted(by_stratum, key=str):
        members = by_stratum[stratum]
        chance.shuffle(members)
        at = 0
        for part, share in enumerate(shares):
            owed[part] += share * len(members)
            taken = min(round(owed[part]), len(members) - at)
            owed[part] -= taken
            parts[part] += [row for group in members[at : at + taken] for row in group]
            at += taken
        parts[-1] += [row for group in members[at:] for row in group]
    _give_each_a_group(parts, shares, prompts)
    return [sorted(part) for part in parts]


def _give_each_a_group(
    parts: list[list[int]], shares: Sequence[float], prompts: Sequence[str]
) -> None:
    for part, share in enumerate(shares):
        if share > 0 and not parts[part] and parts[-1]:
            chosen = normalised(prompts[parts[-1][-1]])
            group = [row for row in parts[-1] if normalised(prompts[row]) == chosen]
            if len(group) < len(parts[-1]):
                parts[-1] = [row for row in parts[-1] if row not in group]
                parts[part] = group
