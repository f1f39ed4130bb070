"""Medians, ratios and the goals beside them, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from bench.lsp.figures import FIGURES, Session

GOALS: Mapping[str, tuple[float, float, float]] = {
    "start + findings": (0.7, 0.7, 0.7),
    "open": (0.15, 0.15, 0.15),
    "keystroke": (0.05, 0.05, 0.05),
    "completion": (1.2, 0.15, 0.05),
    "hover": (2.0, 0.4, 0.05),
    "burst": (1.0, 0.15, 0.01),
    "memory": (0.6, 0.35, 0.25),
}
"""Ours / yaml-language-server at `SIZES` lines, at most."""
SIZES = (60, 1_000, 10_000)
_NAME = 18  # characters of the longest figure and some
_CELL = 29

Rounds = Sequence[Session]


def table(lines: int, ours: Rounds, theirs: Rounds, name: str) -> str:
    """The figures of all rounds on a workflow of `lines` lines; `theirs` may be empty."""
    heads = ["ours", name, "ratio", "goal"] if theirs else ["ours"]
    widths = [_CELL, _CELL, 9, 8]
    told = [f"{lines:,} lines".ljust(_NAME), *map(str.rjust, heads, widths)]
    rows = ["".join(told)]
    for figure in FIGURES:
        cells = [_cell(ours, figure)]
        if theirs:
            ratio = _median(ours, figure) / _median(theirs, figure)
            cells += [_cell(theirs, figure), f"{ratio:.3g}", _verdict(figure, lines, ratio)]
        rows.append("".join([figure.ljust(_NAME), *map(str.rjust, cells, widths)]))
    for rounds, who in ((ours, "ours"), (theirs, name)):
        rows += [
            f"  {who}: {_right(rounds, figure)}" for figure in ("completion", "hover") if rounds
        ]
    return "\n".join(rows)


def growth(ours: Mapping[int, Rounds]) -> str:
    """How much slower a keystroke is in the longest workflow than in the shortest."""
    short, long = min(ours), max(ours)
    times = _median(ours[long], "keystroke") / _median(ours[short], "keystroke")
    return f"keystroke, ours: {long:,} lines take {times:.1f} × what {short:,} take (goal 4)"


def _verdict(figure: str, lines: int, ratio: float) -> str:
    if figure not in GOALS or lines not in SIZES:
        return ""
    goal = GOALS[figure][SIZES.index(lines)]
    return f"{goal:g}{'' if ratio <= goal else ' !'}"


def _median(rounds: Rounds, figure: str) -> float:
    return median(median(r.times[figure]) for r in rounds)


def _cell(rounds: Rounds, figure: str) -> str:
    """The median of the rounds' medians, and the least and greatest of these."""
    of_rounds = [median(r.times[figure]) for r in rounds]
    middle, least, most = median(of_rounds), min(of_rounds), max(of_rounds)
    return f"{_short(middle)} ({_short(least)}–{_short(most)})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _right(rounds: Rounds, figure: str) -> str:
    answers = [right for r in rounds for right in r.right[figure]]
    return f"{figure} right {sum(answers)} of {len(answers)}"
