"""Prints rows as the model will see them: their tokens, which of them are learnt, what is cut.

The light half calls this in the runner's environment, writes to standard input

    {"plan": …, "rows": how many, "skip": how many before, "counts": {path: rows}}

where `counts` has the rows of files that somebody has counted, and reads the answer from standard
output: `version` (of the facts) and `preview`, which `pitchpipe.preview` reads; or `failure` (a
`message`, and the `exit_code` of a run that meets it); or `not_read`. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pitchpipe.plan import Plan, SourcePlan, from_json
from pitchpipe_runner import asked


def main() -> int:
    """Returns the exit code: 0 whenever there is an answer."""
    return asked.answer(
        lambda said: preview(from_json(said["plan"]), said["rows"], said["skip"], said["counts"])
    )


def preview(plan: Plan, most: int, skip: int, counts: Mapping[str, int]) -> dict[str, Any]:
    """The answer, as the module's docstring tells: rows of `data.train`, in the files' order."""
    from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, RunFailure  # noqa: PLC0415

    folder = asked.model_folder(plan)
    if folder is None:
        return {"failure": {"message": asked.not_here(plan), "exit_code": ENVIRONMENT_IS_WRONG}}
    try:
        return {"preview": _preview(plan, folder, most, skip, counts)}
    except RunFailure as failure:
        said = failure.message + (f"; {failure.hint}" if failure.hint else "")
        return {"failure": {"message": said, "exit_code": failure.exit_code}}
    except Exception as error:  # noqa: BLE001  # of libraries, about this machine's files
        return {"not_read": asked.first_line(error)}


def _preview(
    plan: Plan, folder: Path, most: int, skip: int, counts: Mapping[str, int]
) -> dict[str, Any]:
    import datasets  # noqa: PLC0415

    from pitchpipe_runner import rows  # noqa: PLC0415
    from pitchpipe_runner.base_model import tokenizer_of  # noqa: PLC0415
    from pitchpipe_runner.cutting import Cut, limit_of  # noqa: PLC0415

    datasets.disable_progress_bars()
    tokenizer = tokenizer_of(plan, folder)
    limit = limit_of(plan, folder)
    cut = Cut(limit, plan.data.over_length)
    found: list[dict[str, Any]] = []
    total: int | None = 0
    for number, source in enumerate(plan.data.train):
        key = f"data.train[{number}]"
        known = counts.get(source.path or "")
        if known is None and len(plan.data.train) > 1:
            known = rows.count_of(plan, source, key)
        window = rows.window(plan, source, key, skip, most - len(found), known)
        found += _rows(plan, source, key, skip, window, tokenizer, cut)
        skip = max(0, skip - (window.total or 0))
        total = None if total is None or window.total is None else total + window.total
    return {"rows": found, "total": total, "max_length": limit}


def _rows(
    plan: Plan,
    source: SourcePlan,
    key: str,
    skip: int,
    window: Any,
    tokenizer: Any,
    cut: Any,
) -> Iterator[dict[str, Any]]:
    from pitchpipe_runner.pieces import pieces  # noqa: PLC0415
    from pitchpipe_runner.render import IGNORED, renderer_of, tokens  # noqa: PLC0415

    renderer = renderer_of(plan, source, key, window.columns, tokenizer)
    rendered = [renderer.render(row, n) for n, row in enumerate(window.rows, skip + 1)]
    for index, whole in enumerate(tokens(rendered, renderer, tokenizer)):
        kept = cut.shortened(whole)
        ids = kept.ids if kept else []
        learnt = [label != IGNORED for label in kept.labels] if kept else []
        texts = pieces(ids, learnt, tokenizer)
        yield {
            "source": source.path or source.dataset_name,
            "row": window.first + index,
            "tokens": [{"text": t, "learnt": n} for t, n in zip(texts, learnt, strict=True)],
            "length": len(whole.ids),
            "cut": len(whole.ids) - len(ids),
        }


if __name__ == "__main__":
    raise SystemExit(main())
