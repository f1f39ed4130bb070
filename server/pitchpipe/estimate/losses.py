"""The loss of a language model: what its logits become, and what is left when backward begins."""

from __future__ import annotations

from pitchpipe.estimate.ledger import INDEX
from pitchpipe.estimate.passing import Passing
from pitchpipe.estimate.tape import Tensor

_PART = INDEX["logits and loss"]


def loss(passing: Passing, logits: Tensor, classes: int, *, upcast: bool) -> Tensor:
    """The scalar. `classes` is the width of `logits`.

    `full`: transformers 5.23, loss/loss_utils.py (ForCausalLMLoss): the logits are made float32 as
    a whole, where the model is a causal one (`upcast`; encoders and T5 leave them as they are).
    `selected`: runner/pitchpipe_runner/train.py: those that have a label are copied first. Either
    goes through torch's cross_entropy, log_softmax and nll_loss. `chunked`: as `full`, with the
    backward pass of a part before the next one begins. `fused`: as Liger 0.5 cuts the positions
    (ops/fused_linear_cross_entropy.py): parts of as many logits as there are hidden states.
    """
    step = passing.step
    if step.loss in ("chunked", "fused"):
        return _in_parts(passing, logits, classes)
    if step.loss == "selected":
        if passing.autocast:
            # accelerate converts what the model gives (1.x, utils/operations.py,
            # convert_outputs_to_fp32)
            wide = passing.cast(logits, "f4", _PART)
            passing.drop(logits)
            logits = wide
        rows = min(step.learnt_tokens or logits.numel // classes, logits.numel // classes)
        chosen = passing.simple("index", [logits], rows * classes, logits.form, _PART)
        wide = passing.cast(chosen, "f4", _PART)
        total = _cross_entropy(passing, wide)
        passing.drop(chosen, wide, logits)
        return total
    wide = passing.cast(logits, "f4" if upcast else logits.form, _PART)
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
    likely = passing.simple("_log_softmax", [logits], logits.numel, logits.form, _PART)
    total = passing.simple("nll_loss", [likely], 1, "f4", _PART)
    passing.drop(likely)
    return total


def _in_parts(passing: Passing, logits: Tensor, classes: int) -> Tensor:
    """`logits` were never there as a whole; the gradient of what they are computed from is."""
    step, ledger = passing.step, passing.ledger
    rows = logits.numel // classes
    chunks = step.loss_chunks if step.loss == "chunked" else max(1, classes // passing.hidden)
    part = -(-rows // chunks) * classes
    ledger.where = "loss"
    ledger.begin("start of backward")
    ledger.touch(part * (4 + 4 + 4 + 2))
    total = Tensor(1, "f4", ledger.new(4, _PART))
    passing.tape.apply("sum", [logits], [total])
    passing.drop(logits)
    return total
