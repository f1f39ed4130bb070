"""The run's account: how it went, what its stages did, warned of and left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pitchpipe_runner.reporting import wording
from pitchpipe_runner.reporting.charts import Band, bands
from pitchpipe_runner.reporting.recording import (
    STAGES,
    Recording,
    Session,
    mapping,
    mappings,
)

_MOST_WARNINGS = 200
_MOST_ARTIFACTS = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the run ended early. `where` is `file:line:column`, or the key, or ""."""

    code: str
    message: str
    where: str
    hint: str
    stage: str


@dataclass(frozen=True, slots=True)
class Title:
    """What the run was and how it ended.

    `state` is "done", "failed", "interrupted" or "unfinished"; `about` are terms and what they are.
    """

    name: str
    run_id: str
    state: str
    smoke: bool
    started: str
    started_iso: str
    duration: str
    about: tuple[tuple[str, str], ...]
    failure: Failure | None
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """`spans` are where the stage lies in the run's working time: start and length, in percent."""

    name: str
    outcome: str
    detail: str
    seconds: str
    cpu_seconds: str
    spans: tuple[tuple[float, float], ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Warn:
    code: str
    message: str
    where: str
    path: str
    times: int


@dataclass(frozen=True, slots=True)
class Exports:
    """`columns` are the headings, `rows` the exports; `artifacts` are name, path and size."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    artifacts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Command:
    what: str
    text: str


def title(recording: Recording) -> Title:
    plan, sessions = recording.plan, recording.sessions
    first = next(recording.of("run-started"), {})
    started = sessions[0].events[0]["t"] if sessions else None
    last = sessions[-1] if sessions else None
    return Title(
        str(plan.get("name") or first.get("name") or recording.folder.name),
        recording.folder.name,
        _state(last),
        bool(plan.get("smoke") or first.get("smoke")),
        wording.moment(started),
        wording.iso(started),
        wording.duration(last.seconds(last.events[-1]) if last else None),
        tuple((term, text) for term, text in _about(recording) if text),
        _failure(last, plan) if last and _state(last) == "failed" else None,
        recording.unread,
    )


def _state(last: Session | None) -> str:
    """How the last process ended; one that came to the report is as good as done."""
    if last is None:
        return "unfinished"
    kinds = {e["kind"] for e in last.events}
    for kind, state in (
        ("run-done", "done"),
        ("failure", "failed"),
        ("interrupted", "interrupted"),
    ):
        if kind in kinds:
            return state
    reporting = any(e.get("stage") == "report" for e in last.of("stage-started", "stage-done"))
    return "done" if reporting else "unfinished"


def _about(recording: Recording) -> Iterator[tuple[str, str]]:
    plan = recording.plan
    train = recording.facts("train")
    yield "Model", str(mapping(plan.get("model")).get("name_or_path") or "")
    yield "Method", _method(mapping(plan.get("method")))
    yield "Task", wording.words(str(plan.get("task") or ""))
    device = train.get("device") or next(
        (e.get("value") for e in recording.of("resolved") if e.get("path") == "compute.device"),
        None,
    )
    yield "Device", ", ".join(str(v) for v in (device, train.get("dtype")) if v)
    if len(recording.sessions) > 1:
        yield "Processes", f"{len(recording.sessions)}: the run was resumed"


def _method(method: dict[str, Any]) -> str:
    kind = str(method.get("type") or "")
    if kind not in {"lora", "qlora"}:
        return {"full": "Full fine-tuning", "": ""}.get(kind, kind)
    name = "DoRA" if method.get("use_dora") else "LoRA"
    name = f"Q{name}, {method.get('bits')} bits" if kind == "qlora" else name
    rank, alpha = wording.figure(method.get("r")), wording.figure(method.get("lora_alpha"))
    return f"{name}, r\u00a0=\u00a0{rank}, α\u00a0=\u00a0{alpha}"


def _failure(last: Session, plan: dict[str, Any]) -> Failure:
    event = list(last.of("failure"))[-1]
    return Failure(
        str(event.get("code", "")),
        wording.shortened(str(event.get("message", ""))),
        _where(event, plan),
        str(event.get("hint") or ""),
        str(event.get("stage") or ""),
    )


def _where(event: dict[str, Any], plan: dict[str, Any]) -> str:
    place = mapping(event.get("place"))
    if "line" not in place:
        return ""
    return f"{plan.get('workflow', 'workflow')}:{place['line']}:{place.get('column', 1)}"


# --- stages ---------------------------------------------------------------------------------------


def stages(recording: Recording) -> list[Stage]:
    worked = bands(recording)
    whole = max((b.end for b in worked), default=0.0) or 1.0
    if not recording.sessions and not recording.stages:
        return []
    return [
        _stage(recording, name, [b for b in worked if b.name == name], whole) for name in STAGES
    ]


def _stage(recording: Recording, name: str, worked: list[Band], whole: float) -> Stage:
    outcome, detail = _outcome(recording, name)
    record = _record(recording, name)
    seconds, cpu = (
        wording.duration(record.get("seconds")),
        wording.duration(record.get("cpu_seconds")),
    )
    if len(worked) > 1 or (worked and not record):
        # stage.json counts the last process alone.
        seconds, cpu = wording.duration(sum(b.end - b.start for b in worked)), wording.NOTHING
    if len(worked) > 1:
        detail = "; ".join(t for t in (detail, f"in {len(worked)} processes") if t)
    spans = tuple(
        (round(100 * b.start / whole, 2), round(100 * (b.end - b.start) / whole, 2)) for b in worked
    )
    return Stage(
        name, outcome, detail, seconds, cpu, spans, _facts(name, mapping(record.get("facts")))
    )


def _record(recording: Recording, name: str) -> dict[str, Any]:
    """What `stage-done` said, or else the stage's file, which a reused stage has too."""
    done = [e for e in recording.of("stage-done") if e.get("stage") == name]
    return done[-1] if done else recording.stages.get(name, {})


def _outcome(recording: Recording, name: str) -> tuple[str, str]:
    for session in reversed(recording.sessions):
        for event in reversed(session.events):
            if event.get("stage") != name:
                continue
            if event["kind"] == "stage-done":
                return "done", ""
            if event["kind"] == "stage-reused":
                source = str(event.get("source", ""))
                own = any(e.get("stage") == name for e in recording.of("stage-done"))
                return ("done", "") if own else ("reused", f"from {source}")
            if event["kind"] in ("failure", "interrupted"):
                return {"failure": "failed"}.get(event["kind"], event["kind"]), ""
            if event["kind"] == "stage-started":
                return ("this page", "") if name == "report" else ("unfinished", "")
    return ("done", "") if name in recording.stages else ("not run", "")


def _facts(stage: str, facts: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The facts, except those that have a section of their own."""
    if stage == "prepare":
        facts = {name: facts[name] for name in ("rows", "tokens") if name in facts}
    elsewhere = {"export": {"exports"}, "evaluate": {"scores"}}.get(stage, set[str]())
    return tuple(
        (wording.words(name), wording.fact(name, value))
        for name, value in facts.items()
        if value is not None and name not in elsewhere
    )


# --- warnings, exports, versions, commands --------------------------------------------------------


def warnings(recording: Recording) -> list[Warn]:
    """Each once, with how often it came; log lines of level warning and error among them."""
    times: dict[tuple[str, str, str, str], int] = {}
    for event in recording.of("warning", "log"):
        if event["kind"] == "log" and event.get("level") not in ("warning", "error"):
            continue
        code = str(event.get("code") or f"log, {event.get('level')}")
        message = wording.shortened(str(event.get("message", "")), 1000)
        key = (code, message, _where(event, recording.plan), str(event.get("path") or ""))
        times[key] = times.get(key, 0) + 1
    return [Warn(*key, n) for key, n in list(times.items())[:_MOST_WARNINGS]]


def exports(recording: Recording) -> Exports:
    made = mappings(recording.facts("export").get("exports"))
    names = list(dict.fromkeys(name for one in made for name in one))
    rows = tuple(tuple(wording.fact(name, one.get(name)) for name in names) for one in made)
    kept = {str(e.get("path")): e for e in recording.of("artifact")}
    artifacts = tuple(
        (str(e.get("name", "")), path, wording.size(e.get("bytes")))
        for path, e in list(kept.items())[:_MOST_ARTIFACTS]
    )
    return Exports(tuple(wording.words(n) for n in names), rows, artifacts)


def versions(recording: Recording) -> list[tuple[str, str]]:
    """Package and version; where a later process had another one, both."""
    found: dict[str, list[str]] = {}
    told = [mapping(e.get("versions")) for e in recording.of("run-started")]
    told = told or [mapping(record.get("versions")) for record in recording.stages.values()]
    for one in told:
        for package, version in one.items():
            seen = found.setdefault(package, [])
            if str(version) not in seen:
                seen.append(str(version))
    return [(package, ", then ".join(seen)) for package, seen in found.items()]


def commands(recording: Recording) -> list[Command]:
    plan, run_id = recording.plan, recording.folder.name
    state = _state(recording.sessions[-1] if recording.sessions else None)
    said = []
    if state != "done":
        said.append(Command("Go on where it stopped", f"pitchpipe run --resume {_quoted(run_id)}"))
    if plan.get("workflow"):
        text = " ".join(["pitchpipe run", _quoted(str(plan["workflow"])), *_options(plan)])
        where = str(plan.get("root") or "")
        said.append(Command(f"Run it again, in {where}" if where else "Run it again", text))
    said.append(
        Command("Repeat it elsewhere, from the plan in this folder", "pitchpipe run plan.json")
    )
    said.append(Command("Look at it in a terminal", f"pitchpipe runs show {_quoted(run_id)}"))
    return said


def _options(plan: dict[str, Any]) -> Iterator[str]:
    if plan.get("smoke"):
        yield "--smoke"
    for path, origin in mapping(plan.get("origins")).items():
        found = mapping(origin)
        if found.get("kind") == "command-line" and found.get("text") is not None:
            yield f"--set {_quoted(path + '=' + str(found['text']))}"


def _quoted(text: str) -> str:
    """For a shell; in double quotes, which every system takes, unless the text has some."""
    if text and all(c.isalnum() or c in "-_./=:,+@%\\" for c in text):
        return text
    return (
        f'"{text}"' if not set(text) & set('"$`!\\') else "'" + text.replace("'", "'\"'\"'") + "'"
    )
