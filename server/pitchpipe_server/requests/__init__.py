"""Requests beyond LSP, one file a topic. docs/language-server.md says what they answer."""

from __future__ import annotations

from typing import Protocol

from pitchpipe_server.requests import memory, preview, runs, workflow
from pitchpipe_server.server import PitchpipeServer


class Topic(Protocol):
    """A file of requests. What it needs beyond pygls it imports when it is asked."""

    @property
    def REQUESTS(self) -> tuple[str, ...]:
        """The methods that are answered."""
        ...

    @property
    def NOTIFICATIONS(self) -> tuple[str, ...]:
        """The methods that are sent to who subscribed."""
        ...

    def register(self, server: PitchpipeServer) -> None:
        """Makes the requests known."""
        ...


TOPICS: tuple[Topic, ...] = (memory, preview, runs, workflow)


def register(server: PitchpipeServer) -> None:
    for topic in TOPICS:
        topic.register(server)


def names() -> tuple[str, ...]:
    """Of all requests."""
    return tuple(name for topic in TOPICS for name in topic.REQUESTS)


def notifications() -> tuple[str, ...]:
    """Of all that is sent without having been asked for."""
    return tuple(name for topic in TOPICS for name in topic.NOTIFICATIONS)
