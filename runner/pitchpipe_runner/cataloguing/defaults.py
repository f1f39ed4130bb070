"""What the fields of a configuration are by default, and where a part of it is not given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedConfig

from pitchpipe_runner.cataloguing.probing import nested, unnamed_defaults
from pitchpipe_runner.cataloguing.tracing import parts


def defaults_of(config: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """By dotted names; and by part, what else its fields are where that part is not given."""
    found: dict[str, Any] = {**unnamed_defaults(config), "num_labels": config.num_labels}
    absent: dict[str, dict[str, Any]] = {}
    by_name = dict(parts(config))
    for prefix, part in by_name.items():
        told = dict(_own_defaults(part))
        common = PreTrainedConfig.__dataclass_fields__
        found |= {_full(prefix, part, n): v for n, v in told.items() if n not in common}
        own = {n: v for n, v in _set_by_owner(by_name, prefix).items() if n in told}
        full = {_full(prefix, part, n): v for n, v in own.items()}
        if full and _stay(config, prefix, own):
            found |= full
        elif full:
            absent[prefix] = full
    return found, absent


def _set_by_owner(by_name: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What the configuration around the part `prefix` sets in it."""
    if not prefix:
        return {}
    owner, _, name = prefix.rpartition(".")
    spec = type(by_name[owner]).sub_configs_defaults.get(name)
    return dict(spec.init_kwargs) if spec else {}


def _stay(config: Any, prefix: str, own: Mapping[str, Any]) -> bool:
    """Whether the part has the values `own` also where another field of it is given."""
    try:
        whole = type(config)(**nested({f"{prefix}.use_cache": True}))
    except Exception:  # noqa: BLE001  configurations raise anything
        return False
    part = dict(parts(whole)).get(prefix)
    return all(getattr(part, name, None) == value for name, value in own.items())


def _full(prefix: str, part: Any, name: str) -> str:
    own = type(part).attribute_map.get(name, name)
    return f"{prefix}.{own}" if prefix else own


def _own_defaults(part: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, own in type(part).__dataclass_fields__.items():
        value = own.default
        if value is None or isinstance(value, (bool, int, float, str)):
            found.append((name, value))
        elif isinstance(value, (list, tuple)):
            found.append((name, list(value)))
        elif callable(own.default_factory):
            made = own.default_factory()
            if isinstance(made, list):
                found.append((name, made))
    return found
