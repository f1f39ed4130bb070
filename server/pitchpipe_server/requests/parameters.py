"""What a request of our own says, which pygls hands over as an object of unknown shape."""

from __future__ import annotations

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from pitchpipe_server.uris import path_of


def text(params: Any, name: str) -> str:
    """A string that has to be there.

    Raises:
        JsonRpcInvalidParams: it is not there, or no string.
    """
    if (value := optional_text(params, name)) is None:
        raise JsonRpcInvalidParams(f"`{name}` is missing")
    return value


def optional_text(params: Any, name: str) -> str | None:
    """A string; None where it is left out or null.

    Raises:
        JsonRpcInvalidParams: it is something else.
    """
    value = getattr(params, name, None)
    if value is not None and not isinstance(value, str):
        raise JsonRpcInvalidParams(f"`{name}` must be a string")
    return value


def texts(params: Any, name: str) -> list[str]:
    """Strings, maybe none.

    Raises:
        JsonRpcInvalidParams: it is no array of strings.
    """
    value: Any = getattr(params, name, None)
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):  # pyright: ignore[reportUnknownVariableType]
        raise JsonRpcInvalidParams(f"`{name}` must be an array of strings")
    return value  # pyright: ignore[reportUnknownVariableType]


def count(params: Any, name: str, default: int) -> int:
    """A whole number from 0 on; `default` where it is left out or null.

    Raises:
        JsonRpcInvalidParams: it is something else.
    """
    value = getattr(params, name, None)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise JsonRpcInvalidParams(f"`{name}` must be a whole number from 0 on")
    return value


def file(uri: str) -> str:
    """The path of a URI.

    Raises:
        JsonRpcInvalidParams: it is no file of this machine.
    """
    if (path := path_of(uri)) is None:
        raise JsonRpcInvalidParams(f"{uri} is no file on this machine")
    return path
