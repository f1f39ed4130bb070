"""`python -m pitchpipe_runner trace plan.json`: what a training step takes, as one JSON object.

Two steps are computed on tensors that have shapes but no values. Of the model its `config.json` is
read, nothing is downloaded, and next to no memory is used.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pitchpipe.plan import Plan, PlanError, from_json
from pitchpipe_runner.failures import (
    ENVIRONMENT_IS_WRONG,
    FILE_IS_WRONG,
    INTERRUPTED,
    RUN_FAILED,
    RunFailure,
)

_SECONDS = 600.0


def main(argv: Sequence[str]) -> int:
    """The exit code.

    0 done, 1 the file is wrong, 2 the environment is wrong, 3 it can't be traced, 130 interrupted.
    """
    arguments = _parser().parse_args(argv)
    file: Path = arguments.plan
    try:
        plan = from_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        _say(f"{file}: {error}")
        return FILE_IS_WRONG if isinstance(error, PlanError) else ENVIRONMENT_IS_WRONG
    try:
        with _quietly():
            found = _traced(plan, arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        _say(f"the runner's packages are incomplete: {error}")
        return ENVIRONMENT_IS_WRONG
    except RunFailure as failure:
        _say(failure.message)
        if failure.hint:
            _say(f"hint: {failure.hint}")
        return failure.exit_code
    except TimeoutError as error:
        _say(f"{error}; `--seconds` gives it more time")
        return RUN_FAILED
    except Exception as error:  # noqa: BLE001  # any model's code runs here
        traceback.print_exc()
        first = (str(error).strip().splitlines() or [""])[0][:300]
        _say(f"this step can't be traced: {type(error).__name__}: {first}")
        return RUN_FAILED
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


def _traced(plan: Plan, arguments: argparse.Namespace) -> dict[str, Any]:
    # These take seconds, which a wrong file should not cost.
    from pitchpipe_runner.tracing import answer, of_plan  # noqa: PLC0415
    from pitchpipe_runner.tracing.training import BatchSize  # noqa: PLC0415

    size = BatchSize(
        rows=arguments.batch or plan.training.per_device_train_batch_size,
        length=arguments.length or plan.data.max_length,
        learnt=arguments.learnt,
        packed=plan.data.packing,
        even=arguments.even,
    )
    step = of_plan.trace_plan(plan, size, device=arguments.device, seconds=arguments.seconds)
    return answer.of(plan, step)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keeps libraries off standard output, and the hub's client off the network.

    The latter reads the variable when it is imported, so what was imported before is unchanged.
    """
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        from transformers.utils import logging  # noqa: PLC0415

        level = logging.get_verbosity()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        finally:
            logging.set_verbosity(level)
            logging.enable_progress_bar()
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pitchpipe_runner trace",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the plan.json to trace a step of")
    parser.add_argument(
        "--batch", type=_positive, help="rows (default: the plan's batch on each device)"
    )
    parser.add_argument(
        "--length", type=_positive, help="tokens a row (default: the plan's max_length)"
    )
    parser.add_argument(
        "--learnt", type=_positive, help="tokens at each row's end that are learnt (default: all)"
    )
    parser.add_argument(
        "--even", action="store_true", help="no row is padded, so that no mask is needed"
    )
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), help="what to trace it for (default: the plan's)"
    )
    parser.add_argument(
        "--seconds", type=float, default=_SECONDS, help="give up after (default: %(default)g)"
    )
    return parser


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is below 1")
    return number


def _say(message: str) -> None:
    sys.stderr.write(f"pitchpipe: {message}\n")
