"""The dialects: whose files are understood beside our own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from pitchpipe.converting.outgoing import Outgoing
    from pitchpipe.dialects.foreign import Foreign
    from pitchpipe.document import Document
    from pitchpipe.schema import Schema


@dataclass(frozen=True, slots=True)
class Dialect:
    """`title` is how the tool calls itself.

    `lower` does what the schema's table can't (see `foreign`), between its two passes. `write` does
    it for the way back (see `converting.outgoing`).

    `old_floats`: what the tool makes of `2e-5`, which its reader of YAML 1.1 takes for a string:
    the number after all, or a mistake.

    `lax`: the tool makes numbers of strings where it wants some (see `old_yaml`).

    `suited` gives the dialect and its schema as they are for one file, where what a key may hold
    depends on what the file says elsewhere.
    """

    name: str
    title: str
    lower: Callable[[Foreign], None]
    write: Callable[[Outgoing], None] = lambda _: None
    old_floats: Literal["number", "mistake"] = "number"
    lax: bool = False
    suited: Callable[[Schema, Document], tuple[Dialect, Schema]] | None = None


def named(name: str) -> Dialect:
    """One of `recognise.NAMES`."""
    module = import_module(f"pitchpipe.dialects.{name.replace('-', '_')}")
    return cast(Dialect, module.DIALECT)
