"""One data config: where its parts are written, in today's form and in those before."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.keypath import KeyPath
from pitchpipe.suggest import nearest
from pitchpipe.syntax.nodes import Data

_LOAD = "load_dataset_config"
_TEXTS = "pre_process_data_config"
_COMPONENTS = {_LOAD: "load_dataset", _TEXTS: "pre_process_data"}


@dataclass(frozen=True, slots=True)
class Rows:
    """The data config at `path`."""

    foreign: Foreign
    path: KeyPath

    def load(self, key: str) -> tuple[KeyPath, Data]:
        """Where a key about the rows' origin is written, and its value, None where it is not."""
        return self._find(_LOAD, key)

    def texts(self, key: str) -> tuple[KeyPath, Data]:
        """The same of how rows become texts."""
        return self._find(_TEXTS, key)

    @property
    def kind(self) -> Data:
        return self.foreign.given((*self.path, "type"))

    @property
    def loader(self) -> Data:
        """The function that loads the rows; None is the usual one."""
        older = self.foreign.given((*self.path, "components", "load_dataset", "type"))
        return self.load("type")[1] or older

    @property
    def origin(self) -> KeyPath:
        """The section about the rows' origin, or the whole config where there is none."""
        section = (*self.path, _LOAD)
        return section if self.foreign.says(section) else self.path

    @property
    def form(self) -> KeyPath:
        """The section about how rows become texts, or the whole config where there is none."""
        section = (*self.path, _TEXTS)
        return section if self.foreign.says(section) else self.path

    def _find(self, section: str, key: str) -> tuple[KeyPath, Data]:
        places: list[KeyPath] = [
            (*self.path, section, "params", key),
            (*self.path, section, key),
            (*self.path, "params_config", key),
            (*self.path, "params_config", "component_kwargs", _COMPONENTS[section], key),
            (*self.path, "components", _COMPONENTS[section], "params", key),
        ]
        for place in places:
            if self.foreign.says(place):
                return place, self.foreign.given(place)
        return places[1], None


def named(foreign: Foreign, name: str) -> Rows | None:
    """The data config of that name."""
    for rows in every(foreign):
        if foreign.given((*rows.path, "name")) == name:
            return rows
    return None


def every(foreign: Foreign) -> list[Rows]:
    configs = foreign.given("data_configs")
    count = len(configs) if isinstance(configs, list) else 0
    return [Rows(foreign, ("data_configs", index)) for index in range(count)]


def names(foreign: Foreign) -> list[str]:
    configs = foreign.given("data_configs")
    if isinstance(configs, dict):
        return list(configs)
    found = [foreign.given((*rows.path, "name")) for rows in every(foreign)]
    return [name for name in found if isinstance(name, str)]


def no_such(word: str, known: list[str], what: str) -> str:
    """That nothing is called `word`, and what may be meant."""
    near = nearest(word, known)
    if near:
        return f"no {what} is called `{word}`; did you mean `{near}`?"
    listed = ", ".join(f"`{name}`" for name in known)
    return (
        f"no {what} is called `{word}`; there is {listed}"
        if known
        else (f"no {what} is called `{word}`; there is none")
    )
