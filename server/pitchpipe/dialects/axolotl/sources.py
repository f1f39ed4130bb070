"""Axolotl's data sets as sources of the workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from pitchpipe.dialects.axolotl import prompts
from pitchpipe.dialects.axolotl.prompts import Prompt
from pitchpipe.dialects.data import Place, columns_of, is_missed, placed
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Data

_PREFERENCES = ("rl", "reward_model", "process_reward_model")
_FORMATS = ("json", "csv", "parquet", "arrow", "text")
"""What `path` may be where `data_files` says which files."""


@dataclass(slots=True)
class _Lists:
    """What has been laid so far: sources of each list, and what all rows share."""

    counts: dict[str, int] = field(default_factory=lambda: {"train": 0, "eval": 0})
    prompt: Prompt | None = None
    messages: bool = False
    whole: bool = False


def lower(foreign: Foreign) -> None:
    _held_out(foreign)
    if any(foreign.given(key) for key in _PREFERENCES):
        return
    lists = _Lists()
    key = "datasets" if foreign.says("datasets") else "pretraining_dataset"
    _list(foreign, key, "train", lists)
    _list(foreign, "test_datasets", "eval", lists)
    _shared(foreign, lists)


def _held_out(foreign: Foreign) -> None:
    share = foreign.given("val_set_size")
    foreign.default("data.val_size", 0)
    if isinstance(share, (int, float)) and not isinstance(share, bool):
        if share < 1:
            foreign.put("data.val_size", share, "val_set_size", same=True)
        else:
            foreign.put("data.val_size", 0.1, "val_set_size")
            message = f"`val_set_size`: a tenth of the rows is held out, not {share:g} rows"
            foreign.note("lost", "val_set_size", message)


def _list(foreign: Foreign, key: str, native: str, lists: _Lists) -> None:
    said = foreign.given(key)
    if isinstance(said, str) and said:
        _names(foreign, {"path": said}, (key,), (key,), native, lists)
        foreign.put(("data", native, 0, "format"), "text", key)
        foreign.note("stops", key, f"`{key}`: data is not streamed here")
    for index, item in enumerate(said if isinstance(said, list) else ()):
        if isinstance(item, dict) and item.get("path"):
            place = (key, index)
            _item(foreign, item, place, native, lists)


def _item(
    foreign: Foreign, item: dict[str, Data], place: KeyPath, native: str, lists: _Lists
) -> None:
    kind = prompts.of_type(item.get("type"))
    at = (*place, "type") if item.get("type") else place
    if place[0] == "pretraining_dataset":
        kind = "text"
    if not _readable(foreign, item, place, at, kind, lists):
        _missed(foreign, item, place, native, lists)
        return
    first = lists.counts[native]
    _names(foreign, item, (*place, "path"), place, native, lists)
    for number in range(first, lists.counts[native]):
        source: KeyPath = ("data", native, number)
        if kind == "messages":
            column = item.get("field_messages") or "messages"
            _column(foreign, source, "messages", column, (*place, "field_messages"), at)
            foreign.put((*source, "format"), "messages", at)
            lists.messages = True
        elif kind == "text":
            column = item.get("field") or item.get("text_column") or "text"
            _column(foreign, source, "text", column, (*place, "field"), at)
            foreign.put((*source, "format"), "text", at)
        elif isinstance(kind, Prompt):
            foreign.put((*source, "format"), "prompt-completion", at)
            _prompt(foreign, kind, source, at, lists)
    roles = item.get("roles_to_train")
    if isinstance(roles, list) and {"user", "human"} & set(map(str, roles)):
        lists.whole = True


def _readable(
    foreign: Foreign,
    item: dict[str, Data],
    place: KeyPath,
    at: KeyPath,
    kind: prompts.Kind | str,
    lists: _Lists,
) -> bool:
    """Whether the runner can read the rows; if not, that is noted."""
    if isinstance(kind, Prompt):
        if lists.prompt in (None, kind):
            return True
        message = "the rows of all data sets are written in one way here, and another one is first"
    elif kind == "messages":
        return not _is_old(foreign, item, place) and _says_roles(foreign, item, place)
    elif kind == "text":
        return True
    elif kind == "preferences":
        message = "preferences are not learnt here"
    else:
        message = f"`{item.get('type')}`: {kind}"
    foreign.note("stops", at, message)
    return False


def _missed(
    foreign: Foreign, item: dict[str, Data], place: KeyPath, native: str, lists: _Lists
) -> None:
    """Lays no more than the files that are not there."""
    for where in _places(foreign, item, (*place, "path"), place):
        if is_missed(foreign, where):
            foreign.put(
                ("data", native, lists.counts[native], "path"), where.value, where.at, same=True
            )
            lists.counts[native] += 1


def _column(
    foreign: Foreign, source: KeyPath, part: str, column: Data, said: KeyPath, at: KeyPath
) -> None:
    written = foreign.says(said)
    if isinstance(column, str) and (written or column != part):
        foreign.put((*source, "columns", part), column, said if written else at, same=written)


def _names(
    foreign: Foreign,
    item: dict[str, Data],
    at: KeyPath,
    place: KeyPath,
    native: str,
    lists: _Lists,
) -> None:
    """Lays as many sources as the item names files and configurations."""
    for where in _places(foreign, item, at, place):
        named = item.get("name")
        configurations = named if isinstance(named, list) else [named]
        for name in configurations if where.key == "dataset_name" else [None]:
            source: KeyPath = ("data", native, lists.counts[native])
            lists.counts[native] += 1
            foreign.put((*source, where.key), where.value, where.at, same=True)
            if isinstance(name, str) and name:
                foreign.put((*source, "dataset_config"), name, (*place, "name"), same=True)
            split = item.get("split")
            if isinstance(split, str) and split:
                foreign.put((*source, "split"), split, (*place, "split"), same=True)


def _places(foreign: Foreign, item: dict[str, Data], at: KeyPath, place: KeyPath) -> list[Place]:
    files, path = item.get("data_files"), cast(str, item["path"])
    if not files:
        found = placed(foreign, path, at)
        return [found] if found else []
    where = placed(foreign, path, at) if path not in _FORMATS else None
    if where is not None and where.key == "dataset_name":
        message = "`data_files`: the files of the data set that are its usual ones are read"
        foreign.note("lost", (*place, "data_files"), message)
        return [where]
    if isinstance(files, str):
        return [Place("path", files, (*place, "data_files"))]
    several = files if isinstance(files, list) else []
    return [
        Place("path", file, (*place, "data_files", index))
        for index, file in enumerate(several)
        if isinstance(file, str)
    ]


def _prompt(foreign: Foreign, kind: Prompt, source: KeyPath, at: KeyPath, lists: _Lists) -> None:
    foreign.put((*source, "columns", "completion"), kind.completion, at)
    if lists.prompt is kind:
        return
    lists.prompt = kind
    columns = columns_of(foreign, source)
    plain = kind.optional is None or (columns is not None and kind.optional not in columns)
    foreign.put("data.prompt_template", kind.plain if plain else kind.template, at)
    if not plain:
        message = (
            f"prompts have the same words where `{kind.optional}` is empty, "
            "for which Axolotl has others"
        )
        foreign.note("lost", at, message)


def _says_roles(foreign: Foreign, item: dict[str, Data], place: KeyPath) -> bool:
    """Whether messages have the roles and keys that the workflow has; if not, that is noted."""
    names = item.get("message_property_mappings")
    keys = dict(names) if isinstance(names, dict) else {}
    role, content = (
        item.get("message_field_role") or keys.get("role") or "role",
        item.get("message_field_content") or keys.get("content") or "content",
    )
    if (role, content) != ("role", "content"):
        where = next(
            key
            for key in ("message_property_mappings", "message_field_role", "message_field_content")
            if item.get(key)
        )
        message = (
            f"messages with `{role}` and `{content}` can't be read here; `role` and `content` can"
        )
        foreign.note("stops", (*place, where), message)
        return False
    roles = item.get("roles")
    if isinstance(roles, dict) and any(_renames(name, old) for name, old in roles.items()):
        message = "roles keep their names here, and chat templates know `user` and `assistant`"
        foreign.note("stops", (*place, "roles"), message)
        return False
    return True


def _renames(name: str, old: Data) -> bool:
    return old != name and (not isinstance(old, list) or any(o != name for o in old))


def _is_old(foreign: Foreign, item: dict[str, Data], place: KeyPath) -> bool:
    """Whether the type is `sharegpt`, which is `chat_template` with other names; that is noted."""
    name = item.get("type")
    if not isinstance(name, str) or not name.startswith("sharegpt"):
        return False
    path = (*place, "type")
    message = f"`{name}` is gone from Axolotl, whose newer versions refuse it; use `chat_template`"
    foreign.note("stops", path, message, _as_template(foreign, item, path))
    return True


def _as_template(foreign: Foreign, item: dict[str, Data], path: KeyPath) -> Fix | None:
    behind = foreign.reading.inserted_behind(path, "")
    value = foreign.reading.scalar(path)
    if behind is None or value is None:
        return None
    lead = behind.edits[0].new_text
    more = f"{lead}message_property_mappings: {{role: from, content: value}}"
    if not item.get("field_messages"):
        more = f"{lead}field_messages: conversations{more}"
    edits = (Edit(value.span, "chat_template"), Edit(behind.edits[0].span, more))
    return Fix("Write `type: chat_template`", edits)


def _shared(foreign: Foreign, lists: _Lists) -> None:
    if lists.messages and lists.prompt:
        message = "conversations and prompts of one's own can't be mixed here"
        foreign.note("stops", "datasets", message)
    if lists.prompt:
        foreign.default("data.chat_template", "none")
    _chat_templates(foreign, needed=lists.messages)
    if foreign.given("train_on_inputs") is True or lists.whole:
        place = "train_on_inputs" if foreign.given("train_on_inputs") is True else "datasets"
        foreign.put("data.loss_on", "all", place)
    elif lists.messages:
        foreign.default("data.loss_on", "assistant")


def _chat_templates(foreign: Foreign, *, needed: bool) -> None:
    """A named template is no loss where it is the tokenizer's, or where none is used."""
    paths: list[KeyPath] = [()]
    for key in ("datasets", "test_datasets"):
        items = foreign.given(key)
        paths += ((key, index) for index in range(len(items) if isinstance(items, list) else 0))
    for path in paths:
        name = foreign.given((*path, "chat_template"))
        usual = isinstance(name, str) and name.startswith("tokenizer_default")
        if usual or name == "jinja" or not needed:
            foreign.handled((*path, "chat_template"))
