"""The report of recorded runs, as text and structure; how it looks is tested in tests/browser."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pitchpipe_schemas
from pitchpipe import plan as plans
from pitchpipe_runner.report import build
from pitchpipe_runner.reporting import wording
from pitchpipe_runner.reporting.series import smoothed, spread, thinned
from support.recorded_run import Recipe, write

RECIPES = {
    "done": Recipe(),
    "reporting": Recipe(ends="reporting"),
    "failed": Recipe(ends="failed", evaluation=False, export=False),
    "interrupted": Recipe(ends="interrupted"),
    "killed": Recipe(ends="killed"),
    "resumed": Recipe(resumed_at=140, device="cuda"),
    "resumed, then failed": Recipe(resumed_at=100, ends="failed"),
    "loss lost": Recipe(nan_from=120),
    "loss never there": Recipe(nan_from=0),
    "no metrics": Recipe(metrics=False),
    "nothing predicted": Recipe(forecast=False),
    "one step": Recipe(steps=1),
    "no evaluation": Recipe(evaluation=False),
    "no export": Recipe(export=False),
    "text": Recipe(classification=False),
    "reused": Recipe(reused=("fetch", "prepare")),
}
VOID = {"meta", "link", "input", "br", "hr", "img", "path", "circle", "rect"}


class Page(HTMLParser):
    """What a browser would make of a page: its tags, the text of each section, its data."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self.scripts: list[str] = []
        self._open: list[str] = []
        self._section = ""
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "section":
            self._section = found.get("id") or ""
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] += data
        elif self._section:
            said = self.sections.get(self._section, "") + " " + data
            self.sections[self._section] = " ".join(said.split())

    @property
    def drawn(self) -> dict[str, dict[str, Any]]:
        """The charts' data by the chart's id."""
        data = next(s for s in self.scripts if s.startswith("["))
        return {chart["id"]: chart for chart in json.loads(data, parse_constant=_refuse)}

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def page(folder: Path, recipe: Recipe | None = None) -> Page:
    return Page(build(write(folder / "20260314-100215-spam-subjects", recipe)))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_a_report_of_any_run_is_well_formed_and_every_link_in_it_leads_somewhere(
    tmp_path: Path, recipe: Recipe
) -> None:
    made = page(tmp_path, recipe)
    assert len(set(made.ids)) == len(made.ids)
    targets = [attrs["href"] or "" for tag, attrs in made.tags if tag == "a"]
    assert targets
    assert {t.removeprefix("#") for t in targets} <= set(made.ids)
    labels = [a["aria-labelledby"] or "" for _, a in made.tags if "aria-labelledby" in a]
    assert set(labels) <= set(made.ids)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_the_recorded_runs_keep_to_the_contracts(tmp_path: Path, recipe: Recipe) -> None:
    folder = write(tmp_path, recipe)
    plans.from_json(json.loads((folder / "plan.json").read_text(encoding="utf-8")))
    check = jsonschema.Draft202012Validator(pitchpipe_schemas.load("event"))
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    for seq, line in enumerate(lines if recipe.ends != "killed" else lines[:-1]):
        event = json.loads(line)
        assert event["seq"] == seq
        if None not in event.get("values", {}).values():
            check.validate(event)


def test_the_headline_leads_from_the_base_to_the_exported_model(tmp_path: Path) -> None:
    result = page(tmp_path).sections["result"]
    assert "Accuracy on 412 held-out test rows" in result
    assert "Base 55.6% 50.8% to 60.3% Tuned 94.4% 91.8% to 96.3% Exported, int8 94.2%" in result
    assert "Always answering “ham” would reach 55.1%." in result
    assert "Tuned against base: +38.8 points" in result
    assert (
        "Exported, int8, against tuned: −0.2 points (−1.4 to +1.0), no clear difference" in result
    )
    assert "int4" not in result


def test_the_title_says_what_ran_when_and_for_how_long(tmp_path: Path) -> None:
    result = page(tmp_path).sections["result"]
    assert result.startswith("spam-subjects done Started 14 March 2026, 10:02 UTC Duration 11 min")
    for said in ("SmolLM2-135M-Instruct", "LoRA, r = 16, α = 32", "Classification", "cpu, float32"):
        assert said in result


def test_the_table_has_every_model_with_intervals_and_differences(tmp_path: Path) -> None:
    said = page(tmp_path).sections["evaluation"]
    assert "Metric Always “ham” Base Tuned Exported, int8 Exported, int4" in said
    assert "Accuracy higher is better 55.1% 55.6% 50.8% to 60.3% 94.4% 91.8% to 96.3%" in said
    assert "against base: better" in said
    assert "against tuned: worse" in said
    assert "Perplexity lower is better – 6.780" in said
    assert "Size 538 MB 538 MB 176 MB 121 MB" in said


def test_a_confusion_matrix_counts_answers_that_are_no_label(tmp_path: Path) -> None:
    folder = write(tmp_path)
    file = folder / "06-evaluate" / "scores.json"
    scores = json.loads(file.read_text(encoding="utf-8"))
    scores["models"][0]["confusion"] = [[120, 90], [87, 98]]
    file.write_text(json.dumps(scores), encoding="utf-8")
    said = Page(build(folder)).sections["evaluation"]
    assert "Base ham spam none of them ham 120 53% 90 40% 17 7% spam 87 47% 98 53% 0 0%" in said
    assert "Tuned ham spam ham 217 96% 10 4% spam 13 7% 172 93%" in said


def test_answers_are_marked_in_words_as_exact_match_counts_them(tmp_path: Path) -> None:
    folder = write(tmp_path)
    file = folder / "06-evaluate" / "scores.json"
    scores = json.loads(file.read_text(encoding="utf-8"))
    answers = {"base": " HAM\n", "tuned": "spam", "exported-int8": None}
    scores["samples"] = [{"prompt": "hello", "expected": "ham", "answers": answers}]
    file.write_text(json.dumps(scores), encoding="utf-8")
    said = Page(build(folder)).sections["answers"]
    assert said.endswith("hello ham HAM right spam wrong no answer")


def test_without_labels_an_answer_that_differs_is_not_called_wrong(tmp_path: Path) -> None:
    said = page(tmp_path, Recipe(classification=False)).sections["answers"]
    assert "differs" in said
    assert "as expected" in said
    assert "wrong" not in said


def test_a_run_without_evaluation_has_no_section_for_it(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(evaluation=False))
    assert "The models were not evaluated in this run" in made.sections["result"]
    assert "evaluation" not in made.sections
    assert "answers" not in made.sections


def test_a_failed_run_says_why_where_and_how_to_go_on(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(ends="failed", evaluation=False, export=False))
    result = made.sections["result"]
    assert result.startswith("spam-subjects failed")
    assert "out-of-memory in the stage train not enough memory in the stage train" in result
    assert "workflow.yaml:22:33" in result
    assert "halve per_device_train_batch_size" in result
    assert "pitchpipe run --resume 20260314-100215-spam-subjects" in made.sections["repeat"]
    assert "train failed" in made.sections["stages"]
    assert "evaluate not run" in made.sections["stages"]


@pytest.mark.parametrize(
    ("ends", "state"), [("interrupted", "interrupted"), ("killed", "unfinished")]
)
def test_a_run_that_was_stopped_can_be_gone_on_with(tmp_path: Path, ends: str, state: str) -> None:
    made = page(tmp_path, Recipe(ends=ends))
    assert made.sections["result"].startswith(f"spam-subjects {state}")
    assert f"train {state}" in made.sections["stages"]
    assert "--resume" in made.sections["repeat"]


def test_half_a_last_line_is_counted_and_does_no_harm(tmp_path: Path) -> None:
    result = page(tmp_path, Recipe(ends="killed")).sections["result"]
    assert "1 line of events.jsonl could not be read" in result


def test_the_report_stage_itself_finds_the_run_done(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(ends="reporting"))
    assert made.sections["result"].startswith("spam-subjects done")
    assert "--resume" not in made.sections["repeat"]
    assert "report this page" in made.sections["stages"]


def test_a_resumed_run_is_one_curve_and_its_pause_is_no_working_time(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(resumed_at=140))
    loss = made.drawn["loss"]
    steps = loss["series"][0]["x"]
    assert steps == list(range(1, 281))
    assert loss["marks"] == [141]
    assert "17 steps of an earlier process" in made.sections["training"]
    assert "Duration 11 min" in made.sections["result"]
    assert "Processes 2: the run was resumed" in made.sections["result"]
    assert made.drawn["memory"]["extent"] < 3600
    assert "2.13.0+cpu, then 2.13.1+cpu" in made.sections["versions"]


def test_a_loss_that_is_lost_is_said_in_words_and_drawn_as_a_gap(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(nan_from=120))
    assert (
        "Training: not a finite number from step 120 on (161 of 280 values)."
        in made.sections["training"]
    )
    series = made.drawn["loss"]["series"][0]
    assert series["y"][118] is not None
    assert set(series["y"][119:]) == {None}


def test_a_bare_nan_in_the_events_is_taken_as_no_number(tmp_path: Path) -> None:
    folder = write(tmp_path)
    file = folder / "events.jsonl"
    text = file.read_text(encoding="utf-8").replace(
        '"values": {"loss": 0.2', '"values": {"loss": NaN, "x": 0.2'
    )
    assert "NaN" in text
    file.write_text(text, encoding="utf-8")
    made = Page(build(folder))
    assert None in made.drawn["loss"]["series"][0]["y"]


def test_stages_have_seconds_and_what_they_found(tmp_path: Path) -> None:
    said = page(tmp_path).sections["stages"]
    assert "train done 8 min 28 s 15 min 29 s" in said
    assert "Trainable parameters 4,884,480" in said
    assert "Peak resident memory 2.42 GB" in said


def test_a_reused_stage_says_where_it_came_from(tmp_path: Path) -> None:
    said = page(tmp_path, Recipe(reused=("prepare",))).sections["stages"]
    assert "prepare reused from 02-prepare" in said
    assert "fetch done" in said


def test_data_facts_tell_rows_lengths_and_labels_of_each_split(tmp_path: Path) -> None:
    said = page(tmp_path).sections["data"]
    assert "7 rows are longer and were cut; 212 tokens lost." in said
    assert "train 2,969 148,212 1,187 31, 48, 77, 164 1,636 55% 1,333 45%" in said
    assert "data/subjects.jsonl 284 kB 4f4f4f4f4f4f4f4f" in said


def test_warnings_have_their_code_and_place(tmp_path: Path) -> None:
    said = page(tmp_path).sections["warnings"]
    assert said.startswith("Warnings 2")
    assert "rows-over-max-length workflow.yaml:15:15 data.max_length" in said
    assert (
        page(tmp_path / "other", Recipe(reused=("prepare",))).sections["warnings"]
        == "Warnings None."
    )


def test_exports_have_their_sizes_and_errors(tmp_path: Path) -> None:
    said = page(tmp_path).sections["export"]
    assert "int8 176 MB 0.214 0.02378 99.47% 23 s" in said
    assert "exported-int4 05-export/int4 121 MB" in said


def test_every_value_of_the_plan_says_where_it_came_from(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(overrides={"training.seed": "7"}))
    said = made.sections["plan"]
    assert "training.learning_rate 0.0002 workflow.yaml:21:18" in said
    assert "training.seed 42 --set, 7" in said
    assert "training.optim adamw_torch default" in said
    assert "data.train[0].columns.completion label workflow.yaml:9:29" in said
    assert "model.dtype auto became float32 (this CPU has no bfloat16) default" in said
    assert "from the file" in said
    assert "pitchpipe run workflow.yaml --set training.seed=7" in made.sections["repeat"]


def test_facts_and_metrics_that_nobody_foresaw_are_shown(tmp_path: Path) -> None:
    folder = write(tmp_path)
    events = (folder / "events.jsonl").read_text(encoding="utf-8")
    events = events.replace('"epoch"', '"eval_bleu"').replace(
        '"merged_modules": 210', '"odd_ones": [1, 2]'
    )
    (folder / "events.jsonl").write_text(events, encoding="utf-8")
    made = Page(build(folder))
    assert "Odd ones 1, 2" in made.sections["stages"]
    assert made.drawn["metric-0"]["series"][0]["label"] == "eval bleu"


def test_each_chart_has_a_table_beside_it(tmp_path: Path) -> None:
    made = page(tmp_path)
    said = made.sections["training"]
    assert list(made.drawn) == ["loss", "learning-rate", "grad-norm", "speed", "memory", "cpu"]
    assert said.count(" as a table") == len(made.drawn)
    assert "Step training evaluation 1 3.6" in said
    assert "points, evenly spread." in said


# Prediction and measurement


def test_what_was_predicted_stands_beside_what_was_measured(tmp_path: Path) -> None:
    said = page(tmp_path).sections["training"]
    assert "Predicted and measured The largest batch has 16 × 128 positions" in said
    assert "predicted for: start of backward, in lm_head." in said
    assert "learnt from 3 earlier runs on this machine, of such a step with other models." in said
    assert "Tensors at their peak 1.85 GB 1.83 GB to 1.86 GB 1.85 GB −0.2%" in said
    assert "Held by the allocator" not in said
    assert "The process at its peak 2.31 GB 2.08 GB to 2.54 GB 2.42 GB −4.5%" in said
    assert "Tokens per second 640 448 to 832 611.4 +4.7%" in said
    assert "Time of the steps 8 min 24 s 5 min 53 s to 10 min 55 s 8 min 32 s −1.6%" in said
    parts = said[said.index("What the predicted peak consists of") :]
    assert "Activations: mlp 802 MB Weights 538 MB Logits and loss 486 MB" in parts


def test_on_a_device_the_allocator_s_reserve_is_set_against_its_prediction(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(device="cuda"))
    said = made.sections["training"]
    assert "Held by the allocator 1.99 GB 1.85 GB to 2.13 GB 2.01 GB −1.0%" in said
    predicted = next(s for s in made.drawn["memory"]["series"] if s["style"] == "dashed")
    assert set(predicted["y"]) == {1.846}


def test_the_predicted_peak_is_drawn_over_the_memory_of_the_training(tmp_path: Path) -> None:
    memory = page(tmp_path).drawn["memory"]
    predicted = next(s for s in memory["series"] if s["style"] == "dashed")
    (train,) = (band for band in memory["bands"] if band[0] == "train")
    assert predicted["x"] == [pytest.approx(train[1], abs=0.1), pytest.approx(train[2], abs=0.1)]
    assert predicted["y"] == [2.31, 2.31]


def test_each_process_of_a_resumed_run_has_a_level_of_its_own(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(resumed_at=140))
    predicted = next(s for s in made.drawn["memory"]["series"] if s["style"] == "dashed")
    assert predicted["y"] == [2.31, 2.31, None, 2.31, 2.31]
    assert "Time of the steps 4 min 12 s" in made.sections["training"]


def test_a_training_that_failed_at_once_shows_what_was_predicted(tmp_path: Path) -> None:
    folder = write(tmp_path, Recipe(ends="failed", steps=1))
    said = Page(build(folder)).sections["training"]
    assert "The training ended before anything could be measured." in said
    assert "Tensors at their peak 1.85 GB 1.83 GB to 1.86 GB – –" in said


def test_an_old_run_without_predictions_has_a_report_without_them(tmp_path: Path) -> None:
    made = page(tmp_path, Recipe(forecast=False))
    assert "Predicted" not in made.sections["training"]
    assert [s["style"] for s in made.drawn["memory"]["series"]] == ["line"]


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "prediction"},
        {"kind": "prediction", "batch": 3, "process": [1], "parts": {"a": 1}, "moment": None},
        {"kind": "prediction", "parts": [{"name": 7, "bytes": "x"}, 5], "process": {"likely": "x"}},
        {"kind": "measurement", "compared": {"allocated_bytes": 5, "seconds": {"measured": []}}},
        {"kind": "measurement", "compared": None, "step": {}},
    ],
)
def test_a_strange_event_of_another_version_breaks_no_report(
    tmp_path: Path, event: dict[str, Any]
) -> None:
    folder = write(tmp_path, Recipe(forecast=False))
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"v": 1, "seq": 0, "t": 1773483535.0, **event}) + "\n")
    assert "training" in Page(build(folder)).sections


# Trust


@pytest.mark.parametrize(
    "mark",
    [
        "</script><img src=x onerror=alert(1)>",
        "\"'><svg onload=alert(1)>",
        "{{ 7 * 191 }}{% raw %}",
        "\u2028\u2029\x00\ud800 & &amp; <!--",
        "`<b>`",
    ],
    ids=["script", "attribute", "template", "odd characters", "backticks"],
)
def test_what_users_write_stays_text(tmp_path: Path, mark: str) -> None:
    plain = page(tmp_path / "plain")
    folder = write(tmp_path / "run", Recipe())
    for file in folder.rglob("*.json*"):
        text = file.read_text(encoding="utf-8")
        for old in (
            "spam-subjects",
            "data/subjects",
            "Subject: ",
            "tokens lost",
            "exported-int",
            '"ham',
        ):
            text = text.replace(old, old + json.dumps(mark)[1:-1])
        file.write_text(text, encoding="utf-8")
    html = build(folder)
    marked = Page(html)
    html.encode("utf-8")
    assert [tag for tag, _ in marked.tags if tag not in ("code", "circle")] == [
        tag for tag, _ in plain.tags if tag not in ("code", "circle")
    ]
    assert not [name for _, attrs in marked.tags for name in attrs if name.startswith("on")]
    assert marked.drawn.keys() == plain.drawn.keys()
    assert "1337" not in html


def test_names_of_series_cannot_leave_the_data(tmp_path: Path) -> None:
    folder = write(tmp_path)
    events = (folder / "events.jsonl").read_text(encoding="utf-8")
    events = events.replace('"epoch"', '"</script><!\\u2028\\u2029&"')
    (folder / "events.jsonl").write_text(events, encoding="utf-8")
    made = Page(build(folder))
    assert made.drawn["metric-0"]["series"][0]["label"] == "</script><!\u2028\u2029&"
    data = next(s for s in made.scripts if s.startswith("["))
    assert not set(data) & set("<>&\u2028\u2029")


def test_the_page_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    made = page(tmp_path)
    policy = next(a["content"] for t, a in made.tags if t == "meta" and "http-equiv" in a)
    assert policy == (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    )
    fetched = [v for _, attrs in made.tags for n, v in attrs.items() if n in ("src", "href") and v]
    assert all(value.startswith(("#", "data:")) for value in fetched)
    html = build(tmp_path / "20260314-100215-spam-subjects")
    assert "@import" not in html
    assert "url(" not in html


# Sturdiness


def test_an_empty_folder_has_a_report_too(tmp_path: Path) -> None:
    made = Page(build(tmp_path))
    assert made.sections["result"].startswith(f"{tmp_path.name} unfinished Started – Duration –")
    assert made.sections["stages"] == "Stages No stage has begun."


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00", "[" * 3000])
def test_files_that_hold_nonsense_are_named_and_passed_over(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path)
    for file in folder.rglob("*.json*"):
        file.write_text(text, encoding="utf-8")
    made = Page(build(folder))
    assert "plan.json" in made.sections["result"]
    assert "scores.json" in made.sections["result"]


JUNK = (None, "x", -1.5, True, [], {}, [[1]], {"value": "y"}, 10**400)


def test_no_value_of_an_unexpected_type_keeps_the_report_from_being_made(tmp_path: Path) -> None:
    folder = write(tmp_path, Recipe(steps=20))
    chance = random.Random(7)
    files = [*folder.glob("*/stage.json"), folder / "plan.json", folder / "06-evaluate/scores.json"]
    originals = {file: json.loads(file.read_text(encoding="utf-8")) for file in files}
    for _ in range(60):
        for file, original in originals.items():
            spoilt = original
            for keys in chance.sample(list(_places(original)), 3):
                spoilt = _replaced(spoilt, keys, chance.choice(JUNK))
            file.write_text(json.dumps(spoilt), encoding="utf-8")
        Page(build(folder))


def test_no_event_field_of_an_unexpected_type_keeps_the_report_from_being_made(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path, Recipe(steps=20, ends="failed", resumed_at=9))
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    chance = random.Random(11)
    for junk in JUNK:
        for _ in range(12):
            spoilt = [json.loads(line) for line in lines]
            for event in chance.sample(spoilt, 40):
                event[chance.choice([k for k in event if k not in ("v", "kind")])] = junk
            text = "\n".join(json.dumps(event) for event in spoilt)
            (folder / "events.jsonl").write_text(text, encoding="utf-8")
            Page(build(folder))


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The key paths of all values within `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*above, key)
        if isinstance(inner, (dict, list)):
            yield from _places(inner, (*above, key))


def _replaced(value: Any, keys: tuple[Any, ...], junk: Any) -> Any:
    """A copy with `junk` at the key path; as it was where the path is cut off already."""
    if not keys:
        return junk
    copy = (
        dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else {}
    )
    if keys[0] not in (copy if isinstance(copy, dict) else range(len(copy))):
        return value
    copy[keys[0]] = _replaced(copy[keys[0]], keys[1:], junk)
    return copy


def test_a_hundred_thousand_steps_make_a_small_page_that_says_what_it_left_out(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path, Recipe(steps=100_000))
    began = time.process_time()
    html = build(folder)
    spent = time.process_time() - began
    assert len(html.encode()) < 2_000_000
    assert spent < 15, f"{spent:.1f} CPU-seconds"
    made = Page(html)
    assert (
        "2,000 of 100,000 points: the lowest and the highest of each stretch."
        in made.sections["training"]
    )
    losses = [
        event["values"]["loss"]
        for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
        if "loss" in (event := json.loads(line)).get("values", {})
    ]
    drawn = made.drawn["loss"]["series"][0]["y"]
    assert min(drawn) == min(losses)
    assert max(drawn) == max(losses)


def test_the_report_needs_no_torch() -> None:
    code = "import sys, pitchpipe_runner.report as _; print({'torch', 'peft'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# Numbers


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (42.4, "42 s"),
        (59.7, "1 min 00 s"),
        (751, "12 min 31 s"),
        (3599.8, "1 h 00 min"),
        (3 * 3600 + 5 * 60, "3 h 05 min"),
        (51 * 3600, "2 d 3 h"),
        (None, "–"),
        (-1, "–"),
        (float("nan"), "–"),
    ],
)
def test_durations(seconds: object, said: str) -> None:
    assert wording.duration(seconds).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.23 kB"), (269_060_552, "269 MB"), (4.4e9, "4.4 GB")],
)
def test_sizes(count: float, said: str) -> None:
    assert wording.size(count).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1234567, "1,234,567"),
        (0.0002, "0.0002"),
        (2.5e-7, "2.50e-07"),
        (-3, "−3"),
        ("x", "–"),
        (True, "–"),
    ],
)
def test_figures(value: object, said: str) -> None:
    assert wording.figure(value) == said


def test_thinning_keeps_the_ends_the_extremes_and_the_gaps() -> None:
    chance = random.Random(3)
    ys: list[float | None] = [chance.gauss(0, 1) for _ in range(9000)]
    ys[4321], ys[17], ys[6000] = 99.0, -99.0, None
    xs, thin = thinned(range(9000), ys, 600)
    assert len(xs) <= 603
    assert (xs[0], xs[-1]) == (0, 8999)
    assert dict(zip(xs, thin, strict=True)) == {x: ys[int(x)] for x in xs}
    assert {17, 4321, 6000} <= set(xs)
    assert xs == sorted(xs)


def test_few_points_are_not_thinned() -> None:
    assert thinned([1, 2, 3], [1.0, None, 2.0], 3) == ([1, 2, 3], [1.0, None, 2.0])


def test_smoothing_keeps_constants_gaps_and_does_not_lag() -> None:
    assert smoothed([2.0, None, 2.0], 5) == [2.0, None, 2.0]
    line = smoothed([float(i) for i in range(101)], 7)
    assert line[50] == pytest.approx(50)


def test_spread_has_both_ends() -> None:
    assert spread(3, 5) == [0, 1, 2]
    assert spread(1000, 4) == [0, 333, 666, 999]
