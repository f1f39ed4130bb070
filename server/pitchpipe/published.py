"""What is known without a network: published models by their hub name, devices by any name.

The tables come in as values: `pitchpipe_schemas.models()` and `pitchpipe_schemas.devices()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pitchpipe.modules import Head
from pitchpipe.suggest import nearest

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A row of the table of models. None is "not known", never "no".

    `name` as the hub spells it today; `config` holds those fields of its `config.json` that decide
    shapes, and how the weights are quantized. `parameters`: what the class has with them, each
    storage once. `stored_parameters`: what the weights' files hold, where a tied head, causal masks
    and rotary frequencies may be stored too. `sources` names for each field who states it:
    "config", "license", "gated" and so on.
    """

    name: str
    head: Head
    config: Mapping[str, Any] = field(repr=False)
    parameters: int
    stored_parameters: int | None
    license: str | None
    context_length: int | None
    chat_template: bool | None
    gated: bool | None
    sources: Mapping[str, tuple[str, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Device:
    """A device as it is sold. None is "not known".

    `memory` in bytes, shared with the CPU if `unified`; `usable_memory`: what programs are given of
    it. `bandwidth` in bytes a second. `matmul_rate`: dense FLOP/s of the tensor units, inputs of 16
    bits (bfloat16 where they have it), sums in float32. `compute_capability` is NVIDIA's.
    """

    name: str
    vendor: str
    memory: int
    usable_memory: int | None
    unified: bool
    bandwidth: float | None
    matmul_rate: float | None
    bfloat16: bool | None
    compute_capability: str | None
    sources: Mapping[str, tuple[str, ...]] = field(repr=False)


def find_model(name: str, table: Table) -> PublishedModel | None:
    """The model that the hub has under `name`, in any case, by its former names too."""
    known = _model_names(table).get(name.strip().lower())
    if known is None:
        return None
    row: Mapping[str, Any] = table["models"][known]
    shape: Mapping[str, Any] = table["shapes"][row["shape"]]
    return PublishedModel(
        name=known,
        head=shape["head"],
        config=_with_quantization(
            _with_context(shape["config"], row.get("context_length")), row.get("quantization")
        ),
        parameters=shape["parameters"],
        stored_parameters=row.get("stored"),
        license=row.get("license"),
        context_length=row.get("context_length"),
        chat_template=row.get("chat_template"),
        gated=row.get("gated"),
        sources=_sources(row["sources"], table),
    )


def nearest_model(name: str, table: Table) -> str | None:
    """The hub name that `name` most likely stands for; its owner may be left out."""
    names = _model_names(table)
    wanted = name.strip().lower()
    if "/" in wanted:
        found = nearest(wanted, names)
        return names[found] if found else None
    short = {full.partition("/")[2] or full: full for full in reversed(names)}
    found = wanted if wanted in short else nearest(wanted, short)
    return names[short[found]] if found else None


def find_device(text: str, table: Table) -> Device | None:
    """The one device that `text` names, None where it names none or could be several.

    "4090", "a100-80g", "M3 Max 64GB" and what drivers say ("NVIDIA H100 80GB HBM3") are names.
    """
    found = find_devices(text, table)
    return found[0] if len(found) == 1 else None


def find_devices(text: str, table: Table) -> tuple[Device, ...]:
    """The devices that `text` could name: those that have all its words and the fewest others.

    A "GTX 1080 Ti" is no "GTX 1080", also where the table has no other.
    """
    words, size = _words(text)
    fitting: list[tuple[int, Device]] = []
    for device, row in _devices(table):
        named, its_size = _words(device.name)
        said_too = _SAID_TOO[device.vendor].union(row.get("also", ()))
        if words <= _SAID_TOO[device.vendor] or not words <= named | said_too:
            continue
        if size is not None and size != device.memory // _GIB:
            continue
        if _is_another(named, words):
            continue
        others = named - words - said_too
        fitting.append((len(others) + (size is None and its_size is not None), device))
    fewest = min((others for others, _ in fitting), default=0)
    return tuple(device for others, device in fitting if others == fewest)


def machine(text: str) -> tuple[int, str]:
    """How many devices a machine has and the name of one: "2x RTX 4090" are two."""
    counted = re.match(r"\s*([1-9]\d{0,3})\s*[x×*]\s*(?=\S)", text, re.IGNORECASE)
    return (int(counted[1]), text[counted.end() :].strip()) if counted else (1, text.strip())


def nearest_device(text: str, table: Table) -> str | None:
    """The name of the device that `text` most likely stands for."""
    names = {" ".join(sorted(_words(d.name)[0])): d.name for d in devices(table)}
    found = nearest(" ".join(sorted(_words(text)[0])), names)
    return names[found] if found else None


def devices(table: Table) -> Iterator[Device]:
    """Every device, one for each size of memory that it is sold with."""
    return (device for device, _ in _devices(table))


_GIB = 2**30


def _devices(table: Table) -> Iterator[tuple[Device, Mapping[str, Any]]]:
    for name, row in table["devices"].items():
        sizes: list[int] = row["memory_gib"]
        speeds: list[float | None] = row.get("bandwidth_gbs") or [None] * len(sizes)
        sources = _sources(row["sources"], table)
        for size, speed in zip(sizes, speeds, strict=True):
            device = Device(
                name=name if len(sizes) == 1 else f"{name} {size}GB",
                vendor=row["vendor"],
                memory=size * _GIB,
                usable_memory=row.get("usable_bytes"),
                unified=row.get("unified", False),
                bandwidth=_times(speed, 1e9),
                matmul_rate=_times(row.get("tflops"), 1e12),
                bfloat16=row.get("bfloat16"),
                compute_capability=row.get("compute_capability"),
                sources=sources,
            )
            yield device, row


def _is_another(named: frozenset[str], words: frozenset[str]) -> bool:
    """Whether words of a name are left out without which another product is meant."""
    left_out = named - words
    return not left_out.isdisjoint(_TELLING_APART) or ("titan" in named and "rtx" in left_out)


def _model_names(table: Table) -> dict[str, str]:
    """Every name in lower case, former ones included, with the hub's spelling of today."""
    names = {name.lower(): name for name in table["models"]}
    return {old.lower(): name for old, name in table["aliases"].items()} | names


def _with_context(config: Mapping[str, Any], length: int | None) -> dict[str, Any]:
    """`config` with the context where it says no number of positions itself."""
    inner = config.get("text_config")
    if length is None or "n_positions" in config:
        return dict(config)
    if inner:
        return {**config, "text_config": {"max_position_embeddings": length, **inner}}
    return {"max_position_embeddings": length, **config}


def _with_quantization(config: dict[str, Any], method: str | None) -> dict[str, Any]:
    """`config` with transformers' `quant_method`, if the weights are published quantized."""
    return {**config, "quantization_config": {"quant_method": method}} if method else config


def _sources(keys: Mapping[str, str], table: Table) -> dict[str, tuple[str, ...]]:
    said: Mapping[str, str] = table["sources"]
    return {name: tuple(said[key] for key in listed.split("+")) for name, listed in keys.items()}


def _times(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit


# Words that people and drivers add or leave out without meaning another device.
_SAID_TOO: dict[str, frozenset[str]] = {
    vendor: frozenset(words.split())
    for vendor, words in {
        "nvidia": "nvidia geforce rtx gtx quadro tesla gpu generation",
        "amd": "amd radeon instinct rx gpu graphics",
        "intel": "intel arc gpu graphics",
        "apple": "apple silicon mac macbook gpu",
    }.items()
}
_TELLING_APART = frozenset({"ti", "super", "d", "xt", "xtx", "laptop"})
_SAME_WORD = {"mobile": "laptop", "notebook": "laptop", "sxm2": "sxm", "sxm4": "sxm", "sxm5": "sxm"}
_SIZE = re.compile(r"(?<![a-z\d])(\d{1,3})\s*g(?:i?b)?(?![a-z\d])")
# "mi300x", "l40s" and "m3" are words, "rtx4090" and "4070ti" are two each.
_WORD = re.compile(r"rtx|gtx|rx|(?:mi|gb|[a-z])\d+(?!\d)(?:[a-z](?![a-z]))?|\d+|[a-z]+\d?")


def _words(text: str) -> tuple[frozenset[str], int | None]:
    """The words of a device's name, and its memory in GB if that is said."""
    lowered = text.lower()
    size = _SIZE.search(lowered)
    words: list[str] = _WORD.findall(_SIZE.sub(" ", lowered))
    same = (_SAME_WORD.get(word, word) for word in words)
    return frozenset(same), int(size[1]) if size else None
