"""LLaMA-Factory's data sets, which a file names and `dataset_info.json` describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pitchpipe.dialects.data import Place, is_missed
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.llama_factory import purpose, rows
from pitchpipe.dialects.llama_factory.adapters import names
from pitchpipe.facts import NotRead
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath
from pitchpipe.not_yet import NotYet
from pitchpipe.paths import resolve
from pitchpipe.suggest import all_of, nearest

_INFO = "dataset_info.json"
_FEW = 8
_NAMING: tuple[KeyPath, ...] = (("dataset",), ("eval_dataset",))
_BAD = ("stops", "refused")
_HUBS = ("hf_hub_url", "ms_hub_url", "om_hub_url")


def lower(foreign: Foreign) -> None:
    _held_out(foreign)
    if purpose.is_new(foreign):
        return
    described = _described(foreign)
    notes = foreign.result.notes
    known = not any(note.path in _NAMING and note.kind in _BAD for note in notes)
    runs = purpose.learns_texts(foreign) and known
    for key, native in (("dataset", "train"), ("eval_dataset", "eval")):
        for name in names(foreign.given(key)):
            entry = _entry(foreign, key, name, described)
            if entry:
                _suited(foreign, key, name, entry)
            if runs:
                _source(foreign, key, native, name, entry)
    _shared(foreign)


def _held_out(foreign: Foreign) -> None:
    share = foreign.given("val_size")
    foreign.default("data.val_size", 0)
    if isinstance(share, (int, float)) and not isinstance(share, bool):
        if share < 1:
            foreign.put("data.val_size", share, "val_size", same=True)
        else:
            foreign.put("data.val_size", 0.1, "val_size")
            message = f"`val_size`: a tenth of the rows is held out, not {share:g} rows"
            foreign.note("lost", "val_size", message)


def _folder(foreign: Foreign) -> str | None:
    """None where the data sets are described elsewhere than in a folder."""
    folder = foreign.value("dataset_dir")
    if not isinstance(folder, str) or folder == "ONLINE" or folder.startswith("REMOTE:"):
        return None
    return folder


def _described(foreign: Foreign) -> Mapping[str, Any] | None:
    """What `dataset_info.json` describes; None where nobody knows that now.

    Where it is wanted and missing, that is noted.
    """
    folder, around = _folder(foreign), foreign.around
    asked = [key for key in ("dataset", "eval_dataset") if names(foreign.given(key))]
    if folder is None:
        return None
    if around.blind or not asked:
        return None
    path = resolve(f"{folder}/{_INFO}", around.root, around.facts)
    if path.unset:
        return None
    try:
        found = around.facts.json(path.absolute)
        exists = around.facts.file(path.absolute).exists
    except NotYet:
        return None
    if not isinstance(found, NotRead):
        return found
    if exists:
        message = f"`{folder}/{_INFO}` was not read: {found.reason}"
        foreign.note("refused", asked[0], message)
    else:
        message = f"there is no `{folder}/{_INFO}` here, which describes the data sets"
        foreign.note("stops", asked[0], message)
    return None


def _suited(foreign: Foreign, key: str, name: str, entry: Mapping[str, Any]) -> None:
    """Whether a data set is one for the stage."""
    stage = foreign.value("stage")
    compares = stage in ("rm", "dpo")
    if purpose.trains(foreign) and compares is not bool(entry.get("ranking")):
        holds = "no better and worse answers" if compares else "better and worse answers"
        message = f"`{name}` has {holds}, so LLaMA-Factory refuses it for `stage: {stage}`"
        foreign.note("refused", key, message, related=foreign.set_here("stage"))


def _entry(
    foreign: Foreign, key: str, name: str, described: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """What is said of a data set; nothing where it isn't known. An unknown name is noted."""
    if described is None:
        return {}
    entry = described.get(name)
    if isinstance(entry, dict):
        return cast("dict[str, Any]", entry)
    near = nearest(name, described)
    file = f"{_folder(foreign)}/{_INFO}"
    if near:
        advice = f"; did you mean `{near}`?"
    elif len(described) <= _FEW:
        advice = f"; it has {all_of(described)}" if described else ""
    else:
        advice = ""
    message = f"`{file}` describes no data set `{name}`{advice}"
    foreign.note("refused", key, message, _renamed(foreign, key, name, near))
    return {}


def _renamed(foreign: Foreign, key: str, name: str, near: str | None) -> Fix | None:
    scalar = foreign.reading.scalar((key,))
    if near is None or scalar is None:
        return None
    text = foreign.reading.document.text[scalar.span.start : scalar.span.end]
    parts = text.split(",")
    if [part.strip() for part in parts].count(name) != 1:
        return None
    changed = [part.replace(name, near) if part.strip() == name else part for part in parts]
    return Fix(f"Write `{near}`", (Edit(scalar.span, ",".join(changed)),))


def _source(foreign: Foreign, key: str, native: str, name: str, entry: Mapping[str, Any]) -> None:
    """Lays a source; of what isn't described only the name is known."""
    at: KeyPath = (key,)
    place = _place(foreign, name, entry, at)
    if place is None:
        return
    source: KeyPath = ("data", native, _count(foreign, native))
    readable = rows.readable(foreign, at, name, entry)
    if readable or is_missed(foreign, place):
        foreign.put((*source, place.key), place.value, at)
    if not readable:
        return
    if place.key == "dataset_name" and isinstance(subset := entry.get("subset"), str):
        foreign.put((*source, "dataset_config"), subset, at)
    split = _split(foreign, entry)
    if split is not None:
        foreign.put((*source, "split"), split, "max_samples" if _limit(foreign) else at)
    rows.lower(foreign, source, at, entry)


def _count(foreign: Foreign, native: str) -> int:
    data = foreign.result.data.get("data")
    laid = data.get(native) if isinstance(data, dict) else None
    return len(laid) if isinstance(laid, list) else 0


def _place(foreign: Foreign, name: str, entry: Mapping[str, Any], at: KeyPath) -> Place | None:
    folder = _folder(foreign)
    file = entry.get("file_name")
    hub = next((entry[h] for h in _HUBS if isinstance(entry.get(h), str)), None)
    if hub is not None:
        if "hf_hub_url" not in entry:
            message = f"`{name}`: data of ModelScope and Modelers isn't read here"
            foreign.note("stops", at, message)
        return Place("dataset_name", hub, at)
    if isinstance(file, str):
        return _file(foreign, name, f"{folder}/{file}", at)
    if entry:
        foreign.note("stops", at, f"`{name}`: data that a script or a cloud has isn't read here")
        return None
    return Place("dataset_name", name, at)


def _file(foreign: Foreign, name: str, path: str, at: KeyPath) -> Place | None:
    around = foreign.around
    found = resolve(path, around.root, around.facts)
    if not found.unset and around.facts.file(found.absolute).is_dir:
        foreign.note("stops", at, f"`{name}`: folders of data are not read here")
        return None
    return Place("path", path, at)


def _limit(foreign: Foreign) -> int | None:
    most = foreign.given("max_samples")
    return most if isinstance(most, int) and most > 0 else None


def _split(foreign: Foreign, entry: Mapping[str, Any]) -> str | None:
    """With the rows that `max_samples` allows."""
    said, most = entry.get("split"), _limit(foreign)
    split = said if isinstance(said, str) and said else "train"
    if most and "[" not in split:
        return f"{split}[:{most}]"
    return split if split != "train" else None


def _shared(foreign: Foreign) -> None:
    data = foreign.result.data.get("data")
    laid = data if isinstance(data, dict) else {}
    sources: list[Any] = [
        s for n in ("train", "eval") for s in cast("list[Any]", laid.get(n) or [])
    ]
    mixed = any(source.get("format") == "messages" for source in sources)
    if mixed and laid.get("prompt_template") is not None:
        message = "conversations and questions with answers can't be mixed here"
        foreign.note("stops", "dataset", message)
    if foreign.given("train_on_prompt") is True:
        foreign.put("data.loss_on", "all", "train_on_prompt")
    elif foreign.given("mask_history") is True:
        foreign.put("data.loss_on", "completion", "mask_history")
    neat, packing = foreign.given("neat_packing") is True, foreign.given("packing")
    if neat and packing is not True:
        foreign.put("data.packing", True, "neat_packing")
    foreign.default("data.packing", foreign.given("stage") == "pt")
