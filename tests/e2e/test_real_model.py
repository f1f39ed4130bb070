"""The whole path on the real SmolLM2-135M-Instruct, cut short: four steps on rows of the sample's.

The test gets the model and the data as the sample does, where they are not there yet.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from support.whole_runs import Ground, said, stage

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
  train: [{path: ROWS, split: "train[:200]", columns: {completion: kind}}]
  prompt_template: "Which kind of thing is this? {definition}"
  test_size: 0.15
  max_length: 128
training:
  learning_rate: 1.0e-3
  max_steps: 4
  per_device_train_batch_size: 2
  logging_steps: 1
  eval_strategy: "no"
evaluate: {max_rows: 8, max_new_tokens: 4, generations: 2}
export: {precision: int8}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    subprocess.run([sys.executable, str(SAMPLES / "definitions" / "prepare.py")], check=True)
    ground = Ground(tmp_path_factory.mktemp("real"), MODEL, ROWS, {"OMP_NUM_THREADS": "2"})
    ground.write(text=WORKFLOW)
    done = ground.run("run", "tones.yaml")
    assert done.returncode == 0, done
    return ground.runs[-1]


def test_it_learns_from_the_first_steps(run: Path) -> None:
    losses = [e["values"]["loss"] for e in said(run, "metrics") if "loss" in e["values"]]
    assert len(losses) == 4
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < losses[0]
    found = json.loads((run / "06-evaluate" / "scores.json").read_text(encoding="utf-8"))
    loss = {m["name"]: m["metrics"]["loss"]["value"] for m in found["models"]}
    assert loss["tuned"] < loss["base"]
    assert loss["exported-int8"] == pytest.approx(loss["tuned"], rel=0.1)
    (facts,) = stage(run, "export")["facts"]["exports"]
    assert facts["same_argmax"] > 0.8


def test_the_exported_model_still_writes_english(run: Path) -> None:
    """Asked for something else than it was tuned on."""
    import onnxruntime_genai

    genai = onnxruntime_genai  # its names come from a compiled module that has no types
    model = genai.Model(str(run / "05-export" / "int8"))  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer = genai.Tokenizer(model)  # pyright: ignore[reportAttributeAccessIssue]
    parameters = genai.GeneratorParams(model)  # pyright: ignore[reportAttributeAccessIssue]
    parameters.set_search_options(max_length=24, do_sample=False)
    generator = genai.Generator(model, parameters)  # pyright: ignore[reportAttributeAccessIssue]
    generator.append_tokens(tokenizer.encode("The capital of France is"))
    while not generator.is_done():
        generator.generate_next_token()
    assert "Paris" in tokenizer.decode(generator.get_sequence(0))
