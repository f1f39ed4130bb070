"""What the user has set in the editor, section `pitchpipe`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

SECTION = "pitchpipe"


@dataclass(frozen=True, slots=True)
class Settings:
    """None is "not set".

    `python`: the interpreter that trains; the server's own where none is set. `device`: what
    estimates are for where the file names none; else this machine. `schema_elsewhere`: LSP's ids of
    languages whose documents another server holds against our schema.
    """

    python: str | None = None
    device: str | None = None
    inlay_hints: bool = True
    code_lens: bool = True
    schema_elsewhere: tuple[str, ...] = ()


def settings_of(found: object) -> Settings:
    """The settings in a client's answer; of a wrong type they count as not set."""
    values = _mapping(_mapping(found).get(SECTION, found))
    defaults = Settings()

    def text(name: str) -> str | None:
        value = values.get(name)
        return value.strip() or None if isinstance(value, str) else None

    def switch(name: str, default: bool) -> bool:
        value: Any = values.get(name)
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get("enabled")
        return value if isinstance(value, bool) else default

    def words(name: str) -> tuple[str, ...]:
        value: Any = values.get(name)
        listed = cast("list[Any]", value) if isinstance(value, list) else []
        return tuple(sorted({word for word in listed if isinstance(word, str)}))

    return Settings(
        python=text("python") or text("interpreter"),
        device=text("device"),
        inlay_hints=switch("inlayHints", defaults.inlay_hints),
        code_lens=switch("codeLens", defaults.code_lens),
        schema_elsewhere=words("schemaElsewhere"),
    )


def _mapping(found: object) -> dict[str, Any]:
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
