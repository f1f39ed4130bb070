"""Editors' features in a file of another tool."""

from __future__ import annotations

from pitchpipe.ide.actions import actions, resolve
from pitchpipe.ide.changes import applied
from pitchpipe.ide.completion import complete
from pitchpipe.ide.hints import hints
from pitchpipe.ide.hover import hover
from pitchpipe.ide.items import CompletionItem
from pitchpipe.ide.links import links
from pitchpipe.span import Span
from support.editing import snapshot, under_cursor

FILE = """\
# pitchpipe: axolotl
base_model: models/tiny
datasets:
  - path: mhenrichsen/alpaca_2k_test
    type: alpaca
adapter: lora
lora_r: 8
learning_rate: 0.0002
micro_batch_size: 2
"""


def items(text: str) -> dict[str, CompletionItem]:
    found, offset = under_cursor(text)
    completions = complete(found, offset)
    return {item.label: item for item in completions.items} if completions else {}


def said(text: str) -> str:
    found, offset = under_cursor(text)
    card = hover(found, offset)
    return card.text if card else ""


def test_keys_are_those_of_the_tool() -> None:
    found = items(FILE + "‸")
    assert "num_epochs" in found
    assert "lora_r" not in found
    assert "training" not in found


def test_values_come_from_the_model() -> None:
    found = items(FILE + "lora_target_modules:\n  - ‸\n")
    assert {"q_proj", "v_proj"} <= set(found)


def test_model_names_are_known() -> None:
    found = items("# pitchpipe: axolotl\nbase_model: ‸\n")
    assert "models/" in found
    assert "org/cached-model" in found


def test_a_key_says_what_it_means_here_and_there() -> None:
    card = said(FILE.replace("learning_rate", "learning‸_rate"))
    assert card.count("`learning_rate`")
    assert "In a workflow: `training.learning_rate`." in card


def test_the_models_card_stands_at_the_model() -> None:
    assert "parameters" in said(FILE.replace("models/tiny", "models/ti‸ny"))


def test_what_cannot_run_says_so() -> None:
    assert "Pitchpipe can't run it" in said(FILE + "rl‸: dpo\n")


def test_hints_stand_behind_the_tools_keys() -> None:
    found = snapshot(FILE)
    placed = {FILE[: h.offset].rpartition("\n")[2]: h.label for h in hints(found, Span(0, 999))}
    assert "trained" in placed["lora_r: 8"]
    assert "effective batch" in placed["micro_batch_size: 2"]


def test_links_lead_to_the_model_and_the_data() -> None:
    found = {FILE[link.span.start : link.span.end] for link in links(snapshot(FILE))}
    assert found == {"models/tiny", "mhenrichsen/alpaca_2k_test"}


def test_no_action_writes_keys_that_the_tool_has_not() -> None:
    found = snapshot(FILE)
    for offset in range(0, len(FILE), 7):
        for action in actions(found, Span(offset, offset)):
            if action.key == "convert":
                continue
            edits = action.edits or resolve(found, action.key or "")
            changed = snapshot(applied(FILE, edits))
            assert not [f for f in changed.findings if f.code == "ignored-key"], action.title


def test_the_split_is_written_in_the_tools_words() -> None:
    found = snapshot(FILE)
    at = FILE.index("datasets")
    action = next(a for a in actions(found, Span(at, at)) if a.kind == "refactor.extract")
    changed = applied(FILE, resolve(found, action.key or ""))
    assert "\nval_set_size: 0.1\n" in changed


def test_a_file_can_be_rewritten_as_a_workflow() -> None:
    text = FILE + "relora: true\n"
    found = snapshot(text)
    action = next(a for a in actions(found, Span(0, 0)) if a.key == "convert")
    changed = applied(text, resolve(found, action.key or ""))
    assert changed.startswith("# pitchpipe: workflow\n")
    assert changed.endswith(
        "\n# Not carried over: relora: adapters are not merged and begun anew\n"
    )
    assert not snapshot(changed).is_foreign


def test_our_own_files_are_not_offered_it() -> None:
    found = snapshot("model: {name_or_path: models/tiny}\ndata: {train: [{path: a.jsonl}]}\n")
    assert not [a for a in actions(found, Span(0, 0)) if a.key == "convert"]
