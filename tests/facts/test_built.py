"""Asking the runner's Python to build a model, with a program that stands in for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.facts import FACTS_VERSION, NotRead
from pitchpipe.modules import ModelShape, ModuleGroup, Parameter, ShapeSource
from pitchpipe.plan import to_json
from pitchpipe_facts import built
from pitchpipe_facts.built import Builder, shape_from_json
from pitchpipe_facts.model_shapes import ModelShapes
from support.shards import CONFIG, SHELF, model, tensors

SHAPE = ModelShape(
    model_type="own",
    class_name="OwnForCausalLM",
    head="causal-lm",
    groups=(
        ModuleGroup(
            "model.layers.{}.experts.{}",
            ((0, 0), (0, 1), (2, 0)),
            "linear",
            "expert",
            "Linear",
            (Parameter("weight", (4, 2), dtype="float32"), Parameter("scale", (4,), buffer=True)),
        ),
        ModuleGroup(
            "lm_head",
            ((),),
            "linear",
            "head",
            "Linear",
            (Parameter("weight", (8, 2), "embed.weight"),),
        ),
    ),
    config={"hidden_size": 2, "layer_types": ["a", None], "rope": {"theta": 1e4}},
    exact=True,
    source=ShapeSource("built", "transformers 5.23.0"),
)
OWN = {"model_type": "own", "architectures": ["OwnForCausalLM"], "auto_map": {"AutoConfig": "x.C"}}


def stand_in(folder: Path, answer: dict[str, Any], versions: str = "5.23.0") -> str:
    """A Python that answers so, and notes what it was asked in `asked.jsonl`."""
    if sys.platform == "win32":
        pytest.skip("a script is no program there")
    program = folder / "python"
    version = {"version": FACTS_VERSION, "transformers": versions}
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys\n"
        "if sys.argv[-1] == '--version':\n"
        f"    print({json.dumps(version)!r})\n"
        "else:\n"
        f"    with open({str(folder / 'asked.jsonl')!r}, 'a') as file:\n"
        "        offline = os.environ['HF_HUB_OFFLINE']\n"
        "        file.write(json.dumps([sys.argv[1:], json.load(sys.stdin), offline]) + '\\n')\n"
        f"    print({json.dumps({'version': FACTS_VERSION, **answer})!r})\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return str(program)


def asked(folder: Path) -> list[list[Any]]:
    file = folder / "asked.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


def test_a_shape_survives_json() -> None:
    assert shape_from_json(json.loads(json.dumps(to_json(SHAPE)))) == SHAPE


def test_an_answer_is_asked_for_offline_and_kept(tmp_path: Path) -> None:
    python = stand_in(tmp_path, {"shape": to_json(SHAPE)})
    builder = Builder(python, cache=tmp_path / "cache")
    assert builder.shape(CONFIG, None, "causal-lm") == SHAPE
    assert builder.shape(dict(CONFIG), None, "causal-lm") == SHAPE
    request = {"config": CONFIG, "head": "causal-lm", "folder": None, "trust_remote_code": False}
    assert asked(tmp_path) == [[["-m", "pitchpipe_runner.shape"], request, "1"]]


def test_another_question_is_asked_anew(tmp_path: Path) -> None:
    python = stand_in(tmp_path, {"shape": to_json(SHAPE)})
    builder = Builder(python, cache=tmp_path / "cache")
    builder.shape(CONFIG, None, None)
    builder.shape(CONFIG, None, "causal-lm")
    builder.shape({**CONFIG, "layers": 3}, None, None)
    stand_in(tmp_path, {"shape": to_json(SHAPE)}, versions="5.24.0")
    builder.shape(CONFIG, None, None)
    assert len(asked(tmp_path)) == 4


def test_code_is_run_only_with_consent_and_asked_anew_when_it_changes(tmp_path: Path) -> None:
    python = stand_in(tmp_path, {"shape": to_json(SHAPE)})
    folder = model(tmp_path / "m", OWN)
    (folder / "x.py").write_text("1", encoding="utf-8")
    Builder(python, cache=tmp_path / "cache").shape(OWN, folder, None)
    trusting = Builder(python, trust_remote_code=True, cache=tmp_path / "cache")
    trusting.shape(OWN, folder, None)
    trusting.shape(OWN, folder, None)
    (folder / "x.py").write_text("2", encoding="utf-8")
    trusting.shape(OWN, folder, None)
    told = [(request["folder"], request["trust_remote_code"]) for _, request, _ in asked(tmp_path)]
    assert told == [(None, False), *[(str(folder.resolve()), True)] * 2]


@pytest.mark.parametrize("content", ["", "{", '{"version": 0}', "[]", '{"version": 2, "shape": 1}'])
def test_a_broken_entry_is_replaced(tmp_path: Path, content: str) -> None:
    python = stand_in(tmp_path, {"shape": to_json(SHAPE)})
    builder = Builder(python, cache=tmp_path / "cache")
    builder.shape(CONFIG, None, None)
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_text(content, encoding="utf-8")
    assert builder.shape(CONFIG, None, None) == SHAPE
    assert json.loads(entry.read_text(encoding="utf-8"))["shape"] == to_json(SHAPE)


def test_a_cache_that_cant_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    python = stand_in(tmp_path, {"shape": to_json(SHAPE)})
    assert Builder(python, cache=tmp_path / "file").shape(CONFIG, None, None) == SHAPE


def test_no_reason_is_kept(tmp_path: Path) -> None:
    python = stand_in(tmp_path, {"not_read": "it needs the model's own code"})
    builder = Builder(python, cache=tmp_path / "cache")
    assert builder.shape(CONFIG, None, None) == NotRead("it needs the model's own code")
    stand_in(tmp_path, {"shape": to_json(SHAPE)})
    assert builder.shape(CONFIG, None, None) == SHAPE


@pytest.mark.parametrize("answer", [{}, {"shape": {}}, {"shape": {**to_json(SHAPE), "groups": 1}}])
def test_an_answer_that_makes_no_sense_is_none(tmp_path: Path, answer: dict[str, Any]) -> None:
    found = Builder(stand_in(tmp_path, answer), cache=tmp_path / "c").shape(CONFIG, None, None)
    assert isinstance(found, NotRead)
    assert found.reason.startswith("the runner's Python answered what can't be understood")


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    python = str(tmp_path / "none")
    found = Builder(python, cache=tmp_path).shape(CONFIG, None, None)
    assert isinstance(found, NotRead)
    assert found.reason.startswith(f"`{python}` does not start")


def test_the_cache_lies_in_the_users_cache_folder() -> None:
    assert built.cache_folder().name == "shapes"
    assert "pitchpipe" in built.cache_folder().parts


# Its place among the sources


def models(folder: Path, answer: dict[str, Any], always: bool = False) -> ModelShapes:
    builder = Builder(stand_in(folder, answer), cache=folder / "cache")
    return ModelShapes({}, SHELF, builder, build_always=always)


def test_what_the_catalogue_knows_exactly_is_not_built(tmp_path: Path) -> None:
    asking = models(tmp_path, {"shape": to_json(SHAPE)})
    found = asking.shape(str(model(tmp_path / "m")), local=True)
    assert isinstance(found, ModelShape)
    assert found.source.kind == "config"
    assert asked(tmp_path) == []


def test_what_nobody_knows_is_built(tmp_path: Path) -> None:
    asking = models(tmp_path, {"shape": to_json(SHAPE)})
    found = asking.shape(str(model(tmp_path / "m", OWN)), local=True)
    assert found == SHAPE


def test_the_stored_tensors_confirm_what_was_built(tmp_path: Path) -> None:
    asking = models(tmp_path, {"shape": to_json(SHAPE)}, always=True)
    names = ("layers.0.experts.0", "layers.0.experts.1", "layers.2.experts.0")
    stored = {f"model.{name}.weight": ("BF16", [4, 2]) for name in names}
    stored["lm_head.weight"] = ("BF16", [8, 2])
    found = asking.shape(str(model(tmp_path / "m", OWN, stored)), local=True)
    assert isinstance(found, ModelShape)
    assert found.source == ShapeSource(
        "built", "transformers 5.23.0; the headers of `model.safetensors` agree"
    )
    assert found.groups[0].parameters[0].dtype == "bfloat16"


def test_where_building_fails_the_next_best_answer_says_so(tmp_path: Path) -> None:
    asking = models(tmp_path, {"not_read": "there is no room"})
    found = asking.shape(str(model(tmp_path / "own", OWN)), local=True)
    assert found == NotRead(
        "the model type `own`, which brings its own code, is not in the catalogue;"
        " it was not built: there is no room"
    )
    found = asking.shape(str(model(tmp_path / "m", OWN, tensors())), local=True)
    assert isinstance(found, ModelShape)
    assert found.source.detail.endswith("; it was not built: there is no room")


@pytest.mark.parametrize(
    ("reason", "exact"),
    [
        ("it can't be built: ZeroDivisionError: integer modulo by zero", False),
        ("it can't be built: ImportError: it needs kernels", True),
        ("the runner's environment lacks torch", True),
    ],
)
def test_what_its_own_class_refuses_is_not_exact(tmp_path: Path, reason: str, exact: bool) -> None:
    asking = models(tmp_path, {"not_read": reason}, always=True)
    found = asking.shape(str(model(tmp_path / "m")), local=True)
    assert isinstance(found, ModelShape)
    assert (found.exact, found.numel > 0) == (exact, True)
    assert found.source.detail.endswith(f"; it was not built: {reason}")
