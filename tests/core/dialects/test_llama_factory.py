"""LLaMA-Factory's files, read as workflows together with `dataset_info.json`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pitchpipe.analyse import Analysis
from pitchpipe.dialects.recognise import dialect_of
from pitchpipe.ide.changes import applied
from pitchpipe.not_yet import NotYet
from support.analysis import analysis, lines_of, value
from support.facts import WORLD, World

HEAD = """\
# pitchpipe: llama-factory
model_name_or_path: models/tiny
stage: sft
do_train: true
template: llama3
"""
DATA = "dataset: sums\n"
ALPACA = {"instruction": "Add", "input": "1 and 1", "output": "2"}
CHATS = [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}]
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
}
INFO: dict[str, dict[str, Any]] = {
    "sums": {"file_name": "sums.json"},
    "short": {"file_name": "short.json"},
    "pairs": {"file_name": "pairs.json", "columns": {"prompt": "ask", "response": "say"}},
    "chats": {
        "file_name": "chats.json",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": TAGS,
    },
    "talks": {"file_name": "talks.json", "formatting": "sharegpt"},
    "far": {"hf_hub_url": "org/far", "subset": "small", "split": "validation"},
    "elsewhere": {"ms_hub_url": "org/elsewhere"},
    "better": {"file_name": "better.json", "ranking": True},
    "pictures": {"hf_hub_url": "org/pictures", "columns": {"images": "images"}},
    "gone": {"file_name": "gone.json"},
    "scripted": {"script_url": "load.py"},
}
FACTS = replace(
    WORLD,
    files={
        **WORLD.files,
        "data/sums.json": [ALPACA] * 3,
        "data/short.json": [{"instruction": "Greet", "output": "Hello"}],
        "data/pairs.json": [{"ask": "2", "say": "3"}],
        "data/chats.json": CHATS,
        "data/better.json": [{"instruction": "a", "input": "", "chosen": "b", "rejected": "c"}],
        "data/talks.json": [{"conversations": [{"from": "human", "value": "Hi"}]}],
    },
    objects={"data/dataset_info.json": INFO},
)


def read(more: str = "", data: str = DATA, facts: World = FACTS) -> Analysis:
    return analysis(HEAD + data + more, facts)


def said(more: str = "", data: str = DATA, facts: World = FACTS) -> list[str]:
    text = HEAD + data + more
    return [line.partition(": ")[2] for line in lines_of(read(more, data, facts).findings, text)]


def of(code: str, more: str = "", data: str = DATA) -> list[str]:
    return [f.message for f in read(more, data).findings if f.code == code]


def sources(data: str, more: str = "", which: str = "train") -> list[dict[str, Any]]:
    laid: Any = read(more, data).context.reading.data
    return laid.get("data", {}).get(which, [])


DEFAULTS = [
    ("method.type", "lora"),
    ("method.r", 8),
    ("method.lora_alpha", 16),
    ("method.target_modules", "all-linear"),
    ("training.learning_rate", 5e-5),
    ("training.per_device_train_batch_size", 8),
    ("training.num_train_epochs", 3.0),
    ("training.lr_scheduler_type", "linear"),
    ("training.warmup_steps", 0),
    ("training.optim", "adamw_torch"),
    ("training.eval_strategy", "no"),
    ("training.save_strategy", "steps"),
    ("training.save_steps", 500),
    ("training.gradient_checkpointing", True),
    ("data.max_length", 2048),
    ("data.packing", False),
    ("data.val_size", 0),
    ("data.loss_on", "completion"),
]


@pytest.mark.parametrize(("path", "expected"), DEFAULTS)
def test_what_the_tool_takes_where_a_file_is_silent(path: str, expected: object) -> None:
    assert value(read(), path) == expected


LOWERED = [
    ("finetuning_type: full", "method.type", "full"),
    ("quantization_bit: 4", "method.type", "qlora"),
    ("quantization_bit: 8", "method.bits", 8),
    ("quantization_bit: 4\nquantization_type: fp4", "method.bnb_4bit_quant_type", "fp4"),
    ("lora_rank: 32", "method.lora_alpha", 64),
    ("lora_rank: 32\nlora_alpha: 8", "method.lora_alpha", 8),
    ("lora_target: all", "method.target_modules", "all-linear"),
    ("lora_target: q_proj, v_proj", "method.target_modules", ("q_proj", "v_proj")),
    ("lora_target: [q_proj]", "method.target_modules", ("q_proj",)),
    ("additional_target: embed_tokens,lm_head", "method.modules_to_save",
     ("embed_tokens", "lm_head")),
    ("use_dora: true", "method.use_dora", True),
    ("bf16: true", "model.dtype", "bfloat16"),
    ("pure_bf16: true", "model.dtype", "bfloat16"),
    ("fp16: true", "model.dtype", "float16"),
    ("flash_attn: fa2", "model.attn_implementation", "flash_attention_2"),
    ("flash_attn: disabled", "model.attn_implementation", "eager"),
    ("flash_attn: auto", "model.attn_implementation", "sdpa"),
    ("learning_rate: 1.0e-4", "training.learning_rate", 1e-4),
    ("learning_rate: 1e-4", "training.learning_rate", 1e-4),
    ('learning_rate: "1e-4"', "training.learning_rate", 1e-4),
    ("warmup_ratio: 0.1", "training.warmup_steps", 0.1),
    ("warmup_ratio: 0.1\nwarmup_steps: 20", "training.warmup_steps", 20),
    ("val_size: 0.1\neval_strategy: steps\neval_steps: 50", "training.eval_steps", 50),
    ("val_size: 0.1\neval_strategy: steps\nlogging_steps: 10", "training.eval_steps", 10),
    ("val_size: 0.1\nevaluation_strategy: epoch", "training.eval_strategy", "epoch"),
    ("eval_strategy: no", "training.eval_strategy", "no"),
    ("save_steps: 0.5\nmax_steps: 10", "training.save_steps", 5),
    ("logging_steps: 10", "training.logging_steps", 10),
    ("optim: paged_adamw", "training.optim", "paged_adamw_32bit"),
    ("metric_for_best_model: eval_loss", "training.metric_for_best_model", "loss"),
    ("early_stopping_steps: 3", "training.early_stopping_patience", 3),
    ("disable_gradient_checkpointing: true", "training.gradient_checkpointing", False),
    ("cutoff_len: 512", "data.max_length", 512),
    ("packing: true", "data.packing", True),
    ("neat_packing: true", "data.packing", True),
    ("val_size: 0.1", "data.val_size", 0.1),
    ("train_on_prompt: true", "data.loss_on", "all"),
    ("mask_history: true", "data.loss_on", "completion"),
    ("default_system: Be kind", "data.system_prompt", "Be kind"),
    ("disable_shuffling: true", "training.train_sampling_strategy", "sequential"),
    ("group_by_length: true", "training.train_sampling_strategy", "group_by_length"),
    ("label_smoothing_factor: 0.1", "training.label_smoothing_factor", 0.1),
    ("pure_bf16: true", "training.bf16", False),
    ("report_to: [wandb]", "training.report_to", ("wandb",)),
    ("output_dir: saves/a", "output_dir", "saves/a"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "path", "expected"), LOWERED)
def test_keys_mean_what_they_mean_there(more: str, path: str, expected: object) -> None:
    assert value(read(more), path) == expected


def prompts(path: str, completion: str = "output") -> dict[str, Any]:
    return {"path": path, "format": "prompt-completion", "columns": {"completion": completion}}


SOURCES = [
    ("dataset: sums", [prompts("data/sums.json")]),
    ("dataset: pairs", [prompts("data/pairs.json", "say")]),
    ("dataset: sums, sums", [prompts("data/sums.json")] * 2),
    ("dataset: [sums]", [prompts("data/sums.json")]),
    ("dataset: sums\nmax_samples: 2", [prompts("data/sums.json") | {"split": "train[:2]"}]),
    (
        "dataset: chats",
        [
            {
                "path": "data/chats.json",
                "format": "messages",
                "columns": {"messages": "messages"},
            }
        ],
    ),
    (
        "dataset: far\nmax_samples: 9",
        [
            {
                "dataset_name": "org/far",
                "dataset_config": "small",
                "split": "validation[:9]",
                "format": "prompt-completion",
                "columns": {"completion": "output"},
            }
        ],
    ),
    ("dataset: org/texts\ndataset_dir: ONLINE", [{"dataset_name": "org/texts"}]),
]


@pytest.mark.parametrize(("data", "expected"), SOURCES)
def test_data_sets_are_what_the_other_file_says(data: str, expected: object) -> None:
    assert sources(data + "\n") == expected


def test_data_to_evaluate_on_is_a_list_of_its_own() -> None:
    (source,) = sources(DATA, "eval_dataset: sums\n", "eval")
    assert source["path"] == "data/sums.json"


def test_prompts_hold_what_rows_have() -> None:
    assert value(read(), "data.prompt_template") == "{instruction}\n{input}"
    assert any("has no column `input`" in line for line in said(data="dataset: short\n"))
    assert value(read(data="dataset: pairs\n"), "data.prompt_template") == "{ask}"


def test_pretraining_learns_all_of_a_column() -> None:
    found = read("stage: pt\n".replace("stage", "packing").replace("pt", "true"))
    assert value(found, "data.packing") is True
    text = HEAD.replace("stage: sft", "stage: pt") + DATA
    laid: Any = analysis(text, FACTS).context.reading.data
    assert laid["data"]["train"][0]["format"] == "text"
    assert value(analysis(text, FACTS), "data.packing") is True


def test_conversations_are_learnt_where_the_assistant_speaks() -> None:
    assert value(read(data="dataset: chats\n"), "data.loss_on") == "assistant"


UNDEFINED = [
    (
        "dataset: smus",
        "`data/dataset_info.json` describes no data set `smus`; did you mean `sums`?",
    ),
    ("dataset: sums, qqq", "`data/dataset_info.json` describes no data set `qqq`"),
    ("dataset: sums\neval_dataset: chat", "`data/dataset_info.json` describes no data set `chat`"),
    ("dataset: better", "`better` has better and worse answers, so LLaMA-Factory refuses it"),
]


@pytest.mark.parametrize(("data", "beginning"), UNDEFINED)
def test_data_sets_that_nobody_describes_are_errors(data: str, beginning: str) -> None:
    found = of("refused-by-tool", data=data + "\n")
    assert any(message.startswith(beginning) for message in found), found


def test_a_misspelt_data_set_is_mended_in_its_place() -> None:
    data = "dataset: pairs, smus\n"
    (finding,) = [f for f in read(data=data).findings if f.code == "refused-by-tool"]
    assert finding.fix is not None
    assert applied(HEAD + data, finding.fix.edits) == HEAD + "dataset: pairs, sums\n"


def test_a_described_file_that_is_not_there_is_missed() -> None:
    (line,) = [line for line in said(data="dataset: gone\n") if "data-file-not-found" in line]
    assert "`data/gone.json`" in line


def test_without_the_description_the_file_is_no_error_but_cannot_run() -> None:
    found = read(facts=WORLD)
    assert not found.has_errors
    assert not found.can_run
    assert any("there is no `data/dataset_info.json` here" in f.message for f in found.findings)


def test_a_broken_description_is_an_error() -> None:
    facts = replace(FACTS, objects={}, files={**FACTS.files, "data/dataset_info.json": []})
    found = [line for line in said(facts=facts) if line.startswith("error")]
    assert len(found) == 1
    assert "`data/dataset_info.json` was not read" in found[0]


def test_where_the_description_is_waited_for_nothing_is_missed() -> None:
    class Slow(World):
        def json(self, path: str) -> Any:
            raise NotYet

    slow = Slow(**{name: getattr(FACTS, name) for name in FACTS.__dataclass_fields__})
    found = read(facts=slow)
    assert not found.has_errors


STOPPED = [
    ("dataset: talks\n", "`talks`: messages with other keys and roles"),
    ("dataset: elsewhere\n", "`elsewhere`: data of ModelScope"),
    ("dataset: pictures\n", "`pictures`: only text is learnt from here"),
    ("dataset: scripted\n", "`scripted`: data that a script or a cloud has"),
    ("dataset: sums, chats\n", "conversations and questions with answers can't be mixed here"),
    ("dataset: sums, pairs\n", "the rows of all data sets are written in one way here"),
    (
        DATA + "quantization_bit: 4\nquantization_method: hqq\n",
        "bases of 4 bits by `hqq` can't be trained on here",
    ),
    (DATA + "finetuning_type: freeze\n", "`freeze`: parts of the model can't be frozen here"),
    (DATA + "finetuning_type: oft\n", "`oft`: OFT adapters"),
    (DATA + "adapter_name_or_path: saves/a\n", "`adapter_name_or_path`: a trained adapter"),
    (DATA + "finetuning_type: full\nuse_galore: true\n", "`use_galore`: gradients"),
]


@pytest.mark.parametrize(("data", "beginning"), STOPPED)
def test_what_the_runner_cannot_is_told_and_no_error(data: str, beginning: str) -> None:
    found = read(data=data)
    assert not found.has_errors, said(data=data)
    assert any(m.startswith(beginning) for m in of("runner-cannot", data=data))


OTHER_PURPOSES = [
    ("export_dir: out\ntemplate: llama3\n", "this file merges or exports a model"),
    ("task: mmlu_test\ntemplate: fewshot\nn_shot: 5\nlang: en\n", "this file evaluates a model"),
    ("template: llama3\ninfer_backend: vllm\n", "this file talks with a model"),
    ("adapter_name_or_path: saves/a\ntemplate: llama3\n", "this file talks with a model"),
    (
        "do_predict: true\neval_dataset: sums\npredict_with_generate: true\noutput_dir: out\n",
        "`do_train` isn't on, so there is nothing to train",
    ),
]


@pytest.mark.parametrize("model", ["models/tiny", "saves/not/made/yet"])
@pytest.mark.parametrize(("text", "beginning"), OTHER_PURPOSES)
def test_files_that_train_nothing_are_known_as_such(text: str, beginning: str, model: str) -> None:
    whole = f"# pitchpipe: llama-factory\nmodel_name_or_path: {model}\n{text}"
    found = analysis(whole, FACTS)
    assert not found.has_errors
    told = [f.message for f in found.findings if f.code == "runner-cannot"]
    assert len(told) == 1
    assert told[0].startswith(beginning)


@pytest.mark.parametrize("stage", ["rm", "ppo", "dpo", "kto"])
def test_other_stages_stop(stage: str) -> None:
    rewarded = "reward_model: org/judge\n" if stage == "ppo" else ""
    data = "dataset: better\n" if stage in {"rm", "dpo"} else DATA
    text = HEAD.replace("stage: sft", f"stage: {stage}") + data + rewarded
    found = analysis(text, FACTS)
    assert not found.has_errors
    assert any(f.code == "runner-cannot" for f in found.findings)


def test_a_file_that_forgets_to_train_is_trained_and_told() -> None:
    text = HEAD.replace("do_train: true\n", "") + DATA
    found = analysis(text, FACTS)
    assert value(found, "data.prompt_template") == "{instruction}\n{input}"
    (message,) = [f.message for f in found.findings if f.code == "read-otherwise"]
    assert message.startswith("without `do_train: true` LLaMA-Factory trains nothing")


def test_files_of_the_new_version_are_known_as_such() -> None:
    text = "model: models/tiny\ntemplate: qwen3\ntrain_dataset: data/sft.yaml\n"
    found = analysis(text, FACTS, path="/home/me/project/v1.yaml")
    assert found.dialect == "llama-factory"
    assert not found.has_errors
    assert not found.can_run


REFUSED = [
    ("finetuning_type: full\nquantization_bit: 4", "a quantized model wants"),
    ("finetuning_type: full\nuse_dora: true", "`use_dora` is for `finetuning_type: lora`"),
    ("use_badam: true", "`use_badam` trains all weights"),
    ("val_size: 0.1\neval_dataset: sums", "`val_size` and `eval_dataset`"),
    ("streaming: true", "a stream has no end that LLaMA-Factory knows"),
    ("streaming: true\nmax_steps: 5\nmax_samples: 3", "`max_samples` and `streaming`"),
    ("mask_history: true\ntrain_on_prompt: true", "`mask_history` and `train_on_prompt`"),
    ("interleave_probs: 0.5,0.5\nmix_strategy: interleave_under", "`dataset` names 1 data sets"),
    ("interleave_probs: 1.0,0", "`interleave_probs` wants a `mix_strategy`"),
    ("do_eval: true", "`do_eval` wants `eval_dataset` or `val_size`"),
    ("infer_backend: vllm", "`infer_backend` must be `huggingface` in training"),
    ("finetuning_type: full\nuse_galore: true\nuse_badam: true", "`use_badam` and `use_galore`"),
    ("export_quantization_bit: 4", "`export_quantization_bit` wants"),
]


@pytest.mark.parametrize(("more", "beginning"), REFUSED)
def test_what_the_tool_refuses_is_an_error(more: str, beginning: str) -> None:
    found = of("refused-by-tool", more)
    assert any(message.startswith(beginning) for message in found), found


TYPOS = [
    ("cutof_len: 512", "`cutof_len`; did you mean `cutoff_len`?"),
    ("lora_r: 8", "`lora_r`; did you mean `lora_rank`?"),
    ("chat_template: llama3", "`chat_template`; `template` is there already"),
]


@pytest.mark.parametrize(("more", "end"), TYPOS)
def test_unknown_keys_are_errors_as_they_are_there(more: str, end: str) -> None:
    (message,) = of("unknown-key", more)
    assert message.endswith(end)


OLD = [
    ("evaluation_strategy: epoch\nval_size: 0.1", "`evaluation_strategy` is called"),
    ("logging_dir: logs", "`logging_dir` is gone from newer versions"),
    ("dpo_beta: 0.1", "`dpo_beta` is called `pref_beta` now"),
]


@pytest.mark.parametrize(("more", "beginning"), OLD)
def test_old_keys_are_known_as_such(more: str, beginning: str) -> None:
    found = of("deprecated-key", more)
    assert any(message.startswith(beginning) for message in found), found
    assert of("unknown-key", more) == []


WHOSE = [
    ("model_name_or_path: a\nstage: sft\n", "llama-factory"),
    ("model_name_or_path: a\ntemplate: qwen\ninfer_backend: vllm\n", "llama-factory"),
    ("model_name_or_path: a\ndo_train: true\ndataset: b\n", "llama-factory"),
    ("model: a\ntemplate: qwen3\npeft_config: {name: lora}\n", "llama-factory"),
    ("model: a\ntemplate: b\n", None),
    ("compute_environment: LOCAL_MACHINE\ndistributed_type: FSDP\n", None),
    ("base_model: a\nmerge_method: ties\nmodels: []\n", None),
    ("base_model: a\ndatasets: []\n", "axolotl"),
]


@pytest.mark.parametrize(("text", "whose"), WHOSE)
def test_files_are_known_by_their_keys(text: str, whose: str | None) -> None:
    assert dialect_of("/a/b.yaml", text) == whose
