"""Olive's files, as tutorials show them and as they are today."""

from __future__ import annotations

import pytest

from support.olive import TODAY, codes, olive, said, value

TUTORIAL = """\
# olive-config.yaml
model:
  type: PyTorchModel
  config:
    model_path: "microsoft/DialoGPT-medium"
    task: "text-generation"

data_configs:
  - name: "custom_dataset"
    type: "HuggingfaceContainer"
    load_dataset_config:
      data_files: "path/to/your/dataset.json"
      split: "train"
    pre_process_data_config:
      text_template: "User: {input}\\nAssistant: {output}"

passes:
  lora:
    type: LoRA
    config:
      r: 16
      lora_alpha: 32
      target_modules: ["c_attn", "c_proj"]
      modules_to_save: ["ln_f", "lm_head"]
"""

REGULARIZATION = """\
# Regularization techniques
passes:
  lora:
    type: LoRA
    config:
      r: 16  # Reduce rank to prevent overfitting
      lora_alpha: 16  # Lower alpha value
      lora_dropout: 0.1  # Add dropout
      weight_decay: 0.01  # L2 regularization
"""

PERFORMANCE = """\
# Performance optimization
training_config:
  fp16: true  # Mixed precision
  dataloader_num_workers: 4
  optim: "adamw_torch"
  lr_scheduler_type: "cosine"
"""

SEARCH = """\
# hyperparameter-search.yaml
search_strategy:
  type: "random"
  num_trials: 20

search_space:
  learning_rate:
    type: "float"
    low: 1e-6
    high: 1e-3
    log: true
"""

# As tutorials show them


def test_the_tutorials_file_means_what_it_seems_to() -> None:
    assert value(TUTORIAL, "model.name_or_path") == "microsoft/DialoGPT-medium"
    assert value(TUTORIAL, "data.train.0.path") == "path/to/your/dataset.json"
    assert value(TUTORIAL, "data.text_template") == "User: {input}\nAssistant: {output}"
    assert value(TUTORIAL, "method.type") == "lora"
    assert value(TUTORIAL, "method.lora_alpha") == 32
    assert value(TUTORIAL, "method.target_modules") == ("c_attn", "c_proj")
    assert value(TUTORIAL, "method.modules_to_save") == ("ln_f", "lm_head")


def test_the_tutorials_only_error_is_the_file_that_is_not_there() -> None:
    assert codes(TUTORIAL, "error") == ["data-file-not-found"]
    assert said(TUTORIAL)[3].startswith("12:19: error[data-file-not-found]: ")


def test_what_olive_itself_makes_of_the_tutorials_file_is_hinted_at() -> None:
    otherwise = [line for line in said(TUTORIAL) if "[read-otherwise]" in line]
    assert otherwise == [
        "2:1: hint[read-otherwise]: `model` is refused by Olive, which calls it `input_model`",
        (
            "3:3: hint[read-otherwise]: `PyTorchModel` needs a script of its own in Olive; "
            "`HfModel` is the type for a hub name or such a folder"
        ),
        (
            "12:7: hint[read-otherwise]: Olive asks for `data_name` beside `data_files`: "
            "`json` reads this file"
        ),
        (
            "19:5: hint[read-otherwise]: Olive asks for `train_data_config` here; "
            "`custom_dataset` is taken, the only one of `data_configs`"
        ),
        (
            "22:7: hint[read-otherwise]: `lora_alpha` is passed over by Olive, "
            "which calls it `alpha` and takes 16"
        ),
    ]


@pytest.mark.parametrize("text", [REGULARIZATION, PERFORMANCE, SEARCH])
def test_a_part_of_a_file_lacks_the_rest_and_has_no_errors(text: str) -> None:
    assert codes(text, "error") == []
    assert said(text)[0] == (
        "1:1: hint[incomplete-workflow]: this is a part of a workflow, which lacks `model` and "
        "`data`; run it together with another: `pitchpipe run --with FILE`"
    )


def test_what_parts_say_counts() -> None:
    assert value(REGULARIZATION, "method.lora_alpha") == 16
    assert value(REGULARIZATION, "method.lora_dropout") == 0.1
    assert value(REGULARIZATION, "training.weight_decay") == 0.01
    assert value(PERFORMANCE, "training.lr_scheduler_type") == "cosine"


def test_a_tutorials_search_has_numbers_and_is_not_done() -> None:
    assert codes(SEARCH, "warning") == ["runner-cannot", "runner-cannot"]
    assert (
        "9:5: hint[read-otherwise]: `low`: `1e-6` is a string to PyYAML, with which Olive reads"
        in (said(SEARCH))
    )


# As they are today


def test_a_sound_file_is_free_of_findings_but_the_tools_defaults() -> None:
    assert said(TODAY) == []
    assert value(TODAY, "method.r") == 64
    assert value(TODAY, "method.lora_alpha") == 16
    assert value(TODAY, "method.target_modules") == ["q_proj", "v_proj"]
    assert value(TODAY, "training.lr_scheduler_type") == "constant"
    assert value(TODAY, "training.gradient_checkpointing") is True
    assert value(TODAY, "data.val_size") == 0
    assert value(TODAY, "data.packing") is False
    assert value(TODAY, "export.format") == "none"
    assert olive(TODAY).can_run
