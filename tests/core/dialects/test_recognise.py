from __future__ import annotations

import pytest

from pitchpipe.dialects.recognise import dialect_of, is_workflow

WORKFLOW = "model:\n  name_or_path: x\ndata:\n  train: []\nmethod:\n  type: lora\n"


@pytest.mark.parametrize(
    ("name", "text", "ours"),
    [
        ("/a/b.tune.yaml", "", True),
        ("c:\\a\\b.tune.yml", "", True),
        ("/a/pitchpipe.yaml", "", True),
        ("pitchpipe.yml", "", True),
        ("/a/my-pitchpipe.yaml", "", False),
        ("/a/b.yaml", "", False),
        ("/a/b.yaml", WORKFLOW, True),
        ("/a/b.yaml", WORKFLOW.replace("\n", "\r\n"), True),
        ("/a/b.yaml", "# pitchpipe: workflow\nx: 1\n", True),
        ("/a/b.tune.yaml", "# pitchpipe: off\n" + WORKFLOW, False),
        ("/a/b.yaml", "# pitchpipe: ignore\n" + WORKFLOW, True),
        ("/a/b.yaml", "# pitchpipe: ignore-file\nx: 1\n", False),
        ("/a/b.yaml", "\n" * 6 + "# pitchpipe: workflow\n", False),
        ("/a/docker-compose.yml", "services:\n  web:\n    image: x\n", False),
        ("/a/params.yaml", "model:\n  path: x\ndata:\n  path: y\n", False),
        ("/a/dvc.yaml", "stages:\n  train:\n    cmd: x\n", False),
    ],
)
def test_which_files_are_ours(name: str, text: str, ours: bool) -> None:
    assert is_workflow(name, text) is ours


OLIVE = """\
input_model:
  type: HfModel
  model_path: x
passes:
  f: {type: LoRA}
"""


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (OLIVE, True),
        (OLIVE.replace("input_model", "input_modle"), True),
        (OLIVE.replace("input_model", "input_modle") + "data_configs: []\n", True),
        (OLIVE.replace("passes", "passses"), True),
        ("passes:\n  lora:\n    type: LoRA\n", True),
        ("passes: {lora: {type: LoRA}}\n", True),
        ("passes:\n  - mem2reg\n  - dce\n", False),
        ("training_config:\n  fp16: true\n", True),
        ("training_config:\n  coach: Jane\n", False),
        ("search_strategy: {}\nsearch_space: {}\n", True),
        ("model:\n  type: PyTorchModel\ndata_configs: []\npasses: {}\n", True),
        ('{"input_model": {"type": "HfModel"}, "passes": {}}', True),
        ('{"report": {"passes": 3, "failures": 0}}', False),
    ],
)
def test_which_files_are_olives(text: str, ours: bool) -> None:
    assert (dialect_of("/a/b.yaml", text) == "olive") is ours
