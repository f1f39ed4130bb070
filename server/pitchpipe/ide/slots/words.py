"""Where words, keys and comments on a line begin and end."""

from __future__ import annotations

import re

KEY = re.compile(
    r"(?P<key>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s#:,\[\]{}'\"&*!|>%@`-][^#]*?|-[^\s#][^#]*?)"
    r"\s*:(?:[ \t]+|\Z)"
)
PROPERTY = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]+)*")
_LINE_BREAK = re.compile(r"[\r\n]")
_COMMENT = re.compile(r"[ \t]+#")
_IN_FLOW = re.compile(r"[^,\[\]{}\r\n#:]*")


def length(match: re.Match[str] | None) -> int:
    return len(match.group()) if match else 0


def unquoted(key: str) -> str:
    return key[1:-1] if key[:1] in {'"', "'"} else key


def line_end(text: str, offset: int) -> int:
    """The end of the line without its break."""
    found = _LINE_BREAK.search(text, offset)
    return found.start() if found else len(text)


def plain_line_end(text: str, offset: int) -> int:
    """The end of the line without blanks at its end, and not before `offset`."""
    return offset + len(text[offset : line_end(text, offset)].rstrip())


def plain_end(text: str, at: int, end: int) -> int:
    """Where what begins at `at` ends on a line that ends at `end`: before blanks and a comment."""
    if text.startswith("#", at):
        return at
    found = _COMMENT.search(text[at:end])
    end = at + found.start() if found else end
    return at + len(text[at:end].rstrip())


def flow_end(text: str, offset: int) -> int:
    """Where the word at `offset` ends in flow style."""
    found = _IN_FLOW.match(text, offset)
    return offset + len((found.group() if found else "").rstrip())


def key_end(text: str, at: int, offset: int, end: int) -> tuple[int, bool]:
    """Where the word that begins at `at` ends, and whether a colon follows."""
    found = KEY.match(text[at:end])
    if found and at + found.end("key") >= offset:
        return at + found.end("key"), True
    return plain_end(text, at, end), False


def in_comment(before: str) -> bool:
    """Whether what stands before the cursor on its line begins a comment."""
    quote = ""
    for index, char in enumerate(before):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and (not index or before[index - 1] in " \t[{,:-"):
            quote = char
        elif char == "#" and (not index or before[index - 1] in " \t"):
            return True
    return False
