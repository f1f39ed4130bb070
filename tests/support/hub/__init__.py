"""A hub without a hub: a small server on loopback that HF_ENDPOINT points to.

    with hub(tmp_path) as running:
        subprocess.run([...], env=running.environment(tmp_path / "home"))
        assert running.requests

It speaks as much of the hub's API as huggingface_hub 2, transformers 5 and datasets 5 use to load
a model or a data set by name. What else it is asked for lands in `Hub.unknown`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.hub.server import Repo, Request, Server
from support.tiny import tiny_model, tiny_rows

MODEL = "tiny/llama"
DATASET = "tiny/tones"
GATED = "tiny/gated"
GATED_TOKEN = "hf_thisTokenOpensTheGatedModel"
MISSING = "tiny/missing"
SLOW = "tiny/slow"
ROWS = 60  # in the data set


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub. `delay` is how many seconds `SLOW` takes for each answer."""

    endpoint: str
    delay: float
    _server: Server

    @property
    def requests(self) -> list[Request]:
        """All requests so far, in the order they came in."""
        return list(self._server.requests)

    @property
    def unknown(self) -> list[Request]:
        """Those of `requests` that the server has no answer for in its repertoire."""
        return [request for request in self.requests if request.status == 501]

    def forget(self) -> None:
        """Empties `requests`."""
        self._server.requests.clear()

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """An environment for a subprocess that uses the hub and keeps its cache in `home`.

        It is this process' own, but for tokens, proxies and the hub's settings; `more` tops it.
        """
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))
            and "proxy" not in name.lower()
        }
        return {
            **own,
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "127.0.0.1",
            **more,
        }


@contextmanager
def hub(
    folder: Path, *, delay: float = 30.0, models: Mapping[str, Path] | None = None
) -> Iterator[Hub]:
    """Serves the repositories named above, which it makes in `folder`, and `models` beside them."""
    model = tiny_model(folder / "model")
    rows = folder / "data set"
    tiny_rows(rows, ROWS, name="train.jsonl")
    (rows / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tones\n", encoding="utf-8")
    repos = [
        Repo("models", MODEL, model),
        Repo("datasets", DATASET, rows),
        Repo("models", GATED, model, token=GATED_TOKEN),
        Repo("models", SLOW, model, delay=delay),
        *(Repo("models", name, place) for name, place in (models or {}).items()),
    ]
    with Server(repos) as server:
        yield Hub(server.endpoint, delay, server)
