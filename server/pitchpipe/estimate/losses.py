"""The loss of a language model: what its logits become, and what is left when backward begins."""

from __future__ import annotations

from pitchpipe.estimate.ledger import INDEX
from pitchpipe.estimate.passing import Passing
from pitchpipe.estimate.tape import Tensor

_PART = INDEX["logits and loss"]


def loss(passing: Passing, logits: Tensor, classes: int) -> Tensor:
    """The scalar. `classes` is the width of `logits`.

    `full`: transformers 5.23, loss/loss_utils.py (ForCausalLMLoss): the logits are made float32 as a
    whole. `selected`: runner/pitchpipe_runner/train.py (`summed_loss`): those that have a label are
    copied first. Either goes through torch's cross_entropy, log_softmax and nll_loss.
    """
    step = passing.step
    if step.loss == "selected":
        rows = min(step.learnt_tokens or logits.numel // classes, logits.numel // classes)
        chosen = passing.simple("index", [logits], rows * classes, logits.form, _PART)
        wide = passing.cast(chosen, "f4", _PART)
        total = _cross_entropy(passing, wide)
        passing.drop(chosen, wide, logits)
        return total
    wide = passing.cast(logits, "f4", _PART)
    if step.loss == "full-shifted":
        shifted = passing.simple("clone", [wide], wide.numel, "f4", _PART)
        total = _cross_entropy(passing, shifted)
        passing.drop(shifted, wide)
    else:
        total = _cross_entropy(passing, wide)
        passing.drop(wide)
    if not step.holds_output:
        passing.drop(logits)
    return total


def _cross_entropy(passing: Passing, logits: Tensor) -> Tensor:
    likely = passing.simple("_log_softmax", [logits], logits.numel, "f4", _PART)
    total = passing.simple("nll_loss", [likely], 1, "f4", _PART)
    passing.drop(likely)
    return total
