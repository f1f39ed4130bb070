"""Failures that a user can act on: a code, a sentence, the key to blame and what to do about it."""

from __future__ import annotations

import errno

FILE_IS_WRONG = 1
ENVIRONMENT_IS_WRONG = 2
RUN_FAILED = 3
INTERRUPTED = 130


class RunFailure(Exception):
    """Ends the run with a message instead of a traceback.

    `path` is the dotted key of the plan that is to blame, None when no key is. `hint` says what
    would help.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        path: str | None = None,
        hint: str | None = None,
        exit_code: int = RUN_FAILED,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.hint = hint
        self.exit_code = exit_code


class Interrupted(Exception):
    """The user asked the run to stop, and what could be saved has been saved."""


def attention_not_available(wanted: str, error: Exception) -> RunFailure | None:
    """The failure to load a model with the attention that is `wanted`; None where it is another.

    transformers raises ValueError where an architecture has none, ImportError without the package.
    """
    said = str(error)
    if "attention" not in said.lower():
        return None
    return RunFailure(
        "attention-not-available",
        f"`attn_implementation: {wanted}` can't be used here: {said.splitlines()[0][:200]}",
        path="model.attn_implementation",
        hint="`eager` works with every architecture",
        exit_code=FILE_IS_WRONG,
    )


def understood(error: BaseException | None, stage: str | None) -> RunFailure | None:
    """The failure behind a library's exception, where it is one that users meet; None for a bug."""
    if error is None:
        return None
    text = str(error)
    if _is_out_of_memory(error, text):
        return _out_of_memory(stage)
    if _is_disk_full(error, text):
        said = (text.strip().splitlines() or [""])[0][:200]
        return RunFailure(
            "disk-full",
            f"the disk of the run folder is full ({said})",
            hint="free some space, then resume the run; its last complete checkpoint is kept",
        )
    if isinstance(error, PermissionError):
        return RunFailure(
            "permission-denied",
            f"no permission: {error.filename or text}",
            exit_code=ENVIRONMENT_IS_WRONG,
        )
    return understood(error.__cause__, stage)


def _out_of_memory(stage: str | None) -> RunFailure:
    path, hint = _LESS_MEMORY.get(stage or "", (None, "close other programs"))
    return RunFailure(
        "out-of-memory", f"not enough memory in the stage `{stage}`", path=path, hint=hint
    )


_LESS_MEMORY = {
    "train": (
        "training.per_device_train_batch_size",
        (
            "halve `per_device_train_batch_size` and double `gradient_accumulation_steps`, "
            "set `gradient_checkpointing: true`, or lower `data.max_length`"
        ),
    ),
    "evaluate": (
        "training.per_device_eval_batch_size",
        "halve `per_device_eval_batch_size`, or lower `data.max_length`",
    ),
}


def _is_out_of_memory(error: BaseException, text: str) -> bool:
    if isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno == errno.ENOMEM
    ):
        return True
    return any(mark in text.lower() for mark in ("out of memory", "can't allocate memory"))


def _is_disk_full(error: BaseException, text: str) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    marks = ("No space left on device", "os error 28", "There is not enough space on the disk")
    # torch.save reports a short write as a failed zip entry and nothing more.
    return any(m in text for m in marks) or "PytorchStreamWriter failed writing file" in text
