"""Files of other tools are run as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pitchpipe.plan import from_json
from support.whole_runs import Ground, made

pytestmark = pytest.mark.e2e

AXOLOTL = """\
base_model: {model}
datasets:
  - path: rows.jsonl
    type: completion
    field: text
adapter: lora
lora_r: 4
lora_alpha: 8
lora_target_linear: true
sequence_len: 64
val_set_size: 0.2
micro_batch_size: 2
num_epochs: 1
max_steps: 3
learning_rate: 1e-3
output_dir: out
"""

TRL = """\
model_name_or_path: {model}
datasets:
  - path: json
    data_files: rows.jsonl
dataset_text_field: text
use_peft: true
lora_r: 4
lora_target_modules: all-linear
max_length: 64
max_steps: 3
per_device_train_batch_size: 2
learning_rate: 1e-3
output_dir: out
"""

LLAMA_FACTORY = """\
model_name_or_path: {model}
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 4
lora_target: all
dataset: mine
dataset_dir: .
template: empty
cutoff_len: 64
max_steps: 3
per_device_train_batch_size: 2
learning_rate: 1e-3
output_dir: out
"""

OLIVE = """\
input_model:
  type: HfModel
  model_path: {model}
data_configs:
  - name: rows
    type: HuggingfaceContainer
    load_dataset_config: {{data_name: json, data_files: rows.jsonl, split: train}}
    pre_process_data_config: {{text_template: "{{instruction}} {{output}}", max_seq_len: 64}}
passes:
  tune:
    type: LoRA
    r: 4
    alpha: 8
    train_data_config: rows
    training_args: {{max_steps: 3, per_device_train_batch_size: 2, learning_rate: 0.001}}
output_dir: out
"""

FILES = {"axolotl": AXOLOTL, "trl": TRL, "llama-factory": LLAMA_FACTORY, "olive": OLIVE}


@pytest.mark.parametrize("tool", FILES)
def test_it_runs(tool: str, ground: Ground) -> None:
    rows = [
        {"instruction": f"say {n}", "input": "", "output": f"{n} it is", "text": f"say {n}: {n}"}
        for n in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows * 3)
    (ground.folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    info = {"mine": {"file_name": "rows.jsonl"}}
    (ground.folder / "dataset_info.json").write_text(json.dumps(info), encoding="utf-8")
    folder = ground.folder / "configs"
    folder.mkdir()
    (folder / "tune.yaml").write_text(
        FILES[tool].format(model=ground.model.as_posix()), encoding="utf-8"
    )
    done = ground.run("run", "configs/tune.yaml", "--set", "export.format=none")
    assert done.returncode == 0, done
    (run,) = (ground.folder / "out").iterdir()
    assert made(run)[-1] == "report"
    plan = from_json(json.loads((run / "plan.json").read_text(encoding="utf-8")))
    assert (plan.method.type, plan.method.r, plan.training.max_steps) == ("lora", 4, 3)
    assert (Path(plan.root), plan.workflow) == (ground.folder, "configs/tune.yaml")
    assert plan.training.learning_rate == 1e-3
