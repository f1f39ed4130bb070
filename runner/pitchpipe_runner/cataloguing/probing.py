"""Builds a model type with many configurations and keeps what came out."""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from transformers import PreTrainedConfig

from pitchpipe.modules import Head
from pitchpipe_runner.cataloguing.build import Built, build
from pitchpipe_runner.cataloguing.choices import LAYER_COUNT, choices, worthless
from pitchpipe_runner.cataloguing.classes import class_names, config_class, model_class
from pitchpipe_runner.cataloguing.overrides import COMPANIONS, KEYWORDS, OVERRIDES
from pitchpipe_runner.cataloguing.tracing import parts, recorded_reads

_LAYERS = 5
_MOST_CHOICES = 3
_MOST_SAMPLES = 400
_NUMBER_OF_LAYERS = re.compile(r"num_(hidden_)?layers$")
_PROBABILITIES = (0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1)


@dataclass(frozen=True, slots=True)
class Sample:
    """One configuration. `given`: what was asked for, by dotted names; `fields`: what it became.

    `changed` is the one field that differs from the sample `base`, None where several do.
    """

    given: Mapping[str, Any]
    fields: Mapping[str, Any]
    built: Mapping[Head, Built] = field(repr=False)
    changed: str | None = None
    base: Sample | None = field(default=None, repr=False)


@dataclass(slots=True)
class Probe:
    """A model type under trial. `options` holds the values that a field is known to work with."""

    model_type: str
    heads: dict[Head, str]
    base: Sample
    names: list[str]
    options: dict[str, list[Any]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)


def nested(given: Mapping[str, Any]) -> dict[str, Any]:
    """Undoes dotted names: {"a.b": 8} → {"a": {"b": 8}}."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        *path, last = name.split(".")
        level = found
        for step in path:
            level = level.setdefault(step, {})
        level[last] = value
    return found


def configured(model_type: str, given: Mapping[str, Any]) -> Any:
    """Raises what the configuration's class raises."""
    return config_class(model_type)(**nested(given))


def accompanied(model_type: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with what must be given beside it."""
    companions = COMPANIONS.get(model_type)
    return {**given, **companions(given)} if companions else {**given}


def proper_part(config: Any, model: Any) -> Any:
    """The part of `config` that the class `model` is made for: mostly itself."""
    wanted = model.config_class
    if wanted is None or isinstance(config, wanted):
        return config
    return next((part for _, part in parts(config) if isinstance(part, wanted)), config)


def sampled(
    model_type: str,
    heads: Mapping[Head, str],
    given: Mapping[str, Any],
    names: Sequence[str],
    changed: str | None = None,
    base: Sample | None = None,
) -> Sample | None:
    """None where such a model can't be built."""
    built: dict[Head, Built] = {}
    try:
        for head, name in heads.items():
            model = model_class(name)
            built[head] = build(model, proper_part(configured(model_type, given), model))
        config = configured(model_type, given)
        fields = {
            **dict.fromkeys(names),
            **_told_by_class(config, names),
            **unnamed_defaults(config),
            **given,
            **read(config, names),
        }
    except Exception:  # noqa: BLE001  constructors of models raise anything
        return None
    return Sample(given, fields, built, changed, base)


def read(config: Any, names: Sequence[str]) -> dict[str, Any]:
    """The fields' values by their dotted names; absent ones are left out."""
    found = dict(parts(config))
    fields: dict[str, Any] = {}
    for name in names:
        prefix, _, own = name.rpartition(".")
        try:
            value = getattr(found[prefix], own)
        except Exception:  # noqa: BLE001  properties raise anything
            continue
        if (plain := _plain(value)) is not NotImplemented:
            fields[name] = plain
    return fields


def _told_by_class(config: Any, names: Sequence[str]) -> dict[str, Any]:
    """Defaults of the fields: where layers differ in one, the configuration itself tells none."""
    found = dict(parts(config))
    fields: dict[str, Any] = {}
    for name in names:
        prefix, _, own = name.rpartition(".")
        declared = getattr(type(found.get(prefix)), "__dataclass_fields__", {}).get(own)
        if declared is not None and isinstance(declared.default, (bool, int, float, str)):
            fields[name] = declared.default
    return fields


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        items = [_plain(v) for v in value]
        return NotImplemented if NotImplemented in items else items
    return NotImplemented


def probe(model_type: str) -> Probe | None:
    """The type with its base configuration, untried; None where nothing of it can be built."""
    given = accompanied(model_type, {**_few_layers(model_type), **OVERRIDES.get(model_type, {})})
    for start in (given, OVERRIDES.get(model_type, {})):
        heads: dict[Head, str] = {
            h: n
            for h, n in class_names(model_type).items()
            if _reads(model_type, n, start) is not None
        }
        if heads:
            break
    else:
        return None
    reads = set[str]().union(*(_reads(model_type, n, start) or () for n in heads.values()))
    names = sorted(n for n in reads | _settings(model_type, start) if not worthless(n))
    base = sampled(model_type, heads, start, names)
    return Probe(model_type, heads, base, names) if base else None


def _reads(model_type: str, class_name: str, given: Mapping[str, Any]) -> set[str] | None:
    try:
        config = configured(model_type, given)
        with recorded_reads(config) as reads:
            model = model_class(class_name)
            build(model, proper_part(config, model))
    except Exception:  # noqa: BLE001  constructors of models raise anything
        return None
    return reads


def why_not_built(model_type: str) -> str | None:
    """What stands against building the type here, in a line; None where a class of it builds."""
    for name in class_names(model_type).values():
        try:
            model = model_class(name)
            config = configured(model_type, OVERRIDES.get(model_type, {}))
            build(model, proper_part(config, model))
        except Exception as error:  # noqa: BLE001, PERF203  constructors raise anything
            if isinstance(error, ImportError):
                return _missing_package(error)
            return f"transformers cannot build its default: {_line(error)}"
    return None


def _missing_package(error: ImportError) -> str:
    found = re.search(r"requires the (\w+) library", str(error))
    return f"it needs the package {found.group(1)}" if found else _line(error)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _settings(model_type: str, given: Mapping[str, Any]) -> set[str]:
    """Everything that can be set in the configuration and in those inside it."""
    found: set[str] = set()
    common = PreTrainedConfig.__dataclass_fields__
    for prefix, part in parts(configured(model_type, given)):
        renamed = type(part).attribute_map
        own = {renamed.get(n, n) for n in type(part).__dataclass_fields__ if n not in common}
        found |= {f"{prefix}.{name}" if prefix else name for name in own}
    return found | set(unnamed_defaults(configured(model_type, given)))


def unnamed_defaults(config: Any) -> dict[str, Any]:
    """Settings that are no field of their class, which takes them as keyword arguments."""
    return {
        f"{prefix}.{name}" if prefix else name: value
        for prefix, part in parts(config)
        for name, value in _taken(type(part)).items()
        if not worthless(name)
    }


@cache
def _taken(config: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    source = inspect.getsource(config)
    for name, default in re.findall(r"kwargs\.(?:get|pop)\(\"(\w+)\"(?:, ([^()]+))?\)", source):
        found[name] = _literal(default or "None")
    return {**found, **KEYWORDS.get(getattr(config, "model_type", ""), {})}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _few_layers(model_type: str) -> dict[str, Any]:
    """Settings for a shallow model, for speed."""
    try:
        config = configured(model_type, OVERRIDES.get(model_type, {}))
    except Exception:  # noqa: BLE001  so it is with the defaults of some
        return {}
    found: dict[str, Any] = {}
    for prefix, part in parts(config):
        own = type(part).__dataclass_fields__
        for name, value in vars(part).items():
            full = f"{prefix}.{name}" if prefix else name
            # What is computed from another count stays so, or its formula would not be seen.
            if name in own and own[name].default is None:
                continue
            if type(value) is int and value > _LAYERS and LAYER_COUNT.search(name):
                found[full] = _LAYERS
    return found


def explore(found: Probe) -> None:
    """Tries every field alone; fills `options` and `samples`.

    Where that makes modules appear which the base has none of, their own fields are tried too.
    """
    for name in found.names:
        works = list(_alone(found, name))
        if works:
            found.options[name] = [s.given[name] for s in works]
            found.samples += works
    known = _signature(found.base)
    flagged: set[str | None] = set()
    for base in list(found.samples):
        if len(found.samples) >= _MOST_SAMPLES:
            break
        new = not _signature(base) <= known
        if new or (_switched(found, base) and base.changed not in flagged):
            known |= _signature(base)
            flagged.add(base.changed)
            found.samples += _again(found, base)


def _switched(found: Probe, sample: Sample) -> bool:
    """Whether a flag was turned, or a value given where there was none, and sizes changed."""
    before = found.base.fields.get(sample.changed or "")
    return (before is None or isinstance(before, (bool, str))) and sample.built != found.base.built


def _signature(sample: Sample) -> set[tuple[str, str, str]]:
    """What kinds of modules and parameters there are, wherever."""
    return {
        (re.sub(r"\d+", "", module.name), module.class_name, parameter.name)
        for built in sample.built.values()
        for module in built.modules
        for parameter in module.parameters
        if not parameter.buffer
    }


def _again(found: Probe, base: Sample) -> Iterator[Sample]:
    for name, options in found.options.items():
        if name != base.changed:
            for option in options:
                given = _fitting(found, {**base.given, name: option})
                sample = sampled(
                    found.model_type, found.heads, given, found.names, changed=name, base=base
                )
                if sample:
                    yield sample
                    break


def _alone(found: Probe, name: str) -> Iterator[Sample]:
    base = found.base
    value = base.fields.get(name)
    count = 0
    for choice in choices(_class_of(found, name), name, value, _layers(found)):
        given = _fitting(found, {**base.given, name: choice})
        sample = sampled(found.model_type, found.heads, given, found.names, changed=name, base=base)
        if sample and (sample.fields, sample.built) != (base.fields, base.built):
            yield sample
            count += 1
            if count == _MOST_CHOICES:
                return


def _fitting(found: Probe, given: dict[str, Any]) -> dict[str, Any]:
    """`given` with its lists of layers as long as there are layers, and what goes with it."""
    given = accompanied(found.model_type, given)
    before = _layers(found)
    count = next((v for n, v in given.items() if _NUMBER_OF_LAYERS.search(n)), before)
    if not isinstance(count, int) or count == before:
        return given
    return {
        name: [value[i % before] for i in range(count)]
        if before and isinstance(value, list) and len(value) == before and _all_texts(value)
        else value
        for name, value in given.items()
    }


def _all_texts(values: list[Any]) -> bool:
    return all(isinstance(v, str) for v in values)


def _class_of(found: Probe, name: str) -> Any:
    config = configured(found.model_type, found.base.given)
    return type(dict(parts(config))[name.rpartition(".")[0]])


def _layers(found: Probe) -> int | None:
    return next((v for n, v in found.base.fields.items() if _NUMBER_OF_LAYERS.search(n)), _LAYERS)


def mixed(
    found: Probe, dice: random.Random, heads: Mapping[Head, str] | None = None
) -> Sample | None:
    """A sample in which many fields change together."""
    for share in _PROBABILITIES:
        given = dict(found.base.given)
        for name, options in found.options.items():
            if dice.random() < share:
                given[name] = dice.choice(options)
        given = _fitting(found, given)
        sample = sampled(found.model_type, heads or found.heads, given, found.names)
        if sample:
            return sample
    return None
