"""Figures with intervals: what a model scored on the held-out rows, and how surely."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

_RESAMPLES = 1000
_Z = 1.959964  # two-sided 95 %

Resampled = Callable[[np.ndarray], float]


@dataclass(frozen=True, slots=True)
class RowScore:
    """One model on one row.

    `nll` is the summed negative log-likelihood of the completion in nats, over `tokens`.
    `predicted` is the likeliest label, `answer` the greedy text; None where not asked for.
    """

    nll: float
    tokens: int
    expected: str
    predicted: str | None
    answer: str | None


@np.errstate(over="ignore", invalid="ignore")  # a broken model's loss may be beyond all bounds
def measure(
    scores: Sequence[RowScore], metrics: Sequence[str], labels: Sequence[str] | None
) -> dict[str, Any]:
    """`{metric: {value, low, high}}`: 95 % intervals, Wilson's for shares, else the bootstrap's."""
    found: dict[str, Any] = {}
    for metric in metrics:
        value = _resampled(metric, scores, labels)
        if metric in ("accuracy", "exact_match"):
            low, high = wilson(round(value(_all(scores)) * len(scores)), len(scores))
        else:
            low, high = _interval(_bootstrap(len(scores), [value])[0])
        found[metric] = {"value": value(_all(scores)), "low": low, "high": high}
    return found


@np.errstate(over="ignore", invalid="ignore")
def differences(
    models: Sequence[tuple[str, Sequence[RowScore]]],
    pairs: Sequence[tuple[str, str]],
    metrics: Sequence[str],
    labels: Sequence[str] | None,
) -> list[dict[str, Any]]:
    """What the first of each pair scores above the second, with paired bootstrap intervals."""
    scores = dict(models)
    found: list[dict[str, Any]] = []
    for a, b in pairs:
        for metric in metrics:
            of_a, of_b = (_resampled(metric, scores[name], labels) for name in (a, b))
            drawn_a, drawn_b = _bootstrap(len(scores[a]), [of_a, of_b])
            low, high = _interval(drawn_a - drawn_b)
            everything = _all(scores[a])
            value = of_a(everything) - of_b(everything)
            found.append({
                "metric": metric,
                "a": a,
                "b": b,
                "value": value,
                "low": low,
                "high": high,
            })
    return found


def majority(expected: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """What always saying the commonest label would score."""
    commonest = max(labels, key=list(expected).count)
    guesses = [commonest] * len(expected)
    return {
        "label": commonest,
        "accuracy": list(expected).count(commonest) / len(expected),
        "f1": float(
            f1_score(
                expected,
                guesses,
                labels=list(labels),
                average="macro",
                zero_division=0,  # pyright: ignore[reportArgumentType]
            )
        ),
    }


def confusion(scores: Sequence[RowScore], labels: Sequence[str]) -> list[list[int]]:
    """Rows are the truth, columns the prediction, in the order of `labels`.

    Scores whose truth is none of the labels are left out.
    """
    known = [s for s in scores if s.expected in labels]
    if not known:
        return [[0] * len(labels) for _ in labels]
    return confusion_matrix(
        [s.expected for s in known], [s.predicted for s in known], labels=list(labels)
    ).tolist()


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    share = hits / n
    middle = share + _Z**2 / (2 * n)
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def same_text(answer: str, expected: str) -> bool:
    """Equal but for case and outer white space."""
    return answer.strip().casefold() == expected.strip().casefold()


def _resampled(metric: str, scores: Sequence[RowScore], labels: Sequence[str] | None) -> Resampled:
    """The metric as a function of row numbers, drawn with repetition."""
    if metric in ("loss", "perplexity"):
        nll, tokens = np.array([s.nll for s in scores]), np.array([s.tokens for s in scores])
        if metric == "loss":
            return lambda rows: float(nll[rows].sum() / tokens[rows].sum())
        return lambda rows: float(np.exp(nll[rows].sum() / tokens[rows].sum()))
    if metric == "f1":
        codes = {label: i for i, label in enumerate(labels or [])}
        truth = np.array([codes.get(s.expected, -1) for s in scores])
        guess = np.array([codes[s.predicted or ""] for s in scores])
        return lambda rows: _coded_macro_f1(truth[rows], guess[rows], len(codes))
    if metric == "accuracy":
        right = np.array([s.predicted == s.expected for s in scores], dtype=float)
    else:
        right = np.array([same_text(s.answer or "", s.expected) for s in scores], dtype=float)
    return lambda rows: float(right[rows].mean())


def _coded_macro_f1(truth: np.ndarray, guess: np.ndarray, labels: int) -> float:
    """scikit-learn's macro F1 (`zero_division=0`), fast enough for a thousand resamples."""
    right = np.bincount(truth[truth == guess], minlength=labels)
    said = np.bincount(guess, minlength=labels)
    true = np.bincount(truth[truth >= 0], minlength=labels)
    return float(np.mean(2 * right / np.maximum(said + true, 1)))


def _bootstrap(n: int, values: Sequence[Resampled]) -> list[np.ndarray]:
    chance = np.random.default_rng(0)
    drawn = [chance.integers(0, n, n) for _ in range(_RESAMPLES)]
    return [np.array([value(rows) for rows in drawn]) for value in values]


def _interval(drawn: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _all(scores: Sequence[RowScore]) -> np.ndarray:
    return np.arange(len(scores))
