"""Names that refer to systems, evaluators and data configs: whether there are such."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.olive import rows
from pitchpipe.dialects.olive.passes import Pass
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath
from pitchpipe.suggest import nearest

_SYSTEMS = ("host", "target")


def lower(foreign: Foreign, passes: tuple[Pass, ...]) -> None:
    """Tells of names that nothing has. In a part of a file they may stand in another one."""
    if foreign.result.fragment:
        return
    systems, evaluators = _keys(foreign, "systems"), _keys(foreign, "evaluators")
    bases: list[KeyPath] = [(), ("engine",), *(item.path for item in passes)]
    for base in bases:
        for key in _SYSTEMS:
            _look(foreign, (*base, key), systems, "system")
        _look(foreign, (*base, "evaluator"), evaluators, "evaluator")
        _search(foreign, base)
    for where in _data_configs(foreign, passes):
        _look(foreign, where, rows.names(foreign), "data config")


def _search(foreign: Foreign, base: KeyPath) -> None:
    where = (*base, "search_strategy")
    if len(base) < 2 and foreign.given(where) and not foreign.says((*base, "evaluator")):
        message = "`search_strategy`: Olive searches nothing without an `evaluator` to judge by"
        foreign.note("refused", where, message)


def _keys(foreign: Foreign, section: str) -> list[str]:
    found = foreign.given(section)
    return list(found) if isinstance(found, dict) else []


def _data_configs(foreign: Foreign, passes: tuple[Pass, ...]) -> Iterator[KeyPath]:
    for item in passes:
        for base in (item.path, (*item.path, "config")):
            section = foreign.given(base)
            for key in section if isinstance(section, dict) else ():
                if key.endswith("data_config"):
                    yield (*base, key)
    for name in _keys(foreign, "evaluators"):
        metrics = foreign.given(("evaluators", name, "metrics"))
        for index in range(len(metrics) if isinstance(metrics, list) else 0):
            yield ("evaluators", name, "metrics", index, "data_config")


def _look(foreign: Foreign, where: KeyPath, known: list[str], what: str) -> None:
    name = foreign.given(where)
    if not isinstance(name, str) or name in known:
        return
    near, scalar = nearest(name, known), foreign.reading.scalar(where)
    fix = Fix(f"Write `{near}`", (Edit(scalar.span, near),)) if near and scalar else None
    message = f"`{where[-1]}`: {rows.no_such(name, known, what)}"
    foreign.note("refused", where, message, fix)
