"""Each thing that a run configuration of today's Olive can say, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from pitchpipe.dialects.olive.words import PASSES, TRAINERS
from support.olive import TODAY, codes, olive, said, value, with_pass

EVALUATED = TODAY.replace(
    "passes:\n",
    """\
  - name: eval_data
    type: HuggingfaceContainer
    load_dataset_config:
      params: {data_name: json, data_files: data/other-phrases.jsonl, split: train}
    pre_process_data_config:
      params: {text_template: "{phrase} => {tone}"}
passes:
""",
)


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("r: 8", "method.r", 8),
        ("config: {r: 8}", "method.r", 8),
        ("alpha: 32", "method.lora_alpha", 32),
        ("lora_dropout: 0.1", "method.lora_dropout", 0.1),
        ("target_modules: [q_proj]", "method.target_modules", ("q_proj",)),
        ("torch_dtype: bfloat16", "model.dtype", "bfloat16"),
        ("torch_dtype: float16", "model.dtype", "float32"),
        ("training_args: {learning_rate: 0.001}", "training.learning_rate", 0.001),
        ("training_args: {max_steps: 7}", "training.max_steps", 7),
        ("training_args: {warmup_ratio: 0.1}", "training.warmup_steps", 0.1),
        ("training_args: {warmup_ratio: 0.1, warmup_steps: 5}", "training.warmup_steps", 5),
        ("training_args: {warmup_steps: 5, warmup_ratio: 0.1}", "training.warmup_steps", 5),
        (
            "training_args: {gradient_checkpointing: false}",
            "training.gradient_checkpointing",
            False,
        ),
        ("training_args: {eval_strategy: epoch}", "training.eval_strategy", "no"),
        ("learning_rate: 0.001", "training.learning_rate", 0.001),
        ("{lora_alpha: 8, alpha: 4}", "method.lora_alpha", 4),
    ],
)
def test_what_a_pass_says_counts(line: str, path: str, expected: Any) -> None:
    lines = line.strip("{}").replace(", alpha", "\nalpha") if line.startswith("{") else line
    assert value(with_pass(lines), path) == expected


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("lora", "method.type", "lora"),
        ("DoRA", "method.use_dora", True),
    ],
)
def test_types_are_known_in_any_case(kind: str, path: str, expected: Any) -> None:
    assert value(TODAY.replace("LoRA", kind), path) == expected


@pytest.mark.parametrize("kind", ["LoHa", "LoKr", "LoftQ", "OnnxQuantization", "GptqQuantizer"])
def test_passes_that_the_runner_cannot_do_are_told(kind: str) -> None:
    text = TODAY.replace("LoRA", kind)
    assert "runner-cannot" in codes(text, "warning")
    assert codes(text, "error") == []
    assert not olive(text).can_run


def test_every_pass_is_known() -> None:
    assert len({name.lower() for name in PASSES}) == len(PASSES)
    assert {name.lower() for name in PASSES} >= set(TRAINERS)
    for kind in PASSES:
        assert codes(TODAY.replace("LoRA", kind), "error") == [], kind


def test_evaluation_data_is_evaluated_on() -> None:
    text = EVALUATED + "    eval_data_config: eval_data\n"
    assert value(text, "data.eval.0.path") == "data/other-phrases.jsonl"
    assert value(text, "training.eval_strategy") == "steps"
    assert codes(text, "error") == []
    other = text.replace('{text_template: "{phrase} => {tone}"}', '{text_template: "{phrase}"}')
    assert "runner-cannot" in codes(other)


def test_a_hub_data_set_keeps_its_split() -> None:
    text = TODAY.replace("data_name: json\n      data_files: data/phrases.jsonl", "data_name: a/b")
    assert value(text, "data.train.0.dataset_name") == "a/b"
    assert value(text, "data.train.0.split") == "train"
    text = text.replace("      split: train\n", "")
    assert value(text, "data.train.0.split") == "validation"
    assert "read-otherwise" in codes(text)


@pytest.mark.parametrize(
    ("files", "split", "paths", "slices"),
    [
        ("[data/phrases.jsonl, data/other-phrases.jsonl]", "train", 2, "train"),
        ("{train: data/phrases.jsonl, test: x.jsonl}", "train[:3]", 1, "train[:3]"),
        ("{held: data/phrases.jsonl}", "held[1:]", 1, "train[1:]"),
    ],
)
def test_files_of_several_kinds(files: str, split: str, paths: int, slices: str) -> None:
    text = TODAY.replace("data/phrases.jsonl", files).replace("split: train", f"split: {split}")
    assert len(value(text, "data.train")) == paths
    assert value(text, "data.train.0.path") == "data/phrases.jsonl"
    assert value(text, "data.train.0.split") == slices


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("text_cols: phrase", "data.train.0.columns.text", "phrase"),
        ("text_cols: [phrase]", "data.train.0.format", "text"),
        ("text_cols: [phrase, tone]", "data.text_template", "{phrase} {tone}"),
        ("max_seq_len: 512", "data.max_length", 512),
        ("strategy: join", "data.packing", True),
        ("strategy: line-by-line\n      max_samples: 2", "data.train.0.split", "train[:2]"),
        ("chat_template: true", "data.train.0.format", "messages"),
    ],
)
def test_how_rows_become_texts(line: str, path: str, expected: Any) -> None:
    old = 'text_template: "{phrase} => {tone}"\n      strategy: line-by-line'
    assert value(TODAY.replace(old, line), path) == expected


def test_an_export_is_what_the_builder_makes() -> None:
    text = TODAY + "  m: {type: MergeAdapterWeights}\n  b: {type: ModelBuilder, precision: int4}\n"
    assert (value(text, "export.format"), value(text, "export.precision")) == ("onnx-genai", "int4")
    assert codes(text, "error") == []
    text = (
        TODAY + "  c: {type: OnnxConversion}\n  q: {type: OnnxBlockWiseRtnQuantization, bits: 8}\n"
    )
    assert value(text, "export.precision") == "int8"
    text = TODAY + "  c: {type: OnnxConversion}\n"
    assert value(text, "export.precision") == "fp32"


def test_the_targets_provider_is_the_device_of_the_export() -> None:
    system = "{type: LocalSystem, accelerators: [{execution_providers: [CUDAExecutionProvider]}]}"
    text = f"{TODAY}  b: {{type: ModelBuilder, precision: int4}}\nsystems: {{s: {system}}}\n"
    assert value(text + "engine: {host: s}\n", "export.device") == "cpu"
    assert any("`cuda`" in line for line in said(text + "engine: {target: s}\n"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            with_pass("type_: 1"),
            "warning[ignored-key]: `passes.f` has no key `type_`",
        ),
        (TODAY.replace("passes:", "passses:"), "error[unknown-key]: "),
        (
            TODAY + "host: local\n",
            "error[refused-by-tool]: `host`: no system is called `local`; there is none",
        ),
        (
            TODAY.replace("train_data_config: train_data", "train_data_config: trian_data"),
            (
                "error[refused-by-tool]: `train_data_config`: no data config is called "
                "`trian_data`; did you mean `train_data`?"
            ),
        ),
        (
            TODAY.replace("type: LoRA", "type: LoRAA"),
            "error[refused-by-tool]: Olive has no pass `LoRAA`; did you mean `LoRA`?",
        ),
        (
            TODAY.replace("      data_files: data/phrases.jsonl\n", ""),
            "error[refused-by-tool]: `json` reads local files, and no `data_files` are named",
        ),
        (
            TODAY.replace("data_files", "data_file"),
            (
                "error[refused-by-tool]: `data_file` is no argument of `datasets.load_dataset`; "
                "did you mean `data_files`?"
            ),
        ),
        (
            TODAY.replace("model_path: models/tiny", "model_path: models/tiny\n  adapter_path: a"),
            "error[refused-by-tool]: `adapter_path`: Olive trains no model that has an adapter",
        ),
        (
            TODAY.replace("passes:\n", "passes:\n  b: {type: ModelBuilder}\n"),
            "error[refused-by-tool]: `LoRA` can't train what `ModelBuilder` makes; put it first",
        ),
        (with_pass("r: [8, 16]"), "warning[runner-cannot]: `r`: nothing is searched for; "),
        (with_pass("r: SEARCHABLE_VALUES"), "warning[runner-cannot]: `r`: nothing is searched"),
        (
            with_pass("training_args: {evaluation_strategy: 'no'}"),
            "hint[deprecated-key]: `evaluation_strategy` is called `eval_strategy` now",
        ),
        (
            with_pass("training_args: {learning_rate: 2e-4}"),
            "warning[yaml11-float]: readers of YAML 1.1, such as PyYAML, take `2e-4`",
        ),
        (TODAY.replace("HfModel", "ONNXModel"), "warning[runner-cannot]: `ONNXModel` can't be"),
        (
            TODAY.replace("model_path: models/tiny", "model_path: models/tiny\n  task: ner"),
            "warning[runner-cannot]: `task`: models for ner aren't trained here",
        ),
    ],
)
def test_what_is_said(text: str, line: str) -> None:
    assert any(f": {line}" in found for found in said(text)), said(text)


def test_json_has_no_trouble_with_numbers() -> None:
    text = (
        '{"input_model": {"type": "HfModel", "model_path": "models/tiny"},\n'
        ' "data_configs": [{"name": "d", "type": "HuggingfaceContainer",\n'
        '   "load_dataset_config": {"data_name": "json", "data_files": "data/phrases.jsonl",\n'
        '     "split": "train"}, "pre_process_data_config": {"text_template": "{phrase}"}}],\n'
        '\t"passes": {"f": {"type": "LoRA", "train_data_config": "d",\n'
        '   "training_args": {"learning_rate": 2e-4}}}}\n'
    )
    assert value(text, "training.learning_rate") == 2e-4
    assert [code for code in codes(text) if code != "one-packed-sequence"] == []


def test_a_searched_parameter_does_not_make_the_others_unknown() -> None:
    text = with_pass("r: [8, 16]\nalhpa: 8")
    assert any("no key `alhpa`; did you mean `alpha`?" in line for line in said(text))


def test_data_configs_of_an_early_olive_are_told_of_once() -> None:
    text = """\
input_model: {type: HfModel, model_path: models/tiny}
data_configs: {d: {type: HuggingfaceContainer}}
passes: {f: {type: LoRA, r: 8, train_data_config: d}}
"""
    assert codes(text) == ["runner-cannot"]


def test_a_configuration_that_trains_nothing_is_sound_and_can_not_be_run_here() -> None:
    text = "input_model: {type: HfModel, model_path: models/tiny}\npasses: {b: {type: Rtn}}\n"
    assert codes(text, "error") == []
    assert not olive(text).can_run


def test_how_a_base_is_quantized_counts() -> None:
    text = TODAY.replace("LoRA", "QLoRA")
    assert value(text, "method.type") == "qlora"
    assert value(text, "method.bnb_4bit_use_double_quant") is False
    text = text.replace(
        "type: QLoRA\n", "type: QLoRA\n    quant_type: fp4\n    double_quant: true\n"
    )
    assert value(text, "method.bnb_4bit_quant_type") == "fp4"
    assert value(text, "method.bnb_4bit_use_double_quant") is True
