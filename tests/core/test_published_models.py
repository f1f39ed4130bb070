from __future__ import annotations

import re

import pytest

import pitchpipe_schemas
from pitchpipe.model_config import interpret
from pitchpipe.modules import ShapeSource
from pitchpipe.published import PublishedModel, find_model, nearest_model
from support.published import stored_extra

TABLE = pitchpipe_schemas.models()
# Not the 7B of an 8x7B nor what is active of a mixture ("A3B").
SIZE_IN_NAME = re.compile(r"(?<![\dxa.])(\d+(?:\.\d+)?)([bm])\b", re.IGNORECASE)
FACTS = ("license", "context_length", "chat_template", "gated")


def model(name: str) -> PublishedModel:
    found = find_model(name, TABLE)
    assert found is not None
    return found


ALL = [model(name) for name in TABLE["models"]]


@pytest.mark.parametrize("name", ["qwen/qwen2.5-0.5b", " Qwen/Qwen2.5-0.5B ", "QWEN/QWEN2.5-0.5B"])
def test_a_name_is_found_in_any_case(name: str) -> None:
    found = model(name)
    assert found.name == "Qwen/Qwen2.5-0.5B"
    assert found.parameters == 494_032_768
    assert found.head == "causal-lm"


def test_a_former_name_finds_the_model_of_today() -> None:
    assert model("gpt2").name == "openai-community/gpt2"
    assert model("meta-llama/Meta-Llama-3.1-8B").name == "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("openai/gpt-oss-20b", "4-bit mxfp4"),
        ("openai/gpt-oss-120b", "4-bit mxfp4"),
        ("deepseek-ai/DeepSeek-V3", "8-bit fp8"),
        ("deepseek-ai/DeepSeek-R1", "8-bit fp8"),
        ("Qwen/Qwen2.5-0.5B", "None"),
    ],
)
def test_weights_that_are_published_quantized_are_said_to_be(name: str, said: str) -> None:
    config = interpret(model(name).config, ShapeSource("table", "the table"))
    assert str(config.quantization) == said


@pytest.mark.parametrize("name", ["", "Qwen/", "Qwen2.5-0.5B", "someone/Qwen2.5-0.5B"])
def test_no_other_name_is_found(name: str) -> None:
    assert find_model(name, TABLE) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Qwen2.5-0.5B", "Qwen/Qwen2.5-0.5B"),
        ("Qwen/Qwen2.5-0.5", "Qwen/Qwen2.5-0.5B"),
        ("meta-llama/Lama-3.2-1B", "meta-llama/Llama-3.2-1B"),
        ("llama-3.2-1b", "meta-llama/Llama-3.2-1B"),
        ("bert-base-uncase", "google-bert/bert-base-uncased"),
        ("something/else", None),
    ],
)
def test_a_near_name_is_suggested(typed: str, meant: str | None) -> None:
    assert nearest_model(typed, TABLE) == meant


def test_the_table_is_large_and_has_no_model_twice() -> None:
    assert len(ALL) >= 150
    assert len({found.name.lower() for found in ALL}) == len(ALL)
    assert not {old.lower() for old in TABLE["aliases"]} & {found.name.lower() for found in ALL}
    assert {row["shape"] for row in TABLE["models"].values()} == set(TABLE["shapes"])


def test_every_field_that_is_known_names_who_says_it() -> None:
    for found in ALL:
        known = {"config"} | {name for name in FACTS if getattr(found, name) is not None}
        known |= {"stored"} if found.stored_parameters else set()
        known |= {"quantization"} if "quantization_config" in found.config else set()
        assert set(found.sources) == known, found.name
        assert all(all(texts) for texts in found.sources.values()), found.name


def test_numbers_stored_beside_the_parameters_are_explained() -> None:
    stored = [found for found in ALL if found.stored_parameters]
    assert len(stored) >= 300
    assert [found.name for found in stored if stored_extra(found) is None] == []


def test_sizes_without_a_known_total_are_those_of_the_names() -> None:
    others = [found for found in ALL if not found.stored_parameters]
    named = [(found, size) for found in others if (size := SIZE_IN_NAME.search(found.name))]
    assert len(named) >= 20
    for found, size in named:
        said = float(size[1]) * {"b": 1e9, "m": 1e6}[size[2].lower()]
        assert found.parameters == pytest.approx(said, rel=0.35), found.name


def test_the_context_is_what_the_configuration_says() -> None:
    for found in ALL:
        if found.context_length is not None:
            read = interpret(found.config, ShapeSource("table", found.name))
            positions = 2 if found.config["model_type"] in ("roberta", "xlm-roberta") else 0
            assert read.context_length == found.context_length + positions, found.name


def test_what_is_not_known_stays_unknown() -> None:
    found = model("EleutherAI/gpt-j-6b")
    assert (found.license, found.gated, found.chat_template) == (None, None, None)
    assert found.stored_parameters is None


def test_gated_models_are_those_of_two_publishers() -> None:
    gated = {found.name.partition("/")[0] for found in ALL if found.gated}
    assert gated == {"meta-llama", "google"}
    assert model("google/flan-t5-base").gated is None
