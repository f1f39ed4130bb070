"""What is wrong, or unusual, about a row that is a list of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

ROLES = ("system", "developer", "user", "assistant", "tool")
"""Those that chat templates know."""

_LONGEST = 40  # characters of a role that a message shows
_MEANT = {
    "human": "user",
    "prompter": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "function": "tool",
    "observation": "tool",
}


def problem(value: Any) -> str | None:
    """What keeps `value` from being a conversation; `{name}` stands for the column."""
    if not isinstance(value, list) or not value:
        return "`{name}` must hold a list of messages with `role` and `content`"
    messages = cast("list[Any]", value)
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            return f"`{{name}}[{index}]` is no message with `role` and `content`"
        keys = cast("dict[str, Any]", message)
        lacking = next((key for key in ("role", "content") if key not in keys), None)
        if lacking:
            return f"`{{name}}[{index}]` has no `{lacking}`{_instead(keys, lacking)}"
    if not any(m["role"] == "assistant" for m in messages):
        return "no message in `{name}` is of the role `assistant`, so there is nothing to learn"
    return None


def disorder(roles: Sequence[str]) -> str | None:
    """What is unusual about the order of messages of these roles, as a clause; None if nothing is.

    The usual one: perhaps a system message, then user and assistant in turn, the last of them the
    assistant, with the answers of tools behind it where it calls some.
    """
    for role in roles:
        if role not in ROLES:
            meant = _MEANT.get(role.lower())
            better = f"; they call it `{meant}`" if meant else ""
            named = role if len(role) <= _LONGEST else f"{role[: _LONGEST - 1]}…"
            return f"a message is of the role `{named}`, which chat templates don't know{better}"
    if any(role in {"system", "developer"} for role in roles[1:]):
        return "a `system` message is not the first"
    turns = [role for role in roles if role not in {"system", "developer"}]
    if turns and turns[0] != "user":
        return f"the first message is of the role `{turns[0]}`, not `user`"
    for before, role in pairwise(turns):
        if role == before and role != "tool":
            return f"two messages of the role `{role}` follow each other"
    if turns and turns[-1] != "assistant":
        return f"the last message is of the role `{turns[-1]}`, and only answers are learnt"
    return None


def _instead(message: Mapping[str, Any], key: str) -> str:
    """A word on ShareGPT's keys, which many data sets have."""
    other = {"role": "from", "content": "value"}[key]
    return f"; it has `{other}` instead" if other in message else ""
