"""`pitchpipe modules`: what a model consists of, and what of it would be trained."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pitchpipe_schemas
from pitchpipe.facts import FACTS_VERSION, NotRead
from pitchpipe.modules import ModelShape, ModuleGroup, Parameter, ShapeSource
from pitchpipe_cli import module_rows, module_tree
from pitchpipe_facts.model_shapes import ModelShapes
from support.cli import Done, environment, pitchpipe
from support.shards import CONFIG, SHELF, TOY, model, tensors

WORKFLOW = """\
model:
  name_or_path: ./toy
data:
  train:
    - {path: rows.jsonl, columns: {prompt: phrase, completion: tone}}
method:
  type: lora
  r: 4
  target_modules: [q_proj]
"""


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The catalogue knows one more type, and no cache of this machine is looked at."""
    known, names = pitchpipe_schemas.architecture, pitchpipe_schemas.architectures
    monkeypatch.setattr(
        pitchpipe_schemas, "architecture", lambda name: TOY if name == "toy" else known(name)
    )
    monkeypatch.setattr(pitchpipe_schemas, "architectures", lambda: ("toy", *names()))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


def project(folder: Path, workflow: str) -> Path:
    """A model, data and a workflow `a.yaml` in which nothing is wrong."""
    model(folder / "toy", stored=tensors())
    (folder / "toy" / "tokenizer.json").write_text("{}", encoding="utf-8")
    (folder / "rows.jsonl").write_text('{"phrase": "a", "tone": "b"}\n' * 40, encoding="utf-8")
    (folder / "a.yaml").write_text(workflow, encoding="utf-8")
    return folder


def modules(folder: Path, *arguments: str, **options: Any) -> Done:
    return pitchpipe("modules", *arguments, cwd=folder, **options)


def as_json(folder: Path, *arguments: str) -> dict[str, Any]:
    done = modules(folder, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


TEXT = """\
toy: toy, ToyForCausalLM, 1,928 parameters, bfloat16, context 128 tokens
from `config.json` in the folder; the headers of `model.safetensors` agree (exact)

MODULES                              KIND       ROLE       SHAPE       COUNT                         PARAMETERS  TRAINED
model.embed_tokens                   embedding  embedding  32 × 8          1                                256
model.layers.{0,1}.self_attn.q_proj  linear     q          8 → 8           2                                128  r=4: 128
model.layers.{0,1}.mlp.experts       experts    expert     4 × 16 × 8      2                              1,536
model.norm                           norm       norm       8               1                                  8
lm_head                              linear     head       8 → 32          1  tied to model.embed_tokens.weight

ROLE       MODULES  PARAMETERS   SHARE  TRAINED  TRAINED PARAMETERS
embedding        1         256  13.3 %
q                2         128   6.6 %        2                 128
expert           2       1,536  79.7 %
norm             1           8  0.41 %
head             1           0   0.0 %

trained: 128 parameters, 6.6 % of the model's, in 2 modules
"""  # noqa: E501


def test_a_pipe_gets_a_line_a_kind_of_module(tmp_path: Path) -> None:
    model(tmp_path / "toy", stored=tensors())
    done = modules(tmp_path, "toy", "--target", "q_proj", "--rank", "4")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == TEXT


def test_a_workflow_brings_its_own_targets(tmp_path: Path) -> None:
    project(tmp_path, WORKFLOW)
    done = modules(tmp_path, "a.yaml")
    assert done.stdout == TEXT.replace("toy: toy", "./toy: toy")
    found = as_json(tmp_path, "a.yaml", "--rank", "2")
    assert found["trained"] == {"parameters": 64, "modules": 2}
    found = as_json(tmp_path, "a.yaml", "--target", "lm_head", "--rank", "2")
    assert found["trained"] == {"parameters": 80, "modules": 1}


def test_full_fine_tuning_trains_everything(tmp_path: Path) -> None:
    project(tmp_path, WORKFLOW.partition("  r: 4")[0].replace("lora", "full"))
    found = as_json(tmp_path, "a.yaml")
    assert found["trained"]["parameters"] == 1928


def test_a_wrong_workflow_is_1_and_shows_its_model_all_the_same(tmp_path: Path) -> None:
    project(tmp_path, WORKFLOW.replace("rows.jsonl", "rowz.jsonl"))
    done = modules(tmp_path, "a.yaml")
    assert done.returncode == 1
    assert "data-file-not-found" in done.stderr
    assert "model.layers.{0,1}.self_attn.q_proj" in done.stdout


def test_a_workflow_without_a_model_shows_its_findings_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("method:\n  r: 4\n", encoding="utf-8")
    done = modules(tmp_path, "a.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "missing-required" in done.stderr
    assert modules(tmp_path, "none.yaml").returncode == 2


def test_json_tells_all_of_it(tmp_path: Path) -> None:
    model(tmp_path / "toy", stored=tensors())
    found = as_json(tmp_path, "toy", "--target", "q_proj", "--filter", "q")
    assert found["version"] == 1
    assert found["model"] == {
        "name": "toy",
        "model_type": "toy",
        "class": "ToyForCausalLM",
        "head": "causal-lm",
        "exact": True,
        "source": {
            "kind": "weights",
            "detail": "`config.json` in the folder; the headers of `model.safetensors` agree",
        },
        "parameters": 1928,
        "dtype": "bfloat16",
        "context_length": 128,
        "quantization": None,
    }
    assert found["modules"] == [
        {
            "path": "model.layers.{}.self_attn.q_proj",
            "at": [[0], [1]],
            "count": 2,
            "kind": "linear",
            "role": "q",
            "class": "Linear",
            "parameters": 128,
            "tensors": [
                {
                    "name": "weight",
                    "shape": [8, 8],
                    "dtype": "bfloat16",
                    "tied_to": None,
                    "buffer": False,
                }
            ],
            "trained": {"how": "r=16", "modules": 2, "parameters": 512},
        }
    ]
    assert found["roles"] == [
        {
            "role": "q",
            "modules": 2,
            "parameters": 128,
            "trained_modules": 2,
            "trained_parameters": 512,
        }
    ]


def test_without_targets_nothing_is_marked(tmp_path: Path) -> None:
    found = as_json(tmp_path, "toy")
    assert found["trained"] is None
    assert found["model"]["source"] == {"kind": "config", "detail": "the defaults of `toy`"}
    assert "trained" not in modules(tmp_path, "toy").stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--target", "all-linear"], {"q_proj"}),
        (["--target", "all-linear", "--exclude", "layers.0.self_attn.q_proj"], {"q_proj"}),
        (["--target", r".*(q_proj|lm_head)"], {"q_proj", "lm_head"}),
        (["--target", "q_proj", "--target", "lm_head"], {"q_proj", "lm_head"}),
        (["--target", "q_proj,lm_head"], {"q_proj", "lm_head"}),
        (["--exclude", "lm_head"], {"q_proj"}),
        (["--rank", "2"], {"q_proj"}),
    ],
)
def test_targets_are_read_as_peft_reads_them(
    tmp_path: Path, arguments: list[str], expected: set[str]
) -> None:
    found = as_json(tmp_path, "toy", *arguments)
    trained = {m["path"].rpartition(".")[2] for m in found["modules"] if m["trained"]}
    assert trained == expected


def test_what_a_run_leaves_out_is_left_out_here(tmp_path: Path) -> None:
    done = modules(tmp_path, "state-spaces/mamba-130m-hf", "--target", "all-linear")
    assert done.returncode == 0, done.stderr
    assert "would pass over it: `backbone.layers.*.mixer.out_proj`" in done.stdout
    done = modules(tmp_path, "state-spaces/mamba-130m-hf", "--target", "out_proj")
    assert done.returncode == 2
    assert "PEFT refuses `backbone.layers.*.mixer.out_proj`" in done.stderr


def test_a_part_of_the_layers_is_said_to_be_one(tmp_path: Path) -> None:
    done = modules(tmp_path, "toy", "--target", "layers.0.self_attn.q_proj")
    assert "r=16 in 1 of 2: 256" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toy", "--target", "q_prj"], "no module is called `q_prj`; did you mean `q_proj`?"),
        (["toy", "--target", ".*zz"], "these targets match no module"),
        (["toy", "--target", "("], "this is no regular expression"),
        (["toy", "--target", ".*", "--target", "q"], "`.*` is a regular expression, which stands"),
        (
            ["toy", "--filter", "q_prj"],
            "no module or role is called `q_prj`; did you mean `q_proj`",
        ),
        (["toy", "--head", "masked-lm"], "`toy` has no class for masked-lm"),
        (["tooy"], "`tooy` is not known"),
        (
            ["own"],
            "the model type `own` is not in the catalogue; `--build` has the runner's Python",
        ),
        (["code"], "; `--build --trust-remote-code` has the runner's Python build it with its own"),
        (["metallama/Llama-3.1-8B"], "did you mean `meta-llama/Llama-3.1-8B`?"),
        (["x" * 5000], "is not known: it is neither in the hub's cache nor"),
        (["./" + "x" * 5000], "there is no folder ./xxx"),
        (["./toys"], "there is no folder ./toys; did you mean `toy`?"),
        (["file"], "file is a file; name the folder that holds `config.json`"),
        (["hollow"], "the folder hollow tells no modules: the folder holds no `config.json`"),
        ([], "name a model, or use --list"),
        (["toy", "--build", "--python", "no-such-python"], "--python names no-such-python"),
    ],
)
def test_a_wrong_name_is_2_and_says_what_may_be_meant(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    if arguments[:1] == ["./toys"]:
        model(tmp_path / "toy")
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "hollow").mkdir()
    model(tmp_path / "own", {"model_type": "own"})
    model(tmp_path / "code", {"model_type": "own", "auto_map": {"AutoConfig": "x.C"}})
    done = modules(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("pitchpipe: ")


def test_a_rank_is_at_least_1(tmp_path: Path) -> None:
    for rank in ("0", "-3", "x"):
        assert modules(tmp_path, "toy", "--rank", rank).returncode == 2


def test_a_folder_goes_before_a_type_and_a_published_name(tmp_path: Path) -> None:
    assert as_json(tmp_path, "gpt2")["model"]["source"]["kind"] == "table"
    model(tmp_path / "gpt2", {**CONFIG, "layers": 1})
    assert as_json(tmp_path, "gpt2")["model"]["parameters"] == 1928 - 832


def test_published_models_are_known_by_name(tmp_path: Path) -> None:
    found = as_json(tmp_path, "meta-llama/Llama-3.1-8B")["model"]
    assert (found["parameters"], found["context_length"]) == (8030261248, 131072)
    assert (found["exact"], found["source"]["kind"]) == (True, "table")


def test_what_is_quantized_already_is_said(tmp_path: Path) -> None:
    quantized = {"quant_method": "gptq", "bits": 4}
    model(tmp_path / "toy", {**CONFIG, "quantization_config": quantized})
    assert as_json(tmp_path, "toy")["model"]["quantization"] == "4-bit gptq"
    assert ", 4-bit gptq, " in modules(tmp_path, "toy").stdout


def test_what_is_not_exact_says_how_to_find_out(tmp_path: Path) -> None:
    model(tmp_path / "m", {"model_type": "own"}, tensors())
    done = modules(tmp_path, "m")
    assert done.returncode == 0
    assert "(not exact)\n`--build` has the runner's Python build the model" in done.stdout


def test_what_is_not_described_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    partly = {**TOY, "exact": False, "undescribed": ["model.layers.{}.adapter"]}
    monkeypatch.setattr(pitchpipe_schemas, "architecture", lambda name: partly)
    model(tmp_path / "toy")
    assert "when there are any: `model.layers.*.adapter`\n" in modules(tmp_path, "toy").stdout


def test_the_list_names_types_and_models(tmp_path: Path) -> None:
    done = modules(tmp_path, "--list")
    assert done.returncode == 0
    assert "model types:\n  toy, " in done.stdout
    line = next(line for line in done.stdout.splitlines() if "Llama-3.1-8B " in line)
    assert line.split()[:4] == ["meta-llama/Llama-3.1-8B", "llama", "8,030,261,248", "131,072"]
    found = json.loads(modules(tmp_path, "--list", "--format", "json").stdout)
    assert found["model_types"] == list(pitchpipe_schemas.architectures())
    assert len(found["models"]) == len(pitchpipe_schemas.models()["models"])
    assert found["models"][0].keys() == {
        *("name", "model_type", "parameters", "context_length", "license", "gated"),
        "chat_template",
    }


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pitchpipe_cli.main import main\n"
        "main(['modules', 'gpt2', '--target', 'c_attn'])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(HF_HUB_CACHE=str(tmp_path / "hub")),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert "c_attn" in done.stdout
    heavy = {"torch", "transformers", "peft", "numpy", "huggingface_hub", "rich", "platformdirs"}
    assert not heavy & set(done.stderr.split())


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_a_model_is_built_by_the_python_that_is_named(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(
        f'#!/bin/sh\necho \'{{"version": {FACTS_VERSION}, "not_read": "no room"}}\'\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    model(tmp_path / "own", {"model_type": "own"})
    done = modules(tmp_path, "own", "--build", "--python", str(program))
    assert done.returncode == 2
    assert done.stderr.endswith("is not in the catalogue; it was not built: no room\n")


# The tree


def drawn(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    shape = ModelShapes({}, SHELF).of_type("toy")
    assert not isinstance(shape, NotRead)
    rows = module_rows.rows(shape, None, full=True)
    module_tree.draw(rows, module_rows.totals(rows))
    lines = capsys.readouterr().out.splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines).partition("\n\n")[0] + "\n"


WIDE = """\
├── model
│   ├── embed_tokens          embedding  embedding  32 × 8            256  all: 256
│   ├── layers.{0,1}
│   │   ├── self_attn.q_proj  linear     q          8 → 8       ×2    128  all: 128
│   │   └── mlp.experts       experts    expert     4 × 16 × 8  ×2  1,536  all: 1,536
│   └── norm                  norm       norm       8                   8  all: 8
└── lm_head                   linear     head       8 → 32           tied
"""

NARROW = """\
├── model
│   ├── embed_tokens          32 × 8        256  all: 256
│   ├── layers.{0,1}
│   │   ├── self_attn.q_proj  8 → 8         128  all: 128
│   │   └── mlp.experts       4 × 16 × 8  1,536  all: 1,536
│   └── norm                  8               8  all: 8
└── lm_head                   8 → 32       tied
"""


@pytest.mark.parametrize(("width", "expected"), [(120, WIDE), (70, NARROW)])
def test_a_tree_is_drawn_as_wide_as_the_terminal(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    expected: str,
) -> None:
    assert drawn(capsys, monkeypatch, width) == expected


@pytest.mark.parametrize("width", [20, 40, 50])
def test_a_very_narrow_terminal_is_not_overrun(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    assert max(map(len, drawn(capsys, monkeypatch, width).splitlines())) <= width


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ([()], "x"),
        ([(3,)], "x.3.y"),
        ([(0,), (1,)], "x.{0,1}.y"),
        ([(n,) for n in range(32)], "x.{0..31}.y"),
        ([(0,), (2,), (4,), (5,), (6,)], "x.{0,2,4..6}.y"),
        ([(n,) for n in range(0, 40, 2)], "x.{0,2,…,38}.y"),
        ([(n,) for n in (0, 2, 5, 7, 11, 13, 17, 30)], "x.{0,2,5,…,30}.y"),
        ([(a, b) for a in range(3) for b in range(8)], "x.{0..2}.{0..7}.y"),
    ],
)
def test_layers_are_written_short(at: list[tuple[int, ...]], expected: str) -> None:
    path = ".".join(["x", *["{}"] * len(at[0]), *(["y"] if at[0] else [])])
    assert module_rows.spelt(path, tuple(at)) == expected


def test_a_model_that_is_one_module_has_a_name() -> None:
    group = ModuleGroup("", ((),), "other", "other", "X", (Parameter("scale", (4,)),))
    shape = ModelShape("x", "X", "causal-lm", (group,), {}, True, ShapeSource("built", ""))
    assert "(the model itself)" in module_tree.lines(module_rows.rows(shape, None))


def test_of_a_revision_that_is_not_here_the_same_name_is_not_suggested(tmp_path: Path) -> None:
    model(tmp_path / "hub" / "models--acme--tiny" / "snapshots" / ("a" * 40))
    hub = str(tmp_path / "hub")
    done = modules(tmp_path, "acme/tiny", "--revision", "v9", HF_HUB_CACHE=hub)
    assert done.returncode == 2
    assert "has other revisions of `acme/tiny`, but not `v9`" in done.stderr
    assert "did you mean" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", ","], "--target names no module"),
        (["--exclude", ""], "--exclude names no module"),
        (["--exclude", "q_porj"], "no module is called `q_porj`; did you mean `q_proj`?"),
        (["--exclude", "all-linear"], "`all-linear` excludes none of the targets"),
        (["--target", "layers"], "no adapter on modules of this kind"),
        (["--rank", "x"], "argument --rank: `x` is no whole number"),
        (["--rank", "0"], "argument --rank: a rank is at least 1"),
    ],
)
def test_options_that_choose_nothing_are_wrong(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = modules(tmp_path, "toy", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "holds no `config.json`"),
        ("", "is no JSON"),
        ("[1]", "holds no JSON object"),
        ('{"hidden_size": 8}', "names no model type"),
        ('{"model_type": ["toy"]}', "names no model type"),
        ('{"model_type": "zebra"}', "`zebra` is not in the catalogue"),
        (json.dumps({"model_type": "z" * 5000}), "z` is not in the catalogue"),
        ('{"a": ' + "[" * 100_000, "is no JSON"),
    ],
    ids=["empty", "no text", "array", "no type", "odd type", "unknown", "very long", "deep"],
)
def test_a_folder_that_tells_nothing_says_why(
    tmp_path: Path, content: str | None, said: str
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    if content is not None:
        (folder / "config.json").write_text(content, encoding="utf-8")
    done = modules(tmp_path, "./odd")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
