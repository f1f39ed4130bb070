"""The helper that builds a model without weights and says what it consists of."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.facts import FACTS_VERSION
from pitchpipe.modules import ModelShape
from pitchpipe_facts import reconcile, weights
from pitchpipe_facts.built import shape_from_json
from pitchpipe_facts.weights import Weights
from pitchpipe_runner import shape
from support.tiny import tiny_model

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "tie_word_embeddings": True,
}

CODE = """
import pathlib
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

print("code that talks")
pathlib.Path(__file__).with_name("ran").touch()


class OwnConfig(PretrainedConfig):
    model_type = "own"
    width = 4


class OwnForCausalLM(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.wide = nn.Linear(config.width, 3 * config.width)
        self.post_init()

    def _init_weights(self, module):
        pass
"""


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The answer to a request, as the light half gets it."""

    def answer(config: dict[str, Any], **others: Any) -> dict[str, Any]:
        defaults = {"head": None, "folder": None, "trust_remote_code": False}
        request = {"config": config, **defaults, **others}
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
        assert shape.main([]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["version"] == FACTS_VERSION
        return found

    return answer


def built(answer: dict[str, Any]) -> ModelShape:
    assert "shape" in answer, answer
    return shape_from_json(answer["shape"])


def test_a_configuration_is_built_without_weights(ask: Any) -> None:
    found = built(ask(LLAMA))
    assert (found.class_name, found.head, found.source.kind) == (
        *("LlamaForCausalLM", "causal-lm"),
        "built",
    )
    assert found.numel == 64 * 16 + 2 * (4 * 16 * 16 + 3 * 16 * 24 + 2 * 16) + 16
    head = next(group for group in found.groups if group.path == "lm_head")
    assert head.parameters[0].tied_to == "model.embed_tokens.weight"


def test_the_head_is_the_one_that_is_asked_for(ask: Any) -> None:
    config = {**LLAMA, "architectures": ["LlamaForSequenceClassification"]}
    assert built(ask(config)).head == "sequence-classification"
    assert built(ask(config, head="causal-lm")).class_name == "LlamaForCausalLM"
    assert ask(config, head="masked-lm")["not_read"] == "`llama` has no class for masked-lm"


def test_quantization_changes_nothing_that_is_built(ask: Any) -> None:
    config = {**LLAMA, "quantization_config": {"quant_method": "gptq", "bits": 4}}
    assert built(ask(config)) == built(ask(LLAMA))


def test_what_transformers_does_not_know_is_not_built(ask: Any) -> None:
    assert ask({"model_type": "lama"})["not_read"].endswith(" does not know `lama`")


def test_what_a_constructor_raises_is_the_reason(ask: Any) -> None:
    said = ask({**LLAMA, "hidden_size": "wide"})["not_read"]
    assert said.startswith("it can't be built: ")


def test_the_version_is_said_without_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    import transformers

    assert shape.main(["--version"]) == 0
    answer = {"version": FACTS_VERSION, "transformers": transformers.__version__}
    assert json.loads(capsys.readouterr().out) == answer


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[str, Any]]:
    """A model with code of its own."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "hf"))
    config = {
        "model_type": "own",
        "width": 5,
        "architectures": ["OwnForCausalLM"],
        "auto_map": {
            "AutoConfig": "code.OwnConfig",
            "AutoModelForCausalLM": "code.OwnForCausalLM",
        },
    }
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "code.py").write_text(CODE, encoding="utf-8")
    return folder, config


def test_code_runs_with_consent_and_its_prints_are_kept_out(
    own: tuple[Path, dict[str, Any]], ask: Any
) -> None:
    folder, config = own
    found = built(ask(config, folder=str(folder), trust_remote_code=True))
    assert [(g.path, g.features) for g in found.groups] == [("wide", (5, 15))]


def test_without_consent_no_code_runs(own: tuple[Path, dict[str, Any]], ask: Any) -> None:
    folder, config = own
    said = ask(config, folder=str(folder))["not_read"]
    assert said == "it needs the model's own code, which runs only with --trust-remote-code"
    assert list(folder.parent.rglob("ran")) == []


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gpt2"])
def test_saved_headers_match_what_was_built(tmp_path: Path, architecture: Any, ask: Any) -> None:
    folder = tiny_model(tmp_path / "m", architecture=architecture)
    found = built(ask(json.loads((folder / "config.json").read_text(encoding="utf-8"))))
    stored = weights.read(folder)
    assert isinstance(stored, Weights)
    compared = reconcile.compare(found, stored.tensors)
    assert compared.agrees, str(compared)
    assert stored.numel == found.numel
    assert set(compared.dtypes.values()) == {"float32"}
