"""A row as the model will see it: texts, each either given or to be learnt, and their tokens."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pitchpipe import formats, template
from pitchpipe.plan import DataPlan, Plan, SourcePlan
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
        prompt = self._text(row, "prompt", number)
        completion = self._text(row, "completion", number)
        if not self.chat:
            segments = Segment(prompt, self._data.loss_on == "all"), Segment(completion, True)
            return Rendered(segments, prompt, completion, value)
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
        if not self.chat:
            raise self._bad(
                number, "is a conversation, but no chat template is in use", "data.chat_template"
            )
        messages = self._with_system(messages[: answers[-1] + 1])
        answers = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
        learnt = answers if self._data.loss_on == "assistant" else answers[-1:]
        whole = self._templated(messages, number)
        segments: list[Segment] = []
        at = 0
        for i in learnt:
            asked = self._templated(messages[:i], number, ask=True)
            answered = self._templated(messages[: i + 1], number)
            start, end = (self._length(whole, part, number) for part in (asked, answered))
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

    def _templated(self, messages: list[dict[str, Any]], number: int, *, ask: bool = False) -> str:
        try:
            return self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=ask
            )
        except Exception as error:  # a template is a program: it raises what it likes
            said = self._data.system_prompt
            ours = said is not None and messages[:1] == [{"role": "system", "content": said}]
            raise RunFailure(
                "chat-template-refuses",
                f"the model's chat template refuses row {number}: {error}",
                path="data.system_prompt" if ours else self._path,
                exit_code=FILE_IS_WRONG,
            ) from error

    def _length(self, whole: str, part: str, number: int) -> int:
        """That of `part`, with which `whole` must begin."""
        if not whole.startswith(part):
            raise RunFailure(
                "chat-template-not-incremental",
                f"the chat template renders the first messages of row {number} differently "
                "when more follow, so the learnt part can't be told apart",
                path="data.loss_on",
                hint="set `loss_on: completion` with single-turn rows, or another chat template",
                exit_code=FILE_IS_WRONG,
            )
        return len(part)

    def _messages(self, row: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
        value = self._cell(row, self._names["messages"], number)
        if not isinstance(value, list) or not value:
            raise self._bad(number, f"holds no list of messages in `{self._names['messages']}`")
        for message in value:
            if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
                raise self._bad(number, "has a message without `role` and `content`")
            self._demand_unicode(str(message["content"]), f"`{self._names['messages']}`", number)
        return value

    def _text(self, row: Mapping[str, Any], part: str, number: int) -> str:
        written = self._templates.get(part)
        if written is not None:
            return self._filled(written, row, f"data.{part}_template", number)
        name = self._names[part]
        value = self._cell(row, name, number)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            raise self._bad(number, f"has no value in `{name}`")
        if not formats.is_text(value):
            kind = type(value).__name__
            raise self._bad(number, f"holds {kind} in `{name}`, where a text is needed")
        text = value if isinstance(value, str) else json.dumps(value)
        self._demand_unicode(text, f"`{name}`", number)
        return text

    def _filled(
        self, written: template.Template, row: Mapping[str, Any], path: str, number: int
    ) -> str:
        try:
            text = written.render(row)
        except (template.TemplateError, TypeError) as error:  # TypeError: a value JSON can't hold
            raise self._bad(number, f"doesn't fit the template: {error}", path) from None
        self._demand_unicode(text, "what the template makes", number, path)
        return text

    def _demand_unicode(self, text: str, where: str, number: int, path: str | None = None) -> None:
        """JSON can say half a surrogate pair; no tokenizer and no file takes it."""
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            what = f"holds half a character in {where}, which is no Unicode text"
            raise self._bad(number, what, path) from None

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


def renderer_of(
    plan: Plan, source: SourcePlan, path: str, columns: Sequence[str], tokenizer: Any
) -> Renderer:
    """The renderer of the plan's source at the key path `path`, whose first row has `columns`.

    Raises:
        RunFailure: the task can't learn from rows of their format.
    """
    found = Renderer(plan.data, source, path, columns, tokenizer)
    if plan.task == "classification" and found.format == "text":
        raise RunFailure(
            "classification-needs-answers",
            "the rows are texts without an answer, and a classification learns to answer",
            path=path,
            hint="name `prompt` and `completion` columns",
            exit_code=FILE_IS_WRONG,
        )
    return found


def tokens(rendered: Sequence[Rendered], renderer: Renderer, tokenizer: Any) -> list[Tokens]:
    """The rows' tokens.

    They end with the special token that ends the chat template, else the tokenizer's end token.
    White space that a template writes behind its end token is not learnt.
    """
    texts = [s.text for r in rendered for s in r.segments]
    encoded = iter(tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else [])
    start = [] if renderer.chat else _opening(tokenizer)
    special = set(tokenizer.all_special_ids)
    found: list[Tokens] = []
    for row in rendered:
        ids, labels, answer = list(start), [IGNORED] * len(start), len(start)
        learnt = 0  # of the segment at hand, 0 where it has no end token
        for segment in row.segments:
            piece = next(encoded)
            if segment.learn:
                answer = len(ids)
                learnt = _ended(piece, special, tokenizer)
                kept = learnt or len(piece)
                labels += piece[:kept] + [IGNORED] * (len(piece) - kept)
            else:
                labels += [IGNORED] * len(piece)
            ids += piece
        if learnt:
            del ids[answer + learnt :], labels[answer + learnt :]
        elif tokenizer.eos_token_id is not None:
            ids.append(tokenizer.eos_token_id)
            labels.append(tokenizer.eos_token_id)
        if labels:
            labels[0] = IGNORED
        found.append(Tokens(ids, labels, max(answer, 1)))
    return found


def _opening(tokenizer: Any) -> list[int]:
    """The begin token, where the tokenizer itself puts one."""
    first = tokenizer("a")["input_ids"][:1]
    return first if first and first[0] == tokenizer.bos_token_id else []


def _ended(ids: list[int], special: set[int], tokenizer: Any) -> int:
    """How many of `ids` there are up to the special token that ends them, 0 where none does."""
    last = next((i for i in range(len(ids) - 1, -1, -1) if ids[i] in special), None)
    return 0 if last is None or tokenizer.decode(ids[last + 1 :]).strip() else last + 1
