"""Axolotl's files, read as workflows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pitchpipe.analyse import Analysis
from pitchpipe.ide.changes import applied
from support.analysis import analysis, lines_of, value
from support.facts import WORLD

HEAD = """\
# pitchpipe: axolotl
base_model: models/tiny
learning_rate: 0.0002
"""
DATA = "datasets:\n  - path: org/texts\n    type: completion\n"
ALPACA = {"instruction": "Add", "input": "1 and 1", "output": "2"}
FACTS = replace(
    WORLD,
    files={
        **WORLD.files,
        "data/alpaca.jsonl": [ALPACA] * 3,
        "data/short.jsonl": [{"instruction": "Greet", "output": "Hello"}],
        "folder/rows.jsonl": [ALPACA],
    },
)


def read(more: str = "", data: str = DATA) -> Analysis:
    return analysis(HEAD + data + more, FACTS)


def said(more: str = "", data: str = DATA) -> list[str]:
    text = HEAD + data + more
    return [line.partition(": ")[2] for line in lines_of(read(more, data).findings, text)]


def of(code: str, more: str = "", data: str = DATA) -> list[str]:
    return [f.message for f in read(more, data).findings if f.code == code]


def sources(data: str, which: str = "train", more: str = "") -> list[dict[str, Any]]:
    laid: Any = read(more, data).context.reading.data
    return laid["data"].get(which, [])


DEFAULTS = [
    ("method.type", "full"),
    ("training.per_device_train_batch_size", 1),
    ("training.gradient_accumulation_steps", 1),
    ("training.num_train_epochs", 1.0),
    ("training.lr_scheduler_type", "cosine"),
    ("training.warmup_steps", 0.03),
    ("training.optim", "adamw_torch_fused"),
    ("training.weight_decay", 0.0),
    ("training.eval_strategy", "no"),
    ("training.save_strategy", "epoch"),
    ("training.save_total_limit", 4),
    ("training.seed", 42),
    ("training.gradient_checkpointing", False),
    ("data.max_length", 512),
    ("data.packing", False),
    ("data.val_size", 0),
    ("data.loss_on", "completion"),
    ("output_dir", "./model-out"),
]


@pytest.mark.parametrize(("path", "expected"), DEFAULTS)
def test_what_axolotl_takes_where_a_file_is_silent(path: str, expected: object) -> None:
    assert value(read(), path) == expected


LOWERED = [
    ("adapter: lora", "method.type", "lora"),
    ("adapter: qlora\nload_in_4bit: true", "method.type", "qlora"),
    ("adapter: qlora\nload_in_4bit: true", "method.bits", 4),
    ("adapter: lora\nload_in_8bit: true", "method.bits", 8),
    (
        "adapter: qlora\nload_in_4bit: true\nbnb_config_kwargs: {bnb_4bit_quant_type: fp4}",
        "method.bnb_4bit_quant_type",
        "fp4",
    ),
    ("adapter: lora\nlora_r: 8", "method.r", 8),
    ("adapter: lora\nlora_target_linear: true", "method.target_modules", "all-linear"),
    (
        "adapter: lora\nlora_target_modules: [q_proj]\nlora_target_linear: true",
        "method.target_modules",
        "all-linear",
    ),
    ("adapter: lora\nlora_target_modules: [q_proj]", "method.target_modules", ("q_proj",)),
    ("adapter: lora\nlora_target_parameters: a.b", "method.target_parameters", ("a.b",)),
    ("adapter: lora\nlora_modules_to_save: [lm_head]", "method.modules_to_save", ("lm_head",)),
    ("adapter: lora\npeft_layers_to_transform: [0, 1]", "method.layers_to_transform", (0, 1)),
    ("adapter: lora\npeft_use_dora: true", "method.use_dora", True),
    ("adapter: lora\npeft_use_rslora: true", "method.use_rslora", True),
    ("bf16: true", "model.dtype", "bfloat16"),
    ("bf16: true", "training.bf16", False),
    ("bf16: true\nadapter: lora", "training.bf16", None),
    ("tf32: true", "training.tf32", True),
    ("tf32: auto", "training.tf32", None),
    ("neftune_noise_alpha: 5", "training.neftune_noise_alpha", 5.0),
    ("noisy_embedding_alpha: 5", "training.neftune_noise_alpha", 5.0),
    ("group_by_length: true", "training.train_sampling_strategy", "group_by_length"),
    ("curriculum_sampling: true", "training.train_sampling_strategy", "sequential"),
    ("bf16: auto", "model.dtype", "auto"),
    ("bf16: false", "model.dtype", "float32"),
    ("bf16: false\nfp16: true", "model.dtype", "float16"),
    ("float16: true", "model.dtype", "float16"),
    ("attn_implementation: eager", "model.attn_implementation", "eager"),
    ("attn_implementation: flash_attention_3", "model.attn_implementation", "flash_attention_2"),
    ("attn_implementation: xformers", "model.attn_implementation", "sdpa"),
    ("attn_implementation: kernels-community/flash-attn3", "model.attn_implementation",
     "flash_attention_2"),
    ("flash_attention: true", "model.attn_implementation", "flash_attention_2"),
    ("sdp_attention: true", "model.attn_implementation", "sdpa"),
    ("gradient_checkpointing: offload", "training.gradient_checkpointing", True),
    ("gradient_checkpointing: unsloth", "training.gradient_checkpointing", True),
    ("micro_batch_size: 4", "training.per_device_eval_batch_size", 4),
    ("micro_batch_size: 4\neval_batch_size: 2", "training.per_device_eval_batch_size", 2),
    ("micro_batch_size: 4\nbatch_size: 32", "training.gradient_accumulation_steps", 8),
    ("warmup_steps: 10", "training.warmup_steps", 10),
    ("warmup_ratio: 0.1", "training.warmup_steps", 0.1),
    ("val_set_size: 0.05\neval_steps: 20", "training.eval_strategy", "steps"),
    ("val_set_size: 0.05\neval_steps: 20", "training.eval_steps", 20),
    ("val_set_size: 0.05\nmax_steps: 100\neval_steps: 0.25", "training.eval_steps", 25),
    ("val_set_size: 0.05\neval_steps: 0.25", "training.eval_strategy", "epoch"),
    ("val_set_size: 0.05\nevals_per_epoch: 1", "training.eval_strategy", "epoch"),
    ("val_set_size: 0.05\nevals_per_epoch: 0", "training.eval_strategy", "no"),
    ("val_set_size: 0.05\neval_strategy: epoch", "training.eval_strategy", "epoch"),
    ("val_set_size: 0.05\nevaluation_strategy: epoch", "training.eval_strategy", "epoch"),
    ("val_set_size: 0.05", "training.eval_strategy", "no"),
    ("val_set_size: 0.05", "data.val_size", 0.05),
    ("save_steps: 50", "training.save_strategy", "steps"),
    ("save_steps: 50", "training.save_steps", 50),
    ("saves_per_epoch: 4", "training.save_strategy", "epoch"),
    ("save_strategy: no", "training.save_strategy", "no"),
    ("optimizer: adamw_8bit", "training.optim", "adamw_bnb_8bit"),
    ("optimizer: adamw_hf", "training.optim", "adamw_torch"),
    ("optimizer: adamw_anyprecision", "training.optim", "adamw_torch"),
    ("optim_args: {decay: 0.1, bias: 2}", "training.optim_args", "decay=0.1,bias=2"),
    ("use_wandb: true", "training.report_to", ("wandb",)),
    ("wandb_project: notes", "training.report_to", ("wandb",)),
    ("wandb_project: notes\nuse_wandb: false", "training.report_to", "none"),
    ("wandb_name: first", "training.run_name", "first"),
    ("metric_for_best_model: eval_loss", "training.metric_for_best_model", "loss"),
    ("sequence_len: 4096", "data.max_length", 4096),
    ("excess_length_strategy: raise", "data.over_length", "drop"),
    ("sample_packing: true", "data.packing", True),
    ("train_on_inputs: true", "data.loss_on", "all"),
    ("default_system_message: Be kind", "data.system_prompt", "Be kind"),
    ("model_revision: v2", "model.revision", "v2"),
    ("revision_of_model: v2", "model.revision", "v2"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "path", "expected"), LOWERED)
def test_keys_mean_what_they_mean_there(more: str, path: str, expected: object) -> None:
    assert value(read(more), path) == expected


YAML11 = [
    ("sequence_len: 4_096", "data.max_length", 4096),
    ("sample_packing: yes", "data.packing", True),
    ("adapter: lora\npeft_use_dora: off", "method.use_dora", False),
    ('lora_r: "8"\nadapter: lora', "method.r", 8),
    ('sample_packing: "true"', "data.packing", True),
    ("max_steps: 010", "training.max_steps", 8),
    ("weight_decay: 1e-2", "training.weight_decay", 0.01),
]


@pytest.mark.parametrize(("more", "path", "expected"), YAML11)
def test_values_are_those_that_pyyaml_and_pydantic_make(
    more: str, path: str, expected: object
) -> None:
    found = read(more)
    assert value(found, path) == expected
    assert not [f for f in found.findings if f.code in {"wrong-type", "yaml11-float"}]


def test_a_rate_in_quotes_is_a_number() -> None:
    text = HEAD.replace("0.0002", '"2e-5"') + DATA
    assert value(analysis(text, FACTS), "training.learning_rate") == 2e-5


def a_set(*lines: str) -> str:
    first, *others = lines
    return "datasets:\n" + f"  - {first}\n" + "".join(f"    {line}\n" for line in others)


SOURCES = [
    (
        a_set("path: org/chats", "type: chat_template"),
        {"dataset_name": "org/chats", "format": "messages"},
    ),
    (
        a_set("path: org/chats", "type: chat_template", "field_messages: talk", "name: small"),
        {
            "dataset_name": "org/chats",
            "dataset_config": "small",
            "format": "messages",
            "columns": {"messages": "talk"},
        },
    ),
    (
        a_set("path: org/texts", "type: completion", "field: body", "split: train[:10%]"),
        {
            "dataset_name": "org/texts",
            "split": "train[:10%]",
            "format": "text",
            "columns": {"text": "body"},
        },
    ),
    (
        a_set("path: data/alpaca.jsonl", "type: alpaca"),
        {
            "path": "data/alpaca.jsonl",
            "format": "prompt-completion",
            "columns": {"completion": "output"},
        },
    ),
    (
        a_set("path: json", "type: completion", "data_files: data/texts.txt"),
        {"path": "data/texts.txt", "format": "text"},
    ),
    (
        a_set("path: org/qa", "type: alpaca_chat.load_qa"),
        {
            "dataset_name": "org/qa",
            "format": "prompt-completion",
            "columns": {"completion": "answer"},
        },
    ),
]


@pytest.mark.parametrize(("data", "expected"), SOURCES)
def test_data_sets_become_sources(data: str, expected: object) -> None:
    assert sources(data) == [expected]


def test_several_files_and_configurations_are_several_sources() -> None:
    files = a_set("path: json", "type: completion", "data_files: [a.jsonl, b.jsonl]")
    assert [s["path"] for s in sources(files)] == ["a.jsonl", "b.jsonl"]
    names = a_set("path: org/texts", "type: completion", "name: [one, two]")
    assert [s["dataset_config"] for s in sources(names)] == ["one", "two"]


def test_data_to_evaluate_on_is_a_list_of_its_own() -> None:
    tests = "test_datasets:\n  - path: org/held\n    type: completion\n    split: test\n"
    (source,) = sources(DATA, "eval", tests)
    assert (source["dataset_name"], source["split"]) == ("org/held", "test")
    assert value(read(tests + "eval_steps: 10\n"), "training.eval_strategy") == "steps"


def test_a_missing_file_is_missed_where_it_is_named() -> None:
    data = a_set("path: data/alpacca.jsonl", "type: alpaca")
    (line,) = [line for line in said(data=data) if "data-file-not-found" in line]
    assert "`data/alpacca.jsonl`" in line
    (finding,) = [f for f in read(data=data).findings if f.code == "data-file-not-found"]
    assert finding.path == "datasets[0].path"


PROMPTS = [
    (
        a_set("path: org/a", "type: alpaca"),
        "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
    ),
    (a_set("path: data/short.jsonl", "type: alpaca"), "{instruction}\n\n### Response:\n"),
    (a_set("path: org/a", "type: 'alpaca:chat'"), "USER: {instruction}\n{input}\nASSISTANT:"),
    (a_set("path: org/a", "type: alpaca_chat.load_qa"), "USER: {question}\nASSISTANT:"),
    (
        a_set(
            "path: org/a",
            "type:",
            "  system_prompt: Be {kind}",
            "  field_instruction: ask",
            "  format: '[{instruction}] {input}'",
        ),
        "Be {{kind}}[{ask}] {input}",
    ),
]


@pytest.mark.parametrize(("data", "end"), PROMPTS)
def test_rows_are_written_as_axolotl_writes_them(data: str, end: str) -> None:
    found = read(data=data)
    assert value(found, "data.prompt_template").endswith(end)
    assert value(found, "data.chat_template") == "none"


def test_conversations_are_learnt_where_the_assistant_speaks() -> None:
    data = a_set("path: org/chats", "type: chat_template")
    assert value(read(data=data), "data.loss_on") == "assistant"
    all_roles = a_set("path: org/chats", "type: chat_template", "roles_to_train: [user, assistant]")
    assert value(read(data=all_roles), "data.loss_on") == "all"


STOPPED = [
    (a_set("path: org/a", "type: input_output"), "`input_output`: rows of labelled segments"),
    (a_set("path: org/a", "type: jeopardy"), "`jeopardy`: prompts of this type"),
    (a_set("path: org/a", "type: chatml.intel"), "preferences are not learnt here"),
    (
        a_set(
            "path: org/a",
            "type: chat_template",
            "message_property_mappings: {role: from, content: value}",
        ),
        "messages with `from` and `value` can't be read here",
    ),
    (
        a_set("path: org/a", "type: chat_template", "roles: {user: [human], assistant: [gpt]}"),
        "roles keep their names here",
    ),
    (a_set("path: s3://a/b.jsonl", "type: completion"), "`s3://a/b.jsonl`: data from the net"),
    (a_set("path: folder", "type: completion"), "`folder`: folders of data"),
    (
        a_set("path: org/a", "type: alpaca") + "  - path: org/b\n    type: 'alpaca:chat'\n",
        "the rows of all data sets are written in one way here",
    ),
    (
        a_set("path: org/a", "type: alpaca") + "  - path: org/b\n    type: chat_template\n",
        "conversations and prompts of one's own can't be mixed here",
    ),
    (DATA + "adapter: ia3\n", "adapters of the kind `ia3`"),
    (DATA + "rl: dpo\n", "`rl`: preferences and rewards"),
    (DATA + "processor_type: AutoProcessor\n", "`processor_type`: only text"),
    (
        DATA + "model_type: AutoModelForSequenceClassification\n",
        "`AutoModelForSequenceClassification`: only",
    ),
    (DATA + "tokens: [<a>]\n", "`tokens`: new tokens"),
    ("pretraining_dataset: org/texts\nmax_steps: 10\n", "`pretraining_dataset`: data is not"),
    (DATA + "optimizer: muon\n", "`optimizer`: Pitchpipe can't do the string `muon`"),
]


@pytest.mark.parametrize(("data", "beginning"), STOPPED)
def test_what_the_runner_cannot_is_told_and_no_error(data: str, beginning: str) -> None:
    found = read(data=data)
    assert not found.has_errors, said(data=data)
    assert not found.can_run
    assert any(m.startswith(beginning) for m in of("runner-cannot", data=data))


LOST = [
    ("deepspeed: zero2.json", "`deepspeed`: one process trains here, without DeepSpeed"),
    ("lora_r: 8\nadapter: lora\nloraplus_lr_ratio: 16", "`loraplus_lr_ratio`: both halves"),
    ("val_set_size: 0.1\nevals_per_epoch: 4", "`evals_per_epoch`: the model is evaluated in every"),
    ("val_set_size: 200", "`val_set_size`: a tenth of the rows is held out, not 200 rows"),
    ("save_steps: 0.25", "`save_steps`: a checkpoint is saved in every epoch, not 0.25 of the"),
    ("attn_implementation: sage", "`sage`: attention is computed exactly"),
    ("optimizer: adamw_anyprecision", "`adamw_anyprecision`: the optimizer keeps"),
    ("plugins: [my.own.Plugin]", "`my.own.Plugin`: plugins of Axolotl aren't loaded here"),
    ("plugins: [axolotl.integrations.densemixer.DenseMixerPlugin]", "`densemixer`: what this"),
    ("tokenizer_config: org/tokenizer", "`tokenizer_config`: the tokenizer of `base_model`"),
    ("special_tokens: {eos_token: <end>}", "`eos_token`: the tokenizer's own token stays"),
]


@pytest.mark.parametrize(("more", "beginning"), LOST)
def test_what_is_lost_is_told(more: str, beginning: str) -> None:
    found = of("not-carried-over", more)
    assert any(message.startswith(beginning) for message in found), found


HARMLESS = [
    "lora_mlp_kernel: true\nlora_qkv_kernel: true",
    "plugins: [axolotl.integrations.liger.LigerPlugin]\nliger_rope: true",
    "tokenizer_config: models/tiny",
    "special_tokens: {pad_token: <pad>}",
    "chat_template: llama3",
    "deepspeed:\nfsdp_config:",
    "eval_strategy: epoch",
    "wandb_project:\nwandb_entity:",
]


@pytest.mark.parametrize("more", HARMLESS)
def test_what_changes_nothing_is_passed_over(more: str) -> None:
    assert of("not-carried-over", more) == []


@pytest.mark.parametrize("name", ["tokenizer_default", "tokenizer_default_fallback_chatml"])
def test_the_tokenizers_own_template_is_no_loss(name: str) -> None:
    data = a_set("path: org/chats", "type: chat_template")
    assert of("not-carried-over", f"chat_template: {name}\n", data) == []
    assert of("not-carried-over", "chat_template: chatml\n", data) == [
        "`chat_template`: the tokenizer's own chat template is used"
    ]


REFUSED = [
    ("val_set_size: 0\neval_steps: 5", "`eval_steps` is refused by Axolotl where `val_set_size`"),
    (
        "val_set_size: 0.1\ntest_datasets: [{path: a, type: completion}]",
        "`val_set_size` and `test_datasets`",
    ),
    ("micro_batch_size: 1\nbatch_size: 8\ngradient_accumulation_steps: 2", "`batch_size` and"),
    ("batch_size: 8", "`batch_size` alone is refused by Axolotl"),
    ("warmup_steps: 5\nwarmup_ratio: 0.1", "`warmup_ratio` and `warmup_steps`"),
    ("save_strategy: epoch\nsave_steps: 5", "`save_steps` wants `save_strategy: steps`"),
    ("saves_per_epoch: 1\nsave_steps: 5", "`saves_per_epoch` and `save_steps`"),
    (
        "val_set_size: 0.1\nevals_per_epoch: 1\neval_strategy: epoch",
        "`evals_per_epoch` wants `eval_strategy: steps`",
    ),
    ("save_strategy: best", "`save_strategy: best` wants a `metric_for_best_model`"),
    ("early_stopping_patience: 2", "`early_stopping_patience` wants `save_steps`"),
    (
        "val_set_size: 0.1\nearly_stopping_patience: 2\nsave_steps: 5\neval_steps: 2",
        "`early_stopping_patience` wants `save_steps` to be a multiple",
    ),
    ("adapter: qlora", "`adapter: qlora` wants `load_in_4bit: true`"),
    ("adapter: qlora\nload_in_8bit: true", "`adapter: qlora` has 4 bits"),
    ("load_in_4bit: true", "`load_in_4bit` wants an `adapter`"),
    (
        "adapter: lora\nlora_target_parameters: [a]\nlora_dropout: 0.1",
        "`lora_target_parameters` wants `lora_dropout: 0`",
    ),
    ("adapter: lora\nlora_target_modules: ['(']", "`(` is no valid regular expression"),
    ("peft_layers_pattern: [layers]", "`peft_layers_pattern` wants `peft_layers_to_transform`"),
    (
        "lora_qkv_kernel: true\ntrust_remote_code: true",
        "`lora_qkv_kernel` is refused by Axolotl with `trust_remote_code`",
    ),
    ("cut_cross_entropy: true\nliger_cross_entropy: true", "`liger_cross_entropy` and"),
    ("rl: dpo\nsample_packing: true", "`sample_packing` is refused by Axolotl with `rl`"),
    ("rl: kto", "`rl: kto` wants `remove_unused_columns: false`"),
    (
        "rl: grpo\ntrl: {num_generations: 3}\nmicro_batch_size: 2",
        "GRPO wants `micro_batch_size` × `gradient_accumulation_steps`",
    ),
    ("deepspeed: a.json\nfsdp: [full_shard]", "`fsdp` and `deepspeed`"),
    ("attn_implementation: flash", "Axolotl knows no attention `flash`; did you mean"),
    ("activation_offloading: true", "`activation_offloading` wants `gradient_checkpointing`"),
    ("neftune_noise_alpha: -1", "`neftune_noise_alpha` must be greater than 0"),
    ("chat_template: jinja", "`chat_template: jinja` wants a `chat_template_jinja`"),
    ("optimizer: adamw_8bit\nfsdp_version: 2\nfsdp_config: {offload_params: false}", "FSDP 2"),
]


@pytest.mark.parametrize(("more", "beginning"), REFUSED)
def test_what_axolotl_refuses_is_an_error(more: str, beginning: str) -> None:
    found = of("refused-by-tool", more)
    assert any(message.startswith(beginning) for message in found), found


MENDED = [
    ("warmup_steps: 5\nwarmup_ratio: 0.1\n", "warmup_steps: 5\n"),
    ("load_in_4bit: true\n", "load_in_4bit: false\n"),
    ("attn_implementation: flash\n", "attn_implementation: flash_attention_2\n"),
    ("flash_attention: true\n", "attn_implementation: flash_attention_2\n"),
    ("evaluation_strategy: epoch\n", "eval_strategy: epoch\n"),
    ("relora_steps: 5\n", "jagged_restart_steps: 5\n"),
]


@pytest.mark.parametrize(("more", "mended"), MENDED)
def test_fixes_mend_the_users_own_text(more: str, mended: str) -> None:
    codes = {"refused-by-tool", "deprecated-key"}
    found = [f for f in read(more).findings if f.code in codes and f.fix]
    assert found[0].fix is not None
    assert applied(HEAD + DATA + more, found[0].fix.edits) == HEAD + DATA + mended


def test_sharegpt_becomes_a_chat_template() -> None:
    data = a_set("path: org/chats", "type: sharegpt")
    (finding,) = [f for f in read(data=data).findings if f.code == "runner-cannot"]
    assert finding.fix is not None
    assert applied(HEAD + data, finding.fix.edits) == HEAD + a_set(
        "path: org/chats",
        "type: chat_template",
        "field_messages: conversations",
        "message_property_mappings: {role: from, content: value}",
    )


OLD = [
    ("gptq_groupsize: 128", "`gptq_groupsize` is passed over by newer versions of Axolotl"),
    ("rope_scaling: {type: linear}", "`rope_scaling` is refused by newer versions"),
    ("tokens: {bos_token: <s>}", "a mapping of `tokens` is called `special_tokens` now"),
    ("dataset_processes: 4", "`dataset_processes` is called `dataset_num_proc` now"),
    ("fsdp_config: {fsdp_offload_params: true}", "`fsdp_offload_params` is called"),
]


@pytest.mark.parametrize(("more", "beginning"), OLD)
def test_old_keys_are_known_as_such(more: str, beginning: str) -> None:
    found = of("deprecated-key", more)
    assert any(message.startswith(beginning) for message in found), found
    assert of("ignored-key", more) == []


TYPOS = [
    ("context_parapllel_size: 2", "context_parallel_size"),
    ("adam_eps: 1.0e-8", "adam_epsilon"),
    ("num_train_epochs: 2", "num_epochs"),
    ("fsdp_config: {offload_parms: true}", "offload_params"),
    ("trl: {num_generation: 4}", "num_generations"),
]


@pytest.mark.parametrize(("more", "meant"), TYPOS)
def test_misspelt_keys_are_found_out(more: str, meant: str) -> None:
    (message,) = of("ignored-key", more)
    assert message.endswith(f"did you mean `{meant}`?")


def test_a_file_without_data_lacks_them() -> None:
    assert any(line.startswith("error[missing-required]") for line in said(data=""))


def test_no_comment_makes_the_runner_do_what_it_cannot() -> None:
    found = read("rl: dpo  # pitchpipe: ignore[runner-cannot]\n")
    assert [f for f in found.findings if f.code == "runner-cannot"] == []
    assert not found.can_run


def test_paths_lead_both_ways() -> None:
    reading = read("adapter: lora\nlora_r: 8\n").context.reading
    assert reading.native(("lora_r",)) == ("method", "r")
    assert reading.own(("data", "val_size")) == ("val_set_size",)
    assert reading.own(("data", "train", 0, "dataset_name")) == ("datasets", 0, "path")
