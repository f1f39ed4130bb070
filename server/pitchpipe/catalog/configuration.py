"""The fields of a configuration as a model sees them: given, aliased, defaulted, derived."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, cast

from pitchpipe.catalog.formulas import NoValue, evaluate

_LAYER_TYPES = {"layer_types", "mtp_layer_types", "layers_block_type"}
# What transformers renames when it reads a configuration (configuration_utils.py,
# `_LEGACY_LAYER_TYPE_REMAP`).
_LAYER_TYPES_RENAMED = {
    "mamba": "linear_attention",
    "attention": "full_attention",
    "deepseek_sparse_attention": "indexed_attention",
    "qwen_sparse_attention": "indexed_attention",
}


def settle(shard: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all fields by their dotted names. Raises NoValue."""
    proper = _proper_part(shard, raw)
    _check_types(shard, proper)
    given = _flat(proper, shard)
    fields: dict[str, Any] = {**shard["defaults"], **_of_absent_parts(shard, proper), **given}
    names: Any = raw.get("id2label")
    if "num_labels" not in given and isinstance(names, (dict, list)):
        fields["num_labels"] = len(cast(Sized, names))
    for name, formula, always in shard["derived"]:
        if always or fields.get(name) is None:
            fields[name] = evaluate(formula, fields)
    return fields


def text_fields(shard: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the language model itself is configured with, also under transformers' common names."""
    prefix = f"{shard['text']}." if shard["text"] else ""
    own = {
        name.removeprefix(prefix): value
        for name, value in fields.items()
        if name.startswith(prefix)
    }
    for alias, name in shard["aliases"].items():
        if alias.startswith(prefix) and name in fields:
            own.setdefault(alias.removeprefix(prefix), fields[name])
    return own


def _proper_part(shard: Mapping[str, Any], raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """`raw`, or what it holds for the language model where the shard is of that model alone."""
    inner = raw.get("text_config")
    if isinstance(inner, dict) and "text_config" not in shard["parts"]:
        return {**raw, **inner}
    return _with_text(shard, raw)


def _with_text(shard: Mapping[str, Any], raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Older files (Qwen2-VL's) have the language model's fields beside its towers."""
    text = shard["text"]
    if not text or text in raw or "." in text:
        return raw
    known = {*shard["defaults"], *shard["aliases"]}
    own = {k: v for k, v in raw.items() if f"{text}.{k}" in known and k not in known}
    return {**raw, text: own} if own else raw


def _check_types(shard: Mapping[str, Any], raw: Mapping[str, Any]) -> None:
    """A part may be another model than the one that the shard was made with. Raises NoValue."""
    for part, model_type in shard.get("types", {}).items():
        given = _part(raw, f"{part}.model_type")
        if given not in {None, model_type}:
            raise NoValue(f"`{part}` is of type {given!r:.60}; known is one of type {model_type}")


def _part(raw: Mapping[str, Any], path: str) -> Any:
    level: Any = raw
    for name in path.split("."):
        level = cast("Mapping[str, Any]", level).get(name) if isinstance(level, Mapping) else None
    return level


def _of_absent_parts(shard: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the configuration's class sets in parts that are not given."""
    found: dict[str, Any] = {}
    for part, fields in shard.get("absent", {}).items():
        if _part(raw, part) is None:
            found.update(fields)
    return found


def _flat(raw: Mapping[str, Any], shard: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pending: list[tuple[str, Mapping[str, Any]]] = [("", raw)]
    while pending:
        prefix, level = pending.pop()
        for key, value in level.items():
            name = f"{prefix}{key}"
            if name not in shard["parts"]:
                found[shard["aliases"].get(name, name)] = _renamed(key, value)
            elif isinstance(value, dict):
                pending.append((f"{name}.", cast(dict[str, Any], value)))
            elif value is not None:
                raise NoValue(f"`{name}` is {value!r:.40}, not a mapping")
    return found


def _renamed(key: str, value: Any) -> Any:
    if key in _LAYER_TYPES and isinstance(value, list):
        kinds = cast(list[Any], value)
        return [_LAYER_TYPES_RENAMED.get(v, v) if isinstance(v, str) else v for v in kinds]
    return value
