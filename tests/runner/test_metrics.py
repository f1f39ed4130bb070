from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score

from pitchpipe_runner.metrics import (
    RowScore,
    confusion,
    differences,
    majority,
    measure,
    same_text,
    wilson,
)

LABELS = ["a", "b", "c"]


def score(
    expected: str = "a",
    predicted: str | None = "a",
    answer: str | None = None,
    nll: float = 1.0,
    tokens: int = 1,
) -> RowScore:
    return RowScore(nll, tokens, expected, predicted, answer)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_as_published(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_wilsons_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(0)
    held = 0
    for _ in range(2000):
        truth = chance.uniform(0.05, 0.95)
        low, high = wilson(sum(chance.random() < truth for _ in range(80)), 80)
        held += low <= truth <= high
    assert held / 2000 == pytest.approx(0.95, abs=0.02)


@given(
    st.lists(
        st.tuples(st.sampled_from([*LABELS, "other"]), st.sampled_from(LABELS)),
        min_size=1,
        max_size=40,
    )
)
def test_macro_f1_and_confusion_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    scores = [score(expected, predicted) for expected, predicted in pairs]
    truth, guesses = zip(*pairs, strict=True)
    expected = f1_score(
        truth,
        guesses,
        labels=LABELS,
        average="macro",
        zero_division=0,  # pyright: ignore[reportArgumentType]
    )
    found = measure(scores, ["f1", "accuracy"], LABELS)
    assert found["f1"]["value"] == pytest.approx(expected)
    assert found["accuracy"]["value"] == sum(t == g for t, g in pairs) / len(pairs)
    known = [p for p in pairs if p[0] in LABELS]
    table = confusion(scores, LABELS)
    assert sum(map(sum, table)) == len(known)
    if known:
        both = zip(*known, strict=True)
        assert table == confusion_matrix(*both, labels=LABELS).tolist()


def test_loss_weighs_tokens_and_perplexity_is_its_exponential() -> None:
    scores = [score(nll=1.0, tokens=1), score(nll=20.0, tokens=9)]
    found = measure(scores, ["loss", "perplexity"], None)
    assert found["loss"]["value"] == pytest.approx(2.1)
    assert found["perplexity"]["value"] == pytest.approx(math.exp(2.1))
    for name in ("low", "high"):
        assert found["perplexity"][name] == pytest.approx(math.exp(found["loss"][name]))
    assert found["loss"]["low"] < 2.1 < found["loss"]["high"]


@pytest.mark.parametrize("nll", [1e5, math.nan, math.inf])
def test_a_loss_beyond_all_bounds_is_no_reason_to_stop(nll: float) -> None:
    found = measure([score(nll=nll), score()], ["loss", "perplexity"], None)
    assert not math.isfinite(found["perplexity"]["value"])


@pytest.mark.parametrize(
    ("answer", "expected", "same"),
    [
        (" Joy\n", "joy", True),
        ("STRASSE", "straße", True),
        ("joy.", "joy", False),
        ("", "joy", False),
    ],
)
def test_case_and_outer_white_space_make_no_other_answer(
    answer: str, expected: str, same: bool
) -> None:
    assert same_text(answer, expected) is same
    found = measure([score(expected, answer=answer)], ["exact_match"], None)
    assert found["exact_match"]["value"] == same


@pytest.mark.parametrize("metric", ["loss", "perplexity", "exact_match", "accuracy", "f1"])
def test_a_model_differs_from_itself_by_nothing(metric: str) -> None:
    chance = random.Random(0)
    scores = [
        score(chance.choice(LABELS), chance.choice(LABELS), "a", chance.random(), 2)
        for _ in range(30)
    ]
    models = [("x", scores), ("y", scores)]
    assert differences(models, [("x", "y")], [metric], LABELS) == [
        {"metric": metric, "a": "x", "b": "y", "value": 0, "low": 0, "high": 0}
    ]


def test_a_difference_is_measured_on_the_same_rows() -> None:
    """Rows differ widely, the models by little on each: only a pairing can tell."""
    chance = random.Random(0)
    easy = [score(nll=chance.uniform(0, 9)) for _ in range(100)]
    hard = [score(nll=s.nll + 0.1 + chance.uniform(-0.05, 0.05)) for s in easy]
    (found,) = differences([("x", hard), ("y", easy)], [("x", "y")], ["loss"], None)
    assert found["value"] == pytest.approx(0.1, abs=0.02)
    assert 0 < found["low"] < found["value"] < found["high"] < 0.2
    assert (
        measure(easy, ["loss"], None)["loss"]["high"] > measure(hard, ["loss"], None)["loss"]["low"]
    )


def test_intervals_are_the_same_in_every_run() -> None:
    scores = [score(nll=i) for i in range(20)]
    assert measure(scores, ["loss"], None) == measure(scores, ["loss"], None)


def test_the_commonest_label_is_what_a_guess_would_say() -> None:
    found = majority(["b", "a", "b", "b", "other"], LABELS)
    assert found == {"label": "b", "accuracy": 0.6, "f1": pytest.approx((2 * 3 / (5 + 3)) / 3)}
