from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from pitchpipe_runner.splitting import held_out, normalised

PROMPTS = st.lists(st.sampled_from(["a", "A ", "b", "b\t", "c", "d", "ß", "ss", "é", "E"]))
SHARES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.4]), min_size=1, max_size=2)


@given(PROMPTS, SHARES, st.integers(0, 5))
def test_every_row_is_in_one_part_and_no_prompt_in_two(
    prompts: list[str], shares: list[float], seed: int
) -> None:
    parts = held_out(prompts, [None] * len(prompts), shares, seed)
    assert len(parts) == len(shares) + 1
    assert sorted(row for part in parts for row in part) == list(range(len(prompts)))
    assert all(part == sorted(part) for part in parts)
    owners: defaultdict[str, set[int]] = defaultdict(set)
    for number, part in enumerate(parts):
        for row in part:
            owners[normalised(prompts[row])].add(number)
    assert all(len(owner) == 1 for owner in owners.values())


@given(
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=200),
    st.sampled_from([0.0, 0.1, 0.25]),
    st.sampled_from([0.05, 0.2, 0.5]),
    st.integers(0, 5),
)
def test_each_stratum_gives_each_share_within_one_group(
    strata: list[str], first: float, second: float, seed: int
) -> None:
    prompts = [f"prompt {i}" for i in range(len(strata))]
    parts = held_out(prompts, strata, [first, second], seed)
    sizes = Counter(strata)
    for part, share in zip(parts, (first, second), strict=False):
        taken = Counter(strata[row] for row in part)
        if len(part) > 1:  # a part that would be empty gets a group, whose stratum is not chosen
            assert all(abs(taken[s] - share * size) < 1.001 for s, size in sizes.items())
        assert abs(len(part) - share * len(strata)) <= 1


@given(st.integers(2, 40), st.sampled_from([0.01, 0.1, 0.3]))
def test_a_share_above_nothing_gets_a_row_where_there_are_two(n: int, share: float) -> None:
    held, rest = held_out([str(i) for i in range(n)], [None] * n, [share], 0)
    assert held
    assert rest


@given(PROMPTS, SHARES, st.integers(0, 5))
def test_the_same_seed_gives_the_same_parts(
    prompts: list[str], shares: list[float], seed: int
) -> None:
    strata = [p[0] for p in prompts]
    assert held_out(prompts, strata, shares, seed) == held_out(prompts, strata, shares, seed)


def test_another_seed_gives_other_parts() -> None:
    prompts = [str(i) for i in range(100)]
    drawn = {tuple(held_out(prompts, [None] * 100, [0.1], seed)[0]) for seed in range(10)}
    assert len(drawn) == 10


def test_case_and_white_space_make_no_other_message() -> None:
    assert normalised(" The  CAT\n sat ") == normalised("the cat sat") == "the cat sat"
