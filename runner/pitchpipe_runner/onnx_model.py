"""An exported model: its logits through onnxruntime, its texts through onnxruntime-genai."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import onnxruntime_genai

_genai: Any = onnxruntime_genai  # its names come from a compiled module that has no types
_genai.disable_telemetry_events()

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxModel:
    """Both engines are loaded on first use and read the same files.

    `threads` is how many each computes with.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = folder
        self._threads = threads
        self._config = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))
        self._session: Any = None
        self._genai: Any = None

    def logits(self, ids: Sequence[int]) -> np.ndarray:
        """[tokens, vocabulary], float32, for one sequence without a past."""
        return self.step(ids, None)[0]

    def step(
        self, ids: Sequence[int], past: dict[str, np.ndarray] | None
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Logits of `ids` behind `past`, and the past with `ids` in it. `past` is not changed."""
        session = self._loaded_session()
        past = past if past is not None else self._empty_past()
        seen = next(iter(past.values())).shape[2] if past else 0
        total = seen + len(ids)
        feed = {
            "input_ids": np.array([ids], dtype=np.int64),
            "attention_mask": np.ones((1, total), dtype=np.int64),
            "position_ids": np.arange(seen, total, dtype=np.int64)[None],
            **past,
        }
        names = {i.name for i in session.get_inputs()}
        outputs = [o.name for o in session.get_outputs()]
        results = dict(
            zip(
                outputs,
                session.run(outputs, {k: v for k, v in feed.items() if k in names}),
                strict=True,
            )
        )
        logits = results.pop("logits")[0].astype(np.float32)
        return logits, {
            name.replace("present", "past_key_values", 1): value for name, value in results.items()
        }

    def begin(self, prompts: Sequence[Sequence[int]]) -> OnnxPrompts:
        """A batch of prompts; each is computed on its own."""
        return OnnxPrompts(self, prompts)

    def generate(
        self, prompt: Sequence[int], max_new_tokens: int, ends: Sequence[int], *, whole: bool
    ) -> list[int]:
        """The greedy continuation by onnxruntime-genai; see `OnnxPrompts.answers`."""
        context: int = self._config["model"]["context_length"]
        longest = min(len(prompt) + max_new_tokens, context)
        if longest <= len(prompt):
            return []
        model = self._loaded_genai()
        parameters = _genai.GeneratorParams(model)
        parameters.set_search_options(
            max_length=longest,
            min_length=longest if whole else 0,
            do_sample=False,
            repetition_penalty=1.0,
        )
        generator = _genai.Generator(model, parameters)
        generator.append_tokens(np.array([prompt], dtype=np.int32))
        found: list[int] = []
        while not generator.is_done() and len(found) < max_new_tokens:
            generator.generate_next_token()
            token = int(generator.get_next_tokens()[0])
            if token in ends and not whole:
                break
            found.append(token)
        return found

    def _loaded_session(self) -> Any:
        if self._session is None:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            options.intra_op_num_threads = self._threads
            file = self._folder / self._config["model"]["decoder"]["filename"]
            self._session = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        return self._session

    def _loaded_genai(self) -> Any:
        if self._genai is None:
            config = _genai.Config(str(self._folder))
            options = {"session_options": {"intra_op_num_threads": self._threads}}
            config.overlay(json.dumps({"model": {"decoder": options}}))
            self._genai = _genai.Model(config)
        return self._genai

    def _empty_past(self) -> dict[str, np.ndarray]:
        decoder = self._config["model"]["decoder"]
        shape = (1, decoder["num_key_value_heads"], 0, decoder["head_size"])
        return {
            i.name: np.zeros(shape, dtype=_TYPES[i.type])
            for i in self._loaded_session().get_inputs()
            if i.name.startswith("past_key_values")
        }


class OnnxPrompts:
    """Prompts that candidates are scored behind and answers are generated from."""

    def __init__(self, model: OnnxModel, prompts: Sequence[Sequence[int]]) -> None:
        self._model = model
        self._prompts = prompts

    def likelihoods(self, candidates: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
        """Summed log-likelihoods, in nats, of each prompt's candidates."""
        return [self._behind(p, row) for p, row in zip(self._prompts, candidates, strict=True)]

    def answers(
        self, max_new_tokens: int, ends: Sequence[int], *, whole: bool = False
    ) -> list[list[int]]:
        """Greedy continuations without the token that ended them.

        `whole`: always `max_new_tokens` long, or as long as the model's context allows.
        """
        made = self._model.generate
        return [made(p, max_new_tokens, ends, whole=whole) for p in self._prompts]

    def _behind(self, prompt: Sequence[int], candidates: Sequence[Sequence[int]]) -> list[float]:
        logits, past = self._model.step(prompt, None)
        found: list[float] = []
        for ids in candidates:
            rows = logits[-1:]
            if len(ids) > 1:
                rows = np.concatenate([rows, self._model.step(ids[:-1], past)[0]])
            found.append(float(_log_softmax(rows)[np.arange(len(ids)), list(ids)].sum()))
        return found


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
