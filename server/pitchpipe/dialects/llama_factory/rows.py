"""What the rows of LLaMA-Factory's data sets hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.keypath import KeyPath

_MEDIA = ("images", "videos", "audios")
_CONVERSATIONS = ("sharegpt", "openai")
_ROLES = {
    "role_tag": ("from", "role"),
    "content_tag": ("value", "content"),
    "user_tag": ("human", "user"),
    "assistant_tag": ("gpt", "assistant"),
}
"""Of each tag: what it is where `tags` doesn't say it, and what the workflow's messages have."""


def readable(foreign: Foreign, at: KeyPath, name: str, entry: Mapping[str, Any]) -> bool:
    """Whether the runner can read the rows; if not, that is noted."""
    if any(_columns(entry).get(kind) for kind in _MEDIA):
        message = f"`{name}`: only text is learnt from here"
    elif entry.get("formatting") == "sharegpt" and _strange_roles(entry):
        message = (
            f"`{name}`: messages with other keys and roles than `role` and `content`, `user` and "
            "`assistant` can't be read here"
        )
    elif _written_otherwise(foreign, entry):
        message = "the rows of all data sets are written in one way here, and another one is first"
    else:
        return True
    foreign.note("stops", at, message)
    return False


def lower(foreign: Foreign, source: KeyPath, at: KeyPath, entry: Mapping[str, Any]) -> None:
    """Lays what the rows of a source hold; of what isn't described, nothing."""
    columns = _columns(entry)
    if foreign.given("stage") == "pt":
        column = columns.get("prompt") if columns else "instruction" if entry else None
        foreign.put((*source, "format"), "text", at)
        foreign.put((*source, "columns", "text"), column or "text", at)
    elif entry.get("formatting") in _CONVERSATIONS:
        column = columns.get("messages") if columns else None
        foreign.put((*source, "format"), "messages", at)
        foreign.put((*source, "columns", "messages"), column or "conversations", at)
        foreign.default("data.loss_on", "assistant")
    elif entry:
        _instruction(foreign, source, at, entry)


def _columns(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    said = entry.get("columns")
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _strange_roles(entry: Mapping[str, Any]) -> bool:
    said = entry.get("tags")
    tags = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    return any(tags.get(tag, usual) != ours for tag, (usual, ours) in _ROLES.items())


def _written_otherwise(foreign: Foreign, entry: Mapping[str, Any]) -> bool:
    """Whether the prompts of an earlier data set have other columns."""
    if not entry or entry.get("formatting") in _CONVERSATIONS or foreign.given("stage") == "pt":
        return False
    before = _laid_template(foreign)
    return before is not None and _template(entry) not in (None, before)


def _parts(entry: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """The columns of question, what it is about, and answer; None where there is none."""
    columns = _columns(entry)
    if not columns:
        return "instruction", "input", "output"
    return columns.get("prompt"), columns.get("query"), columns.get("response")


def _template(entry: Mapping[str, Any]) -> str | None:
    prompt, query, _ = _parts(entry)
    if not isinstance(prompt, str):
        return None
    return f"{{{prompt}}}\n{{{query}}}" if isinstance(query, str) else f"{{{prompt}}}"


def _laid_template(foreign: Foreign) -> str | None:
    data = foreign.result.data.get("data")
    laid = data.get("prompt_template") if isinstance(data, dict) else None
    return laid if isinstance(laid, str) else None


def _instruction(foreign: Foreign, source: KeyPath, at: KeyPath, entry: Mapping[str, Any]) -> None:
    """A question, perhaps with something it is about, and an answer."""
    _, query, answer = _parts(entry)
    if any(_columns(entry).get(part) for part in ("history", "system", "tools")):
        message = "history, system prompts and tools of single rows are left out"
        foreign.note("lost", at, message)
    foreign.put((*source, "format"), "prompt-completion", at)
    if isinstance(answer, str):
        foreign.put((*source, "columns", "completion"), answer, at)
    template = _template(entry)
    if template is not None and _laid_template(foreign) is None:
        foreign.put("data.prompt_template", template, at)
        if query:
            foreign.note("lost", at, f"prompts end with a line break where `{query}` is empty")
