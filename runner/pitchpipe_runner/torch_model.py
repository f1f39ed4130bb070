"""A PyTorch model as the evaluation asks it: likelihoods of completions, greedy answers."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Generator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import torch
from transformers import AutoModelForCausalLM

from pitchpipe_runner.positions import context_of

# Takes the tokens that were chosen [batch], gives the logits behind them [batch, vocabulary].
Continuation: TypeAlias = Generator[torch.Tensor, torch.Tensor, None]

_MOST_LOGITS = 2**26  # numbers held at once: positions x vocabulary


class TorchModel:
    """Loaded in float32 on a CPU, where it is the reference, and in `dtype` elsewhere."""

    def __init__(
        self, folder: Path, kind: str, dtype: torch.dtype, *, pad: int, trust_remote_code: bool
    ) -> None:
        self.pad = pad
        self.device = kind
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32 if kind == "cpu" else dtype,
            trust_remote_code=trust_remote_code,
        )
        self._model = model.to(kind).eval()
        parameters = inspect.signature(model.forward).parameters
        self._can_select = "logits_to_keep" in parameters
        # Models without attention keep a state of another form, and are asked anew each time.
        self.remembers = "past_key_values" in parameters
        self._vocabulary: int = model.config.get_text_config().vocab_size
        self._context = context_of(model.config)

    def begin(self, prompts: Sequence[Sequence[int]]) -> TorchPrompts:
        """A batch of prompts, computed when it is first needed and once."""
        return TorchPrompts(self, prompts)

    def forward(self, keep: int, **given: Any) -> tuple[torch.Tensor, Any]:
        """Logits of the last `keep` positions, in float32, and the cache (None without one)."""
        if self._can_select:
            given["logits_to_keep"] = keep
        with torch.no_grad():
            output = self._model(**given)
        return output.logits[:, -keep:].float(), getattr(output, "past_key_values", None)

    def padded(
        self, ids: Sequence[Sequence[int]], *, left: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and the mask of the real ones, both [batch, longest]."""
        width = max(map(len, ids))
        rows: list[list[int]] = []
        masks: list[list[int]] = []
        for i in ids:
            fill, there = [self.pad] * (width - len(i)), [1] * len(i)
            rows.append([*fill, *i] if left else [*i, *fill])
            masks.append([*[0] * len(fill), *there] if left else [*there, *[0] * len(fill)])
        return torch.tensor(rows, device=self.device), torch.tensor(masks, device=self.device)

    def room(self, prompt: Sequence[int], wanted: int) -> int:
        """How many of `wanted` tokens the model's context has room for behind `prompt`."""
        if self._context is None:
            return wanted
        return max(0, min(wanted, self._context - len(prompt)))

    def at_once(self, width: int) -> int:
        """How many sequences may have the logits of `width` positions at the same time."""
        return max(1, _MOST_LOGITS // (self._vocabulary * width))


class TorchPrompts:
    """Prompts that candidates are scored behind and answers are generated from."""

    def __init__(self, model: TorchModel, prompts: Sequence[Sequence[int]]) -> None:
        self._model = model
        self._prompts = prompts

    def likelihoods(self, candidates: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
        """Summed log-likelihoods, in nats, of each prompt's candidates.

        Every prompt has the same number of them.
        """
        shared = len(candidates[0]) > 1 and self._model.remembers
        ask = self._behind if shared else self._in_one_go
        columns = [ask(completions) for completions in zip(*candidates, strict=True)]
        return [list(values) for values in zip(*columns, strict=True)]

    def answers(
        self, max_new_tokens: int, ends: Sequence[int], *, whole: bool = False
    ) -> list[list[int]]:
        """Greedy continuations without the token that ended them.

        `whole`: always `max_new_tokens` long, whatever is said, or as long as the model's context
        allows.
        """
        rooms = [self._model.room(prompt, max_new_tokens) for prompt in self._prompts]
        made: list[list[int]] = []
        stop = torch.tensor([] if whole else list(ends), device=self._model.device)
        ended = torch.zeros(len(self._prompts), dtype=torch.bool, device=self._model.device)
        continuation = self._remembering(rooms) if self._model.remembers else self._anew()
        logits = next(continuation)
        for _ in range(longest := max(rooms)):
            tokens = logits.argmax(-1)
            made.append(tokens.tolist())
            ended |= torch.isin(tokens, stop)
            if len(made) == longest or bool(ended.all()):
                break
            logits = continuation.send(tokens)
        rows = [[step[i] for step in made[:room]] for i, room in enumerate(rooms)]
        return rows if whole else [_until(row, ends) for row in rows]

    def _remembering(self, rooms: Sequence[int]) -> Continuation:
        """Computes what is new alone."""
        logits, past, mask = self._begun
        past = copy.deepcopy(past)
        while True:
            tokens = yield logits
            # A prompt without more room goes on for the others' sake, and is cut in the end.
            positions = torch.minimum(mask.sum(-1, keepdim=True), self._ends(rooms))
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=-1)
            step, past = self._model.forward(
                1,
                input_ids=tokens[:, None],
                attention_mask=mask,
                position_ids=positions,
                past_key_values=past,
                use_cache=True,
            )
            logits = step[:, -1]

    def _anew(self) -> Continuation:
        """Computes the whole sequence for every token."""
        ids, mask = self._model.padded(self._prompts, left=True)
        while True:
            logits, _ = self._model.forward(1, input_ids=ids, attention_mask=mask, use_cache=False)
            tokens = yield logits[:, -1]
            ids = torch.cat([ids, tokens[:, None]], dim=-1)
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=-1)

    def _ends(self, rooms: Sequence[int]) -> torch.Tensor:
        """The last position that each sequence reaches: [batch, 1]."""
        ends = [[len(p) + room - 1] for p, room in zip(self._prompts, rooms, strict=True)]
        return torch.tensor(ends, device=self._model.device)

    @cached_property
    def _begun(self) -> tuple[torch.Tensor, Any, torch.Tensor]:
        """Logits behind each prompt [batch, vocabulary], the cache, and the prompts' mask."""
        batch, mask = self._model.padded(self._prompts, left=True)
        logits, past = self._model.forward(
            1,
            input_ids=batch,
            attention_mask=mask,
            position_ids=_positions(mask),
            use_cache=True,
        )
        return logits[:, -1], past, mask

    def _behind(self, completions: Sequence[Sequence[int]]) -> list[float]:
        """One candidate a prompt, computed on top of the prompts' cache."""
        logits, past, mask = self._begun
        ids, there = self._model.padded(completions, left=False)
        total = logits.log_softmax(-1).gather(-1, ids[:, :1])[:, 0]
        if (width := ids.shape[1]) > 1:
            steps = torch.arange(width - 1, device=self._model.device)
            behind, _ = self._model.forward(
                width - 1,
                input_ids=ids[:, :-1],
                attention_mask=torch.cat([mask, there[:, :-1]], dim=-1),
                position_ids=mask.sum(-1, keepdim=True) + steps,
                past_key_values=copy.deepcopy(past),
                use_cache=True,
            )
            each = behind.log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
            total = total + (each * there[:, 1:]).sum(-1)
        return total.tolist()

    def _in_one_go(self, completions: Sequence[Sequence[int]]) -> list[float]:
        """Prompt and completion as one sequence, for long completions that stand alone."""
        whole = [[*p, *c] for p, c in zip(self._prompts, completions, strict=True)]
        lengths = [len(c) for c in completions]
        size = self._model.at_once(max(lengths) + 1)
        found: list[float] = []
        for at in range(0, len(whole), size):
            found += self._summed(whole[at : at + size], lengths[at : at + size])
        return found

    def _summed(self, ids: Sequence[Sequence[int]], lengths: Sequence[int]) -> list[float]:
        """The log-likelihood of the last `lengths` tokens of each sequence."""
        batch, mask = self._model.padded(ids, left=True)
        width = max(lengths)
        # Position i predicts token i + 1: the last position predicts nothing that is asked for.
        logits, _ = self._model.forward(
            width + 1,
            input_ids=batch,
            attention_mask=mask,
            position_ids=_positions(mask),
            use_cache=False,
        )
        each = logits[:, :-1].log_softmax(-1).gather(-1, batch[:, -width:, None])[..., 0]
        return [float(row[width - n :].sum()) for row, n in zip(each, lengths, strict=True)]


def _positions(mask: torch.Tensor) -> torch.Tensor:
    return (mask.cumsum(-1) - 1).clamp(min=0)


def _until(ids: list[int], ends: Sequence[int]) -> list[int]:
    for at, token in enumerate(ids):
        if token in ends:
            return ids[:at]
    return ids
