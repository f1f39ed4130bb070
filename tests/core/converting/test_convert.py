"""Files of one tool written anew as another's."""

from __future__ import annotations

import pytest

from pitchpipe.converting import convert
from support.analysis import analysis
from support.facts import ROOT
from support.fixture import unindented


def converted(text: str, to: str = "native") -> tuple[str, list[str]]:
    result = convert(analysis(text), to)
    return result.text, [f"{loss.key}: {loss.reason}" for loss in result.losses]


AXOLOTL = """\
# pitchpipe: axolotl
# A small try.

base_model: models/tiny  # the smallest
datasets:
  - path: mhenrichsen/alpaca_2k_test
    type: alpaca
adapter: lora
# Not too many.
lora_r: 8
learning_rate: 2e-5
"""


def test_a_foreign_file_becomes_a_workflow_with_its_comments() -> None:
    text, _ = converted(AXOLOTL)
    assert text.startswith("# pitchpipe: workflow\n# A small try.\n\n")
    assert "  name_or_path: models/tiny  # the smallest\n" in text
    assert "  # Not too many.\n  r: 8\n" in text
    assert "  learning_rate: 2.0e-05\n" in text


def test_the_tools_defaults_are_written_where_ours_are_others() -> None:
    text, _ = converted(AXOLOTL)
    assert "per_device_train_batch_size: 1\n" in text


def test_what_was_made_is_free_of_errors_and_means_the_same() -> None:
    before = analysis(AXOLOTL)
    text, _ = converted(AXOLOTL)
    after = analysis(text)
    assert not after.has_errors
    old, new = before.plan(), after.plan()
    assert (old.model, old.data, old.method, old.training) == (
        new.model,
        new.data,
        new.method,
        new.training,
    )


def test_what_is_left_out_is_told() -> None:
    _, losses = converted(AXOLOTL + "relora: true\n")
    assert "relora: adapters are not merged and begun anew" in losses


def test_a_native_file_stays_what_it_is() -> None:
    text = """\
    name: "on"
    model:
      name_or_path: models/tiny
    data:
      train:
        - path: data/pairs.jsonl  # five rows
    method:
      target_modules: [q_proj, v_proj]
    """
    text = unindented(text)
    assert converted(text)[0] == "# pitchpipe: workflow\n\n" + text


def test_whose_file_it_was_is_not_said_of_the_new_one() -> None:
    text, _ = converted(AXOLOTL.replace("# A small try.\n\n", ""))
    assert text.startswith("# pitchpipe: workflow\n\nmodel:\n")


def test_files_with_errors_are_refused() -> None:
    with pytest.raises(ValueError, match="errors"):
        convert(analysis("# pitchpipe: axolotl\nlora_r: 8\n"), "native")


def test_paths_are_spelt_from_the_new_folder() -> None:
    text = "model: {name_or_path: models/tiny}\ndata: {train: [{path: data/pairs.jsonl}]}\n"
    result = convert(analysis(text), "native", f"{ROOT}/deeper")
    assert "name_or_path: ../models/tiny\n" in result.text
    assert "- path: ../data/pairs.jsonl\n" in result.text
    assert "output_dir: ../runs\n" in result.text
