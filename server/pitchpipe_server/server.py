"""The server and what belongs to one client: its capabilities, settings and open texts."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from pitchpipe.not_yet import NotYet
from pitchpipe_server.capabilities import Capabilities, resolved
from pitchpipe_server.logs import is_answer
from pitchpipe_server.protocol import Protocol
from pitchpipe_server.settings import SECTION, Settings, settings_of
from pitchpipe_server.texts import OpenText, Texts

if TYPE_CHECKING:
    from pitchpipe.findings import Finding
    from pitchpipe.ide.snapshot import Snapshot
    from pitchpipe_server.engine import Engine
    from pitchpipe_server.running import Running

T = TypeVar("T")

_PATIENCE = 2.0  # seconds that an answer waits for what is being found out
_MOST_LOOKS = 4
_IDLE = 0.05  # seconds
_LIKE_VSCODE = ("code", "codium", "cursor", "windsurf", "positron")

logger = logging.getLogger(__name__)


class PitchpipeServer(LanguageServer):
    """pygls' server with what this one knows.

    Nothing of the core is imported before the first document is looked at: a client waits for the
    answer to `initialize` with its window empty.
    """

    def __init__(self, version: str) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "pitchpipe",
            version,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=Protocol,
            max_workers=2,
        )
        self.can = Capabilities()
        self.settings = Settings()
        self.vscode = False
        self._engine: Engine | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._told = set[str]()
        self._search: asyncio.Task[None] | None = None
        self.not_begun = 0  # requests that somebody waits for
        self.world_changed: Callable[[], None] = lambda: None
        self._running: Running | None = None

    @property
    def texts(self) -> Texts:
        protocol: Any = self.protocol
        return protocol.texts

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            from pitchpipe.ide.snapshot import Client  # noqa: PLC0415  # see above
            from pitchpipe_server.engine import Engine  # noqa: PLC0415

            client = Client(snippets=self.can.snippets)
            self._engine = Engine(
                lambda: self.settings,
                client,
                self._wake,
                lambda path: self.running.of(path),
                self.start_of,
            )
        return self._engine

    def start_of(self, path: str) -> str | None:
        """The innermost folder of the workspace that a file lies in, from which tools are called.

        None where it lies in none.
        """
        from pathlib import Path  # noqa: PLC0415  # see above

        from pitchpipe_server.uris import path_of  # noqa: PLC0415

        roots = [root for uri in self.workspace.folders if (root := path_of(uri))]
        around = [root for root in roots if Path(root) in Path(path).parents]
        return max(around, key=len, default=None)

    @property
    def running(self) -> Running:
        """The runs; they are followed from when they are first asked for."""
        if self._running is None:
            from pitchpipe_server.running import Running  # noqa: PLC0415

            self._running = Running(self)
        return self._running

    def failure(self, path: str, text: str) -> Finding | None:
        """What the newest run failed of. The first findings don't wait for runs to be looked at."""
        return self._running.failure(path, text) if self._running else None

    def hints_changed(self) -> None:
        """What hints and estimates say is another, and no finding."""
        if self.can.refresh_hints:
            self.workspace_inlay_hint_refresh(None)
        if self._running:
            self._running.estimates_changed()

    def runs_changed(self) -> None:
        """What lenses say of runs is another."""
        if self.can.refresh_lenses:
            self.workspace_code_lens_refresh(None)

    async def patiently(self, ask: Callable[[], T], until: Callable[[T], bool]) -> T:
        """Asks again while something is being found out, up to some seconds."""
        for _ in range(_MOST_LOOKS):
            with suppress(NotYet):
                if until(answer := ask()):
                    return answer
            if not await self.found_out():
                break
        return ask()

    def status(self) -> dict[str, Any]:
        """What a user wants to know of a server that behaves oddly."""
        encoding = self.workspace.position_encoding
        return {
            "version": self.version,
            "python": sys.executable,
            "encoding": str(getattr(encoding, "value", encoding)),
            "settings": asdict(self.settings),
            "documents": [
                {
                    "uri": text.uri,
                    "version": text.version,
                    "workflow": snapshot is not None,
                    "findings": len(snapshot.findings) if snapshot else None,
                }
                for text in self.texts
                for snapshot in [self.snapshot(text.uri)]
            ],
            "failures": sorted(self._told),
        }

    def snapshot(self, uri: str) -> Snapshot | None:
        """The newest snapshot of an open workflow; None for what is not open or not ours."""
        text = self.texts.get(uri)
        return text and self.engine.snapshot(text)

    def opened(self, uri: str) -> tuple[OpenText, Snapshot] | None:
        """A snapshot with the text that it was made of."""
        text = self.texts.get(uri)
        snapshot = text and self.engine.snapshot(text)
        return (text, snapshot) if text and snapshot else None

    def begin(self, params: types.InitializeParams) -> None:
        """Takes up what the client says of itself."""
        name = (params.client_info.name if params.client_info else "").lower()
        self.can = resolved(params.capabilities, name)
        self.settings = settings_of(params.initialization_options)
        self.vscode = any(word in name for word in _LIKE_VSCODE)

    def _wake(self) -> None:
        """Something waits to be found out, when there is time."""
        if self._search is None:
            self._search = self.spawn(self._find_out(), "finding out about the world")

    async def _find_out(self) -> None:
        try:
            # What was asked before is answered first, alone where nothing hurries.
            await asyncio.sleep(0 if self.engine.world.patience.hurries else _IDLE)
            state = self.engine.world.state
            changed = await self.engine.world.patience.find_out()
        finally:
            self._search = None
        if self.engine.world.state != state:
            self.world_changed()
        elif changed:
            self.hints_changed()

    async def found_out(self) -> bool:
        """Waits a while for what is being found out; whether it was."""
        if self._search is None:
            return False
        done, _ = await asyncio.wait({self._search}, timeout=_PATIENCE)
        return bool(done)

    async def fetch_settings(self) -> None:
        """Asks the client for its settings, if it has any."""
        if not self.can.configuration:
            return
        item = types.ConfigurationItem(section=SECTION)
        answer = await self.workspace_configuration_async(types.ConfigurationParams([item]))
        if answer and answer[0] is not None:
            self.settings = settings_of(answer[0])

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Errors go to the log alone: pygls would open a window for each."""
        if not is_answer(error):
            logger.error("%s: %s", getattr(source, "__name__", source), error)

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Starts something that nobody waits for; its failure is logged."""

        async def guarded() -> None:
            try:
                await work
            except Exception:  # noqa: BLE001  # whatever it is, the server goes on
                self.tell_once(what)

        task = asyncio.ensure_future(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # the server may end before it begins
        return task

    def tell_once(self, what: str) -> None:
        """Logs the exception at hand; the client hears of each kind once."""
        logger.exception("%s failed", what)
        if what not in self._told:
            self._told.add(what)
            message = f"{what} failed; the details are in the server's log (stderr)"
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))


Handler = Callable[[PitchpipeServer, Any], T]


def answering(empty: Any) -> Callable[[Handler[T]], Callable[[PitchpipeServer, Any], Awaitable[T]]]:
    """A handler of requests that can be cancelled before it begins and never fails.

    It starts when all messages that wait have been read, so it sees the newest text, and a request
    whose cancellation came along is never begun. What it needs of the world it waits for, a while.
    Where it raises, that is logged and the answer is `empty`.
    """

    def decorate(handler: Handler[T]) -> Callable[[PitchpipeServer, Any], Awaitable[T]]:
        @wraps(handler)
        async def handle(server: PitchpipeServer, params: Any) -> T:
            server.not_begun += 1
            try:
                await asyncio.sleep(0)
            finally:
                server.not_begun -= 1
            try:
                for _ in range(_MOST_LOOKS):
                    with suppress(NotYet):
                        return handler(server, params)
                    if not await server.found_out():
                        break
            except JsonRpcException:  # an answer too: why it can't be done
                raise
            except Exception:  # noqa: BLE001  # a feature that fails leaves the others alone
                server.tell_once(handler.__name__.replace("_", " "))
            return empty

        return handle

    return decorate
