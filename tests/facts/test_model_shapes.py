"""Which source answers what a model consists of, and what the answer says of its source."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.facts import NotRead
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe_facts.model_shapes import ModelShapes, Shelf
from pitchpipe_facts.reader import Reader
from pitchpipe_facts.weights import Weights
from support import shards
from support.shards import CONFIG, SHELF, model, tensors

COMMIT = "89abcdef01" * 4
NUMEL = 32 * 8 + 8 + 2 * (64 + 4 * 3 * 64)


def shape(
    name: Path | str, shelf: Shelf = SHELF, cache: Path | None = None, **options: Any
) -> ModelShape:
    found = asked(name, shelf, cache, **options)
    assert isinstance(found, ModelShape), found
    return found


def asked(
    name: Path | str, shelf: Shelf = SHELF, cache: Path | None = None, **options: Any
) -> ModelShape | NotRead:
    models = ModelShapes({"HF_HUB_CACHE": str(cache or "/nowhere")}, shelf)
    return models.shape(str(name), local=isinstance(name, Path), **options)


def cached(folder: Path, name: str = "org/toy", **content: Any) -> Path:
    snapshot = folder / f"models--{name.replace('/', '--')}" / "snapshots" / COMMIT
    reference = snapshot.parents[1] / "refs" / "main"
    reference.parent.mkdir(parents=True)
    reference.write_text(COMMIT, encoding="ascii")
    return model(snapshot, **content)


def dtypes(found: ModelShape) -> dict[str, str | None]:
    return {f"{g.leaf}.{p.name}": p.dtype for g in found.groups for p in g.parameters}


# Which source answers


def test_headers_confirm_the_catalogue(tmp_path: Path) -> None:
    found = shape(model(tmp_path / "m", stored=tensors()))
    assert found.source == ShapeSource(
        "weights", "`config.json` in the folder; the headers of `model.safetensors` agree"
    )
    assert (found.exact, found.numel, found.class_name) == (True, NUMEL, "ToyForCausalLM")
    assert dtypes(found) == {
        "embed_tokens.weight": "bfloat16",
        "q_proj.weight": "bfloat16",
        "experts.gate_up_proj": "bfloat16",
        "experts.down_proj": "bfloat16",
        "norm.weight": "float32",
        "lm_head.weight": "bfloat16",
    }


def test_headers_in_shards_confirm_it_too(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    stored = tensors()
    halves = [dict(list(stored.items())[:5]), dict(list(stored.items())[5:])]
    for number, half in enumerate(halves):
        shards.write_weights(folder / f"{number}.safetensors", half)
    mapping = {name: f"{n}.safetensors" for n, half in enumerate(halves) for name in half}
    index = json.dumps({"metadata": {}, "weight_map": mapping})
    (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    found = shape(folder)
    assert found.source.detail == "`config.json` in the folder; the headers of 2 files agree"
    (folder / "1.safetensors").unlink()
    found = shape(folder)
    assert found.source == ShapeSource(
        "config",
        "`config.json` in the folder; the weights were not read: `1.safetensors` is missing",
    )


def test_without_weights_the_configuration_answers(tmp_path: Path) -> None:
    found = shape(model(tmp_path / "m"))
    assert found.source == ShapeSource("config", "`config.json` in the folder")
    assert (found.exact, found.numel) == (True, NUMEL)


def test_a_hub_name_is_looked_for_in_the_cache(tmp_path: Path) -> None:
    cached(tmp_path)
    found = shape("org/toy", cache=tmp_path)
    assert found.source == ShapeSource(
        "config", "`config.json` in the hub's cache, commit 89abcdef"
    )
    assert asked("org/toy", cache=tmp_path, revision="v2") == NotRead(
        "the hub's cache has other revisions of `org/toy`, but not `v2`"
    )


def test_the_cache_goes_before_the_table(tmp_path: Path) -> None:
    assert shape("org/table", cache=tmp_path).source == ShapeSource(
        "table", "the table of published models"
    )
    cached(tmp_path, "org/table", config={**CONFIG, "layers": 5})
    found = shape("org/table", cache=tmp_path)
    assert (found.source.kind, found.config["layers"]) == ("config", 5)


def test_the_table_says_which_revision_it_is_of(tmp_path: Path) -> None:
    found = shape("org/table", revision="v2")
    assert found.source.detail == "the table of published models, which is of `main`, not `v2`"
    assert found.config["layers"] == 3


def test_another_total_than_the_published_one_is_not_exact() -> None:
    assert shape("org/table").exact
    found = shape("org/odd")
    assert not found.exact
    assert found.source.detail == (
        "the table of published models; but 2,761 parameters are published"
    )
    assert shape("org/odd", head="sequence-classification").exact


def test_a_type_by_itself_has_its_default_sizes() -> None:
    found = ModelShapes({}, SHELF).of_type("toy", "sequence-classification", {"layers": 7})
    assert isinstance(found, ModelShape)
    assert found.source == ShapeSource("config", "the defaults of `toy`")
    assert (found.class_name, found.config["layers"]) == ("ToyForClasses", 7)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"model_type": "new"}, "the model type `new` is not in the catalogue"),
        (
            {"model_type": "own", "auto_map": {"AutoConfig": "x.C"}},
            "the model type `own`, which brings its own code, is not in the catalogue",
        ),
        ({}, "its `config.json` names no model type"),
        ([], "`config.json` holds no JSON object"),
        ({"model_type": "toy", "layers": -1}, "`layers` is -1, which is no size"),
    ],
)
def test_what_nobody_knows_is_not_made_up(tmp_path: Path, config: Any, reason: str) -> None:
    assert asked(model(tmp_path / "m", config)) == NotRead(reason)


def test_neither_in_the_cache_nor_in_the_table_is_said() -> None:
    assert asked("org/none") == NotRead(
        "it is neither in the hub's cache nor a model that Pitchpipe knows"
    )
    assert asked(Path("/nowhere/at/all")) == NotRead("there is no such folder")


def test_broken_configurations_are_not_read(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    (folder / "config.json").write_text("{", encoding="utf-8")
    assert asked(folder) == NotRead("`config.json` is no JSON")
    (folder / "config.json").write_text("[" * 100_000, encoding="utf-8")
    assert asked(folder) == NotRead("`config.json` is no JSON")
    (folder / "config.json").write_text("null", encoding="utf-8")
    assert asked(folder) == NotRead("`config.json` holds no JSON object")
    (folder / "config.json").write_text(" " * (4 * 2**20 + 1), encoding="utf-8")
    assert asked(folder) == NotRead("`config.json` is larger than 4 MiB")
    (folder / "config.json").unlink()
    assert asked(folder) == NotRead("the folder holds no `config.json`")


# What weights and configuration say of each other


def test_a_tensor_of_another_shape_is_a_contradiction(tmp_path: Path) -> None:
    stored = {**tensors(), "model.norm.weight": ("F32", [9])}
    found = shape(model(tmp_path / "m", stored=stored))
    assert not found.exact
    assert found.source == ShapeSource(
        "config",
        "`config.json` in the folder; but the weights have `model.norm.weight` as [9], not [8]",
    )


def test_more_layers_in_the_files_than_the_configuration_has_stay_unused(tmp_path: Path) -> None:
    found = shape(model(tmp_path / "m", stored=tensors(layers=3)))
    assert found.exact
    assert found.source.detail == (
        "`config.json` in the folder; but the weights hold 832 more parameters"
        " (such as `model.layers.2.self_attn.q_proj.weight`)"
    )


def test_fewer_layers_in_the_files_than_the_configuration_has_are_a_contradiction(
    tmp_path: Path,
) -> None:
    found = shape(model(tmp_path / "m", stored=tensors(layers=1)))
    assert not found.exact
    assert "but the weights lack" in found.source.detail
    assert "`model.layers.1." in found.source.detail


def test_a_head_that_is_not_stored_is_lacking(tmp_path: Path) -> None:
    found = shape(model(tmp_path / "m", {**CONFIG, "tie_word_embeddings": False}, tensors()))
    assert found.exact
    assert found.source.detail == (
        "`config.json` in the folder; but the weights lack 256 parameters (such as"
        " `lm_head.weight`)"
    )


def test_a_tied_tensor_may_be_stored_under_either_name(tmp_path: Path) -> None:
    stored = tensors()
    stored["lm_head.weight"] = stored["model.embed_tokens.weight"]
    assert shape(model(tmp_path / "both", stored=stored)).source.kind == "weights"
    del stored["model.embed_tokens.weight"]
    found = shape(model(tmp_path / "head", stored=stored))
    assert found.source.kind == "weights"
    assert dtypes(found)["embed_tokens.weight"] == "bfloat16"


@pytest.mark.parametrize("prefix", ["", "model.language_model.", "language_model.model."])
def test_prefixes_of_older_files_make_no_difference(tmp_path: Path, prefix: str) -> None:
    stored = {prefix + name.removeprefix("model."): entry for name, entry in tensors().items()}
    found = shape(model(tmp_path / "m", stored=stored))
    assert found.source.kind == "weights"
    assert dtypes(found)["norm.weight"] == "float32"


def test_constants_that_older_files_hold_are_passed_over(tmp_path: Path) -> None:
    stored = {
        **tensors(),
        "model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", [4]),
        "transformer.h.0.attn.bias": ("U8", [1, 1, 16, 16]),
    }
    assert shape(model(tmp_path / "m", stored=stored)).source.kind == "weights"


def test_quantized_weights_tell_no_shapes(tmp_path: Path) -> None:
    quantized = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    stored = {"model.norm.weight": ("F32", [8]), "model.x.weight": ("U8", [32, 1])}
    folder = model(tmp_path / "m", {**CONFIG, "quantization_config": quantized}, stored)
    found = shape(folder)
    assert found.exact
    assert found.source == ShapeSource(
        "config",
        "`config.json` in the folder; stored as 4-bit bitsandbytes (fp4), so the weights tell no"
        " shapes",
    )
    config = ModelShapes({}, SHELF).config(str(folder), local=True)
    assert not isinstance(config, NotRead)
    assert str(config.quantization) == "4-bit bitsandbytes (fp4)"


def test_of_an_unknown_architecture_the_headers_alone_are_guessed_from(tmp_path: Path) -> None:
    config = {"model_type": "own", "architectures": ["OwnForCausalLM"], "hidden": 8}
    stored = {
        "model.embed_tokens.weight": ("BF16", [32, 8]),
        **{f"model.layers.{n}.attn.Wqkv.weight": ("BF16", [24, 8]) for n in range(11)},
        **{f"model.layers.{n}.attn.Wqkv.bias": ("BF16", [24]) for n in range(11)},
        "model.layers.0.input_layernorm.weight": ("F32", [8]),
        "lm_head.weight": ("BF16", [32, 8]),
    }
    found = shape(model(tmp_path / "m", config, stored))
    assert not found.exact
    assert found.source.kind == "weights"
    assert found.source.detail.endswith("; the model type `own` is not in the catalogue")
    assert [(g.path, g.count, g.kind, g.role, g.features) for g in found.groups] == [
        ("lm_head", 1, "linear", "head", (8, 32)),
        ("model.embed_tokens", 1, "embedding", "embedding", (32, 8)),
        ("model.layers.{}.attn.Wqkv", 11, "linear", "qkv", (8, 24)),
        ("model.layers.{}.input_layernorm", 1, "norm", "norm", None),
    ]
    assert found.groups[2].at == tuple((n,) for n in range(11))
    assert found.numel == 32 * 8 * 2 + 11 * (24 * 8 + 24) + 8
    assert (found.class_name, found.config["hidden"]) == ("OwnForCausalLM", 8)


def test_a_task_that_the_type_has_no_class_for_is_not_guessed(tmp_path: Path) -> None:
    """Weights say what is stored, not that transformers could train it so."""
    assert asked(model(tmp_path / "m", stored=tensors()), head="masked-lm") == NotRead(
        "`toy` has no class for masked-lm"
    )
    config = {**CONFIG, "auto_map": {"AutoModelForMaskedLM": "x.M"}}
    own = shape(model(tmp_path / "own", config, tensors()), head="masked-lm")
    assert (own.exact, own.head) == (False, "masked-lm")


def test_weights_without_a_configuration_are_guessed_from(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", stored=tensors())
    (folder / "config.json").unlink()
    found = shape(folder)
    assert (found.model_type, found.exact, found.numel) == ("unknown", False, NUMEL)


# Tasks


def test_a_task_has_its_own_class(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    found = shape(folder, head="sequence-classification")
    assert (found.class_name, found.head) == ("ToyForClasses", "sequence-classification")
    assert asked(folder, head="masked-lm") == NotRead("`toy` has no class for masked-lm")


def test_another_task_than_the_stored_one_contradicts_nothing(tmp_path: Path) -> None:
    stored = {**tensors(), "other_head.weight": ("F32", [3, 8])}
    folder = model(tmp_path / "m", stored=stored)
    found = shape(folder, head="sequence-classification")
    assert found.exact
    assert found.source.detail == (
        "`config.json` in the folder; but the weights lack 16 parameters (such as `score.weight`)"
        " and hold 24 more parameters (such as `other_head.weight`)"
    )
    config = {**CONFIG, "architectures": ["ToyForSequenceClassification"]}
    assert not shape(model(tmp_path / "same", config, stored)).exact


@pytest.mark.parametrize(
    ("architectures", "expected"),
    [
        (["ToyForClasses"], "sequence-classification"),
        (["OtherForSequenceClassification"], "sequence-classification"),
        (["ToyModel"], "causal-lm"),
        (["ToyForMaskedLM"], "causal-lm"),
        ([], "causal-lm"),
    ],
)
def test_without_a_task_the_saved_class_counts(
    tmp_path: Path, architectures: list[str], expected: str
) -> None:
    folder = model(tmp_path / "m", {**CONFIG, "architectures": architectures})
    assert shape(folder).head == expected


# Keeping answers


def test_an_answer_is_kept_until_a_file_changes(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", stored=tensors())
    models = ModelShapes({}, SHELF)
    first = models.shape(str(folder), local=True)
    assert models.shape(str(folder), local=True) is first
    model(folder, {**CONFIG, "layers": 3}, tensors(3))
    os.utime(folder / "config.json", (1, 1))
    later = models.shape(str(folder), local=True)
    assert isinstance(later, ModelShape)
    assert (later.numel, later.source.kind) == (NUMEL + 64 + 12 * 64, "weights")


def test_the_reader_answers_from_its_root(tmp_path: Path) -> None:
    model(tmp_path / "m", stored=tensors())
    reader = Reader(tmp_path, models=ModelShapes({}, SHELF))
    found = reader.shape("m", local=True)
    assert isinstance(found, ModelShape)
    assert found.numel == NUMEL
    config = reader.model_config("m", local=True)
    assert not isinstance(config, NotRead)
    assert (config.context_length, config.dtype) == (128, "bfloat16")


def test_stored_tensors_can_be_asked_for_alone(tmp_path: Path) -> None:
    models = ModelShapes({}, SHELF)
    folder = model(tmp_path / "m")
    assert models.weights(str(folder), local=True) == NotRead(
        "no safetensors files of it are on this machine"
    )
    model(folder, stored=tensors())
    found = models.weights(str(folder), local=True)
    assert isinstance(found, Weights)
    assert found.numel == NUMEL
