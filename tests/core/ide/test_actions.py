"""What is offered to change, and what the file is when it was taken."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from pitchpipe.analyse import analyse
from pitchpipe.costs.cost import Cost
from pitchpipe.findings import Edit, Finding, Fix
from pitchpipe.ide.actions import actions, resolve
from pitchpipe.ide.changes import applied
from pitchpipe.ide.fixes import FIX_ALL
from pitchpipe.ide.items import Action
from pitchpipe.ide.sections import SKELETONS
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.schema import Schema
from pitchpipe.span import Span
from support.analysis import FILE, SCHEMA
from support.editing import CARD, PROJECT, snapshot, under_cursor
from support.facts import WORLD
from support.yaml_texts import WORKFLOW

MODEL = "model:\n  name_or_path: models/tiny\n"
DATA = "data:\n  train:\n    - path: data/pairs.jsonl\n"


def at(text: str, *kinds: str) -> tuple[Snapshot, list[Action]]:
    snap, offset = under_cursor(text)
    return snap, actions(snap, Span(offset, offset), frozenset(kinds))


def titles(text: str, *kinds: str) -> list[str]:
    return [action.title for action in at(text, *kinds)[1]]


def edits_of(snap: Snapshot, action: Action) -> tuple[Edit, ...]:
    return action.edits if action.edits is not None else resolve(snap, action.key)


def taken(text: str, title: str, *kinds: str) -> str:
    """The text after the action with that title."""
    snap, found = at(text, *kinds)
    action = next(a for a in found if a.title == title)
    edits = edits_of(snap, action)
    assert_clean(snap.text, edits)
    return applied(snap.text, edits)


def assert_clean(text: str, edits: tuple[Edit, ...]) -> None:
    """In the text, and none over another or at the same place."""
    spans = sorted(edit.span for edit in edits)
    assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    for one, other in pairwise(spans):
        assert one.end <= other.start
        assert one.start < other.start


QUICK = {
    "a misspelt key": (
        MODEL + DATA + "trai‸ning:\n  lerning_rate: 1.0e-4\n",
        None,
        "",
    ),
    "at the key itself": (
        MODEL + DATA + "training:\n  lerning‸_rate: 1.0e-4\n",
        "Rename to `learning_rate`",
        MODEL + DATA + "training:\n  learning_rate: 1.0e-4\n",
    ),
    "behind it": (
        MODEL + DATA + "training:\n  lerning_rate‸: 1.0e-4\n",
        "Rename to `learning_rate`",
        MODEL + DATA + "training:\n  learning_rate: 1.0e-4\n",
    ),
    "a value": (
        MODEL + DATA + "training:\n  optim: adam‸w\n",
        "Write `adamw_torch`",
        MODEL + DATA + "training:\n  optim: adamw_torch\n",
    ),
    "a tab": ("model:\n‸\tname_or_path: models/tiny\n" + DATA, "Indent with spaces", None),
    "a file of nearly that name": (
        MODEL + "data:\n  train:\n    - path: data/pair‸.jsonl\n",
        "Write `data/pairs.jsonl`",
        MODEL + DATA,
    ),
}


@pytest.mark.parametrize("name", QUICK)
def test_fixes_of_findings(name: str) -> None:
    text, title, expected = QUICK[name]
    if title is None:
        assert titles(text, "quickfix") == []
        return
    snap, found = at(text, "quickfix")
    assert [a.title for a in found] == [title]
    assert found[0].preferred
    assert found[0].code in {f.code for f in snap.findings}
    if expected is not None:
        assert taken(text, title, "quickfix") == expected


def test_several_fixes_in_a_stretch_are_each_preferred_at_their_place() -> None:
    text = MODEL + DATA + "training: {lerning_rate: 1.0e-4, optm: sgd}\n"
    found = actions(snapshot(text), Span(0, len(text)), frozenset({"quickfix"}))
    assert [a.title for a in found] == ["Rename to `learning_rate`", "Rename to `optim`"]
    assert all(a.preferred for a in found)


def test_no_fix_is_preferred_where_two_change_the_same() -> None:
    text = MODEL + DATA + "training: {optm: sgd}\n"
    snap = snapshot(text)
    (finding,) = (f for f in snap.findings if f.fix)
    rival = Fix("Remove the key", (Edit(finding.span, ""),))
    both = (finding, replace(finding, code="another", fix=rival))
    vars(snap.analysis)["_checked"] = (both, snap.analysis.known)
    found = actions(snap, finding.span, frozenset({"quickfix"}))
    assert [(a.title, a.preferred) for a in found] == [
        ("Rename to `optim`", False),
        ("Remove the key", False),
    ]


def test_all_safe_fixes_at_once() -> None:
    text = (
        "modle:\n  name_or_path: models/tiny\n"
        "data:\n  train:\n    - path: data/pair.jsonl\n"
        "training:\n  lerning_rate: 1e-4\n  optim: adamw‸\n"
    )
    after = taken(text, "Fix all: 4 safe changes", FIX_ALL)
    assert after == (
        "model:\n  name_or_path: models/tiny\n"
        "data:\n  train:\n    - path: data/pair.jsonl\n"
        "training:\n  learning_rate: 1.0e-4\n  optim: adamw_torch\n"
    )


def test_fix_all_says_nothing_of_one_change_unless_asked() -> None:
    text = MODEL + DATA + "trai‸ning:\n  lerning_rate: 1.0e-4\n"
    assert FIX_ALL not in {a.kind for a in at(text)[1]}
    for kind in ("source", "source.fixAll", FIX_ALL):
        assert titles(text, kind) == ["Fix all: 1 safe change"]
    assert titles("na‸me: x\n" + MODEL + DATA, "source.fixAll") == []


KINDS = {
    "quickfix": {"quickfix"},
    "refactor": {"refactor", "refactor.rewrite"},
    "refactor.rewrite": {"refactor.rewrite"},
    "refactor.extract": set[str](),
    "refactor.rew": set[str](),
    "source": {FIX_ALL},
    "source.organizeImports": set[str](),
    "": {"quickfix", FIX_ALL, "refactor", "refactor.rewrite"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_that_are_wanted(kind: str) -> None:
    text = MODEL + DATA + "method:\n  type: lora\n  lora_alhpa: 8\n  lora_r: 4\n"
    snap, line = snapshot(text), text.index("method")
    found = [*actions(snap, Span(line, len(text)), frozenset({kind}))]
    assert {action.kind for action in found} == KINDS[kind]


SWITCHED = {
    "the keys of an adapter go": (
        "method:\n  ty‸pe: lora\n  r: 8\n  lora_alpha: 16\ntraining:\n  seed: 1\n",
        "full",
        "method:\n  type: full\ntraining:\n  seed: 1\n",
    ),
    "with what is below them": (
        "method:\n  target_modules:\n    - q_proj  # one\n    - v_proj\n  ty‸pe: lora\n",
        "full",
        "method:\n  type: full\n",
    ),
    "in flow style": (
        "method: {r: 8, ty‸pe: lora, lora_alpha: 16}\n",
        "full",
        "method: {type: full}\n",
    ),
    "at the end of flow style": (
        "method: {typ‸e: lora, r: 8, lora_alpha: 16}\n",
        "full",
        "method: {type: full}\n",
    ),
    "where no type was written": ("method:\n  r‸: 8\n", "full", "method:\n  type: full\n"),
    "in flow style too": ("method: {r‸: 8}\n", "full", "method: {type: full}\n"),
    "where there is no section": ("‸", "full", "method:\n  type: full\n"),
    "back again": ("method:\n  ty‸pe: full\n", "lora", "method:\n  type: lora\n"),
    "comments above stay": (
        "method:  # how\n  # a\n  ty‸pe: lora  # b\n  r: 8\n  # c\n",
        "full",
        "method:  # how\n  # a\n  type: full  # b\n  # c\n",
    ),
    "what an alias needs stays": (
        "method:\n  ty‸pe: lora\n  r: &r 8\n  lora_alpha: 16\nname: x\nversion: *r\n",
        "full",
        "method:\n  type: full\n  r: &r 8\nname: x\nversion: *r\n",
    ),
    "line breaks stay": (
        "method:\r\n  ty‸pe: lora\r\n  r: 8\r\nname: x\r\n",
        "full",
        "method:\r\n  type: full\r\nname: x\r\n",
    ),
    "without a last line break": ("method:\n  ty‸pe: lora\n  r: 8", "full", None),
}


@pytest.mark.parametrize("name", SWITCHED)
def test_another_method(name: str) -> None:
    text, method, expected = SWITCHED[name]
    after = taken(text, f"Switch to `{method}`", "refactor.rewrite")
    if expected is not None:
        assert after == expected
    there = snapshot(after)
    assert there.context.effective(there.analysis.workflow.method.type) == method
    assert not there.context.half_typed


def test_every_method_of_the_schema_is_offered() -> None:
    root = copy.deepcopy(SCHEMA.root)
    root["properties"]["method"]["properties"]["type"]["enum"] = ["lora", "another", "full"]
    text = "method:\n  type: lora\n  r: 8\n"
    found = analyse(text, schema=Schema(root), facts=WORLD, path=FILE)
    snap = Snapshot(found, PROJECT)
    offered = [a for a in actions(snap, Span(10, 10)) if a.kind == "refactor.rewrite"]
    assert [a.title for a in offered] == ["Switch to `another`", "Switch to `full`"]
    after = applied(text, resolve(snap, offered[0].key))
    assert after == "method:\n  type: another\n  r: 8\n"


UNSWITCHED = (
    "x: &m {type: lora}\nmethod: *m‸\n",
    "method:\n  type: no‸ne\n",
    "method: [‸]\n",
    "method:\n  type: lora‸\nx: [\n",
    "method: lo‸ra\n",
    "method:\n  type: lora\n\n‸\nname: x\n",
    "na‸me: x\n",
)


@pytest.mark.parametrize("text", UNSWITCHED)
def test_no_method_where_none_can_be_written(text: str) -> None:
    assert titles(text, "refactor.rewrite") == []


ADDED = {
    "to an empty file": ("‸", "export", "export:\n  format: onnx-genai\n  # precision: int4\n"),
    "at the end": (
        "mod‸el:\n  name_or_path: x",
        "export",
        "model:\n  name_or_path: x\nexport:\n  format: onnx-genai\n  # precision: int4",
    ),
    "where the schema has it": (
        "dat‸a: {}\noutput_dir: x\n",
        "export",
        "data: {}\nexport:\n  format: onnx-genai\n  # precision: int4\noutput_dir: x\n",
    ),
    "before all others": (
        "# c\noutput‸_dir: x\n",
        "export",
        "# c\nexport:\n  format: onnx-genai\n  # precision: int4\noutput_dir: x\n",
    ),
    "with a blank line where there are some": (
        "mod‸el: {}  # m\n\ndata: {}\n\noutput_dir: x\n",
        "export",
        (
            "model: {}  # m\n\ndata: {}\n\n"
            "export:\n  format: onnx-genai\n  # precision: int4\n\noutput_dir: x\n"
        ),
    ),
    "indented like the others": (
        "mod‸el:\n    name_or_path: x\n",
        "export",
        "model:\n    name_or_path: x\nexport:\n    format: onnx-genai\n    # precision: int4\n",
    ),
    "in a shifted file": (
        "  mod‸el: {}\n",
        "export",
        "  model: {}\n  export:\n    format: onnx-genai\n    # precision: int4\n",
    ),
    "behind comments that belong to what is above": (
        "mod‸el:\n  name_or_path: x\n  # dtype: auto\n# data\ndata: {}\noutput_dir: x\n",
        "method",
        (
            "model:\n  name_or_path: x\n  # dtype: auto\n# data\ndata: {}\n"
            "method:\n  type: lora\n  # r: 16\n  # lora_alpha: 32\n  # lora_dropout: 0.0\n"
            "  # target_modules: all-linear\noutput_dir: x\n"
        ),
    ),
    "with its line breaks": (
        "mod‸el: {}\r\n",
        "export",
        "model: {}\r\nexport:\r\n  format: onnx-genai\r\n  # precision: int4\r\n",
    ),
    "behind a text": (
        "nam‸e: |\n  one\n  two\noutput_dir: x\n",
        "export",
        (
            "name: |\n  one\n  two\n"
            "export:\n  format: onnx-genai\n  # precision: int4\noutput_dir: x\n"
        ),
    ),
}


@pytest.mark.parametrize("name", ADDED)
def test_a_section_is_added(name: str) -> None:
    text, section, expected = ADDED[name]
    assert taken(text, f"Add `{section}`", "refactor") == expected


@pytest.mark.parametrize("section", SKELETONS)
def test_what_is_added_can_be_uncommented_and_is_free_of_findings(section: str) -> None:
    text = "‸" + MODEL + DATA
    after = taken(text, f"Add `{section}`", "refactor")
    assert snapshot(after).findings == ()
    assert set(SKELETONS[section]) <= set(SCHEMA.keys((section,)))
    assert [f.code for f in snapshot(after.replace("# ", "")).findings] == []


NOT_ADDED = (
    "{mod‸el: {}}\n",
    "- a‸\n",
    "model:\n  name_or_‸path: x\n",
    "mod‸el: [\n",
    "‸method: {}\nexport: {}\ntraining: {}\nevaluate: {}\n",
    "plai‸n\n",
)


@pytest.mark.parametrize("text", NOT_ADDED)
def test_no_section_where_none_can_go(text: str) -> None:
    assert [t for t in titles(text, "refactor") if t.startswith("Add")] == []


HOLD = "Hold back 10 % of the rows for the evaluation"
HELD = {
    MODEL + DATA.replace("train:", "tr‸ain:"): MODEL + DATA + "  val_size: 0.1\n",
    MODEL + DATA.replace("train:", "tr‸ain:") + "  val_size: 0  # none\n": (
        MODEL + DATA + "  val_size: 0.1  # none\n"
    ),
    MODEL + DATA.replace("train:", "tr‸ain:") + "  eval: []\n": (
        MODEL + DATA + "  eval: []\n  val_size: 0.1\n"
    ),
    "data: {tr‸ain: [{path: data/pairs.jsonl}]}\n": (
        "data: {train: [{path: data/pairs.jsonl}], val_size: 0.1}\n"
    ),
}


@pytest.mark.parametrize("text", HELD)
def test_rows_are_held_back(text: str) -> None:
    assert taken(text, HOLD, "refactor.extract") == HELD[text]


NOT_HELD = (
    MODEL + DATA.replace("train:", "tr‸ain:") + "  val_size: 0.2\n",
    MODEL + DATA.replace("train:", "tr‸ain:") + "  val_size: x\n",
    MODEL + DATA.replace("train:", "tr‸ain:") + "  eval:\n    - path: data/pairs.jsonl\n",
    "data:\n  tr‸ain:\n",
    "data: ‸\n",
    MODEL.replace("name", "na‸me") + DATA,
)


@pytest.mark.parametrize("text", NOT_HELD)
def test_no_rows_are_held_back(text: str) -> None:
    assert titles(text, "refactor.extract") == []


LARGE = "model:\n  name_or_path: models/large\n" + DATA + "method:\n  type: full\n"


def needing(snap: Snapshot) -> tuple[int, int]:
    """The bytes that the run likely needs, and those that there are."""
    cost = snap.world.cost(snap.context)
    assert isinstance(cost, Cost)
    assert cost.machine.memory is not None
    return cost.estimate.total.likely, cost.machine.memory


def small_card(monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    monkeypatch.setattr("support.editing.CARD", replace(CARD, name="a small card", memory=memory))


def test_a_run_is_made_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    needed, _ = needing(snapshot(LARGE))
    small_card(monkeypatch, needed * 4 // 5)
    text = LARGE.replace("type: full", "ty‸pe: full")
    snap, found = at(text, "refactor.rewrite")
    offer = next(a for a in found if a.title == "Make it fit a small card")
    assert offer.edits is None
    after = snapshot(applied(snap.text, resolve(snap, offer.key)))
    needed, there = needing(after)
    assert needed <= there
    assert "Make it fit a small card" not in titles(
        after.text.replace("method:", "meth‸od:"), "refactor.rewrite"
    )


def test_what_comes_to_light_by_a_fix_is_fixed_too() -> None:
    text = "‸model:\n  name_or_path: models/tiny\n  dtyp: bf16\nmethd:\n  typ: lora\n"
    snap, found = at(text, FIX_ALL)
    assert [action.kind for action in found] == [FIX_ALL]
    assert applied(snap.text, found[0].edits or ()) == (
        "model:\n  name_or_path: models/tiny\n  dtype: bfloat16\nmethod:\n  type: lora\n"
    )


def test_nothing_is_written_where_nothing_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    small_card(monkeypatch, 1_000_000)
    assert resolve(snapshot(LARGE), "fit") == ()
    snap, found = at(LARGE.replace("type: full", "ty‸pe: full"), "refactor.rewrite")
    assert any(action.key == "fit" for action in found)
    nothing_would = Finding("does-not-fit", "no change would make it fit", Span(0, 1))
    snap.analysis.__dict__["_checked"] = ((nothing_would,), snap.analysis.known)
    offset = snap.text.index("type: full")
    assert "fit" not in {a.key for a in actions(snap, Span(offset, offset))}


def test_no_offer_where_it_fits_or_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    text = LARGE.replace("type: full", "ty‸pe: full")
    assert titles(text, "refactor.rewrite") == ["Switch to `lora`", "Switch to `qlora`"]
    small_card(monkeypatch, 1_000_000)
    for unknown in (text.replace("models/large", "org/unknown"), text + "x: [\n"):
        assert not any("fit" in title for title in titles(unknown, "refactor.rewrite"))
    assert not any("fit" in t for t in titles("na‸me: x\n" + LARGE, "refactor.rewrite"))


@pytest.mark.parametrize("key", ["", "x", "fit", "split", "section:no", "method:no", "section:"])
def test_a_key_that_means_nothing_resolves_to_nothing(key: str) -> None:
    assert resolve(snapshot("a: [1\n"), key) == ()
    assert all(isinstance(edit, Edit) for edit in resolve(snapshot(MODEL + DATA), key))


MARKS = ("", "\n", ": ", "- ", "{", "]", "'", "\t", "#", "&x ", "*x", "|\n", "  ", "type: full\n")


def test_no_text_and_no_place_makes_it_stumble() -> None:
    whole = WORKFLOW + LARGE.replace("model:", "modle:") + "evaluate: {metrics: [los]}\n"
    dice = random.Random(20261124)
    for _ in range(60):
        cut = dice.randrange(len(whole))
        text = whole[:cut] + dice.choice(MARKS) + whole[cut + dice.choice((0, 1, 3, 40)) :]
        text = text[: dice.randrange(len(text))] if dice.random() < 0.2 else text
        snap = snapshot(text)
        start = dice.randrange(len(text) + 1)
        for action in actions(snap, Span(start, min(len(text), start + dice.choice((0, 9))))):
            edits = edits_of(snap, action)
            assert_clean(text, edits)
            after = snapshot(applied(text, edits))
            if not snap.context.half_typed and action.kind.startswith("refactor"):
                assert not after.context.half_typed, action.title


def test_lora_and_qlora_change_places() -> None:
    text = "model: {name_or_path: models/tiny}\ndata: {train: [{path: data/pairs.jsonl}]}\n"
    text += "method:\n  type: qlora\n  r: 8\n  bits: 8\n"
    found = snapshot(text)
    assert applied(text, resolve(found, "method:lora")).endswith("method:\n  type: lora\n  r: 8\n")
