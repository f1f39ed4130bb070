"""The hub of tests/support is one to the libraries that load by name, faults included."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hub import DATASET, GATED, GATED_TOKEN, MISSING, MODEL, ROWS, SLOW, Hub, hub

SNAPSHOT = "import sys, huggingface_hub as h; print(h.snapshot_download(sys.argv[1]))"
MODEL_BY_NAME = """
import sys
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
name = sys.argv[1]
config = AutoConfig.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name)
tokenizer = AutoTokenizer.from_pretrained(name)
print(config.model_type, model.num_parameters(), bool(tokenizer.chat_template))
"""
DATASET_BY_NAME = """
import sys, datasets
rows = datasets.load_dataset(sys.argv[1], split="train")
print(len(rows), sorted(rows.column_names))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub(tmp_path_factory.mktemp("hub"), delay=1) as running:
        yield running
        assert running.unknown == [], "requests that the server has no answer for"


@pytest.fixture
def running(served: Hub) -> Hub:
    served.forget()
    return served


def ask(running: Hub, home: Path, code: str, *arguments: str, **settings: str) -> tuple[str, str]:
    """(what the code prints, the end of what it fails with), run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=running.environment(home, OMP_NUM_THREADS="1", **settings),
        timeout=120,
    )
    return done.stdout.strip(), "" if done.returncode == 0 else done.stderr[-2500:]


def fetched(running: Hub) -> list[str]:
    """The paths whose content was downloaded."""
    return [
        request.path
        for request in running.requests
        if request.method == "GET"
        and request.status == 200
        and ("/resolve/" in request.path or "/lfs/" in request.path)
    ]


def test_a_snapshot_is_downloaded_once(running: Hub, tmp_path: Path) -> None:
    folder, failure = ask(running, tmp_path, SNAPSHOT, MODEL)
    assert not failure
    names = {file.name for file in Path(folder).iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= names
    assert sum(path.startswith("/lfs/") for path in fetched(running)) == 1

    running.forget()
    again, failure = ask(running, tmp_path, SNAPSHOT, MODEL)
    assert (again, failure) == (folder, "")
    assert [request.path for request in running.requests] == [f"/api/models/{MODEL}/revision/main"]


def test_without_a_network_the_cache_serves(running: Hub, tmp_path: Path) -> None:
    folder, _ = ask(running, tmp_path, SNAPSHOT, MODEL)
    running.forget()
    assert ask(running, tmp_path, SNAPSHOT, MODEL, HF_HUB_OFFLINE="1") == (folder, "")
    assert running.requests == []


def test_transformers_loads_a_model_by_name_and_then_from_the_cache(
    running: Hub, tmp_path: Path
) -> None:
    said, failure = ask(running, tmp_path, MODEL_BY_NAME, MODEL)
    assert (said, failure) == ("llama 106816 True", "")
    assert fetched(running)

    running.forget()
    assert ask(running, tmp_path, MODEL_BY_NAME, MODEL) == (said, "")
    assert fetched(running) == []


def test_datasets_loads_a_data_set_by_name_and_then_from_the_cache(
    running: Hub, tmp_path: Path
) -> None:
    said, failure = ask(running, tmp_path, DATASET_BY_NAME, DATASET)
    assert (said, failure) == (f"{ROWS} ['label', 'text']", "")

    running.forget()
    assert ask(running, tmp_path, DATASET_BY_NAME, DATASET) == (said, "")
    assert fetched(running) == []


def test_a_gated_model_wants_a_token(running: Hub, tmp_path: Path) -> None:
    said, failure = ask(running, tmp_path, SNAPSHOT, GATED)
    assert said == ""
    assert "GatedRepoError: 401 Client Error." in failure
    assert f"Access to model {GATED} is restricted" in failure


def test_the_token_opens_a_gated_model_and_stays_with_the_hub(running: Hub, tmp_path: Path) -> None:
    folder, failure = ask(running, tmp_path, SNAPSHOT, GATED, HF_TOKEN=GATED_TOKEN)
    assert not failure
    assert (Path(folder) / "model.safetensors").is_file()
    from_storage = [r for r in running.requests if r.path.startswith("/lfs/")]
    assert from_storage
    assert not any(request.authorized for request in from_storage)


def test_a_missing_model_is_not_found(running: Hub, tmp_path: Path) -> None:
    said, failure = ask(running, tmp_path, SNAPSHOT, MISSING)
    assert said == ""
    assert "RepositoryNotFoundError: 401 Client Error." in failure


def test_a_missing_data_set_is_not_found(running: Hub, tmp_path: Path) -> None:
    said, failure = ask(running, tmp_path, DATASET_BY_NAME, MISSING)
    assert said == ""
    assert f"DatasetNotFoundError: Dataset '{MISSING}' doesn't exist on the Hub" in failure


def test_a_missing_revision_is_not_found(running: Hub, tmp_path: Path) -> None:
    code = "import sys, huggingface_hub as h; h.snapshot_download(sys.argv[1], revision='v9')"
    _, failure = ask(running, tmp_path, code, MODEL)
    assert "RevisionNotFoundError: 404 Client Error." in failure


def test_a_slow_hub_runs_into_the_client_s_limit(running: Hub, tmp_path: Path) -> None:
    code = "import sys, huggingface_hub as h; h.model_info(sys.argv[1], timeout=0.2)"
    _, failure = ask(running, tmp_path, code, SLOW)
    assert "ReadTimeout: timed out" in failure


def test_a_slow_hub_serves_the_patient(running: Hub, tmp_path: Path) -> None:
    code = "import sys, huggingface_hub as h; print(h.hf_hub_download(sys.argv[1], 'config.json'))"
    start = time.monotonic()
    file, failure = ask(running, tmp_path, code, SLOW)
    assert not failure
    assert Path(file).is_file()
    assert time.monotonic() - start > 2 * running.delay, "one wait for HEAD and one for GET"


def test_a_download_goes_on_where_it_broke_off(running: Hub) -> None:
    url = f"{running.endpoint}/{MODEL}/resolve/main/model.safetensors"
    with urllib.request.urlopen(url) as answer:
        whole = answer.read()
    request = urllib.request.Request(url, headers={"Range": "bytes=1000-"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 206
        assert answer.read() == whole[1000:]


def test_leaving_the_hub_does_not_wait_for_slow_answers(tmp_path: Path) -> None:
    with hub(tmp_path, delay=600) as running:
        with pytest.raises(TimeoutError):
            urllib.request.urlopen(f"{running.endpoint}/api/models/{SLOW}", timeout=0.2)
        start = time.monotonic()
    assert time.monotonic() - start < 5
