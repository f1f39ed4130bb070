"""Changes that save memory: each is held against the file that has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.costs.changing import best_savings, to_fit
from pitchpipe.costs.cost import Cost, cost
from pitchpipe.costs.looking import Counts, NothingCounted
from pitchpipe.costs.machine import Machine
from pitchpipe.costs.settings import Settings, data_key, of_context
from pitchpipe.estimate import Records, decode, decode_fragments
from pitchpipe.plan import Fingerprint
from pitchpipe_schemas import recorded
from support.analysis import SCHEMA, analysis, whole
from support.facts import ROOT, WORLD, World
from support.small_llama import llama

CARD = Machine("cuda", "a card", True, 8 << 30, None, 1, "a test")
SHAPE = llama(hidden_size=1024, intermediate_size=2816, num_hidden_layers=12, vocab_size=32000)


@cache
def records(*, pads: bool = False) -> Records:
    """`pads`: the model mixes packed rows, so the runner takes packs apart."""
    shard = recorded.activations("llama")
    assert shard is not None
    known = decode(shard)
    return Records(replace(known, packs=not pads), decode_fragments(recorded.adapters()))


@cache
def plain(fragment: str = "") -> Settings:
    return of_context(analysis(whole(fragment)).context)


def costs(
    found: Settings,
    facts: World = WORLD,
    known: Records | None = None,
    counts: Counts | None = None,
) -> Cost:
    return cost(found, SHAPE, CARD, facts, counts or NothingCounted(), known or records())


def written(found: Settings, keys: Mapping[str, Any]) -> Settings:
    for key, value in keys.items():
        section, name = key.split(".")
        changed = replace(getattr(found, section), **{name: value})
        found = replace(found, **{section: changed})
    return found


def of_lengths(lengths: list[int]) -> World:
    """A file with rows of so many bytes, a third of which are given."""
    rows = [{"prompt": "x" * (n // 3), "completion": "y" * (n - n // 3)} for n in lengths]
    return replace(WORLD, files={**WORLD.files, "data/pairs.jsonl": rows})


WORKFLOWS = st.fixed_dictionaries({
    "training.per_device_train_batch_size": st.integers(1, 12),
    "training.gradient_accumulation_steps": st.integers(1, 3),
    "training.optim": st.sampled_from(["adamw_torch", "adamw_torch_fused", "adafactor"]),
    "training.gradient_checkpointing": st.booleans(),
    "data.max_length": st.integers(64, 2048),
    "data.packing": st.booleans(),
    "data.over_length": st.sampled_from(["truncate", "drop"]),
    "method.type": st.sampled_from(["lora", "full"]),
})
WORLDS = st.lists(st.integers(1, 6000), min_size=1, max_size=30).map(of_lengths)


@settings(deadline=None, max_examples=60)
@given(WORKFLOWS, st.one_of(st.none(), WORLDS), st.booleans())
def test_what_is_proposed_saves_as_much_as_is_said(
    keys: Mapping[str, Any], facts: World | None, pads: bool
) -> None:
    found = written(plain("" if facts else "data: {train: [{dataset_name: owner/rows}]}"), keys)
    known, facts = records(pads=pads), facts or WORLD
    now = costs(found, facts, known)
    for saving in best_savings(now, SCHEMA, most=99):
        after = costs(written(found, dict(saving.change.keys)), facts, known)
        saved = now.estimate.total.likely - after.estimate.total.likely
        assert saved == saving.bytes > 0


@settings(deadline=None, max_examples=25)
@given(WORKFLOWS, WORLDS, st.booleans(), st.floats(0.3, 0.99))
def test_a_file_that_is_made_to_fit_does(
    keys: Mapping[str, Any], facts: World, pads: bool, share: float
) -> None:
    found, known = written(plain(), keys), records(pads=pads)
    now = costs(found, facts, known)
    memory = int(now.estimate.total.likely * share)
    fitting = to_fit(now, SCHEMA, memory)
    if fitting is not None:
        after = costs(written(found, fitting.keys), facts, known)
        assert after.estimate.total.likely == fitting.estimate.total.likely <= memory


def test_shorter_packs_that_make_larger_batches_are_made_shorter_still() -> None:
    # All rows are one pack; of packs half as long it takes three, and one batch has them all.
    facts = of_lengths([500] * 14)
    found = written(plain(), {"data.max_length": 2048, "data.packing": True})
    now = costs(found, facts)
    shorter = costs(written(found, {"data.max_length": now.step.length // 2}), facts)
    assert now.step.tokens < shorter.step.tokens
    proposed = [s for s in best_savings(now, SCHEMA, most=99) if "max_length" in s.change.text]
    assert [s.change.keys for s in proposed] == [(("data.max_length", now.step.length // 4),)]
    memory = costs(written(found, dict(proposed[0].change.keys)), facts).estimate.total.likely
    assert memory < now.estimate.total.likely
    fitting = to_fit(now, SCHEMA, memory)
    assert fitting is not None
    assert fitting.estimate.total.likely <= memory


def test_a_batch_of_packs_taken_apart_is_halved_by_the_file_s_own_number() -> None:
    found = written(plain(), {"training.per_device_train_batch_size": 4, "data.packing": True})
    now = costs(found, of_lengths([400] * 30), records(pads=True))
    assert now.step.batch_size > 8  # rows
    texts = [s.change.text for s in best_savings(now, SCHEMA, most=99)]
    assert any("per_device_train_batch_size: 2" in text for text in texts)


def test_a_batch_in_pieces_stays_as_large() -> None:
    found = written(
        plain("data: {train: [{dataset_name: owner/rows}]}"),
        {
            "training.per_device_train_batch_size": 9,
            "training.gradient_accumulation_steps": 2,
        },
    )
    keys = [dict(s.change.keys) for s in best_savings(costs(found), SCHEMA, most=99)]
    assert {
        "training.per_device_train_batch_size": 3,
        "training.gradient_accumulation_steps": 6,
    } in keys


def test_a_length_that_leaves_most_rows_without_an_answer_is_not_proposed() -> None:
    rows = [{"prompt": "x" * 4000, "completion": "yes"}] * 20
    facts = replace(WORLD, files={**WORLD.files, "data/pairs.jsonl": rows})
    found = written(plain(), {"data.packing": False, "data.max_length": 2048})
    texts = [s.change.text for s in best_savings(costs(found, facts), SCHEMA, most=99)]
    assert texts
    assert not [text for text in texts if "max_length" in text]


def test_it_is_said_how_many_rows_less_length_costs() -> None:
    facts = of_lengths([400] * 30 + [4000] * 10)
    keys: dict[str, Any] = {"data.packing": False, "data.max_length": 2048}
    for over_length, said in (("drop", "rows are left out"), ("truncate", "longer rows are cut")):
        found = written(plain(), {**keys, "data.over_length": over_length})
        saved = best_savings(costs(found, facts), SCHEMA, most=99)
        assert any(s.change.cost.endswith(said) for s in saved if "max_length" in s.change.text)


@dataclass(frozen=True)
class Counted:
    """40 rows of 900 tokens, for the tokens of `key` alone."""

    key: str

    def rows(self, path: str) -> int:
        return 40

    def tokens(self, key: str) -> tuple[Mapping[str, Any], str] | None:
        if key != self.key:
            return None
        return {
            "rows": {"train": 40},
            "tokens": {"train": 36_000},
            "learnt_tokens": {"train": 18_000},
            "lengths": {"train": dict.fromkeys(("min", "median", "p95", "max"), 900)},
            "packs": {"train": 40},
        }, "a test"


def test_counted_rows_are_not_held_against_judged_ones() -> None:
    facts, found = of_lengths([200] * 40), written(plain(), {"data.packing": False})
    counted = Counted(data_key(found, {found.data.train[0].path or "": fingerprint(facts)}))
    now = costs(found, facts, counts=counted)
    assert (now.data.source, now.step.length) == ("tokens", 900)
    # Judged by its text a file with half the length is as short as this one, so nothing is saved.
    assert not [s for s in best_savings(now, SCHEMA, most=99) if "max_length" in s.change.text]
    longer = of_lengths([3600] * 40)
    counted = Counted(data_key(found, {found.data.train[0].path or "": fingerprint(longer)}))
    now = costs(found, longer, counts=counted)
    assert [s for s in best_savings(now, SCHEMA, most=99) if "max_length: 450" in s.change.text]


def fingerprint(facts: World) -> Fingerprint:
    found = facts.fingerprint(f"{ROOT}/data/pairs.jsonl")
    assert isinstance(found, Fingerprint)
    return found
