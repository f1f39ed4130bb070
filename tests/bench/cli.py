"""What `--help`, `--version` and `check` cost, interpreter start included.

    python tests/bench/cli.py [-n RUNS]

Prints CPU-seconds (user and system) of the child processes as the system counts them, the median
and the spread over the runs, and how many modules each imports. Ends with 1 when a median is over
the limit.
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

LIMIT = 0.3  # CPU-seconds

# Of a model that nobody knows, and of one whose memory is estimated.
MODELS = {"unknown.yaml": "org/model", "known.yaml": "HuggingFaceTB/SmolLM2-135M-Instruct"}

WORKFLOW = """\
name: tone
model:
  name_or_path: {model}
data:
  train:
    - path: rows.jsonl
      columns: {{prompt: phrase, completion: tone}}
  max_length: 512
training:
  learning_rat: 2.0e-4
  num_train_epochs: 2
"""


def modules(arguments: list[str], cwd: Path) -> int:
    """How many modules the command has imported when it is done."""
    script = (
        "import sys\n"
        "from pitchpipe_cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(len(sys.modules), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return int(done.stderr.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=15, help="runs of each command (default 15)")
    runs = parser.parse_args().n
    slow = False
    with tempfile.TemporaryDirectory() as folder:
        cwd = Path(folder)
        for name, model in MODELS.items():
            (cwd / name).write_text(WORKFLOW.format(model=model), encoding="utf-8")
        rows = "".join(f"{json.dumps({'phrase': f'p{i}', 'tone': 't'})}\n" for i in range(1000))
        (cwd / "rows.jsonl").write_text(rows, encoding="utf-8")
        print(f"{'command':20} {'n':>3} {'median':>7} {'min':>7} {'max':>7} {'modules':>8}")
        for arguments in (["--help"], ["--version"], *(["check", name] for name in MODELS)):
            command = [sys.executable, "-m", "pitchpipe_cli", *arguments]
            cpu_seconds(command, cwd)  # writes the byte code
            taken = [cpu_seconds(command, cwd) for _ in range(runs)]
            median = statistics.median(taken)
            slow |= median > LIMIT
            print(
                f"{' '.join(arguments):20} {runs:>3} {median:>7.3f} {min(taken):>7.3f} "
                f"{max(taken):>7.3f} {modules(arguments, cwd):>8}"
            )
    print(f"CPU-seconds; limit {LIMIT}: {'EXCEEDED' if slow else 'kept'}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
