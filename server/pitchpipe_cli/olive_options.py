"""The options of `pitchpipe finetune`: those of `olive finetune`, today's and tutorials'."""

from __future__ import annotations

import argparse
import codecs
import re
from typing import Any

from pitchpipe.syntax.scalars import resolve

METHODS = ("lora", "qlora", "dora")
_DTYPES = ("bfloat16", "float16", "float32")
_NO_PART = (
    *("--log_level", "--batch_size", "--account_name", "--container_name", "--test_llama_path"),
)
"""Options of Olive that have no part in what is learnt, each with a value."""

_NAMES = """
learning_rate num_train_epochs max_steps per_device_train_batch_size per_device_eval_batch_size
gradient_accumulation_steps lr_scheduler_type lr_scheduler_kwargs warmup_steps weight_decay
max_grad_norm optim optim_args adam_beta1 adam_beta2 adam_epsilon logging_steps report_to
run_name eval_strategy eval_steps save_strategy save_steps save_total_limit
load_best_model_at_end metric_for_best_model greater_is_better gradient_checkpointing bf16 fp16
tf32 seed warmup_ratio deepspeed overwrite_output_dir resume_from_checkpoint
optim_target_modules average_tokens_across_devices label_smoothing_factor bf16_full_eval
fp16_full_eval activation_checkpointing activation_checkpointing_kwargs
gradient_checkpointing_kwargs torch_compile torch_compile_backend torch_compile_mode
use_liger_kernel liger_kernel_config use_cache neftune_noise_alpha torch_empty_cache_steps
auto_find_batch_size logging_strategy logging_first_step log_on_each_node logging_nan_inf_filter
include_num_input_tokens_seen log_level_replica disable_tqdm project trackio_space_id
trackio_bucket_id trackio_static_space_id eval_delay prediction_loss_only eval_on_start
eval_do_concat_batches eval_use_gather_object eval_accumulation_steps include_for_metrics
batch_eval_metrics save_only_model save_on_each_node enable_jit_checkpoint push_to_hub
hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision ignore_data_skip
restore_callback_states_from_checkpoint full_determinism data_seed use_cpu accelerator_config
parallelism_config dataloader_drop_last dataloader_num_workers dataloader_pin_memory
dataloader_persistent_workers dataloader_prefetch_factor dataloader_multiprocessing_context
dataloader_in_order remove_unused_columns label_names train_sampling_strategy length_column_name
ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers ddp_static_graph ddp_backend
ddp_timeout fsdp fsdp_config debug skip_memory_metrics do_train do_eval do_predict local_rank
evaluation_strategy logging_dir per_gpu_train_batch_size per_gpu_eval_batch_size no_cuda
use_mps_device fp16_backend fp16_opt_level half_precision_backend jit_mode_eval use_ipex
tpu_num_cores tpu_metrics_debug past_index dispatch_batches split_batches push_to_hub_model_id
push_to_hub_organization save_safetensors include_inputs_for_metrics include_tokens_per_second
group_by_length sharded_ddp fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap mp_parameters
torchdynamo ray_scope neptune
"""
ARGUMENTS = tuple(_NAMES.split())
"""Arguments of `transformers.TrainingArguments`, today's and earlier ones; all are options."""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds them all; what isn't given stays None."""
    model = parser.add_argument_group("model and method")
    _option(model, "-m", "--model_name_or_path", "MODEL", "the base model: a folder or a hub name")
    _option(model, "-t", "--task", "TASK", "what the model is for (text-generation)")
    _option(model, "--task_name", None, "TASK", "the task to learn: classification or generation")
    consent = "let the model run its own code on this machine"
    names = ("--trust_remote_code", "--trust-remote-code")
    model.add_argument(*names, action="store_true", help=consent)
    model.add_argument("--method", choices=METHODS, help="what is trained (default: lora)")
    _option(model, "--lora_r", None, "R", "the adapters' rank (default: 64)", int)
    _option(model, "--lora_alpha", None, "ALPHA", "their scale (default: 16)", float)
    _option(model, "--target_modules", None, "NAMES", "modules to adapt, parted by commas")
    model.add_argument("--torch_dtype", choices=_DTYPES, help="number format while training")
    data = parser.add_argument_group("data")
    _option(data, "-d", "--data_name", "DATA", "a data set of the hub, or json, csv, text, parquet")
    _option(data, "--data_files", None, "FILES", "local files, parted by commas")
    _option(data, "--train_subset", None, "NAME", "the configuration to train on")
    _option(data, "--train_split", None, "SPLIT", "the split, or a slice of it (default: train)")
    _option(data, "--eval_subset", None, "NAME", "the configuration to evaluate on")
    _option(data, "--eval_split", None, "SPLIT", "the split to evaluate on")
    _option(data, "--text_field", None, "COLUMN", "the column that holds the texts")
    what = "the text of a row, with {column} for values; \\n is a line break"
    data.add_argument("--text_template", metavar="TEXT", type=unescaped, help=what)
    chat = "write messages with the tokenizer's chat template"
    data.add_argument("--use_chat_template", action="store_true", help=chat)
    _option(data, "--max_seq_len", None, "N", "longest sequence, in tokens (default: 1024)", int)
    _option(data, "--max_samples", None, "N", "how many sequences at most (default: all)", int)
    _option(data, "--add_special_tokens", None, "BOOL", "write the tokens around a text", resolve)
    data.add_argument("--input_cols", metavar="COLUMN", nargs="+", help=argparse.SUPPRESS)
    training = parser.add_argument_group("training", "arguments of transformers.TrainingArguments")
    for name in ARGUMENTS:
        training.add_argument(
            f"--{name}",
            metavar="VALUE",
            dest=f"training_{name}",
            type=resolve,
            nargs="?",
            const=True,
            help=argparse.SUPPRESS,
        )
    for option in _NO_PART:
        parser.add_argument(option, dest="no_part", help=argparse.SUPPRESS)
    parser.add_argument("--disable_telemetry", action="store_true", help=argparse.SUPPRESS)


def _option(
    group: Any, first: str, second: str | None, metavar: str, what: str, kind: Any = str
) -> None:
    names = (first,) if second is None else (first, second)
    group.add_argument(*names, metavar=metavar, type=kind, help=what)


def unescaped(text: str) -> str:
    r"""Escapes such as `\n` as what they stand for, everything else as it is."""
    return re.sub(
        r"\\(?:[\\abfnrtv'\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})",
        lambda found: codecs.decode(found[0], "unicode_escape"),
        text,
    )
