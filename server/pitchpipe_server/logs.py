"""What is worth a line in the log: trouble, not what every session has."""

from __future__ import annotations

import logging

from pygls.exceptions import JsonRpcException, JsonRpcInternalError


def is_answer(error: BaseException | None) -> bool:
    """Whether an exception only says why something can't be done: the client gets to read it."""
    return isinstance(error, JsonRpcException) and not isinstance(error, JsonRpcInternalError)


def quieten() -> None:
    """Keeps pygls from logging such answers with a traceback, and cancellations that came late."""
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_trouble)


def _is_trouble(record: logging.LogRecord) -> bool:
    if record.exc_info and is_answer(record.exc_info[1]):
        return False
    return not str(record.msg).startswith("Cancel notification for unknown message")
