from __future__ import annotations

import json
from pathlib import Path

import pytest

from pitchpipe.plan import Origin, Plan, to_json
from pitchpipe.syntax.nodes import Data
from support.analysis import FILE, analysis, whole
from support.facts import ROOT, WORLD, World
from support.golden import check_golden

GOLDEN = Path(__file__).parents[1] / "golden"


def plan(fragment: str, facts: World = WORLD, path: str = FILE, **overrides: Data) -> Plan:
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    found = analysis(whole(fragment), facts, dotted, path)
    assert not found.has_errors, found.findings
    return found.plan()


def test_a_plan_looks_like_this() -> None:
    text = (GOLDEN / "workflow.yaml").read_text(encoding="utf-8")
    found = analysis(text, overrides={"training.max_steps": 20}, path=f"{ROOT}/workflow.yaml")
    assert not found.findings
    data = to_json(found.plan())
    data["pitchpipe"] = "VERSION"
    check_golden(GOLDEN / "plan.json", json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def test_a_value_of_the_file_knows_its_place_and_its_text() -> None:
    origins = plan("training:\n  learning_rate: 1.0e-4 # low\n").origins
    assert origins["training.learning_rate"] == Origin("file", 2, 18, 2, 24, "1.0e-4")


def test_a_list_has_one_origin() -> None:
    origins = plan("method:\n  target_modules: [q_proj, 'v_proj']\n").origins
    assert origins["method.target_modules"] == Origin("file", 2, 19, 2, 37, "[q_proj, 'v_proj']")
    assert not [key for key in origins if key.startswith("method.target_modules[")]


def test_what_stands_on_several_lines_is_not_quoted() -> None:
    origin = plan("method:\n  target_modules:\n    - q_proj\n    - v_proj\n").origins[
        "method.target_modules"
    ]
    assert (origin.kind, origin.line, origin.text) == ("file", 3, None)


def test_a_value_from_an_anchor_is_placed_where_it_is_used() -> None:
    text = "training:\n  eval_steps: &n 50\n  save_steps: *n\n"
    text += "  eval_strategy: steps\n  save_strategy: steps\n"
    found = plan(text)
    assert found.training.save_steps == 50
    assert found.origins["training.save_steps"].line == 3


def test_merged_keys_count() -> None:
    text = """
        training:
          <<: &base {seed: 7, max_steps: 5}
          seed: 8
        """
    found = plan(text)
    assert (found.training.seed, found.training.max_steps) == (8, 5)


def test_the_command_line_overrides_the_file() -> None:
    found = plan("training: {max_steps: 9}\n", training__max_steps=5, name="short")
    assert found.training.max_steps == 5
    assert found.origins["training.max_steps"] == Origin("command-line", text="5")
    assert found.name == "short"


def test_the_command_line_may_name_what_the_file_does_not() -> None:
    found = analysis(
        whole(""),
        overrides={"data.train[0].columns.prompt": "prompt", "evaluate.metrics": ["loss"]},
    )
    assert not found.findings
    made = found.plan()
    assert made.data.train[0].columns == {"prompt": "prompt"}
    assert made.evaluate.metrics == ("loss",)
    assert made.origins["evaluate.metrics"] == Origin("command-line", text='["loss"]')
    assert made.origins["data.train[0].columns.prompt"].kind == "command-line"


def test_what_a_whole_list_from_the_command_line_leaves_out_is_a_default() -> None:
    source: Data = {"path": "data/pairs.jsonl", "columns": {"completion": "prompt"}}
    made = analysis(whole(""), overrides={"data.train": [source]}).plan()
    assert made.data.train[0].columns == {"completion": "prompt"}
    assert made.origins["data.train[0].columns.completion"].kind == "command-line"
    assert made.origins["data.train[0].split"].kind == "default"


def test_an_override_mends_what_the_file_has_wrong() -> None:
    assert plan("training: {max_steps: many}\n", training__max_steps=5).training.max_steps == 5


def test_an_override_changes_one_use_of_an_anchor() -> None:
    text = """
        data:
          train: &rows [{path: data/pairs.jsonl}]
          eval: *rows
        """
    found = analysis(whole(text), overrides={"data.train[0].split": "train[:2]"}).plan()
    assert (found.data.train[0].split, found.data.eval[0].split) == ("train[:2]", "train")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"training.max_step": 5},
            "`training` has no key `max_step`; did you mean `max_steps`? (from `--set`)",
        ),
        (
            {"trainning.max_steps": 5},
            "a workflow has no key `trainning`; did you mean `training`? (from `--set`)",
        ),
        (
            {"training.seed": "x"},
            "`seed` must be a whole number, not the string `x` (from `--set`)",
        ),
        ({"version": 2}, "`version` can't be `2`; it can be `1` (from `--set`)"),
        (
            {"data.train[0].path": "data/pears.jsonl"},
            "there is no file `data/pears.jsonl`; did you mean `data/pairs.jsonl`? (from `--set`)",
        ),
        (
            {"data.train[3].path": "x"},
            "`--set data.train[3].path`: `data.train` has 1 item, and the first one is [0]",
        ),
        ({"name.first": "x"}, "`--set name.first`: `name` holds no keys"),
        ({"name[0]": "x"}, "`--set name[0]`: `name` is no list"),
        ({"a..b": 1}, "`--set a..b`: a key is missing before `.b` in `a..b`"),
        ({"": 1}, "`--set `: it names no key"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_said_at_the_start(
    overrides: dict[str, Data], message: str
) -> None:
    (finding,) = analysis(whole("name: x\n"), overrides=overrides).findings
    assert finding.message == message
    assert (finding.span.start, finding.span.end, finding.fix) == (0, 0, None)


def test_no_place_of_the_file_explains_what_the_command_line_set() -> None:
    text = "training:\n  load_best_model_at_end: true\n  save_strategy: epoch\n"
    (finding,) = analysis(whole(text), overrides={"training.save_strategy": "steps"}).findings
    assert (finding.code, finding.related, finding.fix) == ("best-model-strategies", (), None)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("phrase-tone.yaml", "phrase-tone"),
        ("phrase-tone.tune.yaml", "phrase-tone"),
        ("x", "x"),
        (".yaml", "workflow"),
        ("é" * 100 + ".yaml", "é" * 80),
    ],
)
def test_a_run_is_called_like_its_file(file: str, name: str) -> None:
    found = plan("", path=f"{ROOT}/{file}")
    assert (found.name, found.workflow, found.root) == (name, file, ROOT)


def test_metrics_follow_the_task() -> None:
    assert plan("").evaluate.metrics == ("loss", "perplexity")
    assert plan("task: classification").evaluate.metrics == (
        "loss",
        "perplexity",
        "exact_match",
        "accuracy",
        "f1",
    )


def test_one_precision_is_a_list_of_one() -> None:
    assert plan("export: {precision: int8}").export.precision == ("int8",)
    assert plan("export: {precision: [int8, fp32]}").export.precision == ("int8", "fp32")


def test_whole_numbers_become_floats_where_floats_are_meant() -> None:
    found = plan("method: {lora_alpha: 8}\ntraining: {max_steps: 5.0}\n")
    assert isinstance(found.method.lora_alpha, float)
    assert isinstance(found.training.max_steps, int)


def test_the_format_is_decided_where_the_columns_are_known() -> None:
    text = """
        data:
          train:
            - {path: data/chats.jsonl}
            - {path: data/pairs.jsonl}
            - {path: data/texts.txt}
            - {dataset_name: imdb}
        """
    found = plan(text).data.train
    assert [s.format for s in found] == ["messages", "prompt-completion", "text", None]


def test_paths_of_this_machine_become_absolute_and_others_stay() -> None:
    rows = [{"prompt": "a", "completion": "b"}]
    world = World(
        {"data/a.jsonl": rows, "/data/b.jsonl": rows, "/home/me/c.jsonl": rows},
        WORLD.models,
        WORLD.variables,
    )
    text = """
        model: {name_or_path: ~/project/models/tiny}
        data:
          train: [{path: data/a.jsonl}, {path: "${DATA}/b.jsonl"}, {path: ~/c.jsonl}]
        output_dir: ../runs
        """
    found = plan(text, world)
    paths = [s.path for s in found.data.train]
    assert paths == ["data/a.jsonl", "/data/b.jsonl", "/home/me/c.jsonl"]
    assert list(found.fingerprints) == paths
    assert (found.model.name_or_path, found.model.local) == (f"{ROOT}/models/tiny", True)
    assert found.output_dir == "../runs"


def test_a_hub_model_is_not_local() -> None:
    found = plan("model: {name_or_path: HuggingFaceTB/SmolLM2-135M}")
    assert (found.model.name_or_path, found.model.local) == ("HuggingFaceTB/SmolLM2-135M", False)


@pytest.mark.parametrize(
    ("written", "consent", "effect"),
    [("true", True, True), ("true", False, False), ("false", True, False)],
)
def test_the_models_own_code_needs_the_key_and_the_consent(
    written: str, consent: bool, effect: bool
) -> None:
    text = f"model: {{name_or_path: models/tiny, trust_remote_code: {written}}}"
    found = analysis(whole(text))
    assert found.wants_remote_code == (written == "true")
    assert found.plan(trust_remote_code=consent).model.trust_remote_code is effect


def test_a_file_with_errors_has_no_plan() -> None:
    with pytest.raises(ValueError, match=r"a file that can.t run has no plan"):
        analysis("name: x").plan()


def test_windows_paths_follow_the_workflow() -> None:
    class Windows(World):
        def _absolute(self, path: str) -> str:
            return path

    rows = [{"prompt": "a", "completion": "b"}]
    files = {"D:\\work\\data\\pairs.jsonl": rows, "C:\\data\\x.jsonl": rows}
    text = """
        model: {name_or_path: gpt2}
        data: {train: [{path: data/pairs.jsonl}, {path: 'C:\\data\\x.jsonl'}]}
        """
    found = plan(text, Windows(files), "D:\\work\\phrase.yaml")
    assert (found.root, found.workflow, found.name) == ("D:\\work", "phrase.yaml", "phrase")
    assert [s.path for s in found.data.train] == ["data/pairs.jsonl", "C:\\data\\x.jsonl"]
    assert len(found.fingerprints) == 2
