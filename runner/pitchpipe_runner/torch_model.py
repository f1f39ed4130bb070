"""A PyTorch model as the evaluation asks it: likelihoods of completions, greedy answers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

_MOST_LOGITS = 2**26  # numbers held at once: positions x vocabulary


class TorchModel:
    """Loaded in float32 on a CPU, where it is the reference, and in `dtype` elsewhere."""

    def __init__(
        self, folder: Path, kind: str, dtype: torch.dtype, *, pad: int, trust_remote_code: bool
    ) -> None:
        self._pad = pad
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32 if kind == "cpu" else dtype,
            trust_remote_code=trust_remote_code,
        )
        self._model = model.to(kind).eval()
        self._kind = kind

    @torch.no_grad()
    def likelihoods(
        self, prompts: Sequence[Sequence[int]], candidates: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[float]]:
        """Summed log-likelihoods, in nats, of each prompt's candidates."""
        if any(len(row) > 1 for row in candidates):
            return self._behind_shared_prompts(prompts, candidates)
        width = max(len(c) for row in candidates for c in row)
        ids = [[*p, *row[0]] for p, row in zip(prompts, candidates, strict=True)]
        kept = [len(row[0]) for row in candidates]
        at_once = max(1, _MOST_LOGITS // (self._model.config.get_text_config().vocab_size * width))
        found: list[float] = []
        for i in range(0, len(ids), at_once):
            found += self._summed(ids[i : i + at_once], kept[i : i + at_once])
        return [[value] for value in found]

    def _behind_shared_prompts(
        self, prompts: Sequence[Sequence[int]], candidates: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[float]]:
        """Computes each prompt once and its candidates on top; every row has as many of them."""
        batch, mask = self._left_padded(prompts)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        begun = self._model(
            input_ids=batch, attention_mask=mask, position_ids=positions, use_cache=True
        )
        first = begun.logits[:, -1].float().log_softmax(-1)
        columns = [
            self._continued([row[k] for row in candidates], first, begun.past_key_values, mask)
            for k in range(len(candidates[0]))
        ]
        return [list(values) for values in zip(*columns, strict=True)]

    def _continued(
        self, completions: list[Sequence[int]], first: torch.Tensor, past: Any, mask: torch.Tensor
    ) -> list[float]:
        width = max(map(len, completions))
        ids = torch.tensor(
            [[*c, *[self._pad] * (width - len(c))] for c in completions], device=self._kind
        )
        there = torch.tensor(
            [[1] * len(c) + [0] * (width - len(c)) for c in completions], device=self._kind
        )
        total = first.gather(-1, ids[:, :1])[:, 0]
        if width > 1:
            steps = torch.arange(width - 1, device=self._kind)
            logits = self._model(
                input_ids=ids[:, :-1],
                attention_mask=torch.cat([mask, there[:, :-1]], dim=-1),
                position_ids=mask.sum(-1, keepdim=True) + steps,
                past_key_values=copy.deepcopy(past),
                use_cache=True,
            ).logits
            each = logits.float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
            total = total + (each * there[:, 1:]).sum(-1)
        return total.tolist()

    def _summed(self, ids: list[list[int]], kept: list[int]) -> list[float]:
        """The log-likelihood of the last `kept` tokens of each sequence."""
        batch, mask = self._left_padded(ids)
        width = max(kept)
        # Position i predicts token i + 1, so `width` targets need the `width + 1` last positions
        # but the very last.
        given = {
            "input_ids": batch,
            "attention_mask": mask,
            "position_ids": (mask.cumsum(-1) - 1).clamp(min=0),
        }
        try:
            logits = self._model(**given, logits_to_keep=width + 1, use_cache=False).logits
        except TypeError:  # an architecture whose forward knows no `logits_to_keep`
            logits = self._model(**given, use_cache=False).logits
        logs = logits[:, -(width + 1) : -1].float().log_softmax(-1)
        tokens = batch[:, -width:]
        each = logs.gather(-1, tokens[..., None])[..., 0]  # [batch, width]
        return [float(row[width - n :].sum()) for row, n in zip(each, kept, strict=True)]

    @torch.no_grad()
    def answers(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        ends: Sequence[int],
        *,
        whole: bool = False,
    ) -> list[list[int]]:
        """Greedy continuations without the token that ended them.

        `whole`: always `max_new_tokens` long.
        """
        batch, mask = self._left_padded(prompts)
        made = self._model.generate(
            input_ids=batch,
            attention_mask=mask,
            max_new_tokens=max_new_tokens,
            min_new_tokens=max_new_tokens if whole else 0,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            pad_token_id=self._pad,
            eos_token_id=list(ends),
        )
        return [_until(row, ends) for row in made[:, batch.shape[1] :].tolist()]

    def _left_padded(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        width = max(map(len, ids))
        batch = torch.tensor(
            [[self._pad] * (width - len(i)) + list(i) for i in ids], device=self._kind
        )
        mask = torch.tensor([[0] * (width - len(i)) + [1] * len(i) for i in ids], device=self._kind)
        return batch, mask


def _until(ids: list[int], ends: Sequence[int]) -> list[int]:
    for at, token in enumerate(ids):
        if token in ends:
            return ids[:at]
    return ids
