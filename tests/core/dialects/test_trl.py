"""TRL's files, read as workflows."""

from __future__ import annotations

from typing import Any

import pytest

from pitchpipe.analyse import Analysis
from pitchpipe.converting import convert
from pitchpipe.dialects.recognise import dialect_of
from support.analysis import analysis, lines_of, value

SFT = """\
# pitchpipe: trl
model_name_or_path: models/tiny
dataset_name: trl-lib/Capybara
"""


def read(more: str = "", head: str = SFT) -> Analysis:
    return analysis(head + more)


def said(more: str = "", head: str = SFT) -> list[str]:
    return [line.partition(": ")[2] for line in lines_of(read(more, head).findings, head + more)]


DEFAULTS = [
    ("method.type", "full"),
    ("training.learning_rate", 2e-5),
    ("training.per_device_train_batch_size", 8),
    ("training.num_train_epochs", 3.0),
    ("training.eval_strategy", "no"),
    ("training.save_steps", 500),
    ("training.logging_steps", 10),
    ("training.lr_scheduler_type", "linear"),
    ("training.gradient_checkpointing", True),
    ("data.max_length", 1024),
    ("data.packing", False),
    ("data.val_size", 0),
    ("model.dtype", "float32"),
]


@pytest.mark.parametrize(("path", "expected"), DEFAULTS)
def test_what_trl_takes_where_a_file_is_silent(path: str, expected: object) -> None:
    assert value(read(), path) == expected


LOWERED = [
    ("use_peft: true", "method.type", "lora"),
    ("use_peft: true\nlora_target_modules: all-linear", "method.target_modules", "all-linear"),
    (
        "use_peft: true\nlora_target_modules: [q_proj, v_proj]",
        "method.target_modules",
        ("q_proj", "v_proj"),
    ),
    ("use_peft: true\nlora_r: 32", "method.r", 32),
    ("use_peft: true\nload_in_4bit: true", "method.type", "qlora"),
    ("use_peft: true\nload_in_8bit: true", "method.bits", 8),
    ("use_peft: true\nload_in_4bit: true", "method.bnb_4bit_use_double_quant", False),
    ("torch_dtype: float16\nbf16: true", "model.dtype", "bfloat16"),
    ("learning_rate: 1e-4", "training.learning_rate", 1e-4),
    ('learning_rate: "1e-4"', "training.learning_rate", 1e-4),
    ("warmup_ratio: 0.1", "training.warmup_steps", 0.1),
    ("max_steps: 100\nsave_steps: 0.25", "training.save_steps", 25),
    ("save_steps: 0.25", "training.save_strategy", "epoch"),
    ("optim: adamw_hf", "training.optim", "adamw_torch"),
    ("completion_only_loss: false", "data.loss_on", "all"),
    ("assistant_only_loss: true", "data.loss_on", "assistant"),
    ("max_seq_length: 256", "data.max_length", 256),
    ("attn_implementation: kernels-community/flash-attn2", "model.attn_implementation",
     "flash_attention_2"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "path", "expected"), LOWERED)
def test_keys_come_to_what_they_mean(more: str, path: str, expected: object) -> None:
    assert value(read(more + "\n"), path) == expected


def sources(of: Analysis, role: str = "train") -> list[dict[str, Any]]:
    listed: Any = of.context.effective(getattr(of.workflow.data, role))
    found: list[dict[str, Any]] = []
    for source in listed:
        given = {
            "path": source.path,
            "dataset_name": source.dataset_name,
            "dataset_config": source.dataset_config,
            "split": source.split,
            "text": source.columns.text,
        }
        found.append({k: s.value for k, s in given.items() if hasattr(s, "value")})
    return found


def test_a_data_set_of_the_hub() -> None:
    more = "dataset_config: en\ndataset_train_split: train[:10%]\neval_strategy: steps\n"
    found = read(more)
    assert sources(found) == [
        {"dataset_name": "trl-lib/Capybara", "dataset_config": "en", "split": "train[:10%]"}
    ]
    assert sources(found, "eval") == [
        {"dataset_name": "trl-lib/Capybara", "dataset_config": "en", "split": "test"}
    ]


def test_several_data_sets() -> None:
    head = "# pitchpipe: trl\nmodel_name_or_path: models/tiny\n"
    more = """\
datasets:
  - path: json
    data_files: [data/pairs.jsonl, data/pairs.jsonl]
  - path: trl-lib/tldr
    name: small
    split: train[:100]
test_split_size: 0.2
eval_strategy: epoch
dataset_text_field: body
"""
    found = read(more, head)
    assert sources(found) == [
        {"path": "data/pairs.jsonl", "text": "body"},
        {"path": "data/pairs.jsonl", "text": "body"},
        {
            "dataset_name": "trl-lib/tldr",
            "dataset_config": "small",
            "split": "train[:100]",
            "text": "body",
        },
    ]
    assert value(found, "data.val_size") == 0.2


UNKNOWN = "error[unknown-key]: a file of TRL has no key `lora_rr`; did you mean `lora_r`?"
STREAM = "`dataset_streaming` needs `max_steps`: nobody knows how many rows there are"
BITS = "`load_in_4bit` needs `use_peft: true`: quantized weights can't be trained"
REWARDS = "`num_generations`: answers are not generated and rewarded while training here"
SAID = [
    ("lora_rr: 8", UNKNOWN),
    ("learning_rate: fast", "error[refused-by-tool]: `learning_rate` must be a number, not `fast`"),
    ("lora_r: 8", "hint[read-otherwise]: `lora_r` means nothing to TRL without `use_peft: true`"),
    ("load_in_4bit: true", f"error[refused-by-tool]: {BITS}"),
    ("num_generations: 8", f"warning[runner-cannot]: {REWARDS}"),
    ("dataset_streaming: true", f"error[refused-by-tool]: {STREAM}"),
    (
        "truncation_mode: keep_end",
        "hint[not-carried-over]: `truncation_mode`: the beginning of a row is kept",
    ),
    (
        "evaluation_strategy: epoch",
        "hint[deprecated-key]: `evaluation_strategy` is called `eval_strategy` now",
    ),
]


@pytest.mark.parametrize(("more", "line"), SAID, ids=[s[0].partition(":")[0] for s in SAID])
def test_what_there_is_to_say(more: str, line: str) -> None:
    assert line in said(f"{more}\n")


def test_a_usual_file_has_no_errors() -> None:
    more = """\
dataset_train_split: train
learning_rate: 2.0e-4
num_train_epochs: 1
packing: true
per_device_train_batch_size: 2
gradient_accumulation_steps: 8
gradient_checkpointing: true
eos_token: "<|im_end|>"
eval_strategy: "no"
use_peft: true
lora_r: 32
lora_alpha: 16
lora_target_modules: all-linear
report_to: none
push_to_hub: true
bf16: true
"""
    assert [line for line in said(more) if line.startswith("error")] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("model_name_or_path: a/b\ndataset_name: c/d\nlearning_rate: 1e-4\n", "trl"),
        ("model_name_or_path: a/b\nuse_peft: true\nlora_r: 8\n", "trl"),
        ("model_name_or_path: a/b\nstage: sft\nfinetuning_type: lora\n", "llama-factory"),
        ("model_name_or_path: a/b\nreplicas: 2\n", None),
    ],
)
def test_files_are_known_by_their_keys(text: str, found: str | None) -> None:
    assert dialect_of("/home/me/config.yaml", text) == found


NATIVE = """\
model: {name_or_path: models/tiny, dtype: bfloat16}
data:
  train:
    - {dataset_name: trl-lib/Capybara, split: "train[:90%]"}
  val_size: 0
  loss_on: assistant
  max_length: 512
method: {type: lora, r: 8, target_modules: [q_proj]}
training:
  learning_rate: 0.0001
  eval_strategy: "no"
  save_strategy: steps
  save_steps: 50
  # Longer than usual.
  num_train_epochs: 5
"""


def test_a_workflow_can_be_written_for_trl_and_back() -> None:
    before = analysis(NATIVE)
    there = convert(before, "trl")
    assert "# Longer than usual.\nnum_train_epochs: 5\n" in there.text
    middle = analysis(there.text, path="/home/me/project/trl.yaml")
    assert middle.dialect == "trl"
    assert not middle.has_errors
    back = analysis(convert(middle, "native").text)
    old, new = before.plan(), back.plan()
    assert (old.model, old.data, old.method) == (new.model, new.data, new.method)
    assert old.training == new.training


def test_what_trl_has_not_is_told() -> None:
    lost = {
        loss.key for loss in convert(analysis(NATIVE + "export: {precision: int8}\n"), "trl").losses
    }
    assert "export.precision" in lost


MIXER = """\
# pitchpipe: trl
model_name_or_path: models/tiny
dataset_mixer:
  org/one: 1.0
  org/two: 0.5
dataset_splits: [train_sft, test_sft]
evaluation_strategy: steps
"""


def test_the_mixer_of_recipes() -> None:
    found = read("", MIXER)
    names = ["org/one", "org/two"]
    assert sources(found) == [{"dataset_name": n, "split": "train_sft"} for n in names]
    assert sources(found, "eval") == [{"dataset_name": n, "split": "test_sft"} for n in names]
    assert "hint[not-carried-over]: `org/two`: all rows are taken, not 0.5 of them" in said(
        "", MIXER
    )


MIXTURE = """\
# pitchpipe: trl
model_name_or_path: models/tiny
dataset_mixture:
  datasets:
    - {id: org/one, config: small, split: "train[:10]"}
    - {id: org/two}
  test_split_size: 0.1
eval_strategy: epoch
"""


def test_the_mixture_of_recipes() -> None:
    found = read("", MIXTURE)
    assert sources(found) == [
        {"dataset_name": "org/one", "dataset_config": "small", "split": "train[:10]"},
        {"dataset_name": "org/two"},
    ]
    assert value(found, "data.val_size") == 0.1


def test_rows_held_out_by_number_cannot_run() -> None:
    text = MIXTURE.replace("test_split_size: 0.1", "test_split_size: 1000")
    assert any("`test_split_size`: a number of rows" in line for line in said("", text))
