"""A model gets the adapters that `pitchpipe.targets` says, and they can be merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from pitchpipe.placing import placement
from pitchpipe.targets import PRESETS, Choice, Targets, targets
from pitchpipe_runner.adapting import adapted, lora_config
from pitchpipe_runner.cataloguing.describe import describe, with_roles
from pitchpipe_runner.failures import RunFailure
from support.plans import changed, plan_of
from support.small_models import small_model
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench, whole

IDS = torch.arange(3, 19)[None]
HYBRIDS = ["jamba", "falcon_h1"]
MODELS = ["llama", "gpt2", "mixtral", "qwen3_moe", *HYBRIDS]
OUT = "model.layers.*.mamba.out_proj"


@pytest.fixture
def plan(tmp_path: Path) -> Any:
    tiny_rows(tmp_path, 8)
    return plan_of(whole("method: {r: 4}", Path("org/model")), tmp_path)


def computed(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(input_ids=IDS, labels=IDS).logits


def check_trained_saved_and_merged(adapting: Any, name: str, said: Targets, folder: Path) -> None:
    """Takes a step, saves the adapter, and merges it into a new copy of the model."""
    assert set(adapting.base_model.targeted_module_names) == set(said.module_names)
    assert set(adapting.base_model.targeted_parameter_names) == set(said.parameter_names)
    torch.manual_seed(0)  # of dropout, where a model has some
    trained = [p for p in adapting.parameters() if p.requires_grad]
    assert sum(p.numel() for p in trained) == said.trainable
    adapting.train()(input_ids=IDS, labels=IDS).loss.backward()
    torch.optim.AdamW(trained, lr=0.01).step()
    there = computed(adapting)
    assert (there - computed(small_model(name))).abs().max() > 1e-3
    adapting.save_pretrained(folder)
    merged = PeftModel.from_pretrained(small_model(name), folder).merge_and_unload(safe_merge=True)
    assert torch.allclose(computed(merged), there, atol=1e-4, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`")
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", MODELS)
def test_a_preset_s_modules_are_trained_saved_and_merged(
    plan: Any, tmp_path: Path, name: str, preset: str
) -> None:
    model = small_model(name)
    said = targets(with_roles(describe(model, "causal-lm")), Choice(preset))
    assert said.module_names or said.parameter_names
    told: list[str] = []
    adapting = adapted(changed(plan, "method", target_modules=preset, r=8), model, told.append)
    assert told == []
    check_trained_saved_and_merged(adapting, name, said, tmp_path / "adapter")


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fits_an_encoder_and_decoder_too(plan: Any, tmp_path: Path, preset: str) -> None:
    model, method = small_model("t5"), changed(plan, "method", target_modules=preset).method
    placed = placement(method, with_roles(describe(model, "seq2seq-lm")))
    stacks = {name.partition(".")[0] for name in placed.targets.module_names}
    assert stacks == {"encoder", "decoder"}
    adapting = get_peft_model(model, lora_config(method, placed, "SEQ_2_SEQ_LM"))
    check_trained_saved_and_merged(adapting, "t5", placed.targets, tmp_path / "adapter")


@pytest.mark.parametrize(
    ("name", "left_out"),
    [("mamba", "backbone.layers.*.mixer.out_proj"), ("falcon_h1", OUT), ("jamba", None)],
)
def test_all_linear_leaves_out_what_no_adapter_can_reach(
    plan: Any, tmp_path: Path, name: str, left_out: str | None
) -> None:
    model, told = small_model(name), list[str]()
    linear = {n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)} - {"lm_head"}
    adapting: Any = adapted(plan, model, told.append)
    found = set(adapting.base_model.targeted_module_names)
    if left_out is None:
        assert (told, found) == ([], linear)
    else:
        (message,) = told
        assert message.startswith(f"`all-linear` leaves out `{left_out}`: Mamba's kernel")
        assert found == {n for n in linear if not n.endswith(".out_proj")}
        assert len(found) < len(linear)
    said = placement(plan.method, with_roles(describe(small_model(name), "causal-lm"))).targets
    check_trained_saved_and_merged(adapting, name, said, tmp_path / "adapter")


NAMES = ("gate_proj", "up_proj", "down_proj")


def test_names_of_single_experts_reach_the_fused_ones_and_that_is_told(plan: Any) -> None:
    told: list[str] = []
    asked = changed(plan, "method", target_modules=NAMES)
    adapting: Any = adapted(asked, small_model("qwen3_moe"), told.append)
    assert set(adapting.base_model.targeted_parameter_names) == {
        f"model.layers.1.mlp.experts.{name}" for name in ("gate_up_proj", "down_proj")
    }
    assert [m.partition(",")[0] for m in told] == [
        "the experts of this model are fused",
        "by that `model.layers.*.mlp.gate_proj`",
    ]


@pytest.mark.parametrize(
    ("name", "chosen", "says"),
    [
        ("mixtral", NAMES, "the model has no module `gate_proj`"),
        ("qwen3_moe", (*NAMES, "w4"), "the model has no module `w4`"),
        ("qwen3_moe", ("q_prj",), "the model has no module `q_prj`; did you mean `q_proj`?"),
        ("qwen3_moe", ("gate_proj",), "PEFT can't place the adapter: "),
        ("mamba", "attention", "`target_modules: attention` matches no module of the model"),
        ("llama", ".*q_prj", "`target_modules: .*q_prj` matches no module of the model"),
        ("mamba", ("in_proj", "out_proj"), "PEFT can't place the adapter: "),
    ],
)
def test_what_can_not_be_adapted_is_blamed_on_its_key(
    plan: Any, name: str, chosen: Any, says: str
) -> None:
    with pytest.raises(RunFailure) as caught:
        adapted(changed(plan, "method", target_modules=chosen), small_model(name))
    assert (caught.value.code, caught.value.path) == (
        "target-modules-not-found",
        "method.target_modules",
    )
    assert caught.value.message.startswith(says)


KEYS: dict[str, tuple[str, dict[str, Any]]] = {
    "names excluded": ("llama", {"exclude_modules": ("down_proj", "layers.0.self_attn.q_proj")}),
    "a pattern excluded": ("llama", {"exclude_modules": r".*\.1\..*"}),
    "more excluded of a mamba": ("falcon_h1", {"exclude_modules": ("q_proj",)}),
    "a pattern excluded of a mamba": ("falcon_h1", {"exclude_modules": r".*\.0\..*"}),
    "excluded of a preset": (
        "gpt2",
        {"target_modules": "attention+mlp", "exclude_modules": ("c_fc",)},
    ),
    "one layer": ("llama", {"target_modules": ("q_proj",), "layers_to_transform": (1,)}),
    "one layer by its list's name": (
        "gpt2",
        {"target_modules": ("c_attn",), "layers_to_transform": (0,), "layers_pattern": ("h",)},
    ),
    "one layer of a preset": (
        "llama",
        {"target_modules": "attention", "layers_to_transform": (0,)},
    ),
    "parameters beside names": (
        "mixtral",
        {"target_modules": ("q_proj",), "target_parameters": ("mlp.experts.down_proj",)},
    ),
    "ranks": ("llama", {"rank_pattern": {"down_proj": 2, r"layers\.0\..*q_proj": 6}}),
}


@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`")
@pytest.mark.parametrize(("name", "keys"), KEYS.values(), ids=KEYS)
def test_every_key_that_chooses_modules_reaches_peft(
    plan: Any, tmp_path: Path, name: str, keys: dict[str, Any]
) -> None:
    asked = changed(plan, "method", **keys)
    shape = with_roles(describe(small_model(name), "causal-lm"))
    said = placement(asked.method, shape).targets
    plain = placement(changed(asked, "method", **dict.fromkeys(keys, ())).method, shape)
    assert said.trainable != plain.targets.trainable
    adapting = adapted(asked, small_model(name))
    check_trained_saved_and_merged(adapting, name, said, tmp_path / "adapter")


def test_ranks_and_alphas_of_single_modules_reach_peft(plan: Any) -> None:
    patterns: dict[str, Any] = {"rank_pattern": {"down_proj": 2}, "alpha_pattern": {"up_proj": 6}}
    model: Any = adapted(changed(plan, "method", **patterns), small_model("llama"))
    mlp = model.base_model.model.model.layers[1].mlp
    alpha = plan.method.lora_alpha
    found = {
        name: (getattr(mlp, name).r["default"], getattr(mlp, name).scaling["default"])
        for name in NAMES
    }
    assert found == {
        "gate_proj": (4, alpha / 4),
        "up_proj": (4, 6 / 4),
        "down_proj": (2, alpha / 2),
    }


def test_what_peft_warns_of_is_told(plan: Any) -> None:
    told: list[str] = []
    asked = changed(plan, "method", exclude_modules=("q_prj",), rank_pattern={"k_prj": 2})
    adapted(asked, small_model("llama"), told.append)
    assert [message.partition("=")[0].partition(" keys")[0] for message in told] == [
        "PEFT: You have passed exclude_modules",
        "PEFT: The following rank_pattern",
    ]


@pytest.fixture(scope="module", params=["qwen3_moe", "falcon_h1"])
def ran(
    request: pytest.FixtureRequest, shared_bench: Benches, chat_model: Path, tmp_path_factory: Any
) -> Workbench:
    """Trained and merged by the runner's stages."""
    folder = tmp_path_factory.mktemp("models") / request.param
    small_model(request.param).save_pretrained(folder)
    AutoTokenizer.from_pretrained(chat_model).save_pretrained(folder)
    tiny_rows(shared_bench.folder, 12)
    training = "training: {max_steps: 1, learning_rate: 0.1, warmup_steps: 0}"
    made = shared_bench(training, folder, run=request.param)
    _ = made.merged
    return made


@pytest.mark.filterwarnings("ignore:The following (rank|alpha)_pattern keys")
def test_the_stages_train_and_merge_what_all_linear_means(ran: Workbench) -> None:
    base = AutoModelForCausalLM.from_pretrained(ran.plan.model.name_or_path)
    said = placement(ran.plan.method, with_roles(describe(base, "causal-lm")))
    with_adapter = PeftModel.from_pretrained(base, ran.trained.folder / "adapter")
    there = computed(with_adapter)
    merged = AutoModelForCausalLM.from_pretrained(ran.merged.folder / "model")
    assert torch.allclose(computed(merged), there, atol=1e-4, rtol=1e-4)
    with with_adapter.disable_adapter():
        assert (computed(with_adapter) - there).abs().max() > 1e-3
    assert ran.trained.facts["trainable"] == said.targets.trainable
    told = [e["message"] for e in ran.said("log")]
    assert any("leaves out" in message for message in told) == bool(said.left_out)
    assert any("are fused" in message for message in told) == (said.targets.rewriting is not None)
