"""Trackers get the metrics too, where the user's environment says or in the run folder."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pitchpipe_runner import preflight, trackers
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, RunFailure
from support.plans import changed, plan_of
from support.tiny import tiny_rows
from support.workbench import Benches, whole

TRAINING = {"max_steps": 2, "logging_steps": 1, "run_name": "a-name"}
DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
"""


def workflow(**training: Any) -> str:
    return f"name: tones\ntraining: {json.dumps(TRAINING | training)}\n{DATA}"


@pytest.fixture
def tensorboard(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands in for the package, which the tests' environment may lack; holds what it is told."""
    told: dict[str, Any] = {"scalars": {}}

    class SummaryWriter:
        def __init__(self, log_dir: str) -> None:
            told["folder"] = log_dir

        def add_text(self, name: str, text: str, *_: Any) -> None:
            told[name] = text

        def add_scalar(self, name: str, value: float, step: int) -> None:
            told["scalars"].setdefault(name, {})[step] = value

        def flush(self) -> None:
            pass

        def close(self) -> None:
            told["closed"] = True

    module: Any = SimpleNamespace(SummaryWriter=SummaryWriter)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    for name in ("tensorboard", "tensorboardX"):  # transformers asks whether there is one
        if importlib.util.find_spec(name):
            return told
    from transformers.integrations import integration_utils

    monkeypatch.setattr(integration_utils, "is_tensorboard_available", lambda: True)
    return told


def test_a_tracker_gets_every_metric(
    bench: Benches, tmp_path: Path, chat_model: Path, tensorboard: dict[str, Any]
) -> None:
    tiny_rows(tmp_path, 16)
    made = bench(workflow(report_to="tensorboard"), chat_model)
    _ = made.trained
    losses = {e["step"]: e["values"]["loss"] for e in made.said("metrics") if "loss" in e["values"]}
    assert tensorboard["scalars"]["train/loss"] == losses
    assert "eval/mean_token_accuracy" in tensorboard["scalars"]
    assert tensorboard["folder"] == str(made.folder / "logs" / "tensorboard")
    assert json.loads(tensorboard["args"])["run_name"] == "a-name"
    assert tensorboard["closed"]
    assert "TENSORBOARD_LOGGING_DIR" not in os.environ


def environment(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch, tracker: str, **said: str
) -> dict[str, str]:
    """What is added to an environment that says `said`."""
    for name in [n for n in os.environ if n.startswith(("WANDB_", "MLFLOW_", "TRACKIO_"))]:
        monkeypatch.delenv(name)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    made = bench(workflow(report_to=[tracker]), chat_model, run=f"{tracker} {len(said)}")
    before = dict(os.environ)
    with trackers.tracking(made.plan, made.folder, made.events):
        found = {k: v for k, v in os.environ.items() if before.get(k) != v}
    assert dict(os.environ) == before
    return {k: v.replace(made.folder.as_posix(), "RUN") for k, v in found.items()}


def test_nothing_goes_to_the_network_unless_somebody_is_logged_in(
    bench: Benches, tmp_path: Path, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_rows(tmp_path, 16)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setattr(trackers.netrc, "netrc", lambda: _none())
    found = environment(bench, chat_model, monkeypatch, "wandb")
    assert (found["WANDB_MODE"], found["WANDB_PROJECT"]) == ("offline", "tones")
    key = environment(bench, chat_model, monkeypatch, "wandb", WANDB_API_KEY="k")
    assert "WANDB_MODE" not in key


def _none() -> Any:
    raise FileNotFoundError


def test_the_users_own_environment_goes_before(
    bench: Benches, tmp_path: Path, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_rows(tmp_path, 16)
    found = environment(bench, chat_model, monkeypatch, "mlflow")
    assert found == {
        "MLFLOW_TRACKING_URI": "sqlite:///RUN/logs/mlflow.db",
        "MLFLOW_EXPERIMENT_NAME": "tones",
    }
    own = environment(
        bench, chat_model, monkeypatch, "mlflow", MLFLOW_TRACKING_URI="http://127.0.0.1:5000"
    )
    assert own == {"MLFLOW_EXPERIMENT_NAME": "tones"}


def test_a_tracker_that_is_not_installed_ends_a_run_before_it_begins(
    tmp_path: Path, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_rows(tmp_path, 16)
    plan = plan_of(whole(workflow(report_to=["trackio"]), chat_model), tmp_path)
    monkeypatch.setattr(preflight, "find_spec", lambda name: None)
    with pytest.raises(RunFailure) as caught:
        preflight.demand(plan)
    failure = caught.value
    assert (failure.code, failure.path) == ("package-missing", "training.report_to")
    assert failure.exit_code == ENVIRONMENT_IS_WRONG
    assert failure.message.startswith("`report_to: trackio` needs the package `trackio`")
    preflight.demand(changed(plan, "training", report_to="none"))
