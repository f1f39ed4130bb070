"""Which YAML files are workflows: those whose name, first lines or keys say so."""

from __future__ import annotations

import re

_NAMES = re.compile(r"(?:.*\.tune|(?:.*[/\\])?pitchpipe)\.ya?ml\Z", re.IGNORECASE)
_MODELINE = re.compile(r"^#[ \t]*pitchpipe:[ \t]*(?P<word>[\w-]+)[ \t]*\r?$", re.MULTILINE)
_FIRST_LINES = 5
_LOOKED_AT = 200_000  # code points in which keys are looked for
_KEY = re.compile(r"^([A-Za-z_]\w*):(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NEEDED = {"model", "data"}
_TELLING = {"method", "training", "export", "evaluate", "compute", "task"}


def is_workflow(name: str, text: str) -> bool:
    """Whether a file of this name and text is ours.

    A modeline (`# pitchpipe: workflow`, or `off`) among the first lines decides; then the name
    (`*.tune.yaml`, `pitchpipe.yaml`); then the keys: a model and data that are tuned.
    """
    head = "\n".join(text[:2000].split("\n")[:_FIRST_LINES])
    if modeline := _MODELINE.search(head):
        return modeline["word"].lower() != "off"
    if _NAMES.match(name):
        return True
    keys = set(_KEY.findall(text, 0, _LOOKED_AT))
    return keys >= _NEEDED and bool(keys & _TELLING) and "name_or_path" in text
