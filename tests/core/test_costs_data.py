"""Settings, rows, tokens and steps of a workflow, counted or judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.costs.data import DataSize, mean_longest, of_prepared
from pitchpipe.costs.looking import Counts, NothingCounted, data_size
from pitchpipe.costs.settings import Settings, data_key, of_context, of_plan
from pitchpipe.costs.work import work_of
from pitchpipe.estimate import Interval
from pitchpipe.facts import NotRead
from support.analysis import analysis, whole
from support.facts import WORLD, World

GOLDEN = Path(__file__).parents[1] / "golden"


@dataclass(frozen=True)
class Known:
    """Counts of a test: rows by file, prepared facts for any data."""

    counted: Mapping[str, int] = field(default_factory=dict[str, int])
    prepared: Mapping[str, Any] | None = None

    def rows(self, path: str) -> int | NotRead:
        return self.counted.get(path.rpartition("/")[2], NotRead("nobody has counted them"))

    def tokens(self, key: str) -> tuple[Mapping[str, Any], str] | None:
        return None if self.prepared is None else (self.prepared, "counted in a test")


def settings(fragment: str, facts: World = WORLD) -> Settings:
    return of_context(analysis(whole(fragment), facts).context)


def size(
    fragment: str, counts: Counts | None = None, facts: World = WORLD, limit: int = 64
) -> DataSize:
    return data_size(settings(fragment, facts), facts, counts or NothingCounted(), limit)


def exactly(count: int) -> Interval:
    return Interval(count, count, count)


# Settings


@pytest.mark.parametrize("text", ["", "golden", "method: {target_modules: [q_proj]}"])
def test_a_file_and_its_plan_have_the_same_settings(text: str) -> None:
    golden = (GOLDEN / "workflow.yaml").read_text(encoding="utf-8")
    found = analysis(golden if text == "golden" else whole(text))
    plan = found.plan()
    assert of_context(found.context) == of_plan(plan)
    assert data_key(of_context(found.context), plan.fingerprints) == data_key(
        of_plan(plan), plan.fingerprints
    )


def test_the_default_stands_in_for_what_is_wrong() -> None:
    found = settings("""
        method: {r: many}
        training: {learning_rate: fast, per_device_train_batch_size: 2}
        """)
    assert found.wrong == ("method.r", "training.learning_rate")
    assert (found.method.r, found.training.per_device_train_batch_size) == (16, 2)


@pytest.mark.parametrize("text", ["", "model:\n  name_or_path: \ndata:\n", "data: 5", "model: {"])
def test_half_a_file_has_settings_too(text: str) -> None:
    found = of_context(analysis(text).context)
    assert (found.model.name_or_path, found.data.train) == ("", ())


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("training: {learning_rate: 0.1}", True),
        ("method: {type: full}", True),
        ("training: {seed: 7}", False),
        ("data: {train: [{path: data/pairs.jsonl}], max_length: 9}", False),
        ("model: {name_or_path: models/plain}", False),
    ],
)
def test_tokens_depend_on_the_data_and_the_tokenizer(change: str, same: bool) -> None:
    before, after = (data_key(settings(text), {}) for text in ("", change))
    assert (before == after) == same


def test_tokens_depend_on_what_is_in_the_files() -> None:
    other = replace(WORLD, files={"data/pairs.jsonl": [{"prompt": "1", "completion": "2"}]})
    keys = {
        data_key(of_plan(found.plan()), found.plan().fingerprints)
        for found in (analysis(whole(""), facts) for facts in (WORLD, other))
    }
    assert len(keys) == 2


# Data that a tokenizer has counted

PREPARED = {
    "rows": {"train": 90, "eval": 10, "test": 0},
    "tokens": {"train": 1800, "eval": 200, "test": 0},
    "learnt_tokens": {"train": 450, "eval": 50, "test": 0},
    "lengths": {
        "train": {"min": 10, "median": 20, "p95": 30, "max": 40},
        "eval": {"min": 10, "median": 20, "p95": 30, "max": 30},
    },
    "packs": {"train": 29, "eval": 4},
}


def test_what_was_counted_is_exact() -> None:
    found = size("", Known(prepared=PREPARED))
    assert (found.source, found.detail) == ("tokens", "counted in a test")
    train = found.train
    assert train is not None
    assert (train.rows, train.tokens, train.learnt) == (exactly(90), exactly(1800), exactly(450))
    assert (train.sequences, train.longest) == (exactly(29), exactly(64))
    assert train.learnt_share == 0.25
    assert found.eval is not None
    assert found.eval.rows == exactly(10)


def test_padded_rows_are_as_long_as_the_longest() -> None:
    unpacked = PREPARED | {"packs": {"train": 90, "eval": 10}}
    data = "data: {train: [{path: data/pairs.jsonl}], packing: false}\n"
    one = size(f"{data}training: {{per_device_train_batch_size: 1}}", Known(prepared=unpacked))
    eight = size(f"{data}training: {{per_device_train_batch_size: 8}}", Known(prepared=unpacked))
    assert one.train is not None
    assert eight.train is not None
    assert one.train.longest == eight.train.longest == exactly(40)
    assert one.train.positions.likely == pytest.approx(1800, rel=0.05)
    assert 1.3 * 1800 < eight.train.positions.likely < 40 * 90


def test_without_held_out_rows_there_is_no_evaluation() -> None:
    none = {"rows": {"train": 9, "eval": 0, "test": 0}, "lengths": {"train": {
        "min": 1, "median": 2, "p95": 3, "max": 3}}}  # fmt: skip
    found = of_prepared(PREPARED | none, settings(""), 64, "")
    assert found.eval is None


@pytest.mark.parametrize(("batch", "mean"), [(1, 2.0), (2, 22 / 9), (1000, 3.0)])
def test_the_longest_of_some_rows(batch: int, mean: float) -> None:
    assert mean_longest([1, 2, 3], batch) == pytest.approx(mean)


# Data that is judged by its text

LONG = replace(
    WORLD,
    files={
        "data/pairs.jsonl": [{"prompt": "p" * 80, "completion": "c" * 40}] * 100,
        "data/many.jsonl": [{"prompt": "p" * 80, "completion": "c" * 40}] * 1000,
        "data/texts.txt": [{"text": "t" * 400}] * 50,
        "data/chats.jsonl": [
            {
                "messages": [
                    {"role": "user", "content": "u" * 40},
                    {"role": "assistant", "content": "a" * 20},
                ]
                * 2
            }
        ]
        * 10,
    },
    models={},
)  # fmt: skip


def test_bytes_tell_tokens_within_bounds() -> None:
    found = size(
        "data: {train: [{path: data/texts.txt}], val_size: 0, packing: false}",
        facts=LONG,
        limit=1024,
    )
    assert (found.source, found.eval) == ("text", None)
    train = found.train
    assert train is not None
    assert train.rows == exactly(50)
    assert (train.longest.low, train.longest.likely, train.longest.high) == (68, 101, 161)
    assert train.tokens.likely == 50 * 101
    assert train.learnt == train.tokens
    assert "50 rows" in found.detail


def test_rows_are_cut_to_the_limit() -> None:
    found = size("data: {train: [{path: data/texts.txt}], val_size: 0}", facts=LONG, limit=64)
    assert found.train is not None
    assert found.train.longest == exactly(64)
    assert found.train.sequences == exactly(50)


def test_what_is_likely_stays_so_where_longer_rows_are_left_out() -> None:
    # At 101 tokens a row all are kept, at 161 none is: those are the ends.
    text = "data: {train: [{path: data/texts.txt}], val_size: 0, over_length: drop, packing: false}"
    train = size(text, facts=LONG, limit=128).train
    assert train is not None
    assert train.tokens == Interval(0, 50 * 101, 50 * 101)
    assert train.longest == Interval(0, 101, 101)


def test_longer_rows_may_make_shorter_packs() -> None:
    # At 31 tokens a row one goes into 45, at 21 two do.
    plain = "data: {train: [{path: data/pairs.jsonl}], val_size: 0, chat_template: none}"
    train = size(plain, facts=LONG, limit=45).train
    assert train is not None
    assert train.longest == Interval(31, 31, 45)


def test_rows_that_are_too_long_are_dropped_where_the_file_says_so() -> None:
    found = size(
        "data: {train: [{path: data/texts.txt}], val_size: 0, over_length: drop}",
        facts=LONG,
        limit=128,
    )
    assert found.train is not None
    assert (found.train.rows.low, found.train.rows.likely) == (0, 50)


def test_nothing_is_left_to_train_on_where_all_rows_are_held_out() -> None:
    found = size("data: {train: [{path: data/pairs.jsonl}], test_size: 0.6, val_size: 0.6}")
    assert (found.train, found.source) == (None, "nothing")
    assert "no rows are left" in found.detail


def test_short_rows_are_packed() -> None:
    plain = "data: {train: [{path: data/pairs.jsonl}], val_size: 0, chat_template: none"
    packed = size(f"{plain}}}", facts=LONG, limit=1024)
    padded = size(f"{plain}, packing: false}}", facts=LONG, limit=1024)
    assert packed.train is not None
    assert padded.train is not None
    assert padded.train.sequences == exactly(100)
    assert packed.train.tokens == padded.train.tokens
    # 31 tokens a row: 33 rows in 1024.
    assert packed.train.sequences.likely == 4
    assert packed.train.longest.likely == 33 * 31


def test_packs_are_taken_apart_for_a_model_that_mixes_rows() -> None:
    found = settings("")
    packs, rows = (
        data_size(found, WORLD, NothingCounted(), 64, pads=pads).train for pads in (False, True)
    )
    assert packs is not None
    assert rows is not None
    assert rows.sequences == packs.sequences
    assert rows.lines == pytest.approx(packs.rows.likely / packs.sequences.likely)
    assert rows.longest.likely <= packs.longest.likely
    assert rows.positions.likely >= packs.tokens.likely


def test_only_answers_are_learnt_unless_the_file_says_more() -> None:
    text = (
        "data: {train: [{path: data/pairs.jsonl}], val_size: 0, chat_template: none, loss_on: %s}"
    )
    answers, everything = (
        size(text % word, facts=LONG, limit=512) for word in ("completion", "all")
    )
    assert answers.train is not None
    assert everything.train is not None
    assert answers.train.learnt.likely == 100 * 11
    assert everything.train.learnt == everything.train.tokens


@pytest.mark.parametrize(
    ("loss_on", "learnt"), [("completion", 6), ("assistant", 11), ("all", 31 + 20)]
)
def test_of_a_conversation_the_last_answer_is_learnt(loss_on: str, learnt: int) -> None:
    found = size(
        f"data: {{train: [{{path: data/chats.jsonl}}], val_size: 0, loss_on: {loss_on}}}",
        facts=LONG,
        limit=512,
    )
    assert found.train is not None
    assert found.train.learnt.likely == pytest.approx(10 * learnt, abs=220)


def test_rows_are_held_out() -> None:
    found = size(
        "data: {train: [{path: data/pairs.jsonl}], val_size: 0.2, test_size: 0.1}",
        facts=LONG,
        limit=512,
    )
    assert found.train is not None
    assert found.eval is not None
    assert (found.train.rows, found.eval.rows) == (exactly(70), exactly(20))


def test_rows_behind_the_head_count_too() -> None:
    text = "data: {train: [{path: data/many.jsonl, split: 'train[:50%]'}], val_size: 0}"
    counted = size(text, Known({"many.jsonl": 1000}), facts=LONG, limit=512)
    assert counted.train is not None
    assert counted.train.rows == exactly(500)


def test_where_nobody_has_counted_the_size_of_the_file_tells() -> None:
    class Sized(World):
        def file(self, path: str) -> Any:
            return replace(super().file(path), size=1000 * 150)

    facts = Sized(files=LONG.files)
    found = size("data: {train: [{path: data/many.jsonl}], val_size: 0}", facts=facts, limit=512)
    assert found.train is not None
    rows = found.train.rows
    assert rows.low < rows.likely < rows.high
    assert rows.low <= 1000 <= rows.high


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("dataset_name: owner/rows", "the rows of `owner/rows` are not on this machine as a file"),
        ("path: data/table.parquet", "`data/table.parquet` was not read: the runner's Python"),
        ("path: data/empty.jsonl", "`data/empty.jsonl` has no rows that can be read"),
        ("path: data/lists.jsonl", "none of the rows at the head of the data can be used"),
    ],
)
def test_data_that_nobody_can_see_is_not_judged(source: str, why: str) -> None:
    found = size(f"data: {{train: [{{{source}}}]}}")
    assert (found.source, found.train) == ("nothing", None)
    assert found.detail.startswith(why)


# Steps


def steps(training: str, counts: Known | None = None) -> Any:
    found = settings(f"training: {{{training}}}")
    return work_of(
        found, of_prepared((counts or Known(prepared=PREPARED)).prepared or {}, found, 64, "")
    )


def test_steps_are_counted_as_the_trainer_does() -> None:
    work = steps(
        "per_device_train_batch_size: 4, gradient_accumulation_steps: 3, num_train_epochs: 2.5"
    )
    # 29 packs: 8 batches, 3 steps an epoch, the last one of two batches.
    assert work.effective_batch == 12
    assert work.steps_per_epoch == exactly(3)
    assert work.steps == exactly(8)
    assert work.tokens == exactly(4800)


def test_the_last_batch_is_left_out_if_the_file_says_so() -> None:
    said = "per_device_train_batch_size: 4, num_train_epochs: 1"
    assert steps(said).steps == exactly(8)
    assert steps(f"{said}, dataloader_drop_last: true").steps == exactly(7)


def test_rows_of_like_length_are_hardly_padded() -> None:
    text = "data: {{train: [{{path: data/pairs.jsonl}}], packing: false}}\ntraining: {{{}}}"
    sizes = [
        data_size(settings(text.format(said)), WORLD, NothingCounted(), 64).train
        for said in ("", "train_sampling_strategy: group_by_length")
    ]
    assert sizes[0] is not None
    assert sizes[1] is not None
    assert sizes[0].positions.likely >= sizes[1].positions.likely == sizes[1].tokens.likely


def test_max_steps_overrule_epochs() -> None:
    work = steps("per_device_train_batch_size: 29, max_steps: 3, num_train_epochs: 100")
    assert (work.steps, work.epochs, work.tokens) == (exactly(3), 3.0, exactly(5400))


@pytest.mark.parametrize(
    ("how", "passes"),
    [
        ("eval_strategy: 'no'", 0),
        ("eval_strategy: epoch", 3),
        ("eval_strategy: epoch, eval_on_start: true, eval_delay: 2", 3),
        ("eval_strategy: steps, eval_steps: 10, eval_delay: 25", 7),
        ("eval_strategy: 'no', eval_on_start: true", 1),
        ("eval_strategy: steps, eval_steps: 10", 9),
        ("eval_strategy: steps, eval_steps: 29", 3),
        ("eval_strategy: steps, eval_steps: 60", 2),
        (
            (
                "eval_strategy: steps, eval_steps: 60, save_strategy: steps, save_steps: 60, "
                "load_best_model_at_end: true"
            ),
            1,
        ),
    ],
)
def test_evaluations_are_counted(how: str, passes: int) -> None:
    work = steps(f"per_device_train_batch_size: 1, {how}")
    assert work.steps == exactly(87)
    assert work.evaluations == exactly(passes)
    assert work.evaluated.likely == passes * 4 * 64


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ("save_strategy: 'no'", 0),
        ("save_strategy: epoch, save_total_limit: null", 3),
        ("save_strategy: epoch", 2),
        ("save_strategy: steps, save_steps: 50, save_total_limit: 5", 2),
    ],
)
def test_checkpoints_are_kept_within_their_limit(how: str, kept: int) -> None:
    assert steps(f"per_device_train_batch_size: 1, {how}").checkpoints == exactly(kept)


@pytest.mark.parametrize(
    ("training", "least"),
    [
        ("early_stopping_patience: 1", 58),  # the second epoch is no better than the first
        ("early_stopping_patience: 3", 87),
        ("early_stopping_patience: 3, eval_strategy: steps, eval_steps: 10", 40),
        ("early_stopping_patience: 3, eval_strategy: 'no'", 87),
    ],
)
def test_an_early_stop_may_come_or_not(training: str, least: int) -> None:
    work = steps(f"per_device_train_batch_size: 1, {training}")
    assert work.steps == Interval(least, 87, 87)


def test_as_many_best_checkpoints_as_there_are_evaluations_at_most() -> None:
    work = steps("per_device_train_batch_size: 1, save_strategy: best, save_total_limit: null")
    assert work.checkpoints == Interval(1, 3, 3)


@pytest.mark.parametrize(
    ("training", "kept"),
    [
        ("max_steps: 100", Interval(1, 2, 2)),
        ("max_steps: 1", exactly(1)),
        ("max_steps: 100, save_strategy: steps, save_steps: 30, save_total_limit: 9", exactly(4)),
        ("num_train_epochs: 1", exactly(1)),
        ("num_train_epochs: 3", exactly(2)),
        ("num_train_epochs: 3, save_strategy: steps", Interval(1, 2, 2)),
        ("max_steps: 100, save_total_limit: null", None),
        ("max_steps: 100, save_strategy: 'no'", exactly(0)),
    ],
)
def test_checkpoints_of_rows_that_nobody_has_seen(training: str, kept: Interval | None) -> None:
    text = f"data: {{train: [{{dataset_name: owner/rows}}]}}\ntraining: {{{training}}}"
    found = settings(text)
    assert work_of(found, data_size(found, WORLD, NothingCounted(), 64)).checkpoints == kept


def test_without_rows_only_fixed_steps_are_known() -> None:
    text = "data: {{train: [{{dataset_name: owner/rows}}]}}\ntraining: {{{}}}"
    for training, expected in (("max_steps: 5", exactly(5)), ("num_train_epochs: 5", None)):
        found = settings(text.format(training))
        work = work_of(found, data_size(found, WORLD, NothingCounted(), 64))
        assert (work.steps, work.tokens) == (expected, None)
