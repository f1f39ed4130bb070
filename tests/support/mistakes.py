"""Mistakes in fine-tuning files, each in Olive's format and, where it exists, in ours.

They are those that were tried with Olive 0.13.0. Lines count in the texts as they are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pitchpipe.syntax.nodes import Data

OLIVE = """\
# pitchpipe: olive
input_model:
  type: HfModel
  model_path: models/tiny
data_configs:
  - name: train
    type: HuggingfaceContainer
    load_dataset_config:
      data_name: json
      data_files: data/phrases.jsonl
      split: train
    pre_process_data_config:
      text_template: "{phrase} => {tone}"
      strategy: line-by-line
      max_seq_len: 64
passes:
  lora:
    type: LoRA
    train_data_config: train
    r: 8
    alpha: 16
    target_modules: [q_proj, v_proj]
    training_args:
      max_steps: 2
      learning_rate: 0.0002
"""

NATIVE = """\
model:
  name_or_path: models/tiny
data:
  train:
    - path: data/phrases.jsonl
  val_size: 0
  test_size: 0
  text_template: "{phrase} => {tone}"
  max_length: 64
  packing: false
method:
  r: 8
  lora_alpha: 16
  target_modules: [q_proj, v_proj]
training:
  max_steps: 2
  learning_rate: 0.0002
  eval_strategy: "no"
export:
  format: none
"""


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding and its line. `code` None: there is nothing wrong with it."""

    code: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Mistake:
    """`olive` and `native` are the texts and what is found in them.

    `native` is None where our format has no such thing. `settings` are those of the command line.
    """

    name: str
    olive: tuple[str, Expected]
    native: tuple[str, Expected] | None
    settings: Mapping[str, Data] = field(default_factory=dict[str, Data])


def _in(base: str, old: str, new: str, code: str | None, line: int = 0) -> tuple[str, Expected]:
    assert old in base, old
    return base.replace(old, new, 1), Expected(code, line)


def _olive(old: str, new: str, code: str | None, line: int = 0) -> tuple[str, Expected]:
    return _in(OLIVE, old, new, code, line)


def _native(old: str, new: str, code: str | None, line: int = 0) -> tuple[str, Expected]:
    return _in(NATIVE, old, new, code, line)


def _of_many(base: str) -> str:
    """With more rows, which are texts, in sequences of 1024 tokens."""
    lines = base.replace("phrases.jsonl", "many.jsonl").splitlines(keepends=True)
    cut = ("text_template", "strategy", "max_seq_len", "max_length", "packing")
    return "".join(line for line in lines if not line.lstrip().startswith(cut))


MISTAKES = (
    Mistake(
        "`passses` for `passes`; `methd` for `method`",
        _olive("passes:", "passses:", "unknown-key", 16),
        _native("method:", "methd:", "unknown-key", 11),
    ),
    Mistake(
        "`input_modle` for `input_model`; `modle` for `model`",
        _olive("input_model:", "input_modle:", "unknown-key", 2),
        _native("model:", "modle:", "unknown-key", 1),
    ),
    Mistake(
        "`lora_alpha` for Olive's `alpha`; `alpha` for our `lora_alpha`",
        _olive("    alpha: 16", "    lora_alpha: 16", "read-otherwise", 21),
        _native("lora_alpha", "alpha", "unknown-key", 13),
    ),
    Mistake(
        "`max_step` for `max_steps`",
        _olive("max_steps", "max_step", "ignored-key", 24),
        _native("max_steps", "max_step", "unknown-key", 16),
    ),
    Mistake(
        "`text_templete` for `text_template`",
        _olive("text_template", "text_templete", "ignored-key", 13),
        _native("text_template", "text_templete", "unknown-key", 8),
    ),
    Mistake(
        "`r: sixteen`",
        _olive("r: 8", "r: sixteen", "wrong-type", 20),
        _native("r: 8", "r: sixteen", "wrong-type", 12),
    ),
    Mistake(
        "`max_steps: lots`",
        _olive("max_steps: 2", "max_steps: lots", "wrong-type", 24),
        _native("max_steps: 2", "max_steps: lots", "wrong-type", 16),
    ),
    Mistake(
        "`type: LoRAA`",
        _olive("type: LoRA", "type: LoRAA", "refused-by-tool", 18),
        _native("method:", "method:\n  type: loraa", "invalid-value", 12),
    ),
    Mistake(
        "`target_modules` of another model: `[c_attn, c_proj]` for a Llama",
        _olive("[q_proj, v_proj]", "[c_attn, c_proj]", "target-module-not-found", 22),
        _native("[q_proj, v_proj]", "[c_attn, c_proj]", "target-module-not-found", 14),
    ),
    Mistake(
        "one wrong name among valid ones: `[q_proj, v_porj]`",
        _olive("v_proj", "v_porj", "target-module-not-found", 22),
        _native("v_proj", "v_porj", "target-module-not-found", 14),
    ),
    Mistake(
        "`target_modules: all-linear`, which Olive refuses: no mistake",
        _olive("[q_proj, v_proj]", "all-linear", None),
        _native("[q_proj, v_proj]", "all-linear", None),
    ),
    Mistake(
        "a data file that is not there",
        _olive("phrases.jsonl", "phrasse.jsonl", "data-file-not-found", 10),
        _native("phrases.jsonl", "phrasse.jsonl", "data-file-not-found", 5),
    ),
    Mistake(
        "`{tones}` in the template, and no such column",
        _olive("{tone}", "{tones}", "template-unknown-column", 13),
        _native("{tone}", "{tones}", "template-unknown-column", 8),
    ),
    Mistake(
        "`{phrase` in the template, not closed",
        _olive("{phrase}", "{phrase", "template-syntax", 13),
        _native("{phrase}", "{phrase", "template-syntax", 8),
    ),
    Mistake(
        "float16 on a CPU (`--set compute.device=cpu`)",
        _olive("    r: 8", "    torch_dtype: float16\n    r: 8", "mixed-precision-contradicts", 20),
        _native("models/tiny", "models/tiny\n  dtype: float16", "float16-without-gpu", 3),
        {"compute.device": "cpu"},
    ),
    Mistake(
        "`torch_dtype: fp32`; `dtype: fp32`",
        _olive("    r: 8", "    torch_dtype: fp32\n    r: 8", "invalid-value", 20),
        _native("models/tiny", "models/tiny\n  dtype: fp32", "invalid-value", 3),
    ),
    Mistake(
        "`r: -4`",
        _olive("r: 8", "r: -4", "out-of-range", 20),
        _native("r: 8", "r: -4", "out-of-range", 12),
    ),
    Mistake(
        "`lora_dropout: 1.5`",
        _olive("    r: 8", "    lora_dropout: 1.5\n    r: 8", "out-of-range", 20),
        _native("  r: 8", "  lora_dropout: 1.5\n  r: 8", "out-of-range", 12),
    ),
    Mistake(
        "`learning_rate: -1`",
        _olive("learning_rate: 0.0002", "learning_rate: -1", "out-of-range", 25),
        _native("learning_rate: 0.0002", "learning_rate: -1", "out-of-range", 17),
    ),
    Mistake(
        "`learning_rate: 2e-4`, a string to YAML 1.1",
        _olive("learning_rate: 0.0002", "learning_rate: 2e-4", "yaml11-float", 25),
        _native("learning_rate: 0.0002", "learning_rate: 2e-4", "yaml11-float", 17),
    ),
    Mistake(
        "`weight_decay: 1e-2`, likewise",
        _olive("max_steps: 2", "weight_decay: 1e-2", "yaml11-float", 24),
        _native("max_steps: 2", "weight_decay: 1e-2", "yaml11-float", 16),
    ),
    Mistake(
        "a line that is indented too little",
        _olive("    alpha: 16", "   alpha: 16", "yaml-syntax", 21),
        _native("  lora_alpha", " lora_alpha", "yaml-syntax", 13),
    ),
    Mistake(
        "a tab for indentation",
        _olive("    alpha: 16", "\talpha: 16", "tab-indentation", 21),
        _native("  lora_alpha", "\tlora_alpha", "tab-indentation", 13),
    ),
    Mistake(
        "the key `r` twice",
        _olive("    r: 8", "    r: 8\n    r: 16", "duplicate-key", 21),
        _native("  r: 8", "  r: 8\n  r: 16", "duplicate-key", 13),
    ),
    Mistake(
        "`train_data_config: trian`, and no such data config",
        _olive("train_data_config: train", "train_data_config: trian", "refused-by-tool", 19),
        None,
    ),
    Mistake(
        "few rows, put together into sequences of 1024 tokens",
        (_of_many(OLIVE), Expected("one-packed-sequence", 6)),
        (_of_many(NATIVE), Expected("one-packed-sequence", 3)),
    ),
    Mistake(
        "no `data_name`; no `path`",
        _olive(
            "      data_name: json\n      data_files: data/phrases.jsonl\n",
            "",
            "refused-by-tool",
            8,
        ),
        _native("- path: data/phrases.jsonl", "- split: train", "data-source-ambiguous", 5),
    ),
    Mistake(
        "a chat template, and rows without `messages`",
        _olive(
            'text_template: "{phrase} => {tone}"', "chat_template: true", "column-not-found", 10
        ),
        _native(
            'jsonl\n  val_size: 0\n  test_size: 0\n  text_template: "{phrase} => {tone}"',
            "jsonl\n      format: messages\n  val_size: 0\n  test_size: 0",
            "column-not-found",
            5,
        ),
    ),
    Mistake(
        "a model folder that is not there",
        _olive("models/tiny", "./models/tniy", "model-not-found", 4),
        _native("models/tiny", "./models/tniy", "model-not-found", 2),
    ),
    Mistake(
        "`search_strategy: true` without an evaluator",
        (OLIVE + "search_strategy: true\n", Expected("refused-by-tool", 26)),
        None,
    ),
)
