"""What a file of LLaMA-Factory is for: its tool also exports models and talks with them."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.paths import is_path, resolve

_OTHER_STAGES = {
    "rm": "reward models can't be trained here",
    "ppo": "rewards are not learnt here",
    "dpo": "preferences are not learnt here",
    "kto": "preferences are not learnt here",
}
_DOINGS = ("do_train", "do_predict", "do_eval")
_TALKING = ("task", "infer_backend", "infer_dtype", "vllm_maxlen", "sglang_maxlen", "template")


def trains(foreign: Foreign) -> bool:
    """Whether the file is for training; what has no key of it is taken for a file to come."""
    if foreign.given("do_train") is True:
        return True
    return not (_exports(foreign) or _talks(foreign) or any(map(foreign.says, _DOINGS)))


def learns_texts(foreign: Foreign) -> bool:
    """Whether it is for training on texts, be it with the prompts or without."""
    return trains(foreign) and foreign.given("stage") not in _OTHER_STAGES


def is_new(foreign: Foreign) -> bool:
    """Whether the file is of the version that is to come, with other keys."""
    return foreign.says("model") and not foreign.says("model_name_or_path")


def tell(foreign: Foreign) -> None:
    if is_new(foreign):
        message = "files of LLaMA-Factory's new version (`USE_V1`) can't be run here"
        foreign.note("stops", "model", message)
        return
    if not trains(foreign):
        _nothing_to_train(foreign)
        foreign.handled("adapter_name_or_path")
        _leave_results(foreign)
    elif not foreign.says("do_train") and foreign.says("dataset"):
        message = "without `do_train: true` LLaMA-Factory trains nothing, which is hardly meant"
        foreign.note("otherwise", "dataset", message)
    stage = foreign.given("stage")
    if isinstance(stage, str) and stage in _OTHER_STAGES:
        foreign.note("stops", "stage", f"`stage: {stage}`: {_OTHER_STAGES[stage]}")


def _exports(foreign: Foreign) -> bool:
    return foreign.given("do_train") is not True and foreign.says("export_dir")


def _talks(foreign: Foreign) -> bool:
    if foreign.says("dataset") or foreign.says("output_dir"):
        return False
    return any(map(foreign.says, _TALKING))


def _leave_results(foreign: Foreign) -> None:
    """A model that another run is to make first is no mistake where nothing is to be trained."""
    name, around = foreign.given("model_name_or_path"), foreign.around
    if isinstance(name, str) and is_path(name) and not around.blind:
        found = resolve(name, around.root, around.facts)
        if not around.facts.file(found.absolute).exists:
            foreign.drop("model.name_or_path")


def _nothing_to_train(foreign: Foreign) -> None:
    if _exports(foreign):
        message = "this file merges or exports a model, so there is nothing to train"
        foreign.note("stops", "export_dir", message)
        return
    for key in _DOINGS:
        if foreign.says(key):
            message = "`do_train` isn't on, so there is nothing to train"
            foreign.note("stops", key, message)
            return
    if foreign.says("task"):
        message = "this file evaluates a model, so there is nothing to train"
        foreign.note("stops", "task", message)
        return
    place = next(filter(foreign.says, _TALKING))
    foreign.note("stops", place, "this file talks with a model, so there is nothing to train")
