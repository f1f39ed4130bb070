"""TRL's files, as `trl sft --config` reads them.

A file doesn't say which trainer it is for; keys that only others have tell (`x-stops`).
"""

from __future__ import annotations

from typing import cast

from pitchpipe.converting.outgoing import Outgoing
from pitchpipe.dialects import optimizers, recipes, trainer
from pitchpipe.dialects.data import placed
from pitchpipe.dialects.dialect import Dialect
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Data

_LIBRARIES = ("json", "csv", "parquet", "arrow", "text")
"""What `path` may be where `data_files` says which files."""


def _lower(foreign: Foreign) -> None:
    _method(foreign)
    _model(foreign)
    _formats(foreign)
    _steps(foreign)
    optimizers.lower(foreign, "optim", "adamw_torch_fused")
    _data(foreign)
    _rows(foreign)
    _refusals(foreign)


def _method(foreign: Foreign) -> None:
    """Without `use_peft` the keys of adapters mean nothing."""
    if foreign.value("use_peft") is True:
        foreign.put("method.type", "lora", "use_peft")
        targets = foreign.given("lora_target_modules")
        if targets == ["all-linear"]:  # TRL makes the one word of it that PEFT knows
            foreign.put("method.target_modules", "all-linear", "lora_target_modules")
        elif targets is None:
            message = "PEFT's own choice for the type of model counts, which is `q_proj` and "
            message += "`v_proj` for most; here it is all linear layers"
            foreign.note("lost", "use_peft", f"`lora_target_modules` is not written: {message}")
    else:
        foreign.default("method.type", "full")
        if foreign.says("use_peft"):
            foreign.put("method.type", "full", "use_peft")
        for native in [p for p in foreign.result.places if p[0] == "method" and p[1] != "type"]:
            place = foreign.result.places[native]
            foreign.drop(native)
            message = f"`{place[-1]}` means nothing to TRL without `use_peft: true`"
            foreign.note("otherwise", place, message)
    for key, bits in (("load_in_8bit", 8), ("load_in_4bit", 4)):
        if foreign.given(key) is not True:
            continue
        if foreign.value("use_peft") is True:
            foreign.put("method.type", "qlora", key)
            foreign.put("method.bits", bits, key)
        else:
            message = f"`{key}` needs `use_peft: true`: quantized weights can't be trained"
            foreign.note("refused", key, message)


def _model(foreign: Foreign) -> None:
    if foreign.given("use_flash_attention_2") is True and not foreign.says("attn_implementation"):
        foreign.put("model.attn_implementation", "flash_attention_2", "use_flash_attention_2")
        message = "`use_flash_attention_2` is `attn_implementation: flash_attention_2` now"
        foreign.note("old", "use_flash_attention_2", message)
    foreign.default("model.attn_implementation", "sdpa")
    if foreign.given("chat_template_path") is None:
        foreign.handled("chat_template_path")


def _formats(foreign: Foreign) -> None:
    """Weights in one half-width format where another one is computed in are none for long."""
    key = "dtype" if foreign.says("dtype") else "torch_dtype"
    for computing, other in (("bf16", "float16"), ("fp16", "bfloat16")):
        if foreign.given(computing) is True and foreign.given(key) == other:
            held = "bfloat16" if computing == "bf16" else "float16"
            foreign.put("model.dtype", held, key)
            message = f"weights are held in {held}, in which they are computed with"
            foreign.note("lost", key, f"`{key}`: {message}")


def _steps(foreign: Foreign) -> None:
    ratio = foreign.given("warmup_ratio")
    if ratio and not foreign.given("warmup_steps"):
        foreign.put("training.warmup_steps", trainer.number(ratio), "warmup_ratio")
    for key in ("learning_rate", "num_train_epochs", "weight_decay", "max_grad_norm", "max_steps"):
        if isinstance(value := foreign.given(key), str):
            if isinstance(number := trainer.number(value), str):
                foreign.drop(f"training.{key}")
                foreign.note("refused", key, f"`{key}` must be a number, not `{value}`")
            else:
                foreign.put(f"training.{key}", number, key)
    whole = foreign.given("max_steps")
    for what in ("eval", "save", "logging"):
        key = f"{what}_steps"
        value = trainer.number(foreign.given(key))
        if not isinstance(value, (int, float)):
            continue
        steps = trainer.whole_steps(value, whole)
        if steps is not None:
            same = isinstance(value, int) and steps == foreign.given(key)
            foreign.put(f"training.{key}", steps, key, same=same)
        elif what != "logging":
            foreign.put(f"training.{what}_strategy", "epoch", key)
            message = f"it is done in every epoch, not after {value:g} of the steps"
            foreign.note("lost", key, f"`{key}`: {message}")
    foreign.default("training.logging_steps", 10)
    foreign.default("training.save_steps", 500)
    if foreign.says("eval_steps") and _strategy(foreign) == "no":
        # TrainingArguments has it so that the steps alone change nothing.
        foreign.drop("training.eval_steps")
        message = "`eval_steps` means nothing without `eval_strategy: steps`"
        foreign.note("otherwise", "eval_steps", message)


def _strategy(foreign: Foreign) -> Data:
    """When the model is evaluated, also by the key's old name."""
    old = foreign.given("evaluation_strategy")
    return old if old and not foreign.says("eval_strategy") else foreign.value("eval_strategy")


def _data(foreign: Foreign) -> None:
    items = foreign.given("datasets")
    evaluated = _strategy(foreign) != "no"
    if isinstance(items, list) and items:
        if foreign.says("dataset_name"):
            message = "`dataset_name` is passed over by TRL beside `datasets`"
            foreign.note("otherwise", "dataset_name", message, related=foreign.set_here("datasets"))
        count = 0
        for index, item in enumerate(items):
            if isinstance(item, dict):
                count = _mixed(foreign, item, ("datasets", index), count)
        _held_out(foreign, evaluated)
        return
    name = foreign.given("dataset_name")
    if not isinstance(name, str) or not name:
        recipes.data(foreign, evaluated)
        return
    place: KeyPath = ("dataset_name",)
    _source(foreign, "train", 0, name, place, foreign.value("dataset_train_split"))
    if foreign.says("dataset_train_split"):
        split = foreign.given("dataset_train_split")
        foreign.put(("data", "train", 0, "split"), split, "dataset_train_split", same=True)
    foreign.default("data.val_size", 0)
    if evaluated:
        _source(foreign, "eval", 0, name, place, foreign.value("dataset_test_split"))
        if foreign.says("dataset_test_split"):
            split = foreign.given("dataset_test_split")
            foreign.put(("data", "eval", 0, "split"), split, "dataset_test_split", same=True)


def _source(
    foreign: Foreign, role: str, index: int, name: str, place: KeyPath, split: Data
) -> None:
    found = placed(foreign, name, place)
    if found is None:
        return
    source: KeyPath = ("data", role, index)
    foreign.put((*source, found.key), found.value, found.at, same=role == "train")
    if isinstance(split, str) and split != "train":
        foreign.put((*source, "split"), split, place)
    config = foreign.given("dataset_config")
    if isinstance(config, str) and config and found.key == "dataset_name":
        foreign.put((*source, "dataset_config"), config, "dataset_config", same=role == "train")


def _mixed(foreign: Foreign, item: dict[str, Data], place: KeyPath, count: int) -> int:
    """Lays the sources of one item of `datasets` behind the `count` that are there."""
    files, name = item.get("data_files"), cast(str, item.get("path") or "")
    if name in _LIBRARIES and files:
        listed = files if isinstance(files, list) else [files]
        for at, file in enumerate(listed):
            where: KeyPath = (*place, "data_files")
            if isinstance(file, str):
                path = (*where, at) if isinstance(files, list) else where
                foreign.put(("data", "train", count, "path"), file, path, same=True)
                _split(foreign, item, place, count)
                count += 1
        return count
    found = placed(foreign, name, (*place, "path")) if name else None
    if found is None:
        return count
    foreign.put(("data", "train", count, found.key), found.value, found.at, same=True)
    _split(foreign, item, place, count)
    config = item.get("name")
    if isinstance(config, str) and config and found.key == "dataset_name":
        path = (*place, "name")
        foreign.put(("data", "train", count, "dataset_config"), config, path, same=True)
    if files:
        message = "`data_files`: the files of the data set that are its usual ones are read"
        foreign.note("lost", (*place, "data_files"), message)
    return count + 1


def _split(foreign: Foreign, item: dict[str, Data], place: KeyPath, count: int) -> None:
    split = item.get("split")
    if isinstance(split, str) and split:
        foreign.put(("data", "train", count, "split"), split, (*place, "split"), same=True)


def _held_out(foreign: Foreign, evaluated: bool) -> None:
    share = foreign.given("test_split_size")
    if not share or not evaluated:
        foreign.default("data.val_size", 0)
    elif isinstance(share, float) and share < 1:
        foreign.put("data.val_size", share, "test_split_size", same=True)
    else:
        message = "a number of rows can't be held out here, but a share of them"
        foreign.note("stops", "test_split_size", f"`test_split_size`: {message}")


def _rows(foreign: Foreign) -> None:
    column = foreign.value("dataset_text_field")
    train = foreign.result.data.get("data")
    lists = train if isinstance(train, dict) else {}
    if foreign.says("dataset_text_field") and isinstance(column, str):
        for role in ("train", "eval"):
            listed = lists.get(role)
            for index in range(len(listed) if isinstance(listed, list) else 0):
                path: KeyPath = ("data", role, index, "columns", "text")
                foreign.put(path, column, "dataset_text_field", same=role == "train")
    if foreign.given("completion_only_loss") is False:
        foreign.put("data.loss_on", "all", "completion_only_loss")
    elif foreign.given("assistant_only_loss") is True:
        foreign.put("data.loss_on", "assistant", "assistant_only_loss")
    if foreign.given("max_length") is None and "max_length" in foreign.data:
        message = "rows are never cut by TRL; here they are cut to `max_length`, 1024 tokens"
        foreign.note("lost", "max_length", f"`max_length`: {message}")
    if foreign.given("truncation_mode") == "keep_end":
        foreign.note("lost", "truncation_mode", "`truncation_mode`: the beginning of a row is kept")
    if foreign.given("packing") is True and foreign.given("packing_strategy") == "wrapped":
        message = "rows are kept whole, where TRL cuts a stream of them"
        foreign.note("lost", "packing_strategy", f"`packing_strategy`: {message}")


def _refusals(foreign: Foreign) -> None:
    """What TRL itself refuses, as far as the file alone tells."""
    if foreign.given("load_in_8bit") is True and foreign.given("load_in_4bit") is True:
        message = "`load_in_8bit` and `load_in_4bit` are refused together by TRL"
        foreign.note("refused", "load_in_8bit", message, related=foreign.set_here("load_in_4bit"))
    streaming = foreign.given("dataset_streaming") or foreign.given("streaming")
    if streaming and not (isinstance(steps := foreign.value("max_steps"), int) and steps > 0):
        key = "dataset_streaming" if foreign.given("dataset_streaming") else "streaming"
        message = f"`{key}` needs `max_steps`: nobody knows how many rows there are"
        foreign.note("refused", key, message)


def _write(out: Outgoing) -> None:
    method = out.value("method.type")
    out.done("method.type")
    if method != "full":
        out.put("use_peft", True, "method.type")
    if method == "qlora":
        out.put("load_in_4bit" if out.value("method.bits") == 4 else "load_in_8bit", True)
    out.done("method.bits")
    for role in ("train", "eval", "test"):
        _sources_out(out, role)
    if out.says("data.val_size"):
        share = out.value("data.val_size")
        if share and "datasets" in out.data:
            out.put("test_split_size", share, "data.val_size")
        elif share:
            out.lost("data.val_size", "TRL holds rows out of `datasets` alone")
        out.done("data.val_size")
    loss = out.value("data.loss_on")
    if out.says("data.loss_on"):
        out.done("data.loss_on")
    if loss == "all":
        out.put("completion_only_loss", False, "data.loss_on")
    elif loss == "assistant":
        out.put("assistant_only_loss", True, "data.loss_on")
    if isinstance(steps := out.value("training.logging_steps"), int):
        out.put("logging_steps", steps, "training.logging_steps")
    for what in ("eval", "save"):
        if out.value(f"training.{what}_strategy") == "steps":
            key = f"training.{what}_steps"
            out.put(f"{what}_steps", out.value(key), key)


def _sources_out(out: Outgoing, role: str) -> None:
    native = f"data.{role}"
    if not out.says(native):
        return
    listed = out.value(native)
    sources = [s for s in listed if isinstance(s, dict)] if isinstance(listed, list) else []
    out.done(native)
    if role != "train":
        train = out.value("data.train")
        first = train[0] if isinstance(train, list) and train else None
        alike = role == "eval" and len(sources) == 1 and isinstance(first, dict)
        if alike and sources[0].get("dataset_name") == cast("dict[str, Data]", first).get(
            "dataset_name"
        ):
            out.put("dataset_test_split", sources[0].get("split", "train"), native)
        elif sources:
            out.lost(
                native, "TRL evaluates another split of the same data set, or a held-out share"
            )
        return
    if len(sources) == 1 and "dataset_name" in sources[0]:
        _alone(out, sources[0], native)
        return
    for index, source in enumerate(sources):
        _listed(out, source, index, native)


def _alone(out: Outgoing, source: dict[str, Data], native: str) -> None:
    out.put("dataset_name", source["dataset_name"], native)
    if config := source.get("dataset_config"):
        out.put("dataset_config", config)
    if (split := source.get("split")) and split != "train":
        out.put("dataset_train_split", split)
    _columns_out(out, source, native, 0)


def _listed(out: Outgoing, source: dict[str, Data], index: int, native: str) -> None:
    place: KeyPath = ("datasets", index)
    if path := source.get("path"):
        ending = str(path).rpartition(".")[2].lower()
        library = {"jsonl": "json", "tsv": "csv", "txt": "text"}.get(ending, ending)
        out.put((*place, "path"), library if library in _LIBRARIES else "json")
        out.put((*place, "data_files"), path)
    else:
        out.put((*place, "path"), source.get("dataset_name"))
        if config := source.get("dataset_config"):
            out.put((*place, "name"), config)
    if (split := source.get("split")) and split != "train":
        out.put((*place, "split"), split)
    out.places[("data", "train", index)] = place
    _columns_out(out, source, native, index)


def _columns_out(out: Outgoing, source: dict[str, Data], native: str, index: int) -> None:
    columns = source.get("columns")
    if not isinstance(columns, dict):
        return
    for part, column in columns.items():
        if part == "text":
            out.put("dataset_text_field", column)
        elif column != part:
            reason = f"TRL wants the column to be called `{part}`"
            out.lost(f"{native}[{index}].columns.{part}", reason)


DIALECT = Dialect("trl", "TRL", _lower, _write, old_floats="number")
