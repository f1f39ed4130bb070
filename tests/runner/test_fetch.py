from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GemmaConfig,
    LlamaConfig,
    MambaConfig,
    PreTrainedConfig,
    Qwen3Config,
    Qwen3MoeConfig,
    T5Config,
)

from pitchpipe.plan import Plan, to_json
from pitchpipe_runner import fetch
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, FILE_IS_WRONG, RunFailure
from support.hub import GATED, MISSING, MODEL, Hub, hub
from support.plans import changed
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench


@pytest.fixture
def copied(tmp_path: Path, chat_model: Path) -> Path:
    """A model folder to be spoilt."""
    return shutil.copytree(chat_model, tmp_path / "model")


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    tiny_rows(tmp_path, 6)


def refusal(made: Workbench) -> str:
    with pytest.raises(RunFailure) as caught:
        _ = made.fetched
    assert caught.value.exit_code == FILE_IS_WRONG
    assert "\n" not in caught.value.message
    return f"{caught.value.code} at {caught.value.path}: {caught.value.message}"


# Local folders


def test_a_local_model_stays_where_it_is(bench: Benches, chat_model: Path) -> None:
    made = bench("", chat_model)
    assert fetch.folder_of(made.fetched) == chat_model
    size = (chat_model / "model.safetensors").stat().st_size
    assert made.fetched.facts == {
        "model_type": "llama",
        "vocabulary": 502,
        "chat_template": True,
        "bytes": size,
    }


def test_a_changed_file_makes_other_settings(bench: Benches, copied: Path) -> None:
    made = bench("", copied)
    before = fetch.settings(made.plan)
    assert fetch.settings(made.plan) == before
    weights = load_file(copied / "model.safetensors")
    weights["model.norm.weight"][0] = 7
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    assert fetch.settings(made.plan) != before


def test_a_fetched_model_that_has_gone_is_fetched_again(bench: Benches, copied: Path) -> None:
    made = bench("", copied)
    assert fetch.is_there(made.fetched)
    shutil.rmtree(copied)
    assert not fetch.is_there(made.fetched)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder gone": (shutil.rmtree, "model-not-found at model.name_or_path: there is no folder"),
    "no config": (
        lambda f: (f / "config.json").unlink(),
        "model-not-found at model.name_or_path: `",
    ),
    "broken config": (
        lambda f: (f / "config.json").write_text('{"model_type": "llama",', "utf-8"),
        "model-not-readable at model.name_or_path: the model's config.json can't be used: ",
    ),
    "config of an unknown model": (
        lambda f: (f / "config.json").write_text('{"model_type": "lama"}', "utf-8"),
        "model-not-readable at model.name_or_path: the model's config.json can't be used: ",
    ),
    "config of wrong types": (
        lambda f: (f / "config.json").write_text(
            '{"model_type": "llama", "hidden_size": "wide"}', "utf-8"
        ),
        "model-not-readable at model.name_or_path: the model's config.json can't be used: ",
    ),
    "config that is a list": (
        lambda f: (f / "config.json").write_text("[]", "utf-8"),
        "model-not-readable at model.name_or_path: the model's config.json can't be used: ",
    ),
    "a model that writes no text": (
        lambda f: T5Config().save_pretrained(f),
        "model-not-causal at model.name_or_path: `t5` models are no causal language models",
    ),
    "broken tokenizer": (
        lambda f: (f / "tokenizer.json").write_text("{", "utf-8"),
        "tokenizer-not-readable at model.name_or_path: the model's tokenizer can't be loaded: ",
    ),
    "no weights": (
        lambda f: (f / "model.safetensors").rename(f / "model.bin"),
        "model-has-no-weights at model.name_or_path: `",
    ),
    "truncated weights": (
        lambda f: (f / "model.safetensors").write_bytes(
            (f / "model.safetensors").read_bytes()[:-1000]
        ),
        "model-not-readable at model.name_or_path: `model.safetensors` is broken: ",
    ),
    "weights that are a pointer": (
        lambda f: (f / "model.safetensors").write_text(
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "utf-8"
        ),
        "model-not-readable at model.name_or_path: `model.safetensors` is broken: ",
    ),
    "a shard is missing": (
        lambda f: (f / "model.safetensors.index.json").write_text(
            '{"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}', "utf-8"
        ),
        (
            "model-has-no-weights at model.name_or_path: `model-2.safetensors`, which "
            "`model.safetensors.index.json` names, is not there"
        ),
    ),
    "the list of shards is broken": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a"', "utf-8"),
        "model-not-readable at model.name_or_path: `model.safetensors.index.json` names no files: ",
    ),
    "the list of shards lists none": (
        lambda f: (f / "model.safetensors.index.json").write_text("[]", "utf-8"),
        "model-not-readable at model.name_or_path: `model.safetensors.index.json` names no files: ",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_folder_that_is_no_usable_model_is_named(bench: Benches, copied: Path, case: str) -> None:
    made = bench("", copied)
    spoil, message = SPOILT[case]
    spoil(copied)
    assert refusal(made).startswith(message)


def test_a_chat_template_that_is_asked_for_must_be_there(bench: Benches, plain_model: Path) -> None:
    made = bench("", plain_model)
    made.plan = changed(made.plan, "data", chat_template="tokenizer")
    assert refusal(made).startswith("chat-template-missing at data.chat_template: ")


# A smoke run's model

BIG: dict[str, PreTrainedConfig] = {
    "llama": LlamaConfig(
        hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, vocab_size=32000
    ),
    "qwen3": Qwen3Config(num_hidden_layers=36, hidden_size=4096, vocab_size=1000, head_dim=128),
    "gemma": GemmaConfig(num_hidden_layers=28, hidden_size=3072, vocab_size=1000),
    "qwen3_moe": Qwen3MoeConfig(num_hidden_layers=48, vocab_size=1000, num_experts=128),
    "mamba": MambaConfig(num_hidden_layers=64, hidden_size=768, vocab_size=1000),
}


@pytest.mark.parametrize("family", BIG)
def test_a_smoke_model_is_two_narrow_layers_of_its_kind(
    bench: Benches, tmp_path: Path, chat_model: Path, family: str
) -> None:
    """From the config alone: the weights of the real one are never there."""
    folder = tmp_path / family
    BIG[family].save_pretrained(folder)
    AutoTokenizer.from_pretrained(chat_model).save_pretrained(folder)
    made = bench("", folder, smoke=True)
    small = AutoModelForCausalLM.from_pretrained(fetch.folder_of(made.fetched))
    parameters = sum(p.numel() for p in small.parameters())
    print(f"{family}: {parameters / 1e6:.1f} M parameters")
    assert type(small.config) is type(BIG[family])
    assert small.config.num_hidden_layers == 2
    assert small.config.vocab_size == BIG[family].vocab_size
    assert parameters < 60e6
    assert fetch.folder_of(made.fetched).is_relative_to(made.fetched.folder)


def test_a_small_model_keeps_its_width_in_a_smoke_run(bench: Benches, chat_model: Path) -> None:
    made = bench("", chat_model, smoke=True)
    small = AutoModelForCausalLM.from_pretrained(fetch.folder_of(made.fetched))
    assert small.config.hidden_size == 64


# The hub

NOBODY = "http://127.0.0.1:9"  # the discard port, where nobody listens

SCRIPT = """
import json, sys
from pathlib import Path
from pitchpipe.plan import from_json
from pitchpipe_runner import fetch, rows
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import RunFailure
folder = Path(sys.argv[1])
for number, value in enumerate(json.loads((folder / "plans.json").read_text("utf-8"))):
    plan = from_json(value)
    out = folder / str(number)
    out.mkdir()
    try:
        facts = fetch.run(plan, out, Events(out / "events.jsonl", {}))
        if plan.data.train[0].dataset_name:
            facts = {"rows": len(rows.read(plan, plan.data.train[0], "data.train[0]"))}
    except RunFailure as error:
        print(json.dumps([error.code, error.path, error.exit_code, error.message]))
    else:
        print(json.dumps(facts))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub(tmp_path_factory.mktemp("hub"), delay=0) as running:
        yield running


def asked(plans: list[Plan], folder: Path, environment: dict[str, str]) -> list[Any]:
    """What a process that uses the hub says to each plan: its facts, or its failure."""
    folder.mkdir()
    (folder / "plans.json").write_text(json.dumps([to_json(p) for p in plans]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**environment, "OMP_NUM_THREADS": "1"},
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def named(plan: Plan, name: str, revision: str = "main") -> Plan:
    return changed(plan, "model", name_or_path=name, local=False, revision=revision)


def test_a_model_comes_from_the_hub_and_then_from_the_cache(
    bench: Benches, chat_model: Path, tmp_path: Path, served: Hub
) -> None:
    plan = bench("", chat_model).plan
    plans = [
        named(plan, MODEL),
        named(plan, MODEL, "v1"),
        named(plan, MODEL, "v9"),
        named(plan, MISSING),
        named(plan, GATED),
        named(plan, "not/a/name"),
    ]
    found = asked(plans, tmp_path / "on", served.environment(tmp_path / "home"))
    assert found[0]["model_type"] == "llama"
    assert found[1] == found[0]
    assert [answer[:3] for answer in found[2:]] == [
        ["model-revision-not-found", "model.revision", FILE_IS_WRONG],
        ["model-not-found", "model.name_or_path", FILE_IS_WRONG],
        ["model-gated", "model.name_or_path", ENVIRONMENT_IS_WRONG],
        ["model-not-found", "model.name_or_path", FILE_IS_WRONG],
    ]
    away = served.environment(tmp_path / "home") | {"HF_ENDPOINT": NOBODY}
    found = asked([named(plan, MODEL), named(plan, MISSING)], tmp_path / "off", away)
    assert found[0]["model_type"] == "llama"
    assert found[1][:3] == ["hub-not-reached", "model.name_or_path", ENVIRONMENT_IS_WRONG]


def test_a_data_set_comes_from_the_hub(
    bench: Benches, chat_model: Path, tmp_path: Path, served: Hub
) -> None:
    plan = bench("", chat_model).plan
    (source,) = plan.data.train

    def of(name: str, split: str = "train") -> Plan:
        wanted = replace(source, path=None, dataset_name=name, split=split)
        return changed(plan, "data", train=(wanted,))

    plans = [of("tiny/tones"), of("tiny/tones", "train[:10]"), of("tiny/tones", "x"), of(MISSING)]
    found = asked(plans, tmp_path / "on", served.environment(tmp_path / "home"))
    assert found[:2] == [{"rows": 60}, {"rows": 10}]
    assert found[2][:3] == ["dataset-unusable", "data.train[0]", FILE_IS_WRONG]
    assert found[3][:3] == ["dataset-not-found", "data.train[0].dataset_name", FILE_IS_WRONG]
    away = served.environment(tmp_path / "other", HF_HUB_OFFLINE="1")
    (found,) = asked([of("tiny/tones")], tmp_path / "off", away)
    assert found[:3] == ["hub-not-reached", "data.train[0].dataset_name", ENVIRONMENT_IS_WRONG]
