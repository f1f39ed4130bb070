"""What `pitchpipe check` costs by the number of its files, in one call, interpreter start included.

    python tests/bench/check_files.py [-n ROUNDS] [--files 10 100 1000] [--limit RATIO]

The files are workflows of some thirty lines in folders of ten, each folder with its data file of
100 rows; models (published ones, whose memory is estimated), settings and mistakes differ from file
to file. Rounds are interleaved. Prints CPU-seconds (user and system) of the child processes, and
what a file costs beyond the start: the difference to a call with one file by the number of files.
Ends with 1 when a file among the most costs more than `--limit` times what one among the next fewer
does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from children import cpu_seconds

MODELS = (
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "Qwen/Qwen2.5-0.5B-Instruct",
    "meta-llama/Llama-3.2-1B-Instruct",
    "my/own-model",
    "mistralai/Mistral-7B-Instruct-v0.3",
)
MISTAKES = ("", "  learning_rat: 1.0e-4\n", "  weight_decay: 1e-2\n", "  seed: one\n", "")


def workflow(number: int) -> str:
    """A workflow like no other of the first thousands."""
    return f"""\
# Workflow {number}
name: flow-{number}
task: text-generation
model:
  name_or_path: {MODELS[number % 5]}
  dtype: bfloat16
data:
  prompt_template: "Which tone has this phrase? {{phrase}}"
  completion_template: "{{tone}}"
  train:
    - path: rows.jsonl
  test_size: 0.{number % 20 + 1:02}
  max_length: {256 + number % 64 * 8}
  packing: {"true" if number % 3 else "false"}
method:
  type: {"lora" if number % 7 else "full"}
  {"r: 16" if number % 7 else "# r: 16"}
  {"target_modules: all-linear" if number % 7 else "# all"}
training:
{MISTAKES[number // 5 % 5]}  num_train_epochs: {number % 5 + 1}
  per_device_train_batch_size: {2 ** (number % 5)}
  gradient_accumulation_steps: 4
  warmup_steps: {number % 90 + 10}
  optim: adamw_torch
export:
  precision: [int8, int4]
"""


def write(folder: Path, count: int) -> None:
    """`count` workflows below `folder`."""
    rows = "".join(
        f"{json.dumps({'phrase': f'phrase {i}', 'tone': 'polite'})}\n" for i in range(100)
    )
    for number in range(count):
        place = folder / f"{number // 10:04}"
        if number % 10 == 0:
            place.mkdir(parents=True)
            (place / "rows.jsonl").write_text(rows, encoding="utf-8")
        (place / f"{number:05}.tune.yaml").write_text(workflow(number), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--files", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--limit", type=float, default=1.2, help="of the ratio (default 1.2)")
    given = parser.parse_args()
    counts = sorted({1, *given.files})
    taken: dict[int, list[float]] = {count: [] for count in counts}
    with tempfile.TemporaryDirectory() as root:
        for count in counts:
            write(Path(root) / str(count), count)
        for turn in range(given.n + 1):
            for count in counts:
                command = [sys.executable, "-m", "pitchpipe_cli", "check", str(count)]
                cost = cpu_seconds(command, Path(root))
                if turn:  # the first round writes the byte code
                    taken[count].append(cost)
        told = subprocess.run(
            [sys.executable, "-m", "pitchpipe_cli", "check", str(counts[-1])],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.splitlines()[-1]
    start = statistics.median(taken[1])
    each = {n: (statistics.median(taken[n]) - start) / (n - 1) for n in counts if n > 1}
    print(f"{'files':>6} {'n':>3} {'median':>8} {'min':>8} {'max':>8} {'ms a file':>10}")
    for count in counts:
        values = taken[count]
        more = f"{1000 * each[count]:>10.2f}" if count in each else ""
        print(
            f"{count:>6} {len(values):>3} {statistics.median(values):>8.3f} "
            f"{min(values):>8.3f} {max(values):>8.3f} {more}"
        )
    most = counts[-1]
    fewer = counts[-2] if len(each) > 1 else most
    ratio = each[most] / each[fewer]
    print(told)
    print(
        f"CPU-seconds; a file among {most:,} costs {ratio:.2f} times what one among "
        f"{fewer:,} does, limit {given.limit}: {'EXCEEDED' if ratio > given.limit else 'kept'}"
    )
    return int(ratio > given.limit)


if __name__ == "__main__":
    sys.exit(main())
