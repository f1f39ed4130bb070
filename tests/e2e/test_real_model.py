"""The whole path on the real SmolLM2-135M-Instruct, cut short: four steps on the sample's rows."""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.whole_runs import Ground, said

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]

SAMPLES = Path(__file__).parents[2] / "samples"
MODEL = SAMPLES / "models" / "SmolLM2-135M-Instruct"
ROWS = SAMPLES / "definitions" / "data" / "definitions.jsonl"

WORKFLOW = """
version: 1
name: real
task: classification
model: {name_or_path: MODEL}
data:
  train: [{path: ROWS, columns: {completion: kind}}]
  prompt_template: "Which kind of thing is this? {definition}"
  test_size: 0.15
  max_length: 128
training:
  max_steps: 4
  per_device_train_batch_size: 2
  logging_steps: 1
  eval_strategy: "no"
evaluate: {max_rows: 8, max_new_tokens: 4, generations: 2}
export: {precision: int8}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prepare = [sys.executable, str(SAMPLES / "definitions" / "prepare.py")]
    subprocess.run(prepare, check=True)
    ground = Ground(tmp_path_factory.mktemp("real"), MODEL, ROWS, {"OMP_NUM_THREADS": "2"})
    ground.write(text=WORKFLOW)
    done = ground.run("run", "tones.yaml")
    assert done.returncode == 0, done
    return ground.runs[-1]


def test_it_learns_from_the_first_steps(run: Path) -> None:
    losses = [e["values"]["loss"] for e in said(run, "metrics") if "loss" in e["values"]]
    assert len(losses) == 4
    assert all(math.isfinite(loss) for loss in losses)
    found = json.loads((run / "06-evaluate" / "scores.json").read_text(encoding="utf-8"))
    loss = {m["name"]: m["metrics"]["loss"]["value"] for m in found["models"]}
    assert loss["tuned"] < loss["base"]
    assert loss["exported-int8"] == pytest.approx(loss["tuned"], rel=0.1)


def test_the_exported_model_writes_english(run: Path) -> None:
    og: Any = importlib.import_module("onnxruntime_genai")
    folder = run / "05-export" / "int8"
    model = og.Model(str(folder))
    tokenizer = og.Tokenizer(model)
    parameters = og.GeneratorParams(model)
    parameters.set_search_options(max_length=24, do_sample=False)
    generator = og.Generator(model, parameters)
    generator.append_tokens(tokenizer.encode("The capital of France is"))
    while not generator.is_done():
        generator.generate_next_token()
    assert "Paris" in tokenizer.decode(generator.get_sequence(0))
