"""What the server takes before `initialize`, behind `shutdown`, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import IO, Any

import pytest
from lsprotocol.types import ErrorCodes

BEGIN: dict[str, Any] = {
    "id": 1,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}
INITIALIZED: dict[str, Any] = {"method": "initialized", "params": {}}
DOCUMENT = {
    "uri": "file:///project/a.tune.yaml",
    "languageId": "yaml",
    "version": 1,
    "text": "model:\n  nme: x\n",
}
OPEN: dict[str, Any] = {"method": "textDocument/didOpen", "params": {"textDocument": DOCUMENT}}
EXIT: dict[str, Any] = {"method": "exit"}
WAITS = ErrorCodes.ServerNotInitialized.value
REFUSES = ErrorCodes.InvalidRequest.value


def shutdown(number: int) -> dict[str, Any]:
    return {"id": number, "method": "shutdown"}


def hover(number: int, method: str = "textDocument/hover") -> dict[str, Any]:
    place = {"textDocument": {"uri": DOCUMENT["uri"]}, "position": {"line": 0, "character": 1}}
    return {"id": number, "method": method, "params": place}


def session(*messages: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """What the server says, and what it gives back. Each request's answer is waited for."""
    command = [sys.executable, "-m", "pitchpipe_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        said: list[dict[str, Any]] = []
        for message in messages:
            process.stdin.write(framed(message))
            process.stdin.flush()
            while "id" in message and not (said and said[-1].get("id") == message["id"]):
                said.append(read(process.stdout))
        process.stdin.close()
        said += messages_in(process.stdout.read())
        return said, process.wait(timeout=60)


def framed(message: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def messages_in(output: bytes) -> list[dict[str, Any]]:
    heads = re.split(rb"Content-Length: \d+\r\nContent-Type: [^\r]*\r\n\r\n", output)
    return [json.loads(body) for body in heads[1:]]


def read(output: IO[bytes]) -> dict[str, Any]:
    """The next message; what it raises at the end of all fails the test."""
    length = 0
    while (line := output.readline()).strip():
        if line.startswith(b"Content-Length: "):
            length = int(line.split()[1])
    return json.loads(output.read(length))


def codes(answers: list[dict[str, Any]]) -> dict[Any, int | None]:
    """By id: the error's code, None where there is none."""
    return {a["id"]: a.get("error", {}).get("code") for a in answers if "id" in a}


def test_requests_before_initialize_are_told_to_wait() -> None:
    answers, code = session(
        hover(7), hover(8, "no/such"), {"id": 9, "method": "textDocument/hover"}, shutdown(10), EXIT
    )
    assert codes(answers) == {7: WAITS, 8: WAITS, 9: WAITS, 10: WAITS}
    assert code == 1


def test_notifications_before_initialize_are_dropped() -> None:
    answers, code = session(OPEN, INITIALIZED, BEGIN, INITIALIZED, hover(2), shutdown(3), EXIT)
    assert codes(answers) == {1: None, 2: None, 3: None}
    assert next(a for a in answers if a["id"] == 2)["result"] is None
    assert all("id" in answer for answer in answers)
    assert code == 0


def test_there_is_one_initialize() -> None:
    answers, code = session(BEGIN, {**BEGIN, "id": 2}, shutdown(3), EXIT)
    assert codes(answers) == {1: None, 2: REFUSES, 3: None}
    assert code == 0


def test_initialize_that_can_not_be_read_may_be_sent_again() -> None:
    wrong = {**BEGIN, "id": 0, "params": {"capabilities": 3}}
    answers, _ = session(wrong, BEGIN, shutdown(2), EXIT)
    assert codes(answers) == {0: ErrorCodes.InvalidParams.value, 1: None, 2: None}


def test_nothing_is_taken_behind_shutdown_but_exit() -> None:
    answers, code = session(BEGIN, INITIALIZED, shutdown(2), hover(3), OPEN, shutdown(4), EXIT)
    assert codes(answers) == {1: None, 2: None, 3: REFUSES, 4: REFUSES}
    assert all("id" in answer for answer in answers)
    assert code == 0


@pytest.mark.parametrize("before", [(), (BEGIN,), (BEGIN, INITIALIZED, OPEN)])
def test_exit_without_shutdown_is_a_failure(before: tuple[dict[str, Any], ...]) -> None:
    assert session(*before, EXIT)[1] == 1


def test_what_was_asked_before_the_input_s_end_is_answered() -> None:
    command = [sys.executable, "-m", "pitchpipe_server"]
    sent = framed(BEGIN) + framed(INITIALIZED)
    done = subprocess.run(command, input=sent, capture_output=True, timeout=60, check=False)
    assert codes(messages_in(done.stdout)) == {1: None}
    assert done.returncode == 1
