from __future__ import annotations

import pytest

from pitchpipe.facts import ModelFact
from support.analysis import analysis, check_fixed, whole
from support.facts import WORLD, World


def said(name: str, more: str = "", facts: World = WORLD) -> list[str]:
    text = whole(f"model:\n  name_or_path: {name}\n{more}")
    return [f"{f.code}: {f.message}" for f in analysis(text, facts).findings]


@pytest.mark.parametrize(
    "name",
    [
        "models/tiny",
        "./models/tiny",
        "/home/me/project/models/tiny",
        "~/project/models/tiny",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "gpt2",
    ],
)
def test_a_folder_or_a_name_on_the_hub_is_a_model(name: str) -> None:
    assert said(name) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./models/zebra", "there is no folder `./models/zebra` (`/home/me/project/models/zebra`)"),
        ("/models/zebra", "there is no folder `/models/zebra`"),
        ("~/zebra", "there is no folder `~/zebra` (`/home/me/zebra`)"),
        ("a/b/c", "there is no folder `a/b/c` (`/home/me/project/a/b/c`)"),
        ("./models/tinny", "there is no folder `./models/tinny`; did you mean `./models/tiny`?"),
        (
            "SmolLM2 135M",
            "`SmolLM2 135M` is neither a folder nor a name on the hub, such as `owner/model`",
        ),
        (
            "https://hub/x",
            "there is no folder `https://hub/x` (`/home/me/project/https:/hub/x`)",
        ),
        (
            "data/phrases.jsonl",
            "`data/phrases.jsonl` is a file; name the folder that holds `config.json`",
        ),
        (
            "models/hollow",
            "the folder `models/hollow` holds no model: it has no readable `config.json`",
        ),
    ],
)
def test_what_is_no_model_is_told_why(name: str, message: str) -> None:
    assert said(name) == [f"model-not-found: {message}"]


def test_the_near_folder_is_offered() -> None:
    check_fixed("model:\n  name_or_path: ./models/tinny\n", "name_or_path: ./models/tiny")


def test_a_hub_name_like_a_folder_is_warned_of_alone() -> None:
    assert said("models/tinny") == [
        (
            "model-taken-for-hub-name: no folder `models/tinny`, so the hub is asked for it; "
            "did you mean `models/tiny`?"
        )
    ]


def test_a_model_needs_its_tokenizer() -> None:
    assert said("models/mute") == [
        "tokenizer-not-found: the folder `models/mute` holds no tokenizer, such as `tokenizer.json`"
    ]


CHATS = "data:\n  train: [{path: data/chats.jsonl}]\n"


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("models/tiny", CHATS, None),
        ("models/plain", "", None),
        ("gpt2", CHATS, None),
        (
            "models/plain",
            CHATS,
            "the messages in `data/chats.jsonl` need a chat template, and the model has none",
        ),
        (
            "models/tiny",
            CHATS + "  chat_template: none\n",
            (
                "the messages in `data/chats.jsonl` need a chat template, and `chat_template` is "
                "`none`"
            ),
        ),
        (
            "models/plain",
            "data:\n  train: [{path: data/pairs.jsonl}]\n  chat_template: tokenizer\n",
            "the model's tokenizer has no chat template; use `auto` or `none`",
        ),
    ],
)
def test_conversations_need_a_chat_template(name: str, more: str, message: str | None) -> None:
    assert said(name, more) == ([] if message is None else [f"chat-template-missing: {message}"])


def test_a_model_on_windows_is_found_by_its_drive() -> None:
    folder = "C:\\work\\models\\tiny"

    class Windows(World):
        def _absolute(self, path: str) -> str:
            return path

    facts = Windows(
        {"C:\\work\\data\\pairs.jsonl": [{"prompt": "a", "completion": "b"}]},
        {folder: ModelFact(True, "llama", True, True)},
    )
    text = whole("model: {name_or_path: models/tiny}\n")
    assert analysis(text, facts, path="C:\\work\\a.yaml").findings == ()


def test_an_encoder_with_a_decoder_is_not_trained() -> None:
    message = (
        "model-not-causal: `models/translator` is a `t5` (T5ForConditionalGeneration), "
        "which is no causal language model; nothing else can be trained"
    )
    assert said("models/translator") == [message]
    trusting = said("models/translator", "  trust_remote_code: true\n")
    assert [line.partition(":")[0] for line in trusting] == ["remote-code"]


@pytest.mark.parametrize(
    ("quantization", "message"),
    [
        (
            "yes",
            "`quantization_config` of `models/odd` is a JSON string, not an object that says how",
        ),
        ([4], "`quantization_config` of `models/odd` is a JSON array, not an object that says how"),
        (None, None),
        ({}, None),
    ],
)
def test_a_quantization_that_nobody_can_read_is_told(
    quantization: object, message: str | None
) -> None:
    facts = World(
        WORLD.files,
        {"models/odd": ModelFact(True, "llama", True, True)},
        configs={"models/odd": {"model_type": "llama", "quantization_config": quantization}},
    )
    wanted = [] if message is None else [f"quantized-base-already: {message}"]
    assert said("models/odd", facts=facts) == wanted
