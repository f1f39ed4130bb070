"""Data as the recipes name it whose scripts stand on TRL: alignment-handbook's and open-r1's."""

from __future__ import annotations

from typing import cast

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Data


def data(foreign: Foreign, evaluated: bool) -> None:
    """Lays the sources of `dataset_mixer` or `dataset_mixture`."""
    mixer, mixture = foreign.given("dataset_mixer"), foreign.given("dataset_mixture")
    if isinstance(mixture, dict) and isinstance(mixture.get("datasets"), list):
        _mixture(foreign, mixture, evaluated)
    elif isinstance(mixer, dict):
        _mixer(foreign, mixer, evaluated)


def _mixer(foreign: Foreign, mixer: dict[str, Data], evaluated: bool) -> None:
    """Names with shares; of the splits those are evaluated on that have `test` in their names."""
    listed = foreign.given("dataset_splits")
    splits = [s for s in listed if isinstance(s, str)] if isinstance(listed, list) else []
    configs = foreign.given("dataset_configs")
    counts = {"train": 0, "eval": 0}
    for number, (name, share) in enumerate(mixer.items()):
        place: KeyPath = ("dataset_mixer", name)
        for index, split in enumerate(splits or ["train"]):
            role = "eval" if "test" in split else "train"
            if role == "eval" and not evaluated:
                continue
            source: KeyPath = ("data", role, counts[role])
            counts[role] += 1
            foreign.put((*source, "dataset_name"), name, place)
            if splits:
                foreign.put((*source, "split"), split, ("dataset_splits", index), same=True)
            if isinstance(configs, list) and number < len(configs):
                config: KeyPath = ("dataset_configs", number)
                foreign.put((*source, "dataset_config"), configs[number], config, same=True)
        if isinstance(share, (int, float)) and share < 1:
            message = f"`{name}`: all rows are taken, not {share:g} of them"
            foreign.note("lost", place, message)
    foreign.default("data.val_size", 0)


def _mixture(foreign: Foreign, mixture: dict[str, Data], evaluated: bool) -> None:
    for index, item in enumerate(cast("list[Data]", mixture["datasets"])):
        if not isinstance(item, dict) or not item.get("id"):
            continue
        place: KeyPath = ("dataset_mixture", "datasets", index)
        source: KeyPath = ("data", "train", index)
        foreign.put((*source, "dataset_name"), item["id"], (*place, "id"), same=True)
        for key, native in (("config", "dataset_config"), ("split", "split")):
            if item.get(key):
                foreign.put((*source, native), item[key], (*place, key), same=True)
    size, path = mixture.get("test_split_size"), ("dataset_mixture", "test_split_size")
    if isinstance(size, float) and size < 1 and evaluated:
        foreign.put("data.val_size", size, path, same=True)
        return
    foreign.default("data.val_size", 0)
    if size and evaluated:
        message = "`test_split_size`: a number of rows can't be held out here, but a share of them"
        foreign.note("stops", path, message)
