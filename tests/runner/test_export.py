from __future__ import annotations

from pathlib import Path

import pytest

from pitchpipe_runner.failures import RUN_FAILED, RunFailure
from pitchpipe_runner.onnx_model import OnnxModel
from support.tiny import tiny_model, tiny_rows
from support.workbench import Benches, Workbench

TRAINING = "training: {max_steps: 2, learning_rate: 0.05, per_device_train_batch_size: 8}\n"


@pytest.fixture(scope="module")
def exported(shared_bench: Benches, chat_model: Path) -> Workbench:
    tiny_rows(shared_bench.folder, 40)
    fragment = f"{TRAINING}export: {{precision: [fp32, int8, int4]}}\n"
    made = shared_bench(fragment, chat_model)
    _ = made.exported
    return made


def test_every_precision_asked_for_is_exported_and_compared(exported: Workbench) -> None:
    facts = {f["precision"]: f for f in exported.exported.facts["exports"]}
    assert list(facts) == ["fp32", "int8", "int4"]
    for precision, found in facts.items():
        print(precision, found)
        size = sum(f.stat().st_size for f in (exported.exported.folder / precision).iterdir())
        assert found["bytes"] == size
        assert found["compared_tokens"] > 50
    assert facts["fp32"]["max_logit_error"] < 1e-3
    assert facts["fp32"]["same_argmax"] == 1
    assert 0 < facts["int8"]["mean_logit_error"] < facts["int4"]["mean_logit_error"] < 1
    assert [a["path"] for a in exported.said("artifact") if a["stage"] == "export"] == [
        "05-export/fp32",
        "05-export/int8",
        "05-export/int4",
    ]


@pytest.mark.parametrize("precision", ["fp32", "int8", "int4"])
def test_what_was_exported_loads_and_generates(exported: Workbench, precision: str) -> None:
    model = OnnxModel(exported.exported.folder / precision, 1)
    (answer,) = model.begin([[5, 77, 300]]).answers(6, [], whole=True)
    assert len(answer) == 6
    assert model.logits([5, 77, 300]).shape[0] == 3


def test_nothing_but_the_exports_is_left(exported: Workbench) -> None:
    assert {p.name for p in exported.exported.folder.iterdir()} == {"fp32", "int8", "int4"}


def test_without_held_out_rows_the_training_rows_are_compared(
    bench: Benches, tmp_path: Path, plain_model: Path
) -> None:
    tiny_rows(tmp_path, 12)
    data = 'data: {train: [{path: rows.jsonl}], text_template: "{text}", val_size: 0}\n'
    made = bench(f"{TRAINING}{data}export: {{precision: fp32}}\n", plain_model)
    (found,) = made.exported.facts["exports"]
    assert found["max_logit_error"] < 1e-3


def test_no_export_is_one_too(bench: Benches, tmp_path: Path, chat_model: Path) -> None:
    tiny_rows(tmp_path, 12)
    made = bench(f"{TRAINING}export: {{format: none}}\n", chat_model)
    assert made.exported.facts == {"exports": []}
    assert list(made.exported.folder.iterdir()) == []


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
def test_an_architecture_that_the_builder_does_not_know_is_named(
    bench: Benches, tmp_path: Path
) -> None:
    tiny_rows(tmp_path, 12)
    gpt2 = tiny_model(tmp_path / "gpt2", architecture="gpt2")
    made = bench(f"{TRAINING}export: {{precision: fp32}}\n", gpt2)
    with pytest.raises(RunFailure) as caught:
        _ = made.exported
    failure = caught.value
    assert (failure.code, failure.path) == ("export-not-supported", "export.format")
    assert failure.exit_code == RUN_FAILED
    assert "04-merge/model" in (failure.hint or "")
