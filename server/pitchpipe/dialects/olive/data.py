"""The rows that the training pass names: their files, their texts, how they become sequences."""

from __future__ import annotations

from pitchpipe import splits
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.olive import rows as configs
from pitchpipe.dialects.olive.passes import Pass, place
from pitchpipe.dialects.olive.rows import Rows
from pitchpipe.dialects.olive.words import READERS
from pitchpipe.keypath import KeyPath
from pitchpipe.paths import is_path
from pitchpipe.suggest import nearest
from pitchpipe.syntax.nodes import Data

_ENDINGS = {"jsonl": "json", "tsv": "csv", "txt": "text"}
_FILES = (".json", ".jsonl", ".csv", ".tsv", ".txt", ".parquet", ".arrow")
_LOADING = ("data_name", "data_files", "data_dir", "subset", "split", "col_filters")


def lower(foreign: Foreign, trainer: Pass | None) -> None:
    foreign.default("data.val_size", 0)
    foreign.default("data.test_size", 0)
    foreign.default("data.loss_on", "all")
    if isinstance(foreign.given("data_configs"), dict):
        message = (
            "`data_configs`: a mapping is of an early Olive; write a list, with `name` in each"
        )
        foreign.note("stops", "data_configs", message)
    if trainer is None:
        return
    train = _train(foreign, trainer)
    if train is None:
        return
    _source(foreign, train, "train")
    _sequences(foreign, train)
    where = place(foreign, trainer, "eval_data_config")
    held_out = _of_name(foreign, where) if where else None
    if held_out is not None:
        _source(foreign, held_out, "eval")
        _same_texts(foreign, train, held_out)


def _train(foreign: Foreign, trainer: Pass) -> Rows | None:
    where = place(foreign, trainer, "train_data_config")
    if where is not None:
        return _of_name(foreign, where)
    only = _only(foreign)
    known = configs.names(foreign)
    at = (*trainer.path, "type")
    if only is not None:
        message = (
            "Olive asks for `train_data_config` here; "
            f"`{known[0]}` is taken, the only one of `data_configs`"
            if known
            else "Olive asks for `train_data_config` here; the only one of `data_configs` is taken"
        )
        foreign.note("otherwise", at, message)
    elif configs.every(foreign):
        listed = ", ".join(f"`{name}`" for name in known)
        message = f"`train_data_config` has to say which data config to train on: {listed}"
        foreign.note("refused", at, message)
    return only


def _only(foreign: Foreign) -> Rows | None:
    found = configs.every(foreign)
    return found[0] if len(found) == 1 else None


def _of_name(foreign: Foreign, where: KeyPath) -> Rows | None:
    name = foreign.given(where)
    if isinstance(name, dict):
        message = f"`{where[-1]}` has to be the name of one of `data_configs`"
        foreign.note("refused", where, message)
    if not isinstance(name, str):
        return None
    return configs.named(foreign, name)  # a name that isn't there is told with other references


def _source(foreign: Foreign, rows: Rows, part: str) -> None:
    """`part`: `train` or `eval`."""
    loader = rows.loader
    if rows.kind != "HuggingfaceContainer" or loader not in (None, "huggingface_dataset"):
        kind = loader or rows.kind or "DataContainer"
        message = f"`{kind}` loads rows by code; `HuggingfaceContainer` reads files and data sets"
        foreign.note("stops", (*rows.path, "type" if rows.kind else "name"), message)
        return
    _misspelt(foreign, rows)
    name_at, name = rows.load("data_name")
    files_at, files = rows.load("data_files")
    if isinstance(name, str) and name not in READERS and not _is_file(name):
        _of_hub(foreign, rows, part, name, name_at)
        if files is not None:
            foreign.note("stops", files_at, "`data_files`: a data set of the hub is taken whole")
    elif files is not None:
        _of_files(foreign, rows, part, files, files_at)
        if name is None:
            _no_name(foreign, files_at, files)
    elif isinstance(name, str) and name not in READERS:
        foreign.put(("data", part, 0, "path"), name, name_at, same=True)
    elif isinstance(name, str):
        message = f"`{name}` reads local files, and no `data_files` are named"
        foreign.note("refused", name_at, message)
    else:
        foreign.note("refused", rows.origin, "Olive asks for `data_name`, the data to load")
    _text(foreign, rows, part)


def _is_file(name: str) -> bool:
    return is_path(name) or name.lower().endswith(_FILES)


def _of_hub(foreign: Foreign, rows: Rows, part: str, name: str, at: KeyPath) -> None:
    foreign.put(("data", part, 0, "dataset_name"), name, at, same=True)
    subset_at, subset = rows.load("subset")
    if subset is not None:
        foreign.put(("data", part, 0, "dataset_config"), subset, subset_at, same=True)
    split_at, split = rows.load("split")
    if split is None:
        foreign.put(("data", part, 0, "split"), "validation", at)
        message = f"`{at[-1]}`: Olive takes the split `validation` where `split` names none"
        foreign.note("otherwise", at, message)
    else:
        foreign.put(("data", part, 0, "split"), split, split_at, same=True)


def _of_files(foreign: Foreign, rows: Rows, part: str, files: Data, at: KeyPath) -> None:
    split_at, split = rows.load("split")
    base = _base(split) or part
    if isinstance(files, dict):
        files, at = files.get(base), (*at, base)
    listed = files if isinstance(files, list) else [files]
    for index, file in enumerate(listed):
        where = (*at, index) if isinstance(files, list) else at
        foreign.put(("data", part, index, "path"), file, where, same=True)
        if isinstance(split, str):
            # The names of splits are Olive's: a local file is one, and slices of it count.
            slice_ = split.removeprefix(base)
            foreign.put(("data", part, index, "split"), f"train{slice_}", split_at)
    if split is None:
        message = (
            f"`{at[-1]}`: Olive looks for the split `validation` where `split` names none, "
            "and a file has `train` alone"
        )
        foreign.note("otherwise", rows.origin, message)


def _base(split: Data) -> str | None:
    """The split's name without the slice."""
    if not isinstance(split, str):
        return None
    try:
        return splits.parse(split).name
    except ValueError:
        return split.partition("[")[0]


def _no_name(foreign: Foreign, at: KeyPath, files: Data) -> None:
    first = files[0] if isinstance(files, list) and files else files
    ending = first.rpartition(".")[2].lower() if isinstance(first, str) else ""
    reader = _ENDINGS.get(ending, ending)
    such = f": `{reader}` reads this file" if reader in READERS else ""
    foreign.note("otherwise", at, f"Olive asks for `data_name` beside `data_files`{such}")


def _misspelt(foreign: Foreign, rows: Rows) -> None:
    """Keys of the loading section that are nearly ours: `datasets` would refuse them."""
    section = foreign.given((*rows.path, "load_dataset_config"))
    if not isinstance(section, dict):
        return
    known = foreign.reading.schema.keys((*rows.path, "load_dataset_config"))
    for key in section:
        near = None if key in known else nearest(key, _LOADING)
        if near and near not in section:
            message = f"`{key}` is no argument of `datasets.load_dataset`; did you mean `{near}`?"
            foreign.note("refused", (*rows.path, "load_dataset_config", key), message)


def _text(foreign: Foreign, rows: Rows, part: str) -> None:
    """How a row becomes a text: by a chat template, a template, or columns, in Olive's order."""
    kind_at, kind = rows.texts("type")
    columns_at, columns = rows.texts("input_cols")
    if columns is not None or kind not in (None, "text_generation_huggingface_pre_process"):
        name = f"`{kind}`" if kind else "`input_cols`"
        message = f"{name} makes rows for another kind of model than one that generates texts"
        foreign.note("stops", columns_at if kind is None else kind_at, message)
        return
    chat_at, chat = rows.texts("chat_template")
    template_at, template = rows.texts("text_template")
    if chat:
        _messages(foreign, rows, part, chat, chat_at)
    elif rows.texts("text_formatting_func")[1] is None and isinstance(template, str):
        foreign.put("data.text_template", template, template_at, same=True)
    elif rows.texts("text_formatting_func")[1] is None:
        _columns(foreign, rows, part)


def _messages(foreign: Foreign, rows: Rows, part: str, chat: Data, at: KeyPath) -> None:
    if isinstance(chat, str):
        foreign.note(
            "stops", at, "`chat_template`: the tokenizer's own is used alone; write `true`"
        )
        return
    column_at, column = rows.texts("message_col")
    foreign.put("data.chat_template", "tokenizer", at)
    for index in _indices(foreign, part):
        foreign.put(("data", part, index, "format"), "messages", at)
        if column is not None:
            target = ("data", part, index, "columns", "messages")
            foreign.put(target, column, column_at, same=True)


def _columns(foreign: Foreign, rows: Rows, part: str) -> None:
    at, written = rows.texts("text_cols")
    names = [written] if isinstance(written, str) else written
    if not isinstance(names, list):
        names, at = ["text"], rows.form
    if len(names) > 1:
        foreign.put("data.text_template", " ".join(f"{{{name}}}" for name in names), at)
        return
    for index in _indices(foreign, part):
        foreign.put(("data", part, index, "format"), "text", at)
        foreign.put(("data", part, index, "columns", "text"), names[0] if names else "text", at)


def _indices(foreign: Foreign, part: str) -> range:
    data = foreign.result.data.get("data")
    sources = data.get(part) if isinstance(data, dict) else None
    return range(len(sources) if isinstance(sources, list) else 0)


def _sequences(foreign: Foreign, rows: Rows) -> None:
    """How texts become sequences of tokens."""
    at, length = rows.texts("max_seq_len")
    if length is not None:
        foreign.put("data.max_length", length, at, same=True)
    at, strategy = rows.texts("strategy")
    joined = not isinstance(strategy, str) or strategy.startswith("join")
    if strategy is not None:
        foreign.put("data.packing", joined, at)
    if strategy == "join-sliding-window":
        foreign.note("lost", at, "`strategy`: sequences don't overlap")
    elif isinstance(strategy, str) and strategy.endswith("random"):
        foreign.note("lost", at, "`strategy`: sequences are not drawn at random; all are used")
    at, special = rows.texts("add_special_tokens")
    if special is False:
        message = "`add_special_tokens`: the token that ends a text is written"
        foreign.note("lost", at, message)
    _at_most(foreign, rows, joined)


def _at_most(foreign: Foreign, rows: Rows, joined: bool) -> None:
    """`max_samples` counts sequences; those of single rows can be had by a slice of the split."""
    at, most = rows.texts("max_samples")
    if not isinstance(most, int):
        return
    data = foreign.result.data.get("data")
    sources = data.get("train") if isinstance(data, dict) else None
    only = sources[0] if isinstance(sources, list) and len(sources) == 1 else None
    split = only.get("split", "train") if isinstance(only, dict) else None
    if joined or not isinstance(split, str) or "[" in split:
        message = f"`max_samples`: all rows are used, not {most} sequences"
        foreign.note("lost", at, message)
    else:
        foreign.put(("data", "train", 0, "split"), f"{split}[:{most}]", at)


def _same_texts(foreign: Foreign, train: Rows, held_out: Rows) -> None:
    """A workflow has one template, and one length."""
    for key in ("text_template", "max_seq_len"):
        at, value = held_out.texts(key)
        if value != train.texts(key)[1]:
            here = at if value is not None else held_out.form
            message = f"`{key}` has to be the same for evaluating as for training"
            foreign.note("stops", here, message)
