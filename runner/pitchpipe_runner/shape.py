"""Prints what a model consists of, as JSON: it is built without weights, on the meta device.

The light half calls this in the runner's environment, with a request on standard input:

    {"config": the content of a config.json, "head": a task or null,
     "folder": where the model's own code lies, or null, "trust_remote_code": true or false}

The answer has `version` (of the facts), and `shape`, or `not_read` (why there is none). With
`--version` it says `transformers`, the library's version, without importing it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import sys
from dataclasses import replace
from typing import Any

from pitchpipe.facts import FACTS_VERSION
from pitchpipe.model_config import head_of
from pitchpipe.modules import Head
from pitchpipe.plan import to_json

_HEADS: dict[Head, str] = {
    "causal-lm": "AutoModelForCausalLM",
    "seq2seq-lm": "AutoModelForSeq2SeqLM",
    "masked-lm": "AutoModelForMaskedLM",
    "sequence-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
}


class _NotBuilt(Exception):
    """The message says why, as a clause."""


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 whenever there is an answer."""
    parser = argparse.ArgumentParser(prog="python -m pitchpipe_runner.shape", description=__doc__)
    parser.add_argument("--version", action="store_true")
    given = parser.parse_args(arguments)
    # What a model's code prints must not get between the lines of the answer.
    with contextlib.redirect_stdout(sys.stderr):
        answer = _version() if given.version else _answer(json.load(sys.stdin))
    json.dump({"version": FACTS_VERSION, **answer}, sys.stdout, ensure_ascii=True, default=str)
    return 0


def _version() -> dict[str, Any]:
    try:
        return {"transformers": importlib.metadata.version("transformers")}
    except importlib.metadata.PackageNotFoundError:
        return {"not_read": "transformers is not installed in the runner's environment"}


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"shape": to_json(_shape(**request))}
    except _NotBuilt as problem:
        return {"not_read": str(problem)}
    except Exception as error:  # noqa: BLE001  # constructors raise whatever they like
        said = str(error).strip().splitlines()
        return {"not_read": f"it can't be built: {type(error).__name__}: {' '.join(said[:1])}"}


def _shape(
    config: dict[str, Any], head: Head | None, folder: str | None, trust_remote_code: bool
) -> Any:
    try:
        import torch  # noqa: PLC0415
        import transformers  # noqa: PLC0415

        from pitchpipe_runner.cataloguing.describe import describe  # noqa: PLC0415
        from pitchpipe_runner.cataloguing.roles import role_of  # noqa: PLC0415
    except ImportError as error:
        raise _NotBuilt(f"the runner's environment lacks {error.name}") from None
    settled = _config(config, folder, trust_remote_code)
    head = _head(settled, config, head)
    factory = getattr(transformers, _HEADS[head])
    with torch.device("meta"):
        model = factory.from_config(settled, trust_remote_code=trust_remote_code)
    shape = describe(model, head)
    groups = (replace(g, role=role_of(g.path, g.class_name, g.kind)) for g in shape.groups)
    return replace(shape, groups=tuple(groups))


def _config(config: dict[str, Any], folder: str | None, trust_remote_code: bool) -> Any:
    from transformers import AutoConfig  # noqa: PLC0415
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING  # noqa: PLC0415

    fields = {name: value for name, value in config.items() if name != "quantization_config"}
    if trust_remote_code and folder is not None and config.get("auto_map"):
        found = AutoConfig.from_pretrained(folder, trust_remote_code=True, local_files_only=True)
        vars(found).pop("quantization_config", None)
        return found
    model_type = str(fields.get("model_type"))
    if model_type in CONFIG_MAPPING:
        fields.pop("auto_map", None)
        return CONFIG_MAPPING[model_type].from_dict(fields)
    if config.get("auto_map"):
        raise _NotBuilt("it needs the model's own code, which runs only with --trust-remote-code")
    raise _NotBuilt(f"transformers {_version()['transformers']} does not know `{model_type}`")


def _head(settled: Any, config: dict[str, Any], wanted: Head | None) -> Head:
    import transformers  # noqa: PLC0415

    own = config.get("auto_map") if hasattr(settled, "auto_map") else None
    able: list[Head] = [
        head
        for head, name in _HEADS.items()
        if type(settled) in getattr(transformers, name)._model_mapping or name in (own or {})
    ]
    if wanted is not None and wanted not in able:
        raise _NotBuilt(f"`{settled.model_type}` has no class for {wanted}")
    saved = [head_of(name) for name in config.get("architectures") or ()]
    for head in (wanted, *saved, *able):
        if head is not None and head in able:
            return head
    raise _NotBuilt(f"`{settled.model_type}` has no class for a task on text")


if __name__ == "__main__":
    raise SystemExit(main())
