"""What went in: the rows of each split, and the plan with the origin of every value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pitchpipe_runner.reporting import wording
from pitchpipe_runner.reporting.recording import Recording, mapping, number

_SPLITS = ("train", "eval", "test")
_SHOWN_APART = {"rows", "tokens", "lengths", "packs", "labels", "over_length"}
_NOT_SETTINGS = {"origins", "fingerprints", "version"}


@dataclass(frozen=True, slots=True)
class Range:
    """Row lengths in tokens.

    `left`, `width`, `median` and `limit` (which is `max_length`) are percent of the axis.
    """

    shortest: str
    middle: str
    p95: str
    longest: str
    left: float
    width: float
    median: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class Split:
    name: str
    rows: str
    tokens: str
    packs: str
    lengths: Range | None
    labels: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Data:
    """What is known of the rows.

    `facts` are terms and their values; `files` are path, size and the start of the SHA-256.
    """

    splits: tuple[Split, ...]
    label_names: tuple[str, ...]
    max_length: str
    over_length: str
    facts: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the plan.

    `kind` is "file", "default", "command-line" or "" (nobody chose it).
    `resolved` is what an open value became, and why.
    """

    path: str
    value: str
    kind: str
    origin: str
    resolved: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    settings: tuple[Setting, ...]


def data(recording: Recording) -> Data | None:
    """None where there is nothing to say."""
    facts = recording.facts("prepare")
    files = tuple(_files(recording.plan))
    if not facts and not files:
        return None
    longest = number(mapping(recording.plan.get("data")).get("max_length"))
    splits = [s for s in (_split(facts, name, longest) for name in _split_names(facts)) if s]
    names = list(dict.fromkeys(label for s in splits for label, _, _ in s.labels))
    if isinstance(order := mapping(recording.plan.get("data")).get("labels"), list):
        names.sort(key=lambda name: order.index(name) if name in order else len(order))
    return Data(
        tuple(splits),
        tuple(names),
        wording.figure(longest),
        _over_length(recording.plan, facts),
        tuple(
            (wording.words(k), wording.fact(k, v))
            for k, v in facts.items()
            if k not in _SHOWN_APART and v is not None
        ),
        files,
    )


def _split_names(facts: dict[str, Any]) -> list[str]:
    tables = [mapping(facts.get(name)) for name in ("rows", "tokens", "lengths")]
    found = {name for table in tables for name in table}
    return [n for n in _SPLITS if n in found] + sorted(found - set(_SPLITS))


def _split(facts: dict[str, Any], name: str, longest: float | None) -> Split:
    def of(key: str) -> Any:
        return mapping(facts.get(key)).get(name)

    lengths = [mapping(v) for v in mapping(facts.get("lengths")).values()]
    axis = max([longest or 0, *(number(v.get("max")) or 0 for v in lengths)]) or 1
    counts = {label: number(n) or 0 for label, n in mapping(of("labels")).items()}
    total = sum(counts.values()) or 1
    return Split(
        name,
        wording.figure(of("rows")),
        wording.figure(of("tokens")),
        wording.figure(of("packs")),
        _range(mapping(of("lengths")), axis, longest),
        tuple(
            (label, wording.figure(n), wording.percent(n / total, 0)) for label, n in counts.items()
        ),
    )


def _range(found: dict[str, Any], axis: float, longest: float | None) -> Range | None:
    ends = [number(found.get(k)) for k in ("min", "median", "p95", "max")]
    low, middle, p95, high = ends
    if low is None or middle is None or high is None:
        return None

    def at(value: float) -> float:
        return round(100 * value / axis, 2)

    return Range(
        wording.figure(low),
        wording.figure(middle),
        wording.figure(p95),
        wording.figure(high),
        at(low),
        round(at(high) - at(low), 2),
        at(middle),
        None if longest is None else at(longest),
    )


def _over_length(plan: dict[str, Any], facts: dict[str, Any]) -> str:
    found = mapping(facts.get("over_length"))
    rows = number(found.get("rows"))
    if rows is None:
        return ""
    if not rows:
        return "No row is longer than that."
    many, lost = ("1 row is", "was") if rows == 1 else (f"{rows:,.0f} rows are", "were")
    done = {"drop": "left out", "truncate": "cut"}.get(
        str(mapping(plan.get("data")).get("over_length")), "shortened"
    )
    tokens = number(found.get("tokens_lost"))
    said = f"{many} longer and {lost} {done}"
    return said + (f"; {tokens:,.0f} tokens lost." if tokens else ".")


def _files(plan: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, found in mapping(plan.get("fingerprints")).items():
        print_ = mapping(found)
        yield path, wording.size(print_.get("size")), str(print_.get("sha256") or "")[:16]


# --- plan -----------------------------------------------------------------------------------------


def settings(recording: Recording) -> list[Section]:
    """The plan's values by section, in the plan's order; those without a section come first."""
    origins = mapping(recording.plan.get("origins"))
    resolved = {str(e.get("path")): _became(e) for e in recording.of("resolved")}
    sections: dict[str, list[Setting]] = {}
    for path, value in _flat({k: v for k, v in recording.plan.items() if k not in _NOT_SETTINGS}):
        section = path.split(".")[0].split("[")[0] if "." in path or "[" in path else "run"
        kind, text = _origin(path, origins, recording.plan)
        own = Setting(path, wording.literal(value), kind, text, resolved.get(path, ""))
        sections.setdefault(section, []).append(own)
    return [Section(name, tuple(values)) for name, values in sections.items()]


def settings_said(sections: list[Section]) -> str:
    """How many values there are, and from where."""
    kinds = [s.kind for section in sections for s in section.settings]
    named = (
        ("file", "from the file"),
        ("command-line", "from the command line"),
        ("default", "defaults"),
    )
    parts = [f"{kinds.count(kind)} {text}" for kind, text in named if kind in kinds]
    return f"{len(kinds)} values" + (f": {', '.join(parts)}" if parts else "")


def _became(event: dict[str, Any]) -> str:
    reason = str(event.get("reason") or "")
    return wording.literal(event.get("value")) + (f" ({reason})" if reason else "")


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Key paths as the plan's origins have them.

    Lists of plain values and empty objects are values.
    """
    for name, value in values.items():
        path = f"{above}.{name}" if above else str(name)
        if isinstance(value, dict) and value:
            yield from _flat(mapping(value), path)
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            for i, item in enumerate(value):
                yield from _flat(mapping(item), f"{path}[{i}]")
        else:
            yield path, value


def _origin(path: str, origins: dict[str, Any], plan: dict[str, Any]) -> tuple[str, str]:
    """The kind of the origin and what to say of it; both empty for what nobody chose."""
    found = mapping(origins.get(path))
    return (str(found.get("kind") or ""), _origin_text(found, plan)) if found else ("", "")


def _origin_text(found: dict[str, Any], plan: dict[str, Any]) -> str:
    if found.get("kind") == "file":
        return f"{plan.get('workflow', 'workflow')}:{found.get('line')}:{found.get('column')}"
    if found.get("kind") == "command-line":
        return f"--set, {wording.shortened(str(found.get('text')), 200)}"
    return "default"
