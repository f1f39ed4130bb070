"""What it costs to find each of the mistakes of `docs/mistakes.md`, as a command of its own.

    python tests/bench/mistakes.py [--rounds 5]

Prints CPU seconds (user and system) of `pitchpipe check` for each mistake, in Olive's format and in
ours, the interpreter's start and all imports included: the median and the range of all rounds.
Modules are compiled before, as they are once a command has run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from support.cli import command, environment  # noqa: E402
from support.facts import PHRASES  # noqa: E402
from support.mistakes import MISTAKES, NATIVE, OLIVE  # noqa: E402

_CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "vocab_size": 128,
    "max_position_embeddings": 4096,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        _lay_out(Path(folder))
        for text in (OLIVE, NATIVE):
            _checked(Path(folder), text)
        for number, mistake in enumerate(MISTAKES, start=1):
            for form, case in (("olive", mistake.olive), ("native", mistake.native)):
                if case is None:
                    continue
                seconds = sorted(_checked(Path(folder), case[0]) for _ in range(rounds))
                worst = max(worst, seconds[-1])
                middle = statistics.median(seconds)
                spread = f"{seconds[0]:.2f} to {seconds[-1]:.2f}"
                print(f"{number:3} {form:7} {middle:.2f} s ({spread}, n={rounds})  {mistake.name}")
    print(f"the longest of all: {worst:.2f} CPU-s")
    return 0


def _lay_out(folder: Path) -> None:
    (folder / "models" / "tiny").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "models" / "tiny" / "config.json").write_text(json.dumps(_CONFIG), encoding="utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / "models" / "tiny" / name).write_text("{}", encoding="utf-8")
    texts = [{"text": f"{n} times {n} is {n * n}"} for n in range(40)]
    for name, rows in (("phrases", PHRASES), ("many", texts)):
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (folder / "data" / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def _checked(folder: Path, text: str) -> float:
    """CPU seconds of one check."""
    (folder / "flow.yaml").write_text(text, encoding="utf-8")
    variables = environment(PYTHONPYCACHEPREFIX=str(folder / "compiled"))
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    before = os.times()
    subprocess.run(
        command("check", "flow.yaml"),
        cwd=folder,
        env=variables,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    after = os.times()
    own = after.children_user - before.children_user
    return own + after.children_system - before.children_system


if __name__ == "__main__":
    sys.exit(main())
