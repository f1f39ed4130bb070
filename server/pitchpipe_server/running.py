"""Runs in the editor: commands, progress, log, events, failures at their line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from lsprotocol import types

from pitchpipe_facts import runs
from pitchpipe_server.announcing import Announcing
from pitchpipe_server.commands import EVENT
from pitchpipe_server.requests.memory import CHANGED as MEMORY_CHANGED
from pitchpipe_server.requests.runs import ENDED
from pitchpipe_server.uris import path_of

if TYPE_CHECKING:
    from pitchpipe.findings import Finding
    from pitchpipe.ide.world import Run
    from pitchpipe_server.browsing import Browsing
    from pitchpipe_server.runs.following import Follower
    from pitchpipe_server.runs.knowing import Runs
    from pitchpipe_server.runs.news import News
    from pitchpipe_server.runs.starting import Started
    from pitchpipe_server.server import PitchpipeServer

T = TypeVar("T")

_LEVELS = {
    "debug": types.MessageType.Debug,
    "info": types.MessageType.Info,
    "warning": types.MessageType.Warning,
    "error": types.MessageType.Error,
}


@dataclass(slots=True)
class _Shown:
    """A run's progress in the editor. `said` is what it shows beside the percentage."""

    token: str
    said: str = ""
    open: bool = False


class Running:
    """The runs of one client. All but what it hands to its thread happens on the event loop."""

    def __init__(self, server: PitchpipeServer) -> None:
        from pitchpipe_server.runs.following import Follower  # noqa: PLC0415  # when first needed
        from pitchpipe_server.runs.knowing import Runs  # noqa: PLC0415

        self._server = server
        self.runs: Runs = Runs()  # for its thread alone, see `apart`
        self._follower: Follower = Follower()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="runs")
        self._known: dict[str, tuple[Run, ...]] = {}
        self._failures: dict[str, tuple[str, Finding]] = {}
        self._shown: dict[Path, _Shown] = {}
        self._count = 0
        self.events = False
        self._announcing = Announcing(server, self)
        server.spawn(self._watch(), "following runs")

    @cached_property
    def browsing(self) -> Browsing:
        """What a client may ask of them; made when one asks."""
        from pitchpipe_server.browsing import Browsing  # noqa: PLC0415

        return Browsing(self._server, self)

    def subscribe(self, events: bool) -> None:
        """From now on the client hears of every event and of other runs, or of neither."""
        self.events = events
        if events:
            self._announcing.watch()

    def estimates_changed(self) -> None:
        """Tells who subscribed: what an estimate rests on is another without an edit."""
        if self.events:
            self._server.protocol.notify(MEMORY_CHANGED, {})

    # What is known

    def of(self, path: str) -> tuple[Run, ...]:
        """The runs of a workflow as they were last looked at, newest first."""
        return self._known.get(path, ())

    def failure(self, path: str, text: str) -> Finding | None:
        """What the newest run failed of, as long as the text is what was run."""
        known = self._failures.get(path)
        return known[1] if known and known[0] == text else None

    def writes(self, path: str) -> bool:
        """Whether a file lies in the folder of a run that goes on, and is the run's own."""
        return any(folder in Path(path).parents for folder in self._follower.folders)

    def works_on(self, folder: Path) -> bool:
        """Whether a process that this server started is at work there, maybe before its lock."""
        process = self._follower.process(folder)
        return process is not None and process.poll() is None

    def files_changed(self, paths: Iterable[str]) -> None:
        """Files came, went or were written; those of plans are of runs from elsewhere."""
        if "browsing" in self.__dict__:
            self.browsing.files_changed()
        if any(Path(path).name == runs.PLAN for path in paths):
            self._announcing.changed(None)

    async def look(self, path: str, *, discover: bool = False) -> None:
        """Reads the runs of a workflow anew, and follows those that go on."""
        workflow = Path(path)
        if discover:
            await self.apart(lambda: self.runs.discover(workflow))
        self._known[path] = await self.apart(lambda: self.runs.summaries(workflow))
        for run in self._known[path]:
            if run.state in {"waiting", "running"}:
                await self.follow(Path(run.folder), workflow)
        self._server.runs_changed()

    async def recover(self, roots: Sequence[str]) -> None:
        """Follows the runs that go on of workflows in these folders, whoever started them."""
        for folder in await self.apart(self.runs.running):
            info = await self.apart(lambda folder=folder: runs.planned(folder))
            workflow = info and info.workflow
            if workflow and any(Path(root) in workflow.parents for root in roots):
                await self.follow(folder, workflow)

    async def follow(
        self, run: Path | Started, workflow: Path, *, offset: int | None = None
    ) -> None:
        """Shows what a run does from now on, or behind a byte of its events, if it isn't shown."""
        folder = run if isinstance(run, Path) else run.folder
        info = await self.apart(lambda: runs.planned(folder))
        earlier = await self.apart(lambda: self.runs.earlier(info)) if info else None
        is_new = self._follower.follow(run, offset=offset, earlier=earlier)
        if is_new or not isinstance(run, Path):
            self._announcing.begun(folder, workflow)
        if is_new:
            await self._show(folder, folder.name, workflow)

    async def _look_for_failure(self, path: str) -> None:
        text = next((t.text for t in self._server.texts if path_of(t.uri) == path), None)
        if text is None:
            return
        found = await self.apart(lambda: self.runs.failure_finding(Path(path), text))
        if found is None:
            self._failures.pop(path, None)
        else:
            self._failures[path] = (text, found)
        self._server.world_changed()

    # What is done

    async def start(self, path: str, *, quiet: bool = False, **how: Any) -> dict[str, Any]:
        """Starts or resumes a run; says which, or why not: `message`, shown unless `quiet`."""
        from pitchpipe_server.runs.errors import CannotStart  # noqa: PLC0415
        from pitchpipe_server.runs.starting import start  # noqa: PLC0415

        python, workflow = self._server.settings.python, Path(path)
        origin = self._server.start_of(path)
        try:
            started: Started = await asyncio.to_thread(
                lambda: start(python, workflow, origin=origin, **how)
            )
        except CannotStart as error:
            if not quiet:
                shown = types.ShowMessageParams(types.MessageType.Error, f"Pitchpipe: {error}")
                self._server.window_show_message(shown)
            why = {"message": str(error), "wantsConsent": error.wants_consent}
            return {"run": None, **why, "model": error.model}
        for warning in started.warnings:
            self._log("warning", warning)
        self.runs.changed()
        await self.follow(started, workflow)
        self._server.spawn(self.look(path), "listing runs")
        return {"run": started.folder.name, "folder": str(started.folder), "message": None}

    async def cancel(self, path: str | None, run: str | None) -> dict[str, Any]:
        """Lets a run end after its step: the one named, else all of the workflow that go on."""
        from pitchpipe_server.runs.errors import CannotStop  # noqa: PLC0415
        from pitchpipe_server.runs.stopping import cancel  # noqa: PLC0415

        wanted = [f for f in self._follower.folders if self._is_meant(f, path, run)]
        stopped: list[str] = []
        for folder in wanted:
            process = self._follower.process(folder)
            try:
                await asyncio.to_thread(cancel, folder, process)
            except CannotStop as error:
                self._log("error", str(error))
            else:
                stopped.append(folder.name)
        return {"stopped": stopped}

    def _is_meant(self, folder: Path, path: str | None, run: str | None) -> bool:
        if run is not None:
            return run in {folder.name, str(folder)}
        info = self._follower.run(folder)
        return path is None or (info is not None and str(info.workflow) == path)

    async def went_away(self, folder: Path, workflow: Path | None) -> None:
        """A run's folder was removed."""
        self.runs.changed()
        self._announcing.gone(folder, workflow)
        for path in list(self._known):
            await self.look(path)

    async def report(self, path: str, run: str | None) -> dict[str, Any]:
        """Opens the report of a run, or of the newest that has one."""
        await self.look(path)
        meant = (r for r in self.of(path) if run is None or run in {r.id, r.folder})
        found = next((r for r in meant if r.report), None)
        if found is None or found.report is None:
            return {"report": None, "message": "there is no run with a report"}
        if self._server.can.show_document:
            from pitchpipe_server.uris import uri_of  # noqa: PLC0415

            await self._server.window_show_document_async(
                types.ShowDocumentParams(uri_of(found.report), external=True)
            )
        return {"report": found.report, "message": None}

    # What is shown

    async def _watch(self) -> None:
        async for news in self._follower.news():
            try:
                self._tell(news)
            except Exception:  # noqa: BLE001  # one event that can't be shown is not the last
                self._server.tell_once("showing a run")

    def _tell(self, news: News) -> None:
        from pitchpipe_server.runs import news as kinds  # noqa: PLC0415
        from pitchpipe_server.runs import words  # noqa: PLC0415

        update, folder = news.update, news.run.folder
        if self.events and news.event is not None:
            told = {"run": news.run.id, "folder": str(folder), "offset": news.offset}
            self._server.protocol.notify(EVENT, {**told, "left": news.left, "event": news.event})
        shown = self._shown.get(folder.resolve())
        if isinstance(update, kinds.Progressed):
            self._report(shown, update.share, words.progress(update))
        elif isinstance(update, kinds.StageChanged):
            if update.state == "running":
                self._report(shown, None, update.stage)
            self._log("info", f"run {news.run.id}: {words.stage(update)}")
        elif isinstance(update, kinds.Measured):
            self._report(shown, None, words.measured(update))
        elif isinstance(update, kinds.Logged):
            self._log(update.level, update.message)
        elif isinstance(update, kinds.Failed):
            self._log("error", update.message + (f"; {update.hint}" if update.hint else ""))
        elif isinstance(update, kinds.Ended):
            self._end(folder, shown, update.state, update.message)
            if self.events:
                told = {"run": news.run.id, "folder": str(folder), "state": update.state}
                why = {"message": update.message, "exit_code": update.exit_code}
                self._server.protocol.notify(ENDED, {**told, **why})
            self._announcing.changed(news.run.workflow)

    def _end(self, folder: Path, shown: _Shown | None, state: str, message: str | None) -> None:
        self.runs.changed()
        said = f"run {folder.name}: {state}" + (f" ({message})" if message else "")
        self._log("info" if state in {"done", "interrupted"} else "error", said)
        if shown and shown.open:
            self._server.work_done_progress.end(
                shown.token, types.WorkDoneProgressEnd(message=state)
            )
        self._shown.pop(folder.resolve(), None)
        for path in list(self._known):
            self._server.spawn(self._ended(path), "reading a run's end")

    async def _ended(self, path: str) -> None:
        await self.look(path)
        await self._look_for_failure(path)

    async def _show(self, folder: Path, name: str, workflow: Path) -> None:
        """Opens a progress in the editor, which can stop the run."""
        self._count += 1
        shown = _Shown(f"pitchpipe/{name}/{self._count}")  # a run may be resumed
        self._shown[folder.resolve()] = shown
        if not self._server.can.progress:
            return
        progress = self._server.work_done_progress
        await progress.create_async(shown.token)  # pyright: ignore[reportUnknownMemberType]
        begin = types.WorkDoneProgressBegin(
            title=f"Pitchpipe: {workflow.name}", cancellable=True, percentage=0
        )
        progress.begin(shown.token, begin)
        shown.open = True
        token = cast("Future[None]", progress.tokens[shown.token])  # pyright: ignore[reportUnknownMemberType]
        token.add_done_callback(lambda done: self._cancelled(name) if done.cancelled() else None)

    def _cancelled(self, name: str) -> None:
        self._server.spawn(self._cancel(name), "stopping a run")

    async def _cancel(self, name: str) -> None:
        await self.cancel(None, name)

    def _report(self, shown: _Shown | None, share: float | None, said: str) -> None:
        if shown is None or not shown.open:
            return
        percentage = None if share is None else round(100 * share)
        report = types.WorkDoneProgressReport(message=said, percentage=percentage)
        self._server.work_done_progress.report(shown.token, report)

    def _log(self, level: str, message: str) -> None:
        kind = _LEVELS[level]
        if kind is types.MessageType.Debug and not self._server.vscode:
            kind = types.MessageType.Log  # what clients before LSP 3.18 know; VS Code's always did
        self._server.window_log_message(types.LogMessageParams(kind, message))

    async def apart(self, work: Callable[[], T]) -> T:
        """In the thread that all reading of run folders has to itself."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
