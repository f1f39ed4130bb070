"""`pitchpipe/newWorkflow`, what a wizard asks, and `pitchpipe/schema`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pitchpipe.not_yet import NotYet
from pitchpipe_server.requests import parameters
from pitchpipe_server.server import PitchpipeServer
from pitchpipe_server.uris import path_of

if TYPE_CHECKING:
    from pitchpipe.draft import Choice, Mapped
    from pitchpipe.findings import Finding
    from pitchpipe_server.patience import PatientFacts

NEW_WORKFLOW, SCHEMA = "pitchpipe/newWorkflow", "pitchpipe/schema"
REQUESTS = (NEW_WORKFLOW, SCHEMA)
NOTIFICATIONS: tuple[str, ...] = ()


def register(server: PitchpipeServer) -> None:
    @server.feature(NEW_WORKFLOW)
    async def new_workflow(params: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        answers = _answers(params)
        if answers.given:
            return asdict(await _written(server, answers))
        return asdict(_Told(choices=await _choices(server, answers.folder)))

    @server.feature(SCHEMA)
    def schema(_: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return {"schema": server.engine.schema.root}


@dataclass(frozen=True, slots=True)
class _Answers:
    """What was chosen; None: nothing. Paths are those of this machine."""

    task: str | None
    model: str | None
    data: str | None
    method: str | None
    folder: str | None

    @property
    def given(self) -> bool:
        return any((self.task, self.model, self.data, self.method))


@dataclass(frozen=True, slots=True)
class _Told:
    choices: dict[str, Any] | None = None
    text: str | None = None
    name: str | None = None
    message: str | None = None


def _answers(params: Any) -> _Answers:
    """Empty texts count as left out; files may be named by URI.

    Raises:
        JsonRpcInvalidParams: an answer is no string, or a URI of another machine's.
    """

    def path(name: str) -> str | None:
        said = parameters.optional_text(params, name)
        is_uri = said is not None and ("://" in said or said.startswith("file:"))
        return parameters.file(said) if said and is_uri else said or None

    return _Answers(
        task=parameters.optional_text(params, "task") or None,
        model=path("model"),
        data=path("data"),
        method=parameters.optional_text(params, "method") or None,
        folder=path("folder"),
    )


async def _choices(server: PitchpipeServer, folder: str | None) -> dict[str, Any]:
    from pitchpipe import draft  # noqa: PLC0415  # see PitchpipeServer
    from pitchpipe_facts.model_list import listed  # noqa: PLC0415

    schema = server.engine.schema
    roots = [path for uri in server.workspace.folders if (path := path_of(uri))]
    models = [asdict(m) for m in await asyncio.to_thread(listed, roots, os.environ)]
    for model in models:
        if folder and os.path.isabs(model["name"]):  # noqa: PTH117  # any text may be asked
            model["name"] = draft.spelt(model["name"], folder)
    return {
        "tasks": [asdict(task) for task in draft.tasks(schema)],
        "models": models,
        "methods": [asdict(method) for method in draft.methods(schema)],
    }


async def _written(server: PitchpipeServer, answers: _Answers) -> _Told:
    """The file, also where the data can't be read; then a message says why not."""
    from pitchpipe import draft  # noqa: PLC0415  # as above
    from pitchpipe.findings import Severity  # noqa: PLC0415

    schema = server.engine.schema
    for said, choices in ((answers.task, draft.tasks), (answers.method, draft.methods)):
        if said is not None and (wrong := _unknown(said, choices(schema))):
            return _Told(message=wrong)
    folder = answers.folder or os.getcwd()  # noqa: PTH109  # the core takes paths as texts
    world = server.engine.world
    task = answers.task or str(schema.default(("task",)))
    rows = await _rows(server, answers, folder, task)
    taken = {child.name for child in world.children(folder)}
    name = draft.file_name(answers.data, task, taken)
    text = draft.workflow(
        schema,
        name=name.removesuffix(draft.ENDING),
        task=task,
        model=_model(world.facts(folder), answers),
        data=rows.data,
        parts=rows.parts,
        method=answers.method,
        hub=rows.hub,
    )
    path = os.path.join(folder, name)  # noqa: PTH118  # as above
    found = await _found(server, text, path)
    errors = [f.message for f in found if f.severity is Severity.ERROR]
    message = rows.message or (errors[0] if errors else None)
    return _Told(text=draft.fitted(text, found), name=name, message=message)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where they come from, as the file spells it; `message`: what of them is not clear."""

    data: str
    hub: bool
    parts: Mapped
    message: str | None = None


async def _rows(server: PitchpipeServer, answers: _Answers, folder: str, task: str) -> _Rows:
    from pitchpipe import draft  # noqa: PLC0415  # as above

    data, facts = answers.data, server.engine.world.facts(folder)
    if data is None:
        return _Rows(draft.DATA, False, draft.Mapped())
    path = os.path.join(folder, data)  # noqa: PTH118  # as above
    if draft.is_dataset(data, is_there=facts.file(path).exists):
        return _Rows(data, True, draft.Mapped(), draft.unseen(data))
    spelt = _spelt(data, answers.folder)
    try:
        table = await server.patiently(lambda: facts.table(path), until=lambda _: True)
    except NotYet:
        message = f"{spelt} takes long to read; give its columns their parts in `columns`"
        return _Rows(spelt, False, draft.Mapped(), message)
    return _Rows(spelt, False, *draft.parts(table, task, spelt))


def _model(facts: PatientFacts, answers: _Answers) -> str:
    """A folder as the file has to spell it; anything else is a hub name."""
    from pitchpipe import draft  # noqa: PLC0415  # as above

    if answers.model is None:
        return draft.MODEL
    path = os.path.join(answers.folder or "", answers.model)  # noqa: PTH118  # as above
    return _spelt(answers.model, answers.folder) if facts.file(path).is_dir else answers.model


def _spelt(path: str, folder: str | None) -> str:
    from pitchpipe import draft  # noqa: PLC0415  # as above

    return draft.spelt(path, folder) if folder else path.replace("\\", "/")


def _unknown(said: str, choices: tuple[Choice, ...]) -> str | None:
    from pitchpipe.suggest import one_of  # noqa: PLC0415  # as above

    names = [choice.name for choice in choices]
    return None if said in names else f"`{said}` is none of {one_of(names)}"


async def _found(server: PitchpipeServer, text: str, path: str) -> tuple[Finding, ...]:
    """What a check of the file says, once what it asks of the world is known."""
    from pitchpipe.analyse import analyse  # noqa: PLC0415  # as above

    facts = server.engine.world.facts(os.path.dirname(path))  # noqa: PTH120
    found: tuple[Finding, ...] = ()
    for _ in range(2):
        found = analyse(text, schema=server.engine.schema, facts=facts, path=path).findings
        if not await server.found_out():
            break
    return found
