"""A row as the model will see it: texts, each either given or to be learnt, and their tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pitchpipe import formats, template
from pitchpipe.plan import DataPlan, SourcePlan
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure

IGNORED = -100  # the label of a token that is not learnt, as torch's cross_entropy has it


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a row's text. `learn`: its tokens are targets of the training."""

    text: str
    learn: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """A row as text.

    `prompt` is what is given and `completion` what the last answer should be; the format `text` has
    an empty prompt. `stratum` is the value of the column `stratify_by`.
    """

    segments: tuple[Segment, ...]
    prompt: str
    completion: str
    stratum: str | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """A row as numbers.

    `labels` is as long as `ids`, IGNORED where nothing is learnt, which the first token always is.
    `answer` is the index at which the last learnt stretch begins: `ids[:answer]` is what a
    generation starts from.
    """

    ids: list[int]
    labels: list[int]
    answer: int


class Renderer:
    """Renders the rows of one source."""

    def __init__(
        self, data: DataPlan, source: SourcePlan, path: str, columns: Sequence[str], tokenizer: Any
    ) -> None:
        self._data = data
        self._path = path
        self._tokenizer = tokenizer
        self._names = {part: part for part in formats.PARTS} | source.columns
        self._templates = {
            part: template.parse(text)
            for part, text in (
                ("prompt", data.prompt_template),
                ("completion", data.completion_template),
                ("text", data.text_template),
            )
            if text is not None
        }
        self.format = formats.decide(source.format, source.columns, self._templates, columns)
        self.chat = (
            data.chat_template != "none" and bool(tokenizer.chat_template) and self.format != "text"
        )

    def render(self, row: Mapping[str, Any], number: int) -> Rendered:
        """`number` counts the source's rows from 1, for messages.

        Raises:
            RunFailure: the row lacks a column, or a column holds what the format can't use.
        """
        stratum = self._data.stratify_by
        value = None if stratum is None else str(self._cell(row, stratum, number))
        if self.format == "text":
            text = self._text(row, "text", number)
            return Rendered((Segment(text, True),), "", text, value)
        if self.format == "messages":
            return self._conversation(self._messages(row, number), number, value)
        prompt, completion = (
            self._text(row, "prompt", number),
            self._text(row, "completion", number),
        )
        if not self.chat:
            learn_prompt = self._data.loss_on == "all"
            return Rendered(
                (Segment(prompt, learn_prompt), Segment(completion, True)),
                prompt,
                completion,
                value,
            )
        turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
        return self._conversation(turns, number, value)

    def answer(self, text: str) -> Rendered:
        """A row whose completion is `text`, behind some prompt."""
        if not self.chat:
            return Rendered((Segment("?", False), Segment(text, True)), "?", text, None)
        turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": text}]
        return self._conversation(turns, 0, None)

    def _conversation(
        self, messages: list[dict[str, Any]], number: int, stratum: str | None
    ) -> Rendered:
        answers = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
        if not answers:
            raise self._bad(
                number, "has no message of the role `assistant`, so there is nothing to learn"
            )
        messages = self._with_system(messages[: answers[-1] + 1])
        answers = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
        if not self.chat:
            raise self._bad(
                number, "is a conversation, but no chat template is in use", "data.chat_template"
            )
        learnt = answers if self._data.loss_on == "assistant" else answers[-1:]
        whole = self._templated(messages)
        segments: list[Segment] = []
        at = 0
        for i in learnt:
            start = len(self._prefix(whole, self._templated(messages[:i], ask=True), number))
            end = len(self._prefix(whole, self._templated(messages[: i + 1]), number))
            segments += [
                Segment(whole[at:start], self._data.loss_on == "all"),
                Segment(whole[start:end], True),
            ]
            at = end
        prompt = "\n".join(str(m["content"]) for m in messages[:-1] if m["role"] != "system")
        return Rendered(tuple(segments), prompt, str(messages[-1]["content"]), stratum)

    def _with_system(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        said = self._data.system_prompt
        if said is None or messages[0]["role"] == "system":
            return messages
        return [{"role": "system", "content": said}, *messages]

    def _templated(self, messages: list[dict[str, Any]], *, ask: bool = False) -> str:
        try:
            return self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=ask
            )
        except Exception as error:  # a template is a program: it raises what it likes
            raise RunFailure(
                "chat-template-refuses",
                f"the model's chat template refuses a conversation: {error}",
                path="data.system_prompt" if self._data.system_prompt else self._path,
                exit_code=FILE_IS_WRONG,
            ) from error

    def _prefix(self, whole: str, part: str, number: int) -> str:
        if not whole.startswith(part):
            raise RunFailure(
                "chat-template-not-incremental",
                f"the chat template renders the first messages of row {number} differently "
                "when more follow, so the learnt part can't be told apart",
                path="data.loss_on",
                hint="set `loss_on: completion` with single-turn rows, or another chat template",
                exit_code=FILE_IS_WRONG,
            )
        return part

    def _messages(self, row: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
        value = self._cell(row, self._names["messages"], number)
        if not isinstance(value, list) or not value:
            raise self._bad(number, f"holds no list of messages in `{self._names['messages']}`")
        for message in value:
            if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
                raise self._bad(number, "has a message without `role` and `content`")
        return value

    def _text(self, row: Mapping[str, Any], part: str, number: int) -> str:
        written = self._templates.get(part)
        if written is not None:
            try:
                return written.render(row)
            except template.TemplateError as error:
                raise self._bad(
                    number, f"doesn't fit the template: {error}", f"data.{part}_template"
                ) from None
        value = self._cell(row, self._names[part], number)
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)):
            return str(value)
        raise self._bad(
            number, f"holds {type(value).__name__} in `{self._names[part]}`, where a text is needed"
        )

    def _cell(self, row: Mapping[str, Any], name: str, number: int) -> Any:
        if name not in row:
            raise self._bad(
                number, f"has no column `{name}`; it has {', '.join(f'`{c}`' for c in row)}"
            )
        return row[name]

    def _bad(self, number: int, what: str, path: str | None = None) -> RunFailure:
        return RunFailure(
            "row-unusable", f"row {number} {what}", path=path or self._path, exit_code=FILE_IS_WRONG
        )


def tokens(rendered: Sequence[Rendered], renderer: Renderer, tokenizer: Any) -> list[Tokens]:
    """The rows' tokens.

    They end with the special token that ends the chat template, else the tokenizer's end token.
    """
    texts = [s.text for r in rendered for s in r.segments]
    encoded = iter(tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else [])
    start = [] if renderer.chat else _opening(tokenizer)
    found: list[Tokens] = []
    for row in rendered:
        ids, labels, answer = list(start), [IGNORED] * len(start), len(start)
        for segment in row.segments:
            piece = next(encoded)
            if segment.learn:
                answer = len(ids)
            ids += piece
            labels += piece if segment.learn else [IGNORED] * len(piece)
        _end(ids, labels, answer, tokenizer)
        if labels:
            labels[0] = IGNORED
        found.append(Tokens(ids, labels, max(answer, 1)))
    return found


def _opening(tokenizer: Any) -> list[int]:
    """The begin token, where the tokenizer itself puts one."""
    first = tokenizer("a")["input_ids"][:1]
    return first if first and first[0] == tokenizer.bos_token_id else []


def _end(ids: list[int], labels: list[int], answer: int, tokenizer: Any) -> None:
    special = set(tokenizer.all_special_ids)
    last = next((i for i in range(len(ids) - 1, answer - 1, -1) if ids[i] in special), None)
    if last is not None and not tokenizer.decode(ids[last + 1 :]).strip():
        del ids[last + 1 :], labels[last + 1 :]
    elif tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)
        labels.append(tokenizer.eos_token_id)
