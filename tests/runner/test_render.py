"""Rows as the model sees them. Learnt tokens stand in brackets, a bar where a generation starts."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure
from pitchpipe_runner.render import IGNORED, Renderer, tokens
from support.plans import plan_of
from support.workbench import whole, write_rows

PAIR = {"prompt": "hi", "completion": "joy"}
TALK = {
    "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "joy"},
        {"role": "user", "content": "and now"},
        {"role": "assistant", "content": "fear"},
    ]
}


@pytest.fixture(scope="module")
def chat(chat_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(chat_model)


@pytest.fixture(scope="module")
def plain(plain_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(plain_model)


def renderer_for(row: Mapping[str, Any], data: str, tokenizer: Any, model: Path) -> Renderer:
    """The renderer of a file of rows like `row`, under the keys `data` of the section `data`."""
    folder = model.parent / "rows"
    folder.mkdir(exist_ok=True)
    write_rows(folder, [row])
    fragment = f"data:\n  train: [{{path: rows.jsonl}}]\n  {data}\n"
    plan = plan_of(whole(fragment, model), folder).data
    return Renderer(plan, plan.train[0], "data.train[0]", list(row), tokenizer)


def seen(row: Mapping[str, Any], data: str, tokenizer: Any, model: Path) -> str:
    renderer = renderer_for(row, data, tokenizer, model)
    made = tokens([renderer.render(row, 1)], renderer, tokenizer)[0]
    assert len(made.ids) == len(made.labels)
    text, learnt = "", False
    for place, (token, label) in enumerate(zip(made.ids, made.labels, strict=True)):
        assert label in {IGNORED, token}
        if (label != IGNORED) != learnt:
            text += "]" if learnt else "["
            learnt = not learnt
        text += ("¦" if place == made.answer else "") + tokenizer.decode([token])
    return text + ("]" if learnt else "")


def refusal(
    row: Mapping[str, Any], like: Mapping[str, Any], data: str, tokenizer: Any, model: Path
) -> str:
    """What is said to a row, the seventh, that is not like those that the checks saw."""
    renderer = renderer_for(like, data, tokenizer, model)
    with pytest.raises(RunFailure) as caught:
        tokens([renderer.render(row, 7)], renderer, tokenizer)
    assert caught.value.exit_code == FILE_IS_WRONG
    return f"{caught.value.code} at {caught.value.path}: {caught.value.message}"


def with_template(tokenizer: Any, template: str) -> Any:
    changed = copy.deepcopy(tokenizer)
    changed.chat_template = template
    return changed


# Prompt and completion


def test_with_a_chat_template_the_answer_and_its_end_token_are_learnt(
    chat: Any, chat_model: Path
) -> None:
    assert seen(PAIR, "loss_on: completion", chat, chat_model) == (
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n[¦joy<|im_end|>]"
    )


def test_without_a_chat_template_the_prompt_is_followed_by_the_completion(
    plain: Any, plain_model: Path
) -> None:
    row = {"prompt": "hi ", "completion": "joy"}
    assert seen(row, "loss_on: completion", plain, plain_model) == "hi [¦joy<|endoftext|>]"


def test_a_chat_template_can_be_left_out_of_use(chat: Any, chat_model: Path) -> None:
    assert seen(PAIR, "chat_template: none", chat, chat_model) == "hi[¦joy<|im_end|>]"


def test_all_learns_the_prompt_too_but_for_the_first_token(
    chat: Any, chat_model: Path, plain: Any, plain_model: Path
) -> None:
    assert seen(PAIR, "loss_on: all", chat, chat_model) == (
        "<|im_start|>[user\nhi<|im_end|>\n<|im_start|>assistant\n¦joy<|im_end|>]"
    )
    assert seen(PAIR, "loss_on: all", plain, plain_model) == "h[i¦joy<|endoftext|>]"


def test_the_system_prompt_stands_before_the_first_message(chat: Any, chat_model: Path) -> None:
    assert seen(PAIR, "system_prompt: Be kind.", chat, chat_model) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n"
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n[¦joy<|im_end|>]"
    )


def test_templates_put_columns_in_their_places(chat: Any, chat_model: Path) -> None:
    row = {"phrase": "hi", "tone": "joy", "n": 3}
    data = 'prompt_template: "{{{phrase}}} {n}"\n  completion_template: "<{tone}>"'
    assert seen(row, data, chat, chat_model) == (
        "<|im_start|>user\n{hi} 3<|im_end|>\n<|im_start|>assistant\n[¦<joy><|im_end|>]"
    )


def test_numbers_and_truth_values_are_written_as_json_has_them(
    plain: Any, plain_model: Path
) -> None:
    row = {"prompt": 12.5, "completion": True}
    assert seen(row, "loss_on: completion", plain, plain_model) == "12.5[¦true<|endoftext|>]"


# Conversations


def test_completion_learns_the_last_answer_alone(chat: Any, chat_model: Path) -> None:
    assert seen(TALK, "loss_on: completion", chat, chat_model) == (
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\njoy<|im_end|>\n"
        "<|im_start|>user\nand now<|im_end|>\n<|im_start|>assistant\n[¦fear<|im_end|>]"
    )


def test_assistant_learns_every_answer(chat: Any, chat_model: Path) -> None:
    assert seen(TALK, "loss_on: assistant", chat, chat_model) == (
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n[joy<|im_end|>]\n"
        "<|im_start|>user\nand now<|im_end|>\n<|im_start|>assistant\n[¦fear<|im_end|>]"
    )


def test_all_learns_a_conversation_from_its_first_word(chat: Any, chat_model: Path) -> None:
    row = {"messages": TALK["messages"][:2]}
    assert seen(row, "loss_on: all", chat, chat_model) == (
        "<|im_start|>[user\nhi<|im_end|>\n<|im_start|>assistant\n¦joy<|im_end|>]"
    )


def test_what_follows_the_last_answer_is_left_out(chat: Any, chat_model: Path) -> None:
    row = {"messages": TALK["messages"][:3]}
    assert seen(row, "loss_on: completion", chat, chat_model) == (
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n[¦joy<|im_end|>]"
    )


def test_a_system_message_of_the_row_goes_before_the_files_own(chat: Any, chat_model: Path) -> None:
    row = {"messages": [{"role": "system", "content": "Be short."}, *TALK["messages"][:2]]}
    text = seen(row, "system_prompt: Be kind.", chat, chat_model)
    assert text.startswith("<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user")
    text = seen(TALK, "system_prompt: Be kind.", chat, chat_model)
    assert text.startswith("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user")


# Texts


def test_a_text_is_learnt_whole_and_ended_once(
    chat: Any, chat_model: Path, plain: Any, plain_model: Path
) -> None:
    row = {"text": "hi joy"}
    assert seen(row, "loss_on: all", chat, chat_model) == "h[¦i joy<|im_end|>]"
    assert seen(row, "loss_on: all", plain, plain_model) == "h[¦i joy<|endoftext|>]"
    row = {"text": "hi joy<|endoftext|>"}
    assert seen(row, "loss_on: all", plain, plain_model) == "h[¦i joy<|endoftext|>]"


def test_a_text_template_makes_texts(plain: Any, plain_model: Path) -> None:
    row = {"a": "hi", "b": "joy"}
    text = seen(row, 'text_template: "{a} {b}"', plain, plain_model)
    assert text == "h[¦i joy<|endoftext|>]"


# Special tokens


def test_the_end_token_is_learnt_where_it_is_the_padding_token_too(
    plain: Any, plain_model: Path
) -> None:
    assert plain.pad_token_id == plain.eos_token_id
    assert seen(PAIR, "loss_on: completion", plain, plain_model).endswith("<|endoftext|>]")


def test_a_begin_token_is_put_where_the_tokenizer_puts_one(plain: Any, plain_model: Path) -> None:
    opening = copy.deepcopy(plain)
    opening.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A",
        pair="<|im_start|> $A $B",
        special_tokens=[("<|im_start|>", plain.convert_tokens_to_ids("<|im_start|>"))],
    )
    opening.bos_token = "<|im_start|>"
    data = "loss_on: completion"
    assert seen(PAIR, data, opening, plain_model) == "<|im_start|>hi[¦joy<|endoftext|>]"
    row = {"text": "hi"}
    assert seen(row, "loss_on: all", opening, plain_model) == "<|im_start|>[¦hi<|endoftext|>]"
    data = "loss_on: all\n  chat_template: none"
    assert seen(PAIR, data, opening, plain_model) == "<|im_start|>[hi¦joy<|endoftext|>]"


def test_a_template_that_writes_the_begin_token_gets_no_second_one(
    chat: Any, chat_model: Path
) -> None:
    opening = with_template(chat, "{{ bos_token }}" + chat.chat_template)
    opening.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A",
        pair="<|im_start|> $A $B",
        special_tokens=[("<|im_start|>", chat.bos_token_id)],
    )
    assert seen(PAIR, "loss_on: completion", opening, chat_model).startswith(
        "<|im_start|><|im_start|>user\nhi"
    )


def test_a_template_without_an_end_token_gets_the_tokenizers(chat: Any, chat_model: Path) -> None:
    template = (
        "{% for m in messages %}{{ '### ' + m['role'] + ':\n' + m['content'] + '\n\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '### assistant:\n' }}{% endif %}"
    )
    assert seen(PAIR, "loss_on: completion", with_template(chat, template), chat_model) == (
        "### user:\nhi\n\n### assistant:\n[¦joy\n\n<|im_end|>]"
    )


# Templates that don't do


def test_a_template_that_rewrites_earlier_turns_is_refused_where_that_matters(
    chat: Any, chat_model: Path
) -> None:
    forgetful = with_template(
        chat,
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
        "{% if m['role'] == 'assistant' and loop.last %}{{ 'I think: ' }}{% endif %}"
        "{{ m['content'] + '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    )
    assert seen(TALK, "loss_on: completion", forgetful, chat_model).endswith(
        "<|im_start|>assistant\n[¦I think: fear<|im_end|>]"
    )
    assert refusal(TALK, TALK, "loss_on: assistant", forgetful, chat_model) == (
        "chat-template-not-incremental at data.loss_on: the chat template renders the first "
        "messages of row 7 differently when more follow, so the learnt part can't be told apart"
    )


def test_a_template_that_raises_is_blamed_on_the_key_that_it_minds(
    chat: Any, chat_model: Path
) -> None:
    picky = with_template(
        chat,
        "{% if messages[0]['role'] == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}" + chat.chat_template,
    )
    assert refusal(PAIR, PAIR, "system_prompt: Be kind.", picky, chat_model) == (
        "chat-template-refuses at data.system_prompt: the model's chat template refuses row 7: "
        "System role not supported"
    )
    own = {"messages": [{"role": "system", "content": "x"}, *TALK["messages"]]}
    assert refusal(own, TALK, "loss_on: completion", picky, chat_model).startswith(
        "chat-template-refuses at data.train[0]: the model's chat template refuses row 7"
    )


# Rows that don't do


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "hi"}, "row 7 has no column `completion`; it has `prompt`"),
        ({"prompt": None, "completion": "joy"}, "row 7 has no value in `prompt`"),
        ({"prompt": "hi", "completion": float("nan")}, "row 7 has no value in `completion`"),
        (
            {"prompt": ["hi"], "completion": "joy"},
            "row 7 holds list in `prompt`, where a text is needed",
        ),
        (
            {"prompt": "hi", "completion": "\ud83d"},
            "row 7 holds half a character in `completion`, which is no Unicode text",
        ),
    ],
)
def test_a_row_that_lacks_a_text_is_named(
    chat: Any, chat_model: Path, row: dict[str, Any], message: str
) -> None:
    said = refusal(row, PAIR, "loss_on: completion", chat, chat_model)
    assert said == f"row-unusable at data.train[0]: {message}"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"b": "joy"}, "row 7 doesn't fit the template: no column `a`"),
        ({"a": None, "b": "joy"}, "row 7 doesn't fit the template: no value in column `a`"),
        (
            {"a": datetime(2024, 5, 1, tzinfo=timezone.utc), "b": "joy"},
            "row 7 doesn't fit the template: Object of type datetime is not JSON serializable",
        ),
        (
            {"a": "\udc00", "b": "joy"},
            "row 7 holds half a character in what the template makes, which is no Unicode text",
        ),
    ],
)
def test_a_row_that_does_not_fit_a_template_is_blamed_on_the_template(
    chat: Any, chat_model: Path, row: dict[str, Any], message: str
) -> None:
    data = 'prompt_template: "{a}"\n  completion_template: "{b}"'
    said = refusal(row, {"a": "hi", "b": "joy"}, data, chat, chat_model)
    assert said == f"row-unusable at data.prompt_template: {message}"


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ("hi", "row 7 holds no list of messages in `messages`"),
        ([], "row 7 holds no list of messages in `messages`"),
        (["hi"], "row 7 has a message without `role` and `content`"),
        ([{"role": "user"}], "row 7 has a message without `role` and `content`"),
        (
            [{"role": "user", "content": "hi"}],
            "row 7 has no message of the role `assistant`, so there is nothing to learn",
        ),
        (
            [{"role": "user", "content": "\ud800"}, {"role": "assistant", "content": "joy"}],
            "row 7 holds half a character in `messages`, which is no Unicode text",
        ),
    ],
)
def test_a_conversation_that_is_none_is_named(
    chat: Any, chat_model: Path, messages: Any, message: str
) -> None:
    said = refusal({"messages": messages}, TALK, "loss_on: completion", chat, chat_model)
    assert said == f"row-unusable at data.train[0]: {message}"


def test_a_conversation_needs_a_chat_template(chat: Any, chat_model: Path, plain: Any) -> None:
    renderer = renderer_for(TALK, "loss_on: completion", chat, chat_model)
    assert renderer.chat
    assert refusal(TALK, TALK, "chat_template: auto", plain, chat_model) == (
        "row-unusable at data.chat_template: row 7 is a conversation, "
        "but no chat template is in use"
    )
