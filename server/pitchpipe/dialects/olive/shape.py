"""The schema of one file: what a pass, a model or a data config may hold depends on its `type`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias, cast

from pitchpipe.dialects.olive.words import SEARCHED
from pitchpipe.schema import Rule, Schema
from pitchpipe.syntax.nodes import Data

_Searched: TypeAlias = "tuple[str, ...]"
_Pass: TypeAlias = "tuple[str, tuple[tuple[str, _Searched], ...], bool]"
"""A pass's name, the definition and the searched parameters of each of its alternatives, and
whether they stand in a list."""


def shaped(schema: Schema, data: Data) -> Schema:
    """`schema` as it is for a file that holds `data`."""
    whole = data if isinstance(data, dict) else {}
    found = tuple(_passes(schema, whole.get("passes")))
    model = whole.get("input_model", whole.get("model"))
    rows = whole.get("data_configs")
    task = _inside(model, "config", "task") or _inside(model, "task")
    return _built(schema, found, _of_model(model), _of_data(rows, task))


def _passes(schema: Schema, written: Data) -> Iterator[_Pass]:
    for name, value in written.items() if isinstance(written, dict) else ():
        listed = isinstance(value, list)
        items = value if isinstance(value, list) else [value]
        yield name, tuple(_alternative(schema, item) for item in items), listed


def _alternative(schema: Schema, item: Data) -> tuple[str, _Searched]:
    kind = item.get("type") if isinstance(item, dict) else None
    name = f"pass_{kind.lower()}" if isinstance(kind, str) else "pass_item"
    if name not in schema.root["$defs"]:
        return "pass_item", ()
    properties = schema.root["$defs"][name]["properties"]["config"].get("properties", {})
    return name, tuple(sorted(_searched(schema, properties, item)))


def _searched(schema: Schema, properties: Rule, item: Data) -> set[str]:
    """The parameters whose values are to be searched for: lists of them, or a word that says so."""
    found: set[str] = set()
    for section in (item, _inside(item, "config")):
        for key, value in section.items() if isinstance(section, dict) else ():
            kinds = schema.resolved(properties[key]).get("type", ()) if key in properties else ()
            many = isinstance(value, list) and kinds and "array" not in kinds
            if many or (isinstance(value, str) and value in SEARCHED and key in properties):
                found.add(key)
    return found


def _of_model(model: Data) -> str:
    kind = model.get("type") if isinstance(model, dict) else None
    words = {"hfmodel": "model_hf", "pytorchmodel": "model"}
    return words.get(kind.lower(), "model_other") if isinstance(kind, str) else "model"


def _of_data(rows: Data, task: Data) -> str:
    """One definition for all data configs: the strictest that fits them all."""
    kinds = [_of_rows(item) for item in rows] if isinstance(rows, list) else []
    texts = task is None or (isinstance(task, str) and task.startswith("text-generation"))
    if all(kind == "text" for kind in kinds) and texts:
        return "data_config_text"
    return "data_config_load" if "other" not in kinds else "data_config"


def _of_rows(item: Data) -> str:
    """Whether rows come from `datasets`, and become texts by Olive's own code."""
    if not isinstance(item, dict) or item.get("type") != "HuggingfaceContainer":
        return "other"
    if _inside(item, "load_dataset_config", "type") not in {None, "huggingface_dataset"}:
        return "other"
    words = {None, "text_generation_huggingface_pre_process"}
    return "text" if _inside(item, "pre_process_data_config", "type") in words else "load"


def _inside(data: Data, *path: str) -> Data:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data


@lru_cache(maxsize=32)
def _built(schema: Schema, passes: tuple[_Pass, ...], model: str, rows: str) -> Schema:
    root = _flat(schema)
    definitions = root["$defs"]
    properties = dict(root["properties"])
    for name in ("input_model", "model"):
        properties[name] = {**properties[name], "$ref": f"#/$defs/{model}"}
    configs = properties["data_configs"]
    properties["data_configs"] = {**configs, "items": {"$ref": f"#/$defs/{rows}"}}
    named: dict[str, Rule] = {}
    for name, alternatives, listed in passes:
        kinds = set(alternatives)
        only, searched = alternatives[0] if len(kinds) == 1 else ("pass_item", ())
        rule = _unsearched(definitions, only, searched)
        named[name] = {"type": "array", "items": rule} if listed else rule
    properties["passes"] = {**properties["passes"], "properties": named}
    return schema.like({**root, "properties": properties})


@lru_cache(maxsize=4)
def _flat(schema: Schema) -> Rule:
    """The schema in which the keys of `x-flat` also stand one level higher, as Olive takes them."""
    return cast(Rule, _unfolded(schema.root))


def _unfolded(rule: Any) -> Any:
    if isinstance(rule, list):
        return [_unfolded(item) for item in cast("list[Any]", rule)]
    if not isinstance(rule, dict):
        return rule
    found = {key: _unfolded(value) for key, value in cast("dict[str, Any]", rule).items()}
    if "x-flat" in found and isinstance(found["x-flat"], str):
        inner = found["properties"][found["x-flat"]].get("properties", {})
        found["properties"] = {**inner, **found["properties"]}
    return found


def _unsearched(definitions: Rule, name: str, searched: _Searched) -> Rule:
    """The rule of a pass in which the parameters that are searched for may hold anything."""
    if not searched:
        return {"$ref": f"#/$defs/{name}"}
    rule = definitions[name]
    config = rule["properties"]["config"]
    free: Rule = {key: {"x-searched": True} for key in searched}
    inner = {**config, "properties": {**config["properties"], **free}}
    return {**rule, "properties": {**rule["properties"], **free, "config": inner}}
