"""The base model: what its name and terms tell, its sizes, its code and its export."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pitchpipe.checks.settings import RULES
from pitchpipe.facts import ModelFact
from support.analysis import analysis, whole
from support.facts import WORLD, World
from support.fixture import unindented

OURS = {rule.code for rule in RULES} | {"key-without-effect"}


def said(fragment: str, facts: World = WORLD) -> list[str]:
    """What these rules say, as `code: message`."""
    found = analysis(whole(fragment), facts).findings
    return [f"{f.code}: {f.message}" for f in found if f.code in OURS]


def codes(fragment: str, facts: World = WORLD) -> list[str]:
    return [line.partition(":")[0] for line in said(fragment, facts)]


@pytest.mark.parametrize(
    ("fragment", "found"),
    [
        ("model: {name_or_path: models/tiny-base}", ["base-model-chat-template"]),
        ("model: {name_or_path: models/tiny}", []),
        (
            ("model: {name_or_path: models/tiny-base}\ndata: {train: [{path: data/texts.txt}]}"),
            [],
        ),
        ("model: {name_or_path: models/tiny-instruct}", []),
        (
            (
                "model: {name_or_path: models/tiny-instruct}\n"
                "data: {train: [{path: data/texts.txt}]}"
            ),
            ["chat-model-without-template"],
        ),
        ("model: {name_or_path: Qwen/Qwen3-0.6B-Base}", []),  # nobody knows of a template
        (
            (
                "model: {name_or_path: Qwen/Qwen3-0.6B-Base}\n"
                "data: {train: [{path: data/pairs.jsonl}], chat_template: tokenizer}"
            ),
            ["base-model-chat-template"],
        ),
        (
            (
                "model: {name_or_path: Qwen/Qwen2.5-0.5B-Instruct}\n"
                "data: {train: [{path: data/pairs.jsonl}], chat_template: none}"
            ),
            ["chat-model-without-template"],
        ),
        ("model: {name_or_path: owner/database-summit-7b}", []),
        ("model: {name_or_path: google/gemma-2-2b-it}", ["model-needs-terms"]),
        ("model: {name_or_path: CohereLabs/aya-expanse-8b}", ["model-restricted"]),
        ("model: {name_or_path: nobody/knows-it}", []),
    ],
)
def test_what_a_name_and_its_terms_tell(fragment: str, found: list[str]) -> None:
    assert codes(fragment) == found


def test_a_gated_model_that_is_here_needs_nothing_more() -> None:
    name = "google/gemma-2-2b-it"
    fetched = replace(WORLD, configs={name: {"model_type": "gemma2"}})
    assert codes(f"model: {{name_or_path: {name}}}", fetched) == []


def odd(config: dict[str, object]) -> list[str]:
    facts = World(
        models={"m": ModelFact(True, "llama", True, True)},
        configs={"m": {"model_type": "llama", **config}},
    )
    found = said("model: {name_or_path: m}\ndata: {train: [{dataset_name: a/b}]}", facts)
    return [line.removeprefix("model-config-impossible: `config.json` of `m` ") for line in found]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}, None),
        ({"hidden_size": 0}, "says `hidden_size` is 0, which no model has"),
        ({"vocab_size": -5}, "says `vocab_size` is -5, which no model has"),
        ({"vocab_size": "many"}, "says `vocab_size` is 'many', which no model has"),
        ({"num_hidden_layers": True}, "says `num_hidden_layers` is True, which no model has"),
        ({"num_attention_heads": None}, None),
        ({"num_attention_heads": [4, 8]}, None),
        ({"hidden_size": 65, "num_attention_heads": 4, "head_dim": 16}, None),
        (
            {"hidden_size": 65, "num_attention_heads": 4},
            (
                "shares 65 numbers of its width among 4 (`num_attention_heads`), "
                "which does not come out even"
            ),
        ),
        ({"model_type": "gemma3_text", "hidden_size": 65, "num_attention_heads": 4}, None),
        (
            {"num_attention_heads": 9, "num_key_value_heads": 2},
            (
                "shares 9 attention heads among 2 (`num_key_value_heads`), "
                "which does not come out even"
            ),
        ),
    ],
)
def test_a_configuration_that_no_model_has(config: dict[str, object], message: str | None) -> None:
    assert odd(config) == ([] if message is None else [message])


def test_an_export_is_known_to_fail_before_the_training() -> None:
    assert codes("model: {name_or_path: models/pythia}") == ["export-not-buildable"]
    assert codes("model: {name_or_path: models/tiny}") == []
    assert codes("model: {name_or_path: models/pythia}\nexport: {format: none}") == []


def test_a_file_of_another_tool_asks_for_no_export() -> None:
    axolotl = """
        # pitchpipe: axolotl
        base_model: models/pythia
        datasets: [{path: mhenrichsen/alpaca_2k_test, type: completion}]
        adapter: lora
        learning_rate: 0.0002
        """
    found = analysis(unindented(axolotl)).findings
    assert "export-not-buildable" not in {finding.code for finding in found}


def test_code_of_its_own_is_run_where_there_is_some() -> None:
    fragment = "model: {name_or_path: %s, trust_remote_code: true}"
    assert codes(fragment % "some/model") == ["remote-code"]
    assert said(fragment % "models/tiny") == [
        (
            "key-without-effect: `trust_remote_code` has no effect on this model, "
            "which brings no code of its own"
        )
    ]
    own = replace(WORLD, configs={"models/tiny": {"model_type": "x", "auto_map": {"A": "b.C"}}})
    assert codes(fragment % "models/tiny", own) == ["remote-code"]


def test_packing_of_a_model_that_mixes_rows() -> None:
    fragment = "model: {name_or_path: %s}\ndata: {train: [{path: data/sums.jsonl}]%s}"
    assert codes(fragment % ("models/bloom", ", packing: true")) == ["packed-rows-mix"]
    assert codes(fragment % ("models/bloom", "")) == []
    assert codes(fragment % ("models/tiny", ", packing: true")) == []
