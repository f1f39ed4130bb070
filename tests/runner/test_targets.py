"""PEFT itself, injected into models without weights, does what `pitchpipe.targets` says."""

from functools import cache
from typing import Any

import pytest
from peft.utils import constants
from peft.utils import transformers_weight_conversion as conversion

from pitchpipe.modules import Head, ModelShape
from pitchpipe.targets import Choice, Method, defaults, rewriting, targets
from support.architectures import Architecture, architecture, build, shape_of
from support.injection import difference, inject

TYPES = [
    "llama", "qwen3", "gemma3_text", "phi3", "gpt2", "gpt_neox", "bloom", "falcon", "ctrl",
    "mixtral", "qwen3_moe", "deepseek_v3", "gpt_oss", "llama4_text", "jamba", "mamba", "falcon_h1",
]  # fmt: skip
OTHERS: list[tuple[str, Head]] = [
    ("t5", "seq2seq-lm"),
    ("bart", "seq2seq-lm"),
    ("bert", "masked-lm"),
    ("modernbert", "masked-lm"),
    ("squeezebert", "masked-lm"),
    ("roberta", "sequence-classification"),
    ("qwen2", "sequence-classification"),
    ("deberta-v2", "token-classification"),
]
ALL = [architecture(name) for name in TYPES] + [architecture(*other) for other in OTHERS]

CHOICES = {
    "all-linear": Choice("all-linear"),
    "attention": Choice("attention"),
    "mlp": Choice("mlp"),
    "names": Choice(("q_proj", "dense", "down_proj", "gate_proj", "up_proj", "query", "wo")),
    "pattern": Choice(r".*\.(layers?|h|block)\.[13]\..*(q|query|c_attn|fc1|wi|Wqkv)(_proj)?"),
    "default": Choice(None),
}


@cache
def shape(wanted: Architecture) -> ModelShape:
    return shape_of(build(wanted, layers=4), wanted.head)


def named(wanted: Architecture) -> str:
    return f"{wanted.model_type}-{wanted.head}"


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("wanted", ALL, ids=named)
def test_peft_adapts_the_same_and_trains_as_many(wanted: Architecture, choice: Choice):
    assert difference(wanted, shape(wanted), choice, layers=4) is None


METHODS = {
    "dora": Method(use_dora=True),
    "biases": Method(bias="all"),
    "own biases": Method(bias="only", lora_bias=True),
    "ranks": Method(rank_pattern={r"layers\.1\..*": 2, "c_attn": 3, "q_proj": 4}),
    "adalora": Method("adalora", r=12),
    "ia3": Method("ia3"),
    "ia3 feedforward": Method("ia3", feedforward_modules=("mlp.c_proj", "down_proj")),
    "ia3 forward alone": Method("ia3", feedforward_modules=()),
    "vera biases": Method("vera", bias="only"),
    "no bias in loha": Method("loha", bias="all"),
    "loha": Method("loha", r=4),
    "lokr": Method("lokr", r=4, decompose_both=True),
    "vera": Method("vera", r=64),
    "oft": Method("oft", oft_block_size=24),
    "oft shared": Method("oft", block_share=True),
    "hra": Method("hra", r=4),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("name", ["llama", "gpt2", "bert", "mixtral"])
def test_every_method_trains_as_many(name: str, method: Method):
    wanted = architecture(name, "masked-lm" if name == "bert" else "causal-lm")
    choice = Choice("attention+mlp")
    assert difference(wanted, shape(wanted), choice, method, layers=4) is None


KEYS = {
    "embeddings": (Choice(("embed_tokens", "wte", "c_proj")), Method(use_dora=True)),
    "norms": (Choice(("input_layernorm", "norm", "ln_f")), Method("ln_tuning")),
    "excluded names": (Choice("all-linear", exclude_modules=("down_proj", "c_fc")), Method()),
    "excluded pattern": (Choice(("c_attn", "q_proj"), exclude_modules=r".*\.[02]\..*"), Method()),
    "all excluded": (
        Choice(("c_attn", "q_proj"), exclude_modules=r".*\.(q_proj|c_attn)"),
        Method(),
    ),
    "saved": (Choice("all-linear", modules_to_save=("lm_head", "wte")), Method(bias="all")),
    "saved layer": (Choice("all-linear", modules_to_save=("layers.1.mlp", "h.1")), Method()),
    "saved list": (Choice(("embed_tokens", "wte"), modules_to_save=("layers", "h")), Method()),
    "layers": (Choice(("q_proj", "c_attn"), layers_to_transform=(1, 3)), Method()),
    "layers by name": (
        Choice(("q_proj", "c_attn"), layers_to_transform=(1,), layers_pattern=("layers",)),
        Method(),
    ),
    "layers and a pattern": (Choice(".*q_proj", layers_to_transform=(1,)), Method()),
    "names of layers and a pattern": (Choice(".*q_proj", layers_pattern=("layers",)), Method()),
    "rotated embeddings": (Choice(("embed_tokens", "wpe")), Method("oft")),
    "holders": (Choice(("self_attn", "attn")), Method()),
    "parameters": (
        Choice(("k_proj",), target_parameters=("q_proj.weight", "c_attn.weight")),
        Method(),
    ),
    "parameter of an adapted module": (
        Choice(("q_proj", "c_attn"), target_parameters=("q_proj.weight", "c_attn.weight")),
        Method(),
    ),
    "flat parameters": (Choice((), target_parameters=("norm.weight", "ln_f.weight")), Method()),
    "parameters with dropout": (
        Choice((), target_parameters=("q_proj.weight", "c_attn.weight")),
        Method(lora_dropout=0.1),
    ),
    "keys of others": (
        Choice(("q_proj", "c_attn"), exclude_modules=("x",), target_parameters=("y",)),
        Method("vera"),
    ),
    "nothing for vera": (Choice(("embed_tokens", "wte")), Method("vera")),
    "no match for vera": (Choice(("query",)), Method("vera")),
    "before and behind": (
        Choice(("q_proj", "down_proj", "c_attn", "mlp.c_proj")),
        Method("ia3", feedforward_modules=("down_proj", "mlp.c_proj")),
    ),
    "layers for ia3": (
        Choice(("q_proj", "c_attn"), layers_to_transform=(1,)),
        Method("ia3", feedforward_modules=()),
    ),
    "parameters for adalora": (
        Choice(("k_proj",), target_parameters=("q_proj.weight", "c_attn.weight")),
        Method("adalora"),
    ),
    "tied together": (
        Choice("all-linear", modules_to_save=("lm_head",), ensure_weight_tying=True),
        Method(),
    ),
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3_text"])
def test_every_key_does_what_peft_does(name: str, keys: tuple[Choice, Method]):
    wanted = architecture(name)
    assert difference(wanted, shape(wanted), *keys, layers=4) is None


def test_a_difference_is_seen():
    """The comparison bites: PEFT's result for one choice is not what is said of another."""
    wanted = architecture("llama")
    said = targets(shape(wanted), Choice(("q_proj",)))
    did = inject(wanted, said, Choice(("q_proj",)), Method(), layers=4)
    assert did.error is None
    assert did.modules == frozenset(said.module_names)
    other = targets(shape(wanted), Choice(("q_proj", "k_proj")))
    assert did.modules < frozenset(other.module_names)
    assert did.trainable < other.trainable


def plain(table: dict[str, Any]) -> dict[str, Any]:
    return {key: v if isinstance(v, str) else tuple(v) for key, v in table.items()}


@pytest.mark.parametrize(
    "method", ["lora", "adalora", "ia3", "loha", "lokr", "vera", "oft", "hra", "ln_tuning"]
)
def test_the_tables_of_defaults_are_the_installed_peft_s(method: Any):
    name = method.upper().replace("_", "")
    theirs = getattr(constants, f"TRANSFORMERS_MODELS_TO_{name}_TARGET_MODULES_MAPPING")
    assert plain(theirs) == dict(defaults.DEFAULTS[method])


def test_the_table_of_ia3_s_feedforward_modules_is_the_installed_peft_s():
    theirs = constants.TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING
    assert plain(theirs) == dict(defaults.FEEDFORWARD)


def test_the_types_that_are_rewritten_are_the_installed_peft_s():
    theirs = vars(conversion)["_MODEL_TO_CONVERSION_PATTERN"]  # transformers' own, and mixtral
    families = conversion._MOE_TARGET_MODULE_MAPPING
    types = {name: family for name, family in theirs.items() if family in families}
    assert {n: f for n, f in types.items() if not n[0].isupper()} == dict(rewriting.FAMILIES)
    assert {f: dict(names) for f, names in rewriting.OLD_NAMES.items()} == families
