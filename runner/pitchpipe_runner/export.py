"""Stage 5: the merged model → ONNX for onnxruntime-genai, compared with PyTorch's logits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from pitchpipe.plan import Plan
from pitchpipe_runner import prepare
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import RunFailure
from pitchpipe_runner.onnx_model import OnnxModel
from pitchpipe_runner.stages import Artifact, size_of

_COMPARED_ROWS = 8
_COMPARED_TOKENS = 64  # of each row


def run(
    plan: Plan, merged: Artifact, prepared: Artifact, out: Path, events: Events
) -> dict[str, Any]:
    """Writes one folder a precision, named after it."""
    if plan.export.format == "none":
        events.log("nothing is exported: `export.format: none`")
        return {"exports": []}
    model = merged.folder / "model"
    rows = _rows(prepared)
    reference = _reference(model, rows)
    exports: list[dict[str, Any]] = []
    for number, precision in enumerate(plan.export.precision):
        events.progress(number, len(plan.export.precision), "exports")
        began = time.perf_counter()
        build(model, out / precision, precision, plan.export.device)
        exports.append({
            "precision": precision,
            "bytes": size_of(out / precision),
            **_compared(OnnxModel(out / precision, torch.get_num_threads()), rows, reference),
            "seconds": round(time.perf_counter() - began, 2),
        })
        facts = exports[-1]
        events.log(
            f"{precision}: {facts['bytes'] / 1e6:.0f} MB, logits differ from PyTorch's by "
            f"{facts['mean_logit_error']:.2g} on average, {facts['max_logit_error']:.2g} at most; "
            f"the likeliest token is the same in {100 * facts['same_argmax']:.1f} %"
        )
        events.emit(
            "artifact",
            stage="export",
            name=f"ONNX model, {precision}",
            path=f"05-export/{precision}",
            bytes=facts["bytes"],
        )
    return {"exports": exports}


def build(model: Path, out: Path, precision: str, device: str) -> None:
    """Runs onnxruntime-genai's builder as its own process.

    So its memory is given back, and a crash stays outside.
    """
    cache = out.with_name(f"{out.name}.cache")
    command = [sys.executable, "-m", "pitchpipe_runner.onnx_builder"]
    command += ["-m", str(model), "-o", str(out), "-p", precision, "-e", device, "-c", str(cache)]
    command += ["--extra_options", "hf_token=false"]
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "PYTHONUTF8": "1",
        "PYTHONSAFEPATH": "1",
        "TQDM_DISABLE": "1",
    }
    done = _ended(command, environment)
    shutil.rmtree(cache, ignore_errors=True)
    sys.stderr.write(f"{done.stdout}\n{done.stderr}\n")  # the command line keeps it in output.log
    if done.returncode == 0 and (out / "genai_config.json").is_file():
        return
    said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
    if "not currently supported" in said[-1]:
        raise RunFailure(
            "export-not-supported",
            f"onnxruntime-genai can't build this architecture: {said[-1][:200]}",
            path="export.format",
            hint="set `export: {format: none}`; the merged model is in 04-merge/model",
        )
    if done.returncode < 0:
        said = [f"it was ended by signal {-done.returncode}, most likely for lack of memory"]
    raise RunFailure(
        "export-failed",
        f"onnxruntime-genai's builder failed for {precision}: {said[-1][:300]}",
        path="export.precision",
        hint="output.log in the run folder holds all that it said",
    )


def _ended(command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs `command` to its end; it gets a standard input that closes when this process ends."""
    theirs, ours = os.pipe()
    try:
        return subprocess.run(
            command,
            stdin=theirs,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
        )
    finally:
        os.close(theirs)
        os.close(ours)


def _rows(prepared: Artifact) -> list[list[int]]:
    _, rows = prepare.evaluation_rows(prepared)
    if rows:
        return [(r.prompt_ids + r.completion_ids)[:_COMPARED_TOKENS] for r in rows[:_COMPARED_ROWS]]
    train = prepare.sequences(prepared, "train")
    return [ids[:_COMPARED_TOKENS] for ids in train[:_COMPARED_ROWS]["input_ids"]]


def _reference(model: Path, rows: Sequence[list[int]]) -> list[np.ndarray]:
    """[tokens, vocabulary] a row, in float32."""
    torch_model = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    with torch.no_grad():
        return [torch_model(input_ids=torch.tensor([ids])).logits[0].numpy() for ids in rows]


def _compared(
    exported: OnnxModel, rows: Sequence[list[int]], reference: Sequence[np.ndarray]
) -> dict[str, float]:
    largest, errors, same, tokens = 0.0, 0.0, 0, 0
    for ids, expected in zip(rows, reference, strict=True):
        logits = exported.logits(ids)[:, : expected.shape[1]]
        error = np.abs(logits - expected)
        largest = max(largest, float(error.max()))
        errors += float(error.mean()) * len(ids)
        same += int((logits.argmax(-1) == expected.argmax(-1)).sum())
        tokens += len(ids)
    return {
        "max_logit_error": largest,
        "mean_logit_error": errors / tokens,
        "same_argmax": same / tokens,
        "compared_tokens": tokens,
    }
