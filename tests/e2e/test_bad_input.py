"""What goes wrong because of files, arguments and surroundings, as a user meets it.

Each case is one command. It ends with its exit code and says what is wrong and where; nobody sees a
traceback, and none of the user's files is touched.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.cli import Done
from support.hub import DATASET, GATED, MISSING, MODEL, SLOW, hub
from support.whole_runs import WORKFLOW, Ground, events_of

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Later:
    """A command that was begun, and what the user's files held then."""

    ground: Ground
    before: dict[str, str]
    done: Future[Done]


Change = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """What is done to the folder of a good workflow, the command, and what has to come of it.

    `says` are parts of what is printed. `old` and `new` are a change of the workflow's text.
    """

    says: tuple[str, ...]
    code: int
    change: Change = lambda folder: None
    old: str = ""
    new: str = ""
    command: tuple[str, ...] = ("run", "tones.yaml")
    environment: tuple[tuple[str, str], ...] = ()


def rows(*lines: str) -> Change:
    """Writes rows.jsonl."""
    return lambda folder: (folder / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")


def written(name: str, content: str | bytes) -> Change:
    """Writes a file of the folder."""
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def removed(pattern: str) -> Change:
    """Removes files of the folder."""

    def remove(folder: Path) -> None:
        found = list(folder.glob(pattern))
        assert found
        for file in found:
            file.unlink()

    return remove


def row(text: str = "the owl sings tonight", label: object = "joy") -> str:
    return json.dumps({"text": text, "label": label})


BROKEN = [row(f"the owl sings {n} times") for n in range(6000)]
BROKEN[4999] = BROKEN[4999][:20]
RUN = ("run", "tones.yaml")
CHECK = ("check", "tones.yaml")

# Found before anything is started.
AT_ONCE = {
    "modules that the model lacks": Case(
        ("tones.yaml:13:", "error[target-module-not-found]: ", "did you mean `q_proj`?"),
        1,
        old="all-linear",
        new="[q_prj, v_proj]",
    ),
    "a module to save that the model lacks": Case(
        ("tones.yaml:13:", "error[target-module-not-found]: ", "`hed`"),
        1,
        old="all-linear",
        new="all-linear, modules_to_save: [hed]",
    ),
    "a model folder that is not there": Case(
        ("tones.yaml:4:23: error[model-not-found]: ", "did you mean `./llama`?"),
        1,
        old="llama",
        new="./llame",
    ),
    "a model folder without a config": Case(
        ("tones.yaml:4:23: error[model-not-found]: ", "config.json"),
        1,
        removed("llama/config.json"),
    ),
    "a model whose config is no JSON": Case(
        ("tones.yaml:4:23: error[model-not-found]: ", "config.json"),
        1,
        written("llama/config.json", "{"),
    ),
    "a model without a tokenizer": Case(
        ("tones.yaml:4:23: error[tokenizer-not-found]: ",), 1, removed("llama/tokenizer*")
    ),
    "a chat template that the model lacks": Case(
        ("tones.yaml:9:18: error[chat-template-missing]: ",),
        1,
        removed("llama/chat_template.jinja"),
        old="  labels:",
        new="  chat_template: tokenizer\n  labels:",
    ),
    "no data file": Case(
        ("tones.yaml:6:18: error[data-file-not-found]: ", "rows.jsonl"), 1, removed("rows.jsonl")
    ),
    "an empty data file": Case(("tones.yaml:6:18: error[data-empty]: ",), 1, rows()),
    "a broken line deep in the data": Case(
        ("tones.yaml:6:18: error[data-unreadable]: ", "line 5000"), 1, rows(*BROKEN)
    ),
    "a column of another type": Case(
        ("tones.yaml:6:", "error[column-wrong-type]: ", "`completion`"),
        1,
        rows('{"text": "the owl sings", "completion": 3}', '{"text": "it", "completion": ["joy"]}'),
        old='completion_template: "{label}"',
        new="chat_template: auto",
    ),
    "a template that names no column": Case(
        ("tones.yaml:7:49: error[template-unknown-column]: ", "`txt`", "did you mean `text`?"),
        1,
        old="{text}",
        new="{txt}",
    ),
    "a completion that is no label": Case(
        ("tones.yaml:9:3: warning[label-not-in-data]: ", "`fear`"),
        0,
        old="fear, ",
        new="",
        command=CHECK,
    ),
    "YAML that is none": Case(("tones.yaml:4:", "error["), 1, old="model: {", new="model: [{"),
    "a binary file": Case(
        ("photo.yaml:1:1: error[not-utf-8]: ",),
        1,
        written("photo.yaml", b"\x89PNG\r\n\x1a\n"),
        command=("run", "photo.yaml"),
    ),
    "an empty file": Case(
        ("void.yaml:1:1: error[missing-required]: ",),
        1,
        written("void.yaml", ""),
        command=("run", "void.yaml"),
    ),
    "a file that is not there": Case(
        ("pitchpipe: cannot read tone.yaml: no such file or directory",),
        2,
        command=("run", "tone.yaml"),
    ),
    "a folder for a file": Case(
        ("pitchpipe: cannot read llama: is a directory",), 2, command=("run", "llama")
    ),
    "a setting of no key": Case(
        ("error[unknown-key]: ", "`max_steps` is there already", "(from `--set`)"),
        2,
        command=(*RUN, "--set", "training.max_step=5"),
    ),
    "a setting of the wrong type": Case(
        ("error[wrong-type]: ", "(from `--set`)"),
        2,
        command=(*RUN, "--set", "training.max_steps=many"),
    ),
    "a setting that is none": Case(
        ("pitchpipe: --set: ", "key=value"), 2, command=(*RUN, "--set", "training.max_steps")
    ),
    "a run to resume that is not there": Case(
        ("pitchpipe: there is no run 20200101T000000Z-tones",),
        2,
        command=("run", "--resume", "20200101T000000Z-tones"),
    ),
    "a file without a run to resume": Case(
        ("pitchpipe: tones.yaml has no run yet",), 2, command=("run", "tones.yaml", "--resume")
    ),
    "a plan of another version": Case(
        ("pitchpipe: plan.json: ", "version 99"),
        1,
        written("plan.json", '{"version": 99}'),
        command=("run", "plan.json"),
    ),
    "a mangled plan": Case(
        ("pitchpipe: plan.json is no plan: ", "line 1 column 13"),
        1,
        written("plan.json", '{"version": '),
        command=("run", "plan.json"),
    ),
    "a model's own code without consent": Case(
        ("pitchpipe: `model.trust_remote_code`", "--trust-remote-code"),
        2,
        old="dtype: float32",
        new="dtype: float32, trust_remote_code: true",
    ),
    "a Python that is none": Case(
        ("pitchpipe: --python names no/python, which is no program",),
        2,
        command=(*RUN, "--python", "no/python"),
    ),
    "labels of which no row has one": Case(
        ("tones.yaml:9:3: error[labels-unusable]: ", "line 1 is `joy`"),
        1,
        old="[joy, fear, anger]",
        new="[good, bad]",
    ),
    "an output folder that is a file": Case(
        ("error[output-dir-is-file]: `output_dir` is a file", "(from `--set`)"),
        2,
        command=(*RUN, "--set", "output_dir=rows.jsonl"),
    ),
}

NO_DEVICE = "cuda" if sys.platform == "darwin" else "mps"
AGAINST_WAITING = (("HF_HUB_ETAG_TIMEOUT", "1"), ("HF_HUB_DOWNLOAD_TIMEOUT", "1"))
NOBODY = (("HF_ENDPOINT", "http://127.0.0.1:9"),)
ONLINE = ("HF_HUB_OFFLINE", "0")
PREPARE = (*RUN, "--only", "fetch", "--only", "prepare")

# Found by the runner.
LATER = {
    "a hub that takes too long": Case(
        ("tones.yaml:4:23: error[hub-not-reached]: ", SLOW),
        2,
        old="llama",
        new=SLOW,
        environment=(ONLINE, *AGAINST_WAITING),
    ),
    "a model without weights": Case(
        ("tones.yaml:4:23: error[model-has-no-weights]: ",), 1, removed("llama/*.safetensors")
    ),
    "weights that are none": Case(
        ("tones.yaml:4:23: error[model-not-readable]: ", "model.safetensors"),
        1,
        written("llama/model.safetensors", b"no weights"),
    ),
    "an architecture that nobody knows": Case(
        ("tones.yaml:4:23: error[model-not-readable]: ", "nonsense"),
        1,
        written("llama/config.json", '{"model_type": "nonsense"}'),
    ),
    "rows that are all too long": Case(
        ("tones.yaml:12:15: error[nothing-to-learn]: ",),
        1,
        old="max_length: 64",
        new="max_length: 8",
    ),
    "rows of which some are too long": Case(
        ("tones.yaml:12:15: warning[rows-over-max-length]: 2 rows longer than 64 tokens",),
        0,
        lambda folder: rows(*[row(f"{n} {'owl ' * 99 * (n < 2)}") for n in range(20)])(folder),
        command=PREPARE,
    ),
    "a device that is not there": Case(
        (f"tones.yaml:26:19: error[device-not-found]: `compute.device: {NO_DEVICE}`",),
        2,
        old="device: cpu",
        new=f"device: {NO_DEVICE}",
    ),
    "a stage whose inputs are not there": Case(
        ("error[stage-missing]: ", "`fetch`", "--only fetch"),
        2,
        command=(*RUN, "--only", "train"),
    ),
    "a gated model": Case(
        ("tones.yaml:4:23: error[model-gated]: ", GATED, "hf auth login"),
        2,
        old="llama",
        new=GATED,
        environment=(ONLINE,),
    ),
    "a model that the hub lacks": Case(
        ("tones.yaml:4:23: error[model-not-found]: ", MISSING),
        1,
        old="llama",
        new=MISSING,
        environment=(ONLINE,),
    ),
    "a revision that the hub lacks": Case(
        ("tones.yaml:4:", "error[model-revision-not-found]: ", "`v9`"),
        1,
        old="llama",
        new=f"{MODEL}, revision: v9",
        environment=(ONLINE,),
    ),
    "a hub that is not there": Case(
        ("tones.yaml:4:23: error[hub-not-reached]: ", MODEL),
        2,
        old="llama",
        new=MODEL,
        environment=(ONLINE, *AGAINST_WAITING, *NOBODY),
    ),
    "a data set that the hub lacks": Case(
        ("tones.yaml:6:", "error[dataset-not-found]: ", MISSING),
        1,
        old="path: rows.jsonl",
        new=f"dataset_name: {MISSING}",
        environment=(ONLINE,),
    ),
    "a split that a data set lacks": Case(
        ("tones.yaml:6:", "error[dataset-unusable]: ", "dev"),
        1,
        old="path: rows.jsonl",
        new=f"dataset_name: {DATASET}, split: dev",
        environment=(ONLINE,),
    ),
}


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory, inputs: tuple[Path, Path]) -> Path:
    """A folder with a model, rows and a workflow that is right."""
    folder = tmp_path_factory.mktemp("good")
    shutil.copytree(inputs[0], folder / "llama")
    shutil.copy(inputs[1], folder / "rows.jsonl")
    text = WORKFLOW.replace("MODEL", "llama").replace("ROWS", "rows.jsonl")
    (folder / "tones.yaml").write_text(text, encoding="utf-8")
    return folder


def laid_out(case: Case, good: Path, folder: Path) -> Ground:
    """The good folder with what the case does to it."""
    shutil.copytree(good, folder, dirs_exist_ok=True)
    file = folder / "tones.yaml"
    text = file.read_text(encoding="utf-8")
    assert case.old in text
    file.write_text(text.replace(case.old, case.new, 1) if case.old else text, encoding="utf-8")
    case.change(folder)
    return Ground(folder, folder / "llama", folder / "rows.jsonl", dict(case.environment))


def contents(folder: Path) -> dict[str, str]:
    """What the user's files hold."""
    files = (p for p in folder.rglob("*") if p.is_file())
    names = {p: p.relative_to(folder).as_posix() for p in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path, name in names.items()
        if name.partition("/")[0] not in {"runs", "state", "hf"}
    }


def check(case: Case, ground: Ground, before: dict[str, str], done: Done) -> None:
    said = done.stdout + done.stderr
    assert done.returncode == case.code, said
    for part in case.says:
        assert part in said
    assert "Traceback" not in said
    assert contents(ground.folder) == before


@pytest.mark.parametrize("name", AT_ONCE)
def test_it_is_said_at_once(name: str, good: Path, tmp_path: Path) -> None:
    case = AT_ONCE[name]
    ground = laid_out(case, good, tmp_path)
    before = contents(tmp_path)
    done = ground.run(*case.command)
    check(case, ground, before, done)
    assert not ground.runs


@pytest.fixture(scope="module")
def later(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Later]]:
    """Every case of `LATER`, three at a time, of which the first waits more than it works."""
    place = tmp_path_factory.mktemp("hub")
    with hub(place, delay=4) as running, ThreadPoolExecutor(3) as pool:
        begun: dict[str, Later] = {}
        for number, (name, case) in enumerate(LATER.items()):
            ground = laid_out(case, good, tmp_path_factory.mktemp(f"later{number}"))
            variables = {"HF_ENDPOINT": running.endpoint, **ground.variables}
            ground = replace(ground, variables=variables)
            before = contents(ground.folder)
            begun[name] = Later(ground, before, pool.submit(ground.run, *case.command))
        yield begun


@pytest.mark.parametrize("name", LATER)
def test_it_is_said_by_the_runner(name: str, later: dict[str, Later]) -> None:
    """The report tells it, too."""
    case, found = LATER[name], later[name]
    done = found.done.result()
    check(case, found.ground, found.before, done)
    (run,) = found.ground.runs
    if case.code == 0:
        return
    failure = events_of(run)[-1]
    assert (failure["kind"], failure["exit_code"]) == ("failure", case.code)
    assert failure["code"] in (run / "report.html").read_text(encoding="utf-8")
