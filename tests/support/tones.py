"""A workflow on `support.tiny.tiny_rows`, of which a smoke run takes seconds."""

from __future__ import annotations

WORKFLOW = """\
version: 1
name: tone
task: classification
model: {name_or_path: Qwen/Qwen3-0.6B, dtype: float32}
data:
  train: [{path: rows.jsonl}]
  prompt_template: "Which tone has this phrase? {text}"
  completion_template: "{label}"
  labels: [joy, fear, anger]
  max_length: 64
  val_size: 0.2
method: {type: lora, r: 4, target_modules: all-linear}
training:
  max_steps: 4
  per_device_train_batch_size: 4
  logging_steps: 1
  eval_strategy: steps
  eval_steps: 2
  seed: 7
evaluate: {max_new_tokens: 4, generations: 4}
export: {format: none}
compute: {device: cpu, threads: 1}
"""
