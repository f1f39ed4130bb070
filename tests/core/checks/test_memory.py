from __future__ import annotations

import re
from dataclasses import replace

from pitchpipe.costs.machine import Machine
from support.analysis import analysis, whole
from support.facts import WORLD
from support.fixture import fixed

LARGE = """
model: {name_or_path: models/large}
method:
  type: full
training:
  per_device_train_batch_size: 2
  learning_rate: 2.0e-5
"""


def on(gigabytes: float) -> Machine:
    size = round(gigabytes * 1e9)
    return Machine("cuda", "a card", True, size, None, 1, "made up")


def findings(text: str, machine: Machine | None) -> list[str]:
    world = replace(WORLD, here=machine)
    return [f.message for f in analysis(whole(text), world).findings if f.code == "does-not-fit"]


def least() -> float:
    """Gigabytes that the large model takes at the very least."""
    found = re.search(r"needs ([\d.]+) GB or more", findings(LARGE, on(0.1))[0])
    assert found is not None
    return float(found[1])


def test_a_file_is_held_against_the_device_that_it_names() -> None:
    text = LARGE.replace("  per_device_train_batch_size: 2\n", "")
    text = whole(text + "compute:\n  target: RTX 3060\n")
    (found,) = (f for f in analysis(text).findings if f.code == "does-not-fit")
    assert text[found.span.start : found.span.end] == "full"
    assert re.fullmatch(
        r"the run (likely )?needs [\d.]+ GB .*, and RTX 3060 has 12\.9 GB; "
        r"`training\.optim: adamw_bnb_8bit` would need [\d.]+ GB",
        found.message,
    )


def test_without_a_target_it_is_this_machine_that_counts() -> None:
    assert findings(LARGE, on(12)) != []
    assert findings(LARGE, on(80)) == []
    assert findings(LARGE, None) == []


def test_what_surely_does_not_fit_is_told_apart_from_what_may() -> None:
    assert "likely needs" in findings(LARGE, on(1.03 * least()))[0]
    assert "GB or more" in findings(LARGE, on(0.9 * least()))[0]


def test_where_no_change_helps_it_says_so() -> None:
    assert "smaller model" in findings(LARGE, on(0.2))[0]


def test_several_changes_are_taken_where_one_is_not_enough() -> None:
    rows = [{"prompt": "a word " * 400, "completion": "another"}] * 16
    world = replace(WORLD, here=on(4), files={"data/long.jsonl": rows})
    text = """
        model: {name_or_path: models/large}
        data:
          train: [{path: data/long.jsonl}]
          packing: false
        training:
          per_device_train_batch_size: 16
        """
    found = next(f for f in analysis(whole(text), world).findings if f.code == "does-not-fit")
    assert found.message.count("` and `") >= 1
    after = fixed(whole(text), found)
    assert "does-not-fit" not in {f.code for f in analysis(after, world).findings}


def test_the_fix_makes_it_fit() -> None:
    world = replace(WORLD, here=on(12))
    text = whole(LARGE)
    finding = next(f for f in analysis(text, world).findings if f.code == "does-not-fit")
    assert [r.message for r in finding.related] == ["trained with `full`"]
    after = fixed(text, finding)
    assert "optim: adamw_bnb_8bit" in after
    assert [f.code for f in analysis(after, world).findings if f.code == "does-not-fit"] == []


def test_of_a_model_that_is_not_known_exactly_only_the_least_counts() -> None:
    rough = replace(WORLD.shapes["models/large"], exact=False)
    world = replace(WORLD, shapes={**WORLD.shapes, "models/large": rough})

    def said(gigabytes: float) -> bool:
        found = analysis(whole(LARGE), replace(world, here=on(gigabytes))).findings
        return "does-not-fit" in {f.code for f in found}

    below, above = 0.8 * least(), 1.03 * least()
    assert (said(below), said(above)) == (True, False)
    assert findings(LARGE, on(above)) != []


def test_a_half_typed_file_is_left_alone() -> None:
    assert findings(LARGE + "trai\n", on(0.1)) == []
